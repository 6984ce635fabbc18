"""Whether a hand shows its palm: from which hand it is, how it is turned, and how far its fingers are bent."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from palmbench.hands.hand import FINGERS, WRIST, View

VERSION = 1
# Degrees by which a finger is bent from wrist to tip, all joints together. On photographs of open palms it is 20 to 80,
# on backs up to 110, on fists and thumbs up 170 to 280.
_CLOSED = 150.0
CLOSED_FINGERS = 3  # of four, of a closed hand
_SURE = 0.75  # of left or right, to go by it; where it is less, the palm is taken to show


def palm_side(keypoints_2d: np.ndarray) -> str:
    """Which hand shows its palm: "left" when index, little finger and wrist turn clockwise in the photo."""
    wrist, index, little = np.asarray(keypoints_2d, np.float64)[[0, 5, 17]]
    across, down = little - index, wrist - index
    return "left" if across[0] * down[1] - across[1] * down[0] > 0 else "right"


def finger_bends(joints: np.ndarray) -> np.ndarray:
    """How far index, middle, ring and little finger are bent, in degrees, shape (4,).

    Parameters
    ----------
    joints : ndarray of shape (21, 3)
        In space, in any unit; the thumb is not looked at.
    """
    bends = []
    for finger in FINGERS[1:]:
        bones = np.diff(np.asarray(joints, np.float64)[[WRIST, *finger]], axis=0)
        bones /= np.maximum(np.linalg.norm(bones, axis=1, keepdims=True), 1e-9)
        bends.append(np.degrees(np.arccos(np.clip((bones[:-1] * bones[1:]).sum(axis=1), -1, 1))).sum())
    return np.array(bends)


def closed_fingers(joints: np.ndarray) -> int:
    """How many of index, middle, ring and little finger are closed over the palm; joints as of `finger_bends`."""
    return int((finger_bends(joints) > _CLOSED).sum())


def view_of(joints: np.ndarray, palm_side: str, said: Sequence[tuple[str, float]]) -> View:
    """What a hand shows.

    Parameters
    ----------
    joints : ndarray of shape (21, 3)
        In space, in any unit.
    palm_side : {"left", "right"}
        Which hand it is if it shows its palm, from the order of its keypoints in the photo.
    said : sequence of (str, float)
        Which hand its looks make it to be, "left" or "right", and how sure of it each is, in [0, 1]. A hand whose looks
        all say the other one than `palm_side` shows its back.
    """
    if closed_fingers(joints) >= CLOSED_FINGERS:
        return "closed"
    if said and all(side != palm_side and sure >= _SURE for side, sure in said):
        return "back"
    return "palm"

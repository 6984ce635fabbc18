"""The parts of a hand in its picture: the bones of each finger and of the palm, and whose each pixel is."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np

from palmbench.hands.hand import FINGERS, INDEX, LITTLE, MIDDLE, THUMB, WRIST
from palmbench.hands.skeleton import FINGER_RADIUS, hand_length

VERSION = 1
# Joints of each finger that are clear of the palm. The first bone of the thumb lies in its ball.
CHAINS = (THUMB[1:], *FINGERS[1:])
PALM = len(CHAINS)  # the palm's number among the parts
CLEAR = 0.2  # share of a finger's first bone up to which skin holds it to the palm

_SIDE = 112  # pixels of a hand's extent at which its parts are told
_WIDEST = 1.5  # finger radii from its bones from which a pixel cannot be a finger's
_FOREARM, _WRIST = (
    0.02,
    0.08,
)  # hand lengths behind the wrist up to which skin is the forearm's, and ahead, the hand's
_APART = 1.2  # finger radii that the bones of two fingers are apart, or else one lies over the other


def owners(keypoints: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The part of the hand that each pixel of a mask belongs to, int8 of its shape; -1 outside.

    The part is that with the nearest bone: 0 to 4 from the thumb to the little finger, else the palm, which has the
    wrist and the forearm.
    """
    height, width = mask.shape
    scale = min(1.0, _SIDE / max(float(np.ptp(keypoints, axis=0).max()), 1.0))
    size = (max(2, round(width * scale)), max(2, round(height * scale)))
    step = np.array([width / size[0], height / size[1]])
    grid = (np.stack(np.meshgrid(np.arange(size[0]), np.arange(size[1])), axis=-1) + 0.5) * step - 0.5
    apart = np.stack([
        cv2.resize(distance(grid, bones).astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
        for bones in (*(finger_bones(keypoints, part) for part in range(PALM)), palm_bones(keypoints, forearm=True))
    ])  # fmt: skip
    return np.where(mask, apart.argmin(axis=0), -1).astype(np.int8)


def along_palm(keypoints: np.ndarray) -> np.ndarray:
    """Direction from the wrist to the middle finger, (2,), of unit length."""
    return unit(keypoints[MIDDLE[0]] - keypoints[WRIST])


def ahead_of_wrist(keypoints: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """How far each pixel of a picture of some shape (height, width) is ahead of the wrist, towards the knuckles."""
    along = unit(keypoints[[finger[0] for finger in FINGERS[1:]]].mean(axis=0) - keypoints[WRIST])
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    return np.asarray((columns - keypoints[WRIST, 0]) * along[0] + (rows - keypoints[WRIST, 1]) * along[1])


def from_wrist(ahead: np.ndarray) -> np.ndarray:
    """Share of a change of the hand's skin at places so many hand lengths ahead of the wrist: none on the forearm."""
    return np.clip((ahead + _FOREARM) / (_FOREARM + _WRIST), 0, 1)


def finger_bones(keypoints: np.ndarray, part: int) -> np.ndarray:
    """Segments (n, 2, 2) of a finger, as far as it is clear of the palm."""
    chain = keypoints[list(CHAINS[part])]
    chain[0] += CLEAR * (chain[1] - chain[0])
    return np.stack([chain[:-1], chain[1:]], axis=1)


def palm_bones(keypoints: np.ndarray, forearm: bool = False) -> np.ndarray:
    """Segments (n, 2, 2) of the palm: to the knuckles and as far beyond as fingers are held by skin; of the forearm."""
    wrist = keypoints[WRIST]
    bones = [(wrist, keypoints[THUMB[0]]), (keypoints[THUMB[0]], keypoints[THUMB[1]]),
             (keypoints[THUMB[1]], keypoints[INDEX[0]]), (keypoints[INDEX[0]], keypoints[LITTLE[0]])]  # fmt: skip
    for chain in CHAINS:
        base = keypoints[chain[0]] + CLEAR * (keypoints[chain[1]] - keypoints[chain[0]])
        bones += [(wrist, keypoints[chain[0]]), (keypoints[chain[0]], base)]
    if forearm:
        bones.append((wrist, wrist - 3 * hand_length(keypoints) * along_palm(keypoints)))
    return np.array(bones)


def segment_distance(points: np.ndarray, start: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distance of points (..., 2) from a segment, and where along it (0 to 1) its nearest point is."""
    along = end - start
    share = np.clip((points - start) @ along / max(float(along @ along), 1e-9), 0, 1)
    return np.linalg.norm(points - start - share[..., None] * along, axis=-1), share


def distance(points: np.ndarray, bones: np.ndarray) -> np.ndarray:
    """Distance of points (..., 2) from the nearest of some segments (n, 2, 2)."""
    nearest = np.full(points.shape[:-1], np.inf)
    for start, end in bones:
        nearest = np.minimum(nearest, segment_distance(points, start, end)[0])
    return nearest


def lies_free(keypoints: np.ndarray, part: int) -> bool:
    """Whether a finger lies neither over the palm nor over or below another finger's bones."""
    radius = FINGER_RADIUS * hand_length(keypoints)
    chain = keypoints[list(CHAINS[part])]
    hull = cv2.convexHull(keypoints[[WRIST, THUMB[1], *(finger[0] for finger in FINGERS[1:])]].astype(np.float32))
    if any(cv2.pointPolygonTest(hull, tuple(map(float, joint)), True) > -radius for joint in chain[2:]):
        return False
    # Where the finger leaves the palm it is held by skin, and neighbours are near.
    own = np.concatenate([np.linspace(a, b, 8) for a, b in pairwise(chain)])[4:]
    return all(
        distance(own, finger_bones(keypoints, other)).min() > _APART * radius for other in range(PALM) if other != part
    )


def beyond_fingers(keypoints: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """What of a mask (H, W) could only be a finger, and is too far from the bones of fingers for that; bool (H, W)."""
    drawn = np.zeros(mask.shape, np.uint8)
    width = round(2 * _WIDEST * FINGER_RADIUS * hand_length(keypoints))
    points = np.clip(np.round(keypoints), -20_000, 20_000).astype(np.int32)
    for finger in FINGERS:
        cv2.polylines(drawn, [points[[WRIST, *finger]]], False, 1, int(np.clip(width, 1, 2000)))
    part = owners(keypoints, mask)
    return np.asarray((part >= 0) & (part < PALM) & (drawn == 0))


def unit(vector: np.ndarray) -> np.ndarray:
    """A vector at length 1."""
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9))

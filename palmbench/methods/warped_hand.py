"""A photo whose hand has new proportions, and the truth about where that hand then lies."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from palmbench.hands.assembly import hand_box
from palmbench.hands.hand import Hand
from palmbench.methods.hand_warp import HandWarp

VERSION = 1


def warped(photo: np.ndarray, warp: HandWarp) -> np.ndarray:
    """A photo, uint8 (H, W, 3), with its hand in new proportions.

    Nothing changes further than 0.3 of a hand's length from the bones of the hand.
    """
    came = _came(warp)
    box = warp.field.box
    here = np.stack(np.meshgrid(np.arange(box[1].start, box[1].stop), np.arange(box[0].start, box[0].stop)), axis=-1)
    moves = np.abs(came - here).max(axis=2) > 0
    result = photo.copy()
    result[box][moves] = _taken(photo, came, cv2.INTER_CUBIC)[moves]
    return result


def moved_hand(hand: Hand, warp: HandWarp) -> Hand:
    """A hand where the warp takes it: the truth about a photo that `warped` gave.

    Keypoints, valley points and mask go where the pixels go that show them. In space each bone becomes longer or
    shorter as its picture does, in its own direction; the unit is the new hand's length. The box is drawn about the
    moved mask as detectors draw it, and shifted by as much as they drew the original's elsewhere.
    """
    keypoints, valleys = warp.went_to(hand.keypoints_2d), warp.went_to(hand.valleys)
    mask = hand.mask.copy()
    mask[warp.field.box] = _taken(hand.mask.astype(np.float32), _came(warp), cv2.INTER_LINEAR) > 0.5
    drift = hand.box - hand_box(np.asarray(hand.keypoints_2d), hand.mask)
    return replace(
        hand,
        keypoints_2d=keypoints.astype(np.float32),
        keypoints_3d=warp.in_space(hand.keypoints_3d).astype(np.float32),
        valleys=valleys.astype(np.float32),
        mask=mask,
        box=(hand_box(keypoints, mask) + drift).astype(np.float32),
        palm_mask=None,
    )


def _came(warp: HandWarp) -> np.ndarray:
    """The field of a warp at each pixel of its box, float32 (height, width, 2)."""
    box, coarse = warp.field
    # OpenCV's interpolation knows 32 places between two points, which here are pixels apart.
    for axis, size in ((0, box[0].stop - box[0].start), (1, box[1].stop - box[1].start)):
        places = np.linspace(0, coarse.shape[axis] - 1, size)
        below = np.minimum(places.astype(int), coarse.shape[axis] - 2)
        share = (places - below).reshape((-1, 1, 1) if axis == 0 else (1, -1, 1))
        coarse = (1 - share) * coarse.take(below, axis) + share * coarse.take(below + 1, axis)
    return coarse.astype(np.float32)


def _taken(image: np.ndarray, came: np.ndarray, how: int) -> np.ndarray:
    return cv2.remap(image, came[..., 0], came[..., 1], how, borderMode=cv2.BORDER_REPLICATE)

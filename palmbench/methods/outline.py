"""The outline of a hand as its photo shows it, where a detector's mask is rough."""

from __future__ import annotations

import cv2
import numpy as np

from palmbench.hands.hand import Hand
from palmbench.hands.skeleton import hand_length, hand_shape
from palmbench.methods.hand_parts import PALM, beyond_fingers, owners

VERSION = 1
_SIDE = 320  # pixels of a hand's length at which it is looked at
_ROOM = 0.15  # hand lengths around the hand whose colours are those of the background
_MORE = 0.02  # hand lengths that a hand can reach beyond its mask
_CORE = 0.4  # share of a finger's width about its bones that is the finger's for sure, where the mask has it
_ROUNDS = 2  # of cutting and learning the colours of both sides
_EDGE = 0.8  # pixels: standard deviation of the blur that rounds what is cut
_LOST = 0.4  # share of a finger or of the palm that a mask can have too much
_ISLAND = 0.02  # of all that is the hand, or is not: the share up to which a piece by itself is a mistake


def sharpened(photo: np.ndarray, hand: Hand) -> np.ndarray:
    """A hand's mask, put right along its outline by the colours of hand and background, bool (H, W).

    The mask and its surroundings are cut in two by GrabCut (Rother et al. 2004), which learns the colours of both. What
    only a finger could be, and is too far from the bones of fingers, is not the hand's. A finger, or the palm, that
    would lose much has the colours of what lies behind it, and stays as the mask has it.

    Parameters
    ----------
    photo : ndarray of shape (H, W, 3), uint8
    hand : Hand
    """
    length = hand_length(hand.keypoints_2d)
    box = _box(hand.keypoints_2d, _ROOM * length, hand.mask.shape)
    height, width = hand.mask[box].shape
    scale = min(1.0, _SIDE / length)
    size = max(2, round(width * scale)), max(2, round(height * scale))
    points = (np.asarray(hand.keypoints_2d, np.float64) - (box[1].start, box[0].start)) * scale
    mask = cv2.resize(hand.mask[box].astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    if mask.all() or not mask.any():
        return hand.mask
    beyond = beyond_fingers(points, mask)
    outside = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    sides = np.where(mask, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    sides[mask & hand_shape(points, mask.shape, _CORE)] = cv2.GC_FGD
    sides[(outside > _MORE * length * scale) | beyond] = cv2.GC_BGD
    small = cv2.resize(photo[box], size, interpolation=cv2.INTER_AREA)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(0)  # where its search for colours begins
    cv2.grabCut(small, sides, None, *models, _ROUNDS, cv2.GC_INIT_WITH_MASK)  # type: ignore[call-overload]
    found = cv2.GaussianBlur(np.isin(sides, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.float32), (0, 0), _EDGE)
    part = owners(points, mask)
    for each in range(PALM + 1):
        own = (part == each) & ~beyond
        if (own & (found < 0.5)).sum() > _LOST * own.sum():
            found[own] = 1
    result = hand.mask.copy()
    cut = cv2.resize(found, (width, height), interpolation=cv2.INTER_LINEAR) > 0.5
    result[box] = ~_large(~_large(cut))
    return result


def _large(found: np.ndarray) -> np.ndarray:
    """What was found, without islands."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(found.astype(np.uint8))
    sizes = stats[1:, cv2.CC_STAT_AREA]
    return np.asarray(np.isin(labels, 1 + np.flatnonzero(sizes > _ISLAND * sizes.sum())))


def _box(points: np.ndarray, room: float, shape: tuple[int, ...]) -> tuple[slice, slice]:
    low, high = np.floor(points.min(axis=0) - room).astype(int), np.ceil(points.max(axis=0) + room).astype(int) + 1
    (left, top), (right, bottom) = np.clip(low, 0, None), np.clip(high, 1, shape[1::-1])
    return slice(int(top), int(bottom)), slice(int(left), int(right))

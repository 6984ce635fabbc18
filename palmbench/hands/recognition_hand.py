"""The crop of the whole hand: what a recognizer of hands, such as EEHNet, reads."""

from __future__ import annotations

import cv2
import numpy as np

from palmbench.hands.hand import Hand
from palmbench.hands.roi_squares import Square
from recognizers.protocol import HAND_SIDE

VERSION = 1
HAND_MARGIN = 1.08
# A finger's tip and the heel of the hand reach beyond the keypoints by less than this share of their extent.
HAND_REACH = 0.15


def recognition_hand(image: np.ndarray, hand: Hand) -> np.ndarray:
    """The crop that a whole-hand recognizer reads, uint8 (224, 224, 3), RGB.

    It is the square about the hand with a margin of 8 %: about the detector's box, the keypoints, and the mask within
    15 % of the keypoints' extent, so that a forearm or another hand does not widen it. Where it leaves the photo the
    photo's edge is repeated; a mirrored edge would grow a hand a second set of fingers. Left hands are mirrored.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), uint8 RGB
    hand : Hand
        Found in that image.
    """
    left, top, side = recognition_square(hand)
    height, width = image.shape[:2]
    # The photo's part of the square; one row or column of it at least, to be repeated.
    x, y = min(max(left, 0), width - 1), min(max(top, 0), height - 1)
    right, bottom = max(x + 1, min(left + side, width)), max(y + 1, min(top + side, height))
    above, below = max(0, y - top), max(0, top + side - bottom)
    before, after = max(0, x - left), max(0, left + side - right)
    inside = np.ascontiguousarray(image[y:bottom, x:right])
    square = cv2.copyMakeBorder(inside, above, below, before, after, cv2.BORDER_REPLICATE)
    how = cv2.INTER_AREA if side > HAND_SIDE else cv2.INTER_LINEAR
    crop = cv2.resize(square, (HAND_SIDE, HAND_SIDE), interpolation=how)
    return np.ascontiguousarray(crop[:, ::-1]) if hand.side == "left" else crop


def recognition_square(hand: Hand) -> Square:
    """The square that `recognition_hand` cuts out; unlike the others it may reach beyond the photo."""
    low, high = _extent(hand)
    side = max(2, round(float((high - low).max()) * HAND_MARGIN))
    left, top = ((low + high + 1 - side) / 2).round().astype(int).tolist()
    return Square(left, top, side)


def _extent(hand: Hand) -> tuple[np.ndarray, np.ndarray]:
    """First and last pixel of the hand, (x, y) each, float64."""
    keypoints = np.asarray(hand.keypoints_2d, np.float64)
    low, high = keypoints.min(axis=0), keypoints.max(axis=0)
    reach = HAND_REACH * float((high - low).max())
    limits = np.array(hand.mask.shape[1::-1])
    first = np.clip(np.floor(low - reach), 0, limits).astype(int)
    last = np.clip(np.ceil(high + reach) + 1, 0, limits).astype(int)
    rows, columns = np.nonzero(hand.mask[first[1] : last[1], first[0] : last[0]])
    points = [keypoints, hand.box.reshape(2, 2).astype(np.float64)]
    if len(rows):
        points += [np.array([(columns.min(), rows.min()), (columns.max(), rows.max())]) + first]
    return np.concatenate(points).min(axis=0), np.concatenate(points).max(axis=0)

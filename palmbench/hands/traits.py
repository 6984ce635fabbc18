"""What a hand tells of its person beside its palm: how long its bones are, and what colour its skin has."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np

from palmbench.hands.hand import FINGERS, INDEX, LITTLE, WRIST, Hand
from palmbench.hands.palm import Region, palm_mask
from recognizers.common.errors import SampleError

VERSION = 1
_BONES = [pair for finger in FINGERS for pair in pairwise((WRIST, *finger))] + [(INDEX[0], LITTLE[0])]
_LEAST = 1e-3  # of a bone, hand lengths
_LEAST_SKIN = 50  # pixels


def geometry(hand: Hand) -> np.ndarray:
    """Lengths of the hand's bones and the width of its palm in proportion to each other, (21,) float64.

    Logarithms of the lengths in space less their mean: how large or near a hand is does not count.
    """
    points = np.asarray(hand.keypoints_3d, np.float64)
    lengths = np.array([np.linalg.norm(points[end] - points[start]) for start, end in _BONES])
    logs = np.log(np.maximum(lengths, _LEAST))
    return logs - logs.mean()


def skin_colour(image: np.ndarray, hand: Hand, region: Region) -> np.ndarray:
    """Mean and standard deviation of the skin's colour outside what a method repaints, CIELAB, (6,) float64.

    Parameters
    ----------
    image : (height, width, 3) uint8
        RGB.
    hand : Hand
    region : {"paper", "palm"}
        See `palmbench.hands.palm.palm_mask`.

    Raises
    ------
    SampleError
        If there are fewer than 50 pixels of skin.
    """
    return colour_of(image, hand.mask & ~palm_mask(hand, region), "skin beside the palm")


def colour_of(image: np.ndarray, pixels: np.ndarray, called: str) -> np.ndarray:
    """Mean and standard deviation of some pixels' colour, CIELAB, (6,) float64.

    Parameters
    ----------
    image : (height, width, 3) uint8
        RGB.
    pixels : (height, width) bool
    called : str
        What they show, for the message.

    Raises
    ------
    SampleError
        If there are fewer than 50 of them.
    """
    if (count := int(pixels.sum())) < _LEAST_SKIN:
        raise SampleError(f"there are {count} pixels of {called}, and {_LEAST_SKIN} are needed for its colour")
    lab = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[pixels].astype(np.float64)
    return np.concatenate([lab.mean(axis=0), lab.std(axis=0)])

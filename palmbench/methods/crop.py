"""What a painter sees of a photo: the square about the hand or the palm, and the exemplars of the palm itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import cv2
import numpy as np

from palmbench.hands import Hand
from palmbench.hands.palm import Region
from palmbench.hands.roi_squares import Square, hand_crop, palm_crop, region_crop, roi_square
from palmbench.methods.region import palm_region
from recognizers.common.errors import SampleError

VERSION = 1
EXEMPLAR_SIZE = 128


class Crop(NamedTuple):
    """A square of a photo: where it lies, its pixels (uint8, resized) and what to repaint of them (bool)."""

    square: Square
    image: np.ndarray
    mask: np.ndarray


def crop_of(
    image: np.ndarray, hand: Hand, region: Region, about: str, whole_palm: bool, size: int | None, step: int = 1
) -> Crop:
    """What a painter sees of a hand, bilinear.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), uint8
    hand : Hand
    region : {"paper", "palm"}
        What is to be repainted.
    about : {"hand", "palm"}
        Whether the square lies about the hand or the palm; it is no larger than the photo's shorter side.
    whole_palm : bool
        Move the square until it holds all that is to be repainted.
    size : int or None
        Side in pixels; None is the square's own, as a multiple of `step`.
    step : int

    Raises
    ------
    SampleError
        If nothing is to be repainted, or no square in the photo holds it and it must.
    """
    palm = palm_region(hand, region)
    if about == "hand":
        square = hand_crop(hand, image.shape[:2])
    else:
        square = palm_crop(hand, image.shape[:2]) if region == "paper" else region_crop(palm)
    if whole_palm:
        moved = square.moved_to_hold(palm)
        if moved is None:
            raise SampleError("The palm is longer than the photo's shorter side: a square crop cannot hold it.")
        square = moved
    side = size or max(step, round(square.side / step) * step)
    repainted = square.crop(palm).astype(np.uint8)
    return Crop(
        square,
        cv2.resize(square.crop(image), (side, side), interpolation=cv2.INTER_LINEAR),
        cv2.resize(repainted, (side, side), interpolation=cv2.INTER_NEAREST).astype(bool),
    )


def exemplars_of(image: np.ndarray, hand: Hand, scales: Iterable[float]) -> list[np.ndarray]:
    """Squares of the palm, uint8 (128, 128, 3) each, with these shares of the palm square's side."""
    squares = [roi_square(hand, image.shape[:2], scale) for scale in scales]
    size = (EXEMPLAR_SIZE, EXEMPLAR_SIZE)
    return [cv2.resize(square.crop(image), size, interpolation=cv2.INTER_LINEAR) for square in squares]


def hand_in(square: Square, hand: Hand, size: int) -> np.ndarray:
    """The hand mask in a square of its photo, bool (size, size)."""
    inside = square.crop(hand.mask).astype(np.uint8)
    return cv2.resize(inside, (size, size), interpolation=cv2.INTER_NEAREST) > 0


def by_size(crops: list[Crop]) -> list[list[int]]:
    """Places of the crops that have the same size, and so can share a batch."""
    groups: dict[int, list[int]] = {}
    for index, crop in enumerate(crops):
        groups.setdefault(crop.image.shape[0], []).append(index)
    return list(groups.values())

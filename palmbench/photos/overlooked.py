"""Palms that would stay in the clear: what looks like one, its fingers hidden perhaps, keeps a photo back."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from palmbench.hands.several_hands import cover, painted_over
from palmbench.hands.spotting import LARGEST, SURE, Spot, Spotter
from palmbench.photos.window import WindowedHand

VERSION = 1
Box = tuple[int, int, int, int]


def overlooked(picture: np.ndarray, hands: Sequence[WindowedHand], spotter: Spotter) -> list[Box]:
    """Where something looks like a palm and lies in none of the hands: left, top, right and bottom, the surest first.

    Parameters
    ----------
    picture : ndarray of shape (height, width, 3), uint8 RGB
    hands : sequence of WindowedHand
        Those found in it that are not looked at.
    spotter : Spotter
    """
    height, width = picture.shape[:2]
    covered = np.zeros((height, width), bool)
    for found in hands:
        found.window.of(covered)[...] |= cover(found.hand)
    # The rest of a large photo is not looked at closer than this anyway.
    scale = min(1.0, LARGEST / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    hidden = cv2.resize(covered.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    spots = spotter.spots(painted_over(small, hidden) if hands else small, SURE)
    return [_box(spot, size, (width, height)) for spot in spots if not hidden[_middle(spot, size)]]


def lies_in(box: Box, found: WindowedHand) -> bool:
    """Whether the middle of what looks like a palm lies in a hand."""
    left, top, right, bottom = box
    column, row = (left + right) // 2 - found.window.x, (top + bottom) // 2 - found.window.y
    inside = 0 <= column < found.window.width and 0 <= row < found.window.height
    return inside and bool(cover(found.hand)[row, column])


def told(box: Box) -> str:
    """What people read of one."""
    return f"something at {box} looks like a palm, and no hand was found there"


def _middle(spot: Spot, size: tuple[int, int]) -> tuple[int, int]:
    """Row and column of a spot's middle in a picture of some width and height."""
    column, row = (min(max(round(at), 0), most - 1) for at, most in zip((spot.x, spot.y), size, strict=True))
    return row, column


def _box(spot: Spot, size: tuple[int, int], full: tuple[int, int]) -> Box:
    """The square of a spot in the photo: `size` is that of the picture in which it was seen, `full` the photo's."""
    ends = [
        min(max(round((at + 0.5 + half) * whole / part - 0.5), 0), whole - 1)
        for half in (-spot.size / 2, spot.size / 2)
        for at, part, whole in zip((spot.x, spot.y), size, full, strict=True)
    ]
    return ends[0], ends[1], ends[2], ends[3]

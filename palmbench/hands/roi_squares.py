"""Squares of pixels about a palm: the ROIs that the fusion embeds, and the crops that methods work on.

They follow the de-identification paper's own run (section III-B2).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from palmbench.hands.hand import Hand
from palmbench.hands.palm import palm_polygon

VERSION = 1
PALM_CROP_MARGIN = 1.25
REGION_CROP_MARGIN = 1.15


class Square(NamedTuple):
    """An axis-aligned square of pixels inside a photo: left, top, side."""

    x: int
    y: int
    side: int

    def crop(self, image: np.ndarray) -> np.ndarray:
        """The pixels below the square, a view of `image` (height x width, any channels)."""
        return image[self.y : self.y + self.side, self.x : self.x + self.side]

    def moved_to_hold(self, region: np.ndarray) -> Square | None:
        """The square moved as little as makes it hold a region, bool (height, width); None if that is longer than it.

        Both lie inside the photo, and so does the moved square.
        """
        rows, columns = np.flatnonzero(region.any(axis=1)), np.flatnonzero(region.any(axis=0))
        if len(rows) == 0:
            return self
        if max(rows[-1] - rows[0], columns[-1] - columns[0]) >= self.side:
            return None
        x = min(max(self.x, int(columns[-1]) + 1 - self.side), int(columns[0]))
        y = min(max(self.y, int(rows[-1]) + 1 - self.side), int(rows[0]))
        return self._replace(x=x, y=y)


def bounding_square(points: np.ndarray, shape: tuple[int, int], margin: float = 1.0) -> Square:
    """Square about the bounding box of `points`: its larger side times `margin`, shifted back inside the photo.

    Parameters
    ----------
    points : ndarray of shape (n, 2)
        (x, y) in pixels.
    shape : (int, int)
        Height and width of the photo; the side is capped at the smaller one.
    """
    low, high = points.min(axis=0), points.max(axis=0)
    side = round(float((high - low).max()) * margin)
    side = max(2, min(side, *shape[:2]))
    left, top = ((low + high) / 2 - side / 2).round().astype(int)
    height, width = shape[:2]
    return Square(int(np.clip(left, 0, width - side)), int(np.clip(top, 0, height - side)), side)


def hand_crop(hand: Hand, shape: tuple[int, int]) -> Square:
    """The paper's crop: the hand's box made square. What a recognizer reads is `recognition_hand`."""
    return bounding_square(hand.box.reshape(2, 2), shape)


def palm_crop(hand: Hand, shape: tuple[int, int]) -> Square:
    """The palm with the skin around it: what a small model spends its resolution on."""
    return bounding_square(palm_polygon(hand.keypoints_2d), shape, PALM_CROP_MARGIN)


def region_crop(region: np.ndarray) -> Square:
    """A region of the photo, bool (height, width) and not empty, with what is around it."""
    rows, columns = np.flatnonzero(region.any(axis=1)), np.flatnonzero(region.any(axis=0))
    corners = np.array([(columns[0], rows[0]), (columns[-1] + 1, rows[-1] + 1)], np.float32)
    return bounding_square(corners, region.shape, REGION_CROP_MARGIN)


def roi_square(hand: Hand, shape: tuple[int, int], scale: float) -> Square:
    """ROI square of the palm (fROI at scale 1), shrunk about its centre by `scale`; 0.5 is mROI, 0.1 is sROI."""
    full = bounding_square(palm_polygon(hand.keypoints_2d), shape)
    side = max(2, round(full.side * scale))
    return Square(full.x + (full.side - side) // 2, full.y + (full.side - side) // 2, side)

"""What an external detector is shown of a photo: the whole of it, padded, or a square about a hand."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from palmbench.hands.cutting import cut_view

LONGEST = 1280  # pixels of a view's longer side: detectors shrink what they see to a few hundred
PARTS_OF = 2048  # pixels of the longer side of the copy of which parts are shown


class View(NamedTuple):
    """A rectangle of a photo, at its own size or smaller; where it leaves the photo the edge is repeated.

    Attributes
    ----------
    pixels : ndarray of shape (rows, columns, 3), uint8
        RGB.
    transform : ndarray of shape (2, 3)
        From pixels of the photo to pixels of the view, pixel centres at integers.
    """

    pixels: np.ndarray
    transform: np.ndarray

    @classmethod
    def at(cls, image: np.ndarray, middle: np.ndarray, width: float, height: float, longest: int = LONGEST) -> View:
        """The view of a rectangle: its middle (x, y), width and height in pixels of the photo."""
        scale = min(1.0, longest / max(width, height))
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        if size == image.shape[1::-1] and scale == 1:
            return cls(np.ascontiguousarray(image), np.eye(2, 3))
        transform = np.column_stack([np.eye(2) * scale, (np.array(size) - 1) / 2 - scale * np.asarray(middle)])
        return cls(cut_view(image, transform, size), transform)

    def in_photo(self, points: np.ndarray) -> np.ndarray:
        """Points of the view, (n, 2), in pixels of the photo."""
        back = cv2.invertAffineTransform(self.transform)
        return points @ back[:, :2].T + back[:, 2]

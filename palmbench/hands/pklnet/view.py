"""A photo as PKLNet reads it, and the way back from the view's pixels to the photo's."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

VERSION = 1
# ImageNet's mean and deviation of red, green and blue; PKLNet is trained with them on blue, green and red.
_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)


class Placement(NamedTuple):
    """How a photo lies in a view: turned upright if it is wider than high, scaled, put at the top left.

    Attributes
    ----------
    height, width : int
        Of the photo.
    turned : bool
        Whether it was turned by a quarter, clockwise.
    rows, columns : int
        Of the view that the photo covers; below and to the right of them the view is black.
    """

    height: int
    width: int
    turned: bool
    rows: int
    columns: int

    def points_in_photo(self, points: np.ndarray) -> np.ndarray:
        """Points of the photo, pixel centres at integers, from points of the view, pixel centres at halves.

        Both are (x, y), float64 (..., 2). The two scales differ by the rounding of the view's size, and each axis is
        brought back by its own; the authors' code uses one for both, which is off by less than a pixel of the view.
        """
        height, width = self._upright
        x, y = np.moveaxis(np.asarray(points, np.float64) * (width / self.columns, height / self.rows), -1, 0)
        if self.turned:
            x, y = y, self.height - x
        return np.stack([x, y], axis=-1) - 0.5

    def map_in_photo(self, values: np.ndarray) -> np.ndarray:
        """A map over the view, float32 (rows of the view, columns of the view, channels), over the photo's pixels."""
        height, width = self._upright
        covered = np.ascontiguousarray(values[: self.rows, : self.columns])
        upright = cv2.resize(covered, (width, height), interpolation=cv2.INTER_LINEAR)
        return cv2.rotate(upright, cv2.ROTATE_90_COUNTERCLOCKWISE) if self.turned else upright

    @property
    def _upright(self) -> tuple[int, int]:
        return (self.width, self.height) if self.turned else (self.height, self.width)


def view_of(photo: np.ndarray, shape: tuple[int, int]) -> tuple[np.ndarray, Placement]:
    """A photo fitted into a view, and how it lies there.

    Parameters
    ----------
    photo : ndarray of shape (height, width, 3), uint8 RGB
    shape : (int, int)
        Height and width of the view.

    Returns
    -------
    ndarray of shape (3, *shape), float32
        Blue, green and red, normalised.
    Placement

    Raises
    ------
    ValueError
        If the photo has another type or shape.
    """
    if photo.ndim != 3 or photo.shape[2] != 3 or photo.dtype != np.uint8 or not photo.size:
        raise ValueError(f"PKLNet reads photos of uint8 (height, width, 3), not {photo.dtype} {photo.shape}.")
    place = _place(photo.shape[0], photo.shape[1], shape)
    upright = cv2.rotate(photo, cv2.ROTATE_90_CLOCKWISE) if place.turned else photo
    view = np.zeros((*shape, 3), np.uint8)
    view[: place.rows, : place.columns] = cv2.resize(upright, (place.columns, place.rows))
    normalised = (view[:, :, ::-1].astype(np.float32) / 255 - _MEAN) / _DEVIATION
    return np.ascontiguousarray(normalised.transpose(2, 0, 1)), place


def _place(height: int, width: int, shape: tuple[int, int]) -> Placement:
    rows, columns = shape
    turned = width > height
    high, wide = (width, height) if turned else (height, width)
    if high / wide > rows / columns:
        columns = max(1, int(rows * wide / high))
    else:
        rows = max(1, int(columns * high / wide))
    return Placement(height, width, turned, rows, columns)

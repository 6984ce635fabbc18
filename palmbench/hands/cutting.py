"""Views of a photo, as networks are trained on them and shown them."""

from __future__ import annotations

import cv2
import numpy as np

VERSION = 1


def cut_view(
    image: np.ndarray,
    transform: np.ndarray,
    size: tuple[int, int],
    border: int = cv2.BORDER_REPLICATE,
    outside: int = 128,
) -> np.ndarray:
    """A view of a photo as the network is trained on and shown it.

    Parameters
    ----------
    image : ndarray of shape (height, width, ...), uint8
    transform : ndarray of shape (2, 3)
        Affine transform from pixels of the photo to pixels of the view, of one scale in all directions.
    size : (int, int)
        Width and height of the view.
    border, outside : int
        OpenCV's border mode, and the grey level of a constant border.
    """
    scale = float(np.hypot(*transform[:, 0]))
    # Shrinking by more than two needs its pixels averaged, or creases alias into the view.
    while scale < 0.5 and min(image.shape[:2]) > 1:
        height, width = image.shape[:2]
        half = ((width + 1) // 2, (height + 1) // 2)
        image = cv2.resize(image, half, interpolation=cv2.INTER_AREA)
        growth = np.array([width / half[0], height / half[1]])
        shift = transform[:, :2] @ (0.5 * growth - 0.5)
        transform = np.column_stack([transform[:, :2] * growth, transform[:, 2] + shift])
        scale *= 2
    level = (outside, outside, outside)
    return cv2.warpAffine(image, transform, size, flags=cv2.INTER_LINEAR, borderMode=border, borderValue=level)

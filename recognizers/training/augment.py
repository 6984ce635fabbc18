"""CCNet's published augmentation: one of four small changes to a ROI, each as likely as the others.

What a change lays bare becomes 0, which CCNet's normaliser leaves out of its mean and deviation.
"""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageEnhance

CONTRAST = 0.05
LEAST_AREA = 0.8
DISTORTION = 0.15
DEGREES = 10.0


def augment(roi: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A ROI with its contrast, its frame, its perspective or its angle changed (Yang et al., 2023).

    Contrast times 0.95 to 1.05 about the mean; a square of 80 to 100 % of the area, enlarged; corners moved inwards by
    up to 7.5 % of the side; or a turn by up to 10 degrees about the middle of the top or of the left edge. Pillow
    does the arithmetic, as it did for the authors.

    Parameters
    ----------
    roi : (side, side) uint8
        Grey, square.
    random : Generator
        Fixes which change, and how much of it.

    Returns
    -------
    (side, side) uint8

    Raises
    ------
    ValueError
        If the ROI is not square, grey and uint8.
    """
    if roi.dtype != np.uint8 or roi.ndim != 2 or roi.shape[0] != roi.shape[1]:
        raise ValueError(f"augment takes one square grey uint8 ROI, not {roi.dtype} {roi.shape}")
    changes = (_contrast, _crop, _perspective, _turn)
    return np.asarray(changes[random.integers(len(changes))](Image.fromarray(roi), random))


def _contrast(roi: Image.Image, random: np.random.Generator) -> Image.Image:
    return ImageEnhance.Contrast(roi).enhance(random.uniform(1 - CONTRAST, 1 + CONTRAST))


def _crop(roi: Image.Image, random: np.random.Generator) -> Image.Image:
    side = round(roi.width * math.sqrt(random.uniform(LEAST_AREA, 1)))
    left, top = (int(place) for place in random.integers(0, roi.width - side, 2, endpoint=True))
    return roi.crop((left, top, left + side, top + side)).resize(roi.size, Image.Resampling.BILINEAR)


def _perspective(roi: Image.Image, random: np.random.Generator) -> Image.Image:
    last = roi.width - 1
    corners = np.array([(0, 0), (last, 0), (last, last), (0, last)], np.float64)
    inwards = np.array([(1, 1), (-1, 1), (-1, -1), (1, -1)])
    moved = corners + inwards * random.integers(0, int(DISTORTION * (roi.width // 2)), (4, 2), endpoint=True)
    return roi.transform(
        roi.size, Image.Transform.PERSPECTIVE, perspective(moved, corners).tolist(), Image.Resampling.BILINEAR
    )


def _turn(roi: Image.Image, random: np.random.Generator) -> Image.Image:
    half = roi.width / 2
    pivot = ((half, 0.0), (0.0, half))[random.integers(2)]
    return roi.rotate(random.uniform(-DEGREES, DEGREES), Image.Resampling.BICUBIC, center=pivot)


def perspective(points: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Numbers a to h of the perspective that takes four points to four targets.

    (x, y) goes to ((a x + b y + c) / (g x + h y + 1), (d x + e y + f) / (g x + h y + 1)).

    Parameters
    ----------
    points, targets : (4, 2) float

    Returns
    -------
    (8,) float64
    """
    rows, right = [], []
    for (x, y), (u, v) in zip(points, targets, strict=True):
        rows += [(x, y, 1, 0, 0, 0, -u * x, -u * y), (0, 0, 0, x, y, 1, -v * x, -v * y)]
        right += [u, v]
    return np.linalg.solve(np.array(rows, np.float64), np.array(right, np.float64))

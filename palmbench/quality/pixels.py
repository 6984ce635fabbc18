"""SSIM, MS-SSIM and PSNR of a photo and its de-identified version, as the de-identification paper scores them.

The numbers are those of scikit-image (SSIM, PSNR) and piq (MS-SSIM); separable filters in double precision
give them in a fraction of the packages' time. `tests/quality` holds them to the packages.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from PIL import Image

CONVENTIONS = ("paper",)
PIXEL_METRICS = ("ssim", "ms_ssim", "psnr")

LARGEST_SIDE = 2000
SMALLEST_SIDE = 161
SMALL_IMAGE_SIZE = (200, 200)

_PEAK = 255.0
_C1 = (0.01 * _PEAK) ** 2
_C2 = (0.03 * _PEAK) ** 2
_WINDOW = 7
_SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
_GAUSSIAN = np.exp(-((np.arange(11) - 5.0) ** 2) / (2 * 1.5**2))
_GAUSSIAN /= _GAUSSIAN.sum()


def image_quality(original: np.ndarray, deidentified: np.ndarray, convention: str = "paper") -> dict[str, float]:
    """Likeness of two photos of one size, over the whole image.

    Parameters
    ----------
    original, deidentified : ndarray of shape (height, width, 3), uint8
        RGB. In the convention "paper" an image with a side above 2000 is first shrunk to fit 2000, then one with a
        side below 161 (where MS-SSIM has no meaning) is resized to 200 x 200, both with a Lanczos filter.
    convention : {"paper"}
        SSIM with a 7 x 7 uniform window and sample covariance, valid windows only, channels averaged; MS-SSIM with
        five scales and an 11 x 11 Gaussian window of sigma 1.5; peak 255.

    Returns
    -------
    dict of str to float
        "ssim" in [-1, 1], "ms_ssim" in [0, 1], "psnr" in decibels. PSNR of identical images is infinite.

    Raises
    ------
    ValueError
        If the images are not uint8 HWC of one shape, or the convention is unknown.

    References
    ----------
    Wang et al., Image quality assessment: from error visibility to structural similarity, 2004;
    Wang et al., Multi-scale structural similarity for image quality assessment, 2003.
    """
    if convention not in CONVENTIONS:
        raise ValueError(f"unknown convention {convention!r}; there is: {', '.join(CONVENTIONS)}")
    original, deidentified = check_pair(original, deidentified)
    original, deidentified = fit_size(original), fit_size(deidentified)
    return {
        "ssim": ssim(original, deidentified),
        "ms_ssim": ms_ssim(original, deidentified),
        "psnr": psnr(original, deidentified),
    }


def check_pair(original: np.ndarray, deidentified: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The pair as contiguous arrays; ValueError when they cannot be compared pixel by pixel."""
    for image in (original, deidentified):
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
            raise ValueError(f"expected a uint8 image of shape (height, width, 3), got {image.dtype} {image.shape}")
    if original.shape != deidentified.shape:
        raise ValueError(f"images of different sizes: {original.shape[:2]} and {deidentified.shape[:2]}")
    return np.ascontiguousarray(original), np.ascontiguousarray(deidentified)


def fit_size(image: np.ndarray) -> np.ndarray:
    """The image at the size at which the paper scores it, uint8 HWC; the image itself when the size fits."""
    height, width = image.shape[:2]
    if max(height, width) > LARGEST_SIDE:
        scale = LARGEST_SIDE / max(height, width)
        image = _lanczos(image, max(1, round(width * scale)), max(1, round(height * scale)))
    if min(image.shape[:2]) < SMALLEST_SIDE:
        image = _lanczos(image, *SMALL_IMAGE_SIZE)
    return image


def psnr(original: np.ndarray, deidentified: np.ndarray) -> float:
    """Peak signal-to-noise ratio in decibels of two uint8 images; infinite when they are identical."""
    error = float(np.square(original.astype(np.int32) - deidentified).mean(dtype=np.float64))
    return 10 * math.log10(_PEAK**2 / error) if error else math.inf


def ssim(original: np.ndarray, deidentified: np.ndarray) -> float:
    """Structural similarity of two uint8 HWC images, sides of at least 7, averaged over valid windows and channels.

    A window in which nothing changed has similarity 1, so only the changed part of the photo is filtered.
    """
    height, width, channels = original.shape
    changed = (original != deidentified).any(axis=2)
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    if not len(rows):
        return 1.0
    reach = _WINDOW - 1
    part = (
        slice(max(0, rows[0] - reach), min(height, rows[-1] + reach + 1)),
        slice(max(0, columns[0] - reach), min(width, columns[-1] + reach + 1)),
    )
    loss = 0.0
    for channel in range(channels):
        x = original[part][..., channel].astype(np.float64)
        y = deidentified[part][..., channel].astype(np.float64)
        luminance, structure = _similarity(x, y, _uniform, samples=_WINDOW**2)
        loss += float((1 - luminance * structure).sum())
    windows = (height - reach) * (width - reach) * channels
    return 1 - loss / windows


def ms_ssim(original: np.ndarray, deidentified: np.ndarray) -> float:
    """Multi-scale structural similarity of two uint8 HWC images, sides of at least 161, averaged over channels."""
    if min(original.shape[:2]) < SMALLEST_SIDE:
        raise ValueError(f"MS-SSIM needs sides of at least {SMALLEST_SIDE} pixels, got {original.shape[:2]}")
    x, y = original.astype(np.float64), deidentified.astype(np.float64)
    value = np.ones(original.shape[2])
    for level, weight in enumerate(_SCALE_WEIGHTS):
        if level:
            x, y = _halve(x), _halve(y)
        luminance, structure = _similarity(x, y, _gaussian)
        if level == len(_SCALE_WEIGHTS) - 1:
            structure = luminance * structure
        value *= np.maximum(structure.mean(axis=(0, 1)), 0) ** weight
    return float(value.mean())


def _similarity(x: np.ndarray, y: np.ndarray, mean, samples: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    unbiased = samples / (samples - 1) if samples else 1.0
    mean_x, mean_y = mean(x), mean(y)
    product, squares = mean_x * mean_y, mean_x * mean_x + mean_y * mean_y
    covariance = unbiased * (mean(x * y) - product)
    variances = unbiased * (mean(x * x + y * y) - squares)
    return (2 * product + _C1) / (squares + _C1), (2 * covariance + _C2) / (variances + _C2)


def _uniform(values: np.ndarray) -> np.ndarray:
    edge = _WINDOW // 2
    return cv2.boxFilter(values, cv2.CV_64F, (_WINDOW, _WINDOW))[edge:-edge, edge:-edge]


def _gaussian(values: np.ndarray) -> np.ndarray:
    edge = len(_GAUSSIAN) // 2
    return cv2.sepFilter2D(values, cv2.CV_64F, _GAUSSIAN, _GAUSSIAN)[edge:-edge, edge:-edge]


def _halve(values: np.ndarray) -> np.ndarray:
    # piq pads the top and the left of both axes when either is odd, then drops what does not fill a 2 x 2 cell.
    odd = max(values.shape[0] % 2, values.shape[1] % 2)
    if odd:
        values = cv2.copyMakeBorder(values, odd, 0, odd, 0, cv2.BORDER_REPLICATE)
    height, width = values.shape[0] // 2, values.shape[1] // 2
    # At exactly one half OpenCV's area filter is the mean of 2 x 2 pixels.
    return cv2.resize(values[: 2 * height, : 2 * width], (width, height), interpolation=cv2.INTER_AREA)


def _lanczos(image: np.ndarray, width: int, height: int) -> np.ndarray:
    return np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.LANCZOS))

"""SSIM, MS-SSIM and PSNR of a photo and its de-identified version, whole and apart inside and outside the palm.

Two conventions: "paper" is what the de-identification paper ran, scikit-image (SSIM, PSNR) and piq (MS-SSIM) with its
resizing; "torchmetrics" is that package's defaults. `tests/quality` holds both to the packages.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image

from palmbench.quality.filters import Plane, filters_on
from palmbench.quality.similarity import similarity_paper, similarity_torchmetrics

VERSION = 1
CONVENTIONS = ("paper", "torchmetrics")
PIXEL_METRICS = ("ssim", "ms_ssim", "psnr")
REGION_METRICS = ("ssim_inside", "ssim_outside", "psnr_inside", "psnr_outside")

LARGEST_SIDE = 2000
SMALLEST_SIDE = 161
SMALL_IMAGE_SIZE = (200, 200)

_PEAK = 255.0


def image_quality(
    original: np.ndarray,
    deidentified: np.ndarray,
    convention: str = "paper",
    region: np.ndarray | None = None,
    device: str = "cpu",
) -> dict[str, float]:
    """Likeness of two photos of one size.

    Parameters
    ----------
    original, deidentified : ndarray of shape (height, width, 3), uint8
        RGB. In the convention "paper" an image with a side above 2000 is first shrunk to fit 2000, then one with a
        side below 161 (where MS-SSIM has no meaning) is resized to 200 x 200, both with a Lanczos filter.
    convention : {"paper", "torchmetrics"}
        "paper": SSIM with a 7 x 7 uniform window and sample covariance, valid windows only, channels averaged;
        MS-SSIM with five scales and an 11 x 11 Gaussian window of sigma 1.5, averaged over channels last; peak 255.
        "torchmetrics": the package's defaults with `data_range=255`: the Gaussian window for SSIM too, borders
        mirrored, MS-SSIM averaged over channels at each scale; images at their own size.
    region : ndarray of shape (height, width), bool, optional
        The palm. With it SSIM's map is also averaged over the windows centred inside it and over the others, and PSNR
        is also taken over the pixels inside and over the others. A window outside may reach inside: `ssim_outside` is
        below 1 even where a method leaves everything outside untouched, while `psnr_outside` is then infinite.
    device : str
        Where to compute; the same to about 1e-12 anywhere.

    Returns
    -------
    dict of str to float
        "ssim" in [-1, 1], "ms_ssim" in [0, 1], "psnr" in decibels, and with a region "ssim_inside", "ssim_outside",
        "psnr_inside", "psnr_outside". PSNR of identical pixels is infinite. NaN is what is not defined: inside an
        empty region, outside one that is all, and torchmetrics' MS-SSIM of an image with a side below 176.

    Raises
    ------
    ValueError
        If the images are not uint8 HWC of one shape, the region is of another, or the convention is unknown.

    References
    ----------
    Wang et al., Image quality assessment: from error visibility to structural similarity, 2004;
    Wang et al., Multi-scale structural similarity for image quality assessment, 2003.
    """
    if convention not in CONVENTIONS:
        raise ValueError(f"unknown convention {convention!r}; there are: {', '.join(CONVENTIONS)}")
    original, deidentified = check_pair(original, deidentified)
    if region is not None and (region.dtype != bool or region.shape != original.shape[:2]):
        raise ValueError(f"a region of {region.dtype} {region.shape} for images of bool {original.shape[:2]}")
    paper = convention == "paper"
    if paper:
        original, deidentified = fit_size(original), fit_size(deidentified)
        if region is not None and region.shape != original.shape[:2]:
            size = original.shape[1::-1]
            region = cv2.resize(region.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST_EXACT).astype(bool)
    filters = filters_on(device)
    x, y = filters.planes(original), filters.planes(deidentified)
    place = None if region is None else filters.region(region)
    found = (similarity_paper if paper else similarity_torchmetrics)(x, y, place, filters)
    values = {"ssim": found.ssim, "ms_ssim": found.ms_ssim}
    error = squared_error(x, y)
    total = float(error.sum())
    values["psnr"] = _decibels(total, original.size)
    if region is not None:
        # Sums of whole numbers, so that nothing of the difference is rounding.
        inside, pixels = float((error * place).sum()), int(region.sum())
        values |= {"ssim_inside": found.ssim_inside, "ssim_outside": found.ssim_outside}
        values["psnr_inside"] = _decibels(inside, len(x) * pixels)
        values["psnr_outside"] = _decibels(total - inside, len(x) * (region.size - pixels))
    return values


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
    error = np.square(original.astype(np.int32) - deidentified).sum(dtype=np.float64)
    return _decibels(float(error), original.size)


def squared_error(x: Sequence[Plane], y: Sequence[Plane]) -> Plane:
    """Squared difference of two images at each pixel, summed over their planes."""
    error = (x[0] - y[0]) ** 2
    for a, b in zip(x[1:], y[1:], strict=True):
        error += (a - b) ** 2
    return error


def _decibels(squared_errors: float, count: int) -> float:
    if not count:
        return math.nan
    return 10 * math.log10(_PEAK**2 * count / squared_errors) if squared_errors else math.inf


def _lanczos(image: np.ndarray, width: int, height: int) -> np.ndarray:
    return np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.LANCZOS))

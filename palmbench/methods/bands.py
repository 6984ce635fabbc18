"""Structure of a palm between two widths: how strong it is, and how much of it a painted palm lacks."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

VERSION = 3
TINT = np.array([0.85, 1.1, 1.1], np.float32)  # what is darker is redder: creases and hollows of skin
_DARK = 0.06  # of full scale: relative to darker skin, noise would count as structure
_CELLS = 2.5  # cells of a grid in the standard deviation of a mean that is taken on it, at least
_ROUND = 18.0  # pixels of the crop from the palm's rim within which a hand turns away from the light
_FEW = 4.0  # standard deviations as the median tells them, beyond which a line is one of the few deep ones


def blurred(image: np.ndarray, sigma: float) -> np.ndarray:
    """A Gaussian mean of an image (height, width, any channels), float32, of a standard deviation in pixels.

    A wide one is taken on a grid of which it spans some cells: that differs by a hundredth of the image's deviation.
    """
    every = int(sigma / _CELLS)
    if every < 2:
        return cv2.GaussianBlur(image, (0, 0), sigma).reshape(image.shape)
    height, width = image.shape[:2]
    grid = (-(-width // every), -(-height // every))
    # A cell's mean is a blur too, of the variance of a box.
    left = float(np.sqrt(sigma**2 - (every**2 - 1) / 12))
    cells = cv2.resize(image, grid, interpolation=cv2.INTER_AREA)
    cells = cv2.GaussianBlur(
        cells, (0, 0), left * grid[0] / width, sigmaY=left * grid[1] / height, borderType=cv2.BORDER_REFLECT
    )
    return cv2.resize(cells, (width, height), interpolation=cv2.INTER_CUBIC).reshape(image.shape)


def between(layers: np.ndarray, region: np.ndarray | None, band: tuple[float, float]) -> np.ndarray:
    """Structure of layers (height, width, any channels) between two standard deviations in pixels.

    What lies outside the region is left out, dark or light; without a region nothing is.
    """
    if region is None:
        fine, coarse = (blurred(layers, sigma) for sigma in band)
        return fine - coarse
    weights = region.astype(np.float32).reshape(*region.shape, *[1] * (layers.ndim - 2))
    fine, coarse = (blurred(layers * weights, sigma) / np.maximum(blurred(weights, sigma), 1e-6) for sigma in band)
    return fine - coarse


class Strength(NamedTuple):
    """How strong structure is, relative to the brightness around it.

    Attributes
    ----------
    usual : float
        Standard deviation as the median tells it: what stands out, such as lines, does not count.
    whole : float
        Standard deviation; the few deep lines count no more than the rest.
    """

    usual: float
    whole: float

    def at_most(self, strongest: float) -> Strength:
        """Both, brought down as much as the whole has to be."""
        share = min(1.0, strongest / max(self.whole, 1e-9))
        return Strength(share * self.usual, share * self.whole)


def strength(
    crop: np.ndarray, region: np.ndarray, inner: np.ndarray, band: tuple[float, float], around: float
) -> Strength:
    """How strong structure is in the inner part of a region.

    Parameters
    ----------
    crop : ndarray of shape (height, width, 3)
        In [0, 1].
    region, inner : ndarray of shape (height, width), bool
        What structure is taken from, and where it is measured; there must be such a place.
    band : (float, float)
        Standard deviations in pixels between which structure counts.
    around : float
        Standard deviation in pixels of the brightness that it is relative to.
    """
    level = crop.mean(axis=2, dtype=np.float32)
    brightness = np.maximum(blurred(level, around), _DARK)
    relative = (between(level, region, band) / brightness)[inner]
    usual = 1.4826 * float(np.median(np.abs(relative)))
    return Strength(usual, float(np.clip(relative, -_FEW * usual, _FEW * usual).std()))


def lacking(wanted: float, found: float) -> float:
    """How strong what is added must be, for structure that is found to become as strong as wanted; 0 if it is."""
    return max(0.0, wanted**2 - found**2) ** 0.5


def inside(region: np.ndarray, fade: float) -> np.ndarray:
    """Weights that rise from 0 at a region's rim to 1 so many pixels within, float32."""
    distance = cv2.distanceTransform(region.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    return np.clip(distance / fade, 0, 1)


def facing(region: np.ndarray) -> np.ndarray:
    """Where a region is so far within its rim that a hand's roundness is no structure of it, bool; maybe nowhere."""
    return inside(region, _ROUND) == 1

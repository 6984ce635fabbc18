"""Structure of a palm between two widths, and how strong it is."""

from __future__ import annotations

import cv2
import numpy as np

VERSION = 1
TINT = np.array([0.85, 1.1, 1.1], np.float32)  # what is darker is redder: creases and hollows of skin
_DARK = 0.06  # of full scale: relative to darker skin, noise would count as structure
_FEW = 4.0  # standard deviations as the median tells them, beyond which a line is one of the few deep ones


def between(level: np.ndarray, region: np.ndarray, band: tuple[float, float]) -> np.ndarray:
    """Structure of a region between two standard deviations in pixels; what lies outside is left out, dark or light."""
    weights = region.astype(np.float32)
    fine, coarse = (
        cv2.GaussianBlur(level * weights, (0, 0), sigma) / np.maximum(cv2.GaussianBlur(weights, (0, 0), sigma), 1e-6)
        for sigma in band
    )
    return fine - coarse


def strength(
    level: np.ndarray, region: np.ndarray, inner: np.ndarray, band: tuple[float, float], around: float
) -> float:
    """How strong structure is in the inner part of a region, relative to the brightness around it.

    Parameters
    ----------
    level : ndarray of shape (height, width), float32
        Brightness in [0, 1].
    region, inner : ndarray of shape (height, width), bool
        What structure is taken from, and where it is measured.
    band : (float, float)
        Standard deviations in pixels between which structure counts.
    around : float
        Standard deviation in pixels of the brightness that it is relative to.

    Returns
    -------
    float
        Its standard deviation; the few deep lines count no more than the rest.
    """
    brightness = np.maximum(cv2.GaussianBlur(level, (0, 0), around), _DARK)
    relative = (between(level, region, band) / brightness)[inner]
    usual = 1.4826 * float(np.median(np.abs(relative)))
    return float(np.clip(relative, -_FEW * usual, _FEW * usual).std())

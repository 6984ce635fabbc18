"""Structure of a palm between two widths: how strong it is, and how much of it a painted palm lacks."""

from __future__ import annotations

import cv2
import numpy as np

VERSION = 2
TINT = np.array([0.85, 1.1, 1.1], np.float32)  # what is darker is redder: creases and hollows of skin
_DARK = 0.06  # of full scale: relative to darker skin, noise would count as structure
_ROUND = 18.0  # pixels of the crop from the palm's rim within which a hand turns away from the light
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


def lacking(
    painted: np.ndarray,
    original: np.ndarray,
    region: np.ndarray,
    inner: np.ndarray,
    band: tuple[float, float],
    around: float,
    strongest: float,
) -> float:
    """How strong what is drawn on a painted palm must be, for its structure to be as strong as the original's.

    Parameters
    ----------
    painted, original : ndarray of shape (size, size, 3)
        Crops, the painted one in [0, 1], the original in levels from 0 to 255.
    region, inner, band, around
        See `strength`.
    strongest : float
        Strength up to which the original's is followed.

    Returns
    -------
    float
        0 if the painted palm lacks nothing, or where `inner` is empty.
    """
    if not inner.any():
        return 0.0
    wanted, found = (
        strength(crop.mean(axis=2, dtype=np.float32), region, inner, band, around) for crop in (original / 255, painted)
    )
    return np.sqrt(max(0.0, min(wanted, strongest) ** 2 - found**2))


def inside(region: np.ndarray, fade: float) -> np.ndarray:
    """Weights that rise from 0 at a region's rim to 1 so many pixels within, float32."""
    distance = cv2.distanceTransform(region.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    return np.clip(distance / fade, 0, 1)


def facing(region: np.ndarray) -> np.ndarray:
    """Where a region is so far within its rim that a hand's roundness is no structure of it, bool; maybe nowhere."""
    return inside(region, _ROUND) == 1

"""Fourteen plain statistics of a recognition ROI: its light and shade, its lines, its finest skin."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np

# Radii, in cycles a side, between which the slope of the spectrum is fitted.
_SLOPE_FROM, _SLOPE_TO = 4, 40
_DIRECTIONS = 12
_FILTER_SIDE, _FILTER_SIGMA, _WAVELENGTH, _ASPECT = 17, 2.2, 8, 0.5
_BORDER = 10  # pixels within which the line filters see the ROI's edge


class PalmStatistics(NamedTuple):
    """Of one ROI. Grey levels are taken as shares of the ROI's mean, so that exposure does not count.

    Attributes
    ----------
    std : float
        Standard deviation of the grey levels.
    low, mid, high, fine : float
        The same of what is coarser than 12 pixels, between 3 and 12, finer than 3, finer than 1 (Gaussian sigmas).
    slope : float
        Of the logarithm of the power against that of the frequency, 4 to 39 cycles a side.
    line_q50, line_q90, line_q99 : float
        Quantiles of the strongest answer of 12 Gabor filters to dark lines.
    line_share_02, line_share_05 : float
        Shares of the area in which that answer exceeds .02 and .05.
    orientation_entropy : float
        Of the direction of the strongest tenth of the lines: 0 all alike, 1 all directions as often.
    high_skew, high_kurtosis : float
        Of what is finer than 3 pixels; a normal distribution has 0 and 3.
    """

    std: float
    low: float
    mid: float
    high: float
    fine: float
    slope: float
    line_q50: float
    line_q90: float
    line_q99: float
    line_share_02: float
    line_share_05: float
    orientation_entropy: float
    high_skew: float
    high_kurtosis: float


def palm_statistics(roi: np.ndarray) -> PalmStatistics:
    """Statistics of a recognition ROI, (n, n), grey, n at least 2 * 40 pixels."""
    grey = roi.astype(np.float32)
    grey /= grey.mean()
    finest, soft, shade = (cv2.GaussianBlur(grey, (0, 0), sigma) for sigma in (1, 3, 12))
    high = grey - soft
    away = high - high.mean()
    answer, direction = _lines(grey)
    median, often, seldom = np.quantile(answer, (0.5, 0.9, 0.99))
    return PalmStatistics(
        float(grey.std()),
        float(shade.std()),
        float((soft - shade).std()),
        float(high.std()),
        float((grey - finest).std()),
        _slope(grey),
        float(median),
        float(often),
        float(seldom),
        float((answer > 0.02).mean()),
        float((answer > 0.05).mean()),
        _entropy(direction[answer > often]),
        float((away**3).mean() / away.std() ** 3),
        float((away**4).mean() / away.var() ** 2),
    )


def table(rois: Iterable[np.ndarray]) -> np.ndarray:
    """Statistics of some ROIs, float64 (n_rois, 14)."""
    return np.array([palm_statistics(roi) for roi in rois])


def _slope(grey: np.ndarray) -> float:
    side = len(grey)
    window = np.hanning(side)
    power = np.abs(np.fft.fftshift(np.fft.fft2((grey - grey.mean()) * np.outer(window, window)))) ** 2
    rows, columns = np.indices(power.shape) - side // 2
    radius = np.hypot(rows, columns).astype(int).ravel()
    ring = np.bincount(radius, power.ravel()) / np.bincount(radius)
    cycles = np.arange(_SLOPE_FROM, _SLOPE_TO)
    return float(np.polyfit(np.log(cycles), np.log(ring[_SLOPE_FROM:_SLOPE_TO]), 1)[0])


def _lines(grey: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Strongest answer to dark lines and which of the directions gives it, each without the ROI's border."""
    answers = -np.stack([cv2.filter2D(grey, -1, kernel) for kernel in _filters()])
    inner = answers[:, _BORDER:-_BORDER, _BORDER:-_BORDER]
    return inner.max(axis=0), inner.argmax(axis=0)


@lru_cache(maxsize=1)
def _filters() -> tuple[np.ndarray, ...]:
    filters = []
    for angle in np.arange(_DIRECTIONS) * np.pi / _DIRECTIONS:
        size = (_FILTER_SIDE, _FILTER_SIDE)
        gabor = cv2.getGaborKernel(size, _FILTER_SIGMA, angle, _WAVELENGTH, _ASPECT, 0).astype(np.float32)
        gabor -= gabor.mean()
        filters.append(gabor / np.abs(gabor).sum())
    return tuple(filters)


def _entropy(directions: np.ndarray) -> float:
    share = np.bincount(directions, minlength=_DIRECTIONS) / len(directions)
    return float(-(share * np.log(share + 1e-9)).sum() / np.log(_DIRECTIONS))

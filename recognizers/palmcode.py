"""PalmCode: the phase of one Gabor filter (Zhang, Kong, You and Wong 2003)."""

from __future__ import annotations

import math

import numpy as np

from recognizers.cards import CARDS
from recognizers.codes import FLAT, PalmprintCode, packed, responses
from recognizers.matching.shifts import ROWS, ShiftSearch

VERSION = 1
FREQUENCY, SIGMA, ANGLE, RADIUS = 0.0916, 5.6179, math.pi / 4, 17


class PalmCode(PalmprintCode):
    """Signs of the real and imaginary response to one circular Gabor filter.

    Published (IEEE TPAMI 25(9), 2003, doi 10.1109/TPAMI.2003.1227981): the filter (`circular_gabor`) with
    frequency 0.0916 cycles a pixel, sigma 5.6179 pixels and angle 45 degrees; a bit is 1 where its response is not
    below 0; 32 x 32 samples; the share of differing bits of both planes, least over shifts of -2 to 2 code pixels.
    The filter's 35 x 35 pixels are those of this frequency and sigma in the authors' Pattern Recognition 36(10), 2003.

    Left open, and ours: which samples (every fourth from the first) and the image beyond the ROI (0). The mask of
    pixels off the palm is left out: a recognition ROI has none.

    Parameters
    ----------
    threads : int or None
        Threads for extraction and matching; None takes all processors. Cannot change a result.
    """

    name = "palmcode"
    title = "PalmCode"
    card = CARDS["palmcode"]
    version = VERSION
    shape = (2, ROWS)

    def __init__(self, threads: int | None = 1) -> None:
        super().__init__(ShiftSearch(reach=2, planes=2), threads)
        kernel = circular_gabor(FREQUENCY, SIGMA, ANGLE, RADIUS)
        self._bank = np.stack([kernel.real, kernel.imag])

    def _encode(self, roi: np.ndarray) -> np.ndarray:
        return packed(responses(roi, self._bank) >= -FLAT)


def circular_gabor(frequency: float, sigma: float, angle: float, radius: int) -> np.ndarray:
    """Complex Gabor kernel with a round envelope, less its mean.

    G(x, y) = exp(-(x^2 + y^2) / (2 sigma^2)) / (2 pi sigma^2) * exp(2 pi i frequency (x cos angle + y sin angle)),
    with x the row and y the column offset.

    Returns
    -------
    (2 * radius + 1, 2 * radius + 1) complex128
    """
    offsets = np.arange(-radius, radius + 1, dtype=np.float64)
    x, y = np.meshgrid(offsets, offsets, indexing="ij")
    envelope = np.exp(-(x**2 + y**2) / (2 * sigma**2)) / (2 * math.pi * sigma**2)
    kernel = envelope * np.exp(2j * math.pi * frequency * (x * math.cos(angle) + y * math.sin(angle)))
    return kernel - kernel.mean()

"""Ordinal Code: which of two crossed line segments is brighter (Sun, Tan, Wang and Li 2005)."""

from __future__ import annotations

import math

import numpy as np

from recognizers.cards import CARDS
from recognizers.codes import FLAT, PalmprintCode, packed, responses
from recognizers.matching.shifts import ROWS, ShiftSearch

VERSION = 2
ALONG, ACROSS, RADIUS = 10.0, 3.0, 17
ANGLES = (0.0, math.pi / 6, math.pi / 3)


class OrdinalCode(PalmprintCode):
    """Sign of the difference between two orthogonal, line-like Gaussians, at three angles.

    Published (CVPR 2005, doi 10.1109/CVPR.2005.267): the filters (`line_pair`) at 0, 30 and 60 degrees, with a
    Gaussian more than three times as long as wide; a bit is 1 where the response is positive; 32 x 32 samples of
    three bits; the share of differing bits.

    Left open, and ours: the Gaussian's scales (10 and 3 pixels) and the filters' 35 x 35 pixels, the extent of
    PalmCode's; shifts of -2 to 2 code pixels that the planes share, as in PalmCode; which samples (every fourth from
    the first) and the image beyond the ROI (0). A public implementation (Li-ChengYan/palmprint-recognition-python)
    has scales 25 and 7, cut to 25 x 7 pixels.

    Parameters
    ----------
    threads : int or None
        Threads for extraction and matching; None takes all processors. Cannot change a result.
    """

    name = "ordinalcode"
    title = "Ordinal Code"
    card = CARDS["ordinalcode"]
    # Two rows a word: else templates of Competitive Code, three planes too, could be taken for this code's.
    shape, dtype = (len(ANGLES), ROWS // 2), np.uint64
    version = VERSION

    def __init__(self, threads: int | None = 1) -> None:
        super().__init__(ShiftSearch(reach=2, planes=len(ANGLES)), threads)
        self._bank = np.stack([line_pair(angle, ALONG, ACROSS, RADIUS) for angle in ANGLES])

    def _encode(self, roi: np.ndarray) -> np.ndarray:
        return packed(responses(roi, self._bank) > FLAT).view(self.dtype)

    def planes(self, templates: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(templates).view(np.uint32)


def line_pair(angle: float, along: float, across: float, radius: int) -> np.ndarray:
    """Difference of two orthogonal elongated Gaussians, f(angle) - f(angle + 90 degrees), less its mean.

    f = exp(-(x' / along)^2 - (y' / across)^2), x' = x cos angle + y sin angle, y' = -x sin angle + y cos angle, with
    x the row and y the column offset.

    Returns
    -------
    (2 * radius + 1, 2 * radius + 1) float64
    """
    offsets = np.arange(-radius, radius + 1, dtype=np.float64)
    x, y = np.meshgrid(offsets, offsets, indexing="ij")
    u = x * math.cos(angle) + y * math.sin(angle)
    v = y * math.cos(angle) - x * math.sin(angle)
    kernel = np.exp(-((u / along) ** 2) - (v / across) ** 2) - np.exp(-((v / along) ** 2) - (u / across) ** 2)
    return kernel - kernel.mean()

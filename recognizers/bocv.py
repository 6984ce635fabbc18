"""BOCV: the binary orientation co-occurrence vector (Guo, Zhang, Zhang and Zuo 2009)."""

from __future__ import annotations

import numpy as np

from recognizers.cards import CARDS
from recognizers.codes import FLAT, PalmprintCode, packed, responses
from recognizers.codes.gabor import gabor_bank
from recognizers.matching.shifts import ROWS, ShiftSearch

VERSION = 1
OMEGA, KAPPA, ORIENTATIONS = 0.5, 2.0, 6


class BOCV(PalmprintCode):
    """Signs of the Gabor responses in all six orientations, not the strongest alone.

    Published (Pattern Recognition Letters 30(13), 2009, doi 10.1016/j.patrec.2009.05.010): the filters of
    Competitive Code, each response binarised with a threshold, six bits a pixel; 32 x 32 samples; the share of
    differing bits of all six planes, least over shifts that the planes share.

    Not to be had in full text, hence taken from the public code of MTCC's authors, whose first order is this code:
    the threshold 0 (a bit is 1 above it) and shifts of -2 to 2 code pixels. The filters' omega 0.5, kappa 2 and
    17 x 17 pixels are those of a public implementation (Li-ChengYan/palmprint-recognition-python; it lets each plane
    have a shift of its own, up to 4). Ours: which samples (every fourth from the first) and the image beyond the
    ROI (0).

    Parameters
    ----------
    threads : int or None
        Threads for extraction and matching; None takes all processors. Cannot change a result.
    """

    name = "bocv"
    title = "BOCV"
    card = CARDS["bocv"]
    version = VERSION
    shape = (ORIENTATIONS, ROWS)

    def __init__(self, threads: int | None = 1) -> None:
        super().__init__(ShiftSearch(reach=2, planes=ORIENTATIONS), threads)
        self._bank = gabor_bank(OMEGA, KAPPA, orientations=ORIENTATIONS)

    def _encode(self, roi: np.ndarray) -> np.ndarray:
        return packed(responses(roi, self._bank) > FLAT)

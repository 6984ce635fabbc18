"""Competitive Code: the orientation of the strongest line at each pixel (Kong and Zhang 2004)."""

from __future__ import annotations

import numpy as np

from recognizers.cards import CARDS
from recognizers.codes import PalmprintCode, lowest, packed, responses, unpacked
from recognizers.codes.gabor import gabor_bank
from recognizers.matching.shifts import ROWS, ShiftSearch

VERSION = 1
OMEGA, KAPPA = 0.5, 2.0
# Bits of the six orientations, as published: as many differ as there are steps between two, 3 at most.
BITS = np.array([[0, 0, 0], [0, 0, 1], [0, 1, 1], [1, 1, 1], [1, 1, 0], [1, 0, 0]], bool)


class CompCode(PalmprintCode):
    """Orientation, of six, in which the Gabor response is lowest: the direction of a dark line.

    Published (ICPR 2004, doi 10.1109/ICPR.2004.1334184): the real part of the Gabor filters of `gabor_bank` in six
    orientations, the lowest response wins; three bits a pixel so that differing bits are angular distance; 32 x 32
    samples; the share of differing bits, least over shifts of -2 to 2 code pixels.

    Left open by the paper: the filters' frequency and width. omega 0.5, kappa 2 and 17 x 17 pixels are those of a
    public implementation (Li-ChengYan/palmprint-recognition-python), whose filters have the other sign: its winner is
    the brightest line. Ours: which samples (every fourth from the first), the image beyond the ROI (0), and the first
    of equal responses. The mask of pixels off the palm is left out: a recognition ROI has none.

    Parameters
    ----------
    threads : int or None
        Threads for extraction and matching; None takes all processors. Cannot change a result.
    """

    name = "compcode"
    title = "Competitive Code"
    card = CARDS["compcode"]
    version = VERSION
    shape = (3, ROWS)

    def __init__(self, threads: int | None = 1) -> None:
        super().__init__(ShiftSearch(reach=2, planes=3), threads)
        self._bank = gabor_bank(OMEGA, KAPPA)

    def _encode(self, roi: np.ndarray) -> np.ndarray:
        return packed(np.moveaxis(BITS[lowest(responses(roi, self._bank))], -1, 0))

    def planes(self, templates: np.ndarray) -> np.ndarray:
        first, second, third = templates[:, 0], templates[:, 1], templates[:, 2]
        # 010 and 101 are no orientation: the planes of another code have them.
        if (~(first ^ third) & (first ^ second)).any():
            raise ValueError("these templates hold codes that are no orientation: they are not Competitive Code's")
        return templates


def orientations(templates: np.ndarray) -> np.ndarray:
    """Winning orientations of templates, (n, 32, 32) uint8: k stands for k * 30 degrees."""
    number = np.full(8, 255, np.uint8)
    number[BITS @ [4, 2, 1]] = np.arange(len(BITS))
    return number[np.moveaxis(unpacked(templates), 1, -1) @ [4, 2, 1]]

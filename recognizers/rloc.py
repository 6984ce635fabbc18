"""RLOC: the robust line orientation code (Jia, Huang and Zhang 2008)."""

from __future__ import annotations

import math

import numpy as np

from recognizers.cards import CARDS
from recognizers.codes import PalmprintCode, lowest, packed, responses
from recognizers.matching.shifts import ROWS, ShiftSearch

VERSION = 1
SIDE, WIDTH, ORIENTATIONS = 16, 4, 6


class RLOC(PalmprintCode):
    """Orientation, of six, of the darkest line through each pixel, compared pixel to area.

    Published (Pattern Recognition 41(5), 2008, doi 10.1016/j.patcog.2007.10.011): the modified finite Radon
    transform sums grey levels along lines through the centre of a square, the lowest sum wins; a pixel of one
    template agrees with the other if its orientation is found there at the same pixel or at one of its four
    neighbours; the similarity is the larger of the shares of agreeing pixels both ways, and largest over shifts. The
    distance is 1 less that.

    Not to be had in full text: six lines 4 pixels wide in squares of 16 x 16 pixels, 32 x 32 samples and shifts
    of -2 to 2 code pixels are those of a public implementation (Li-ChengYan/palmprint-recognition-python). Ours: the
    rounding of the lines (`line_masks`), which samples (every fourth from the first), the image beyond the ROI (0),
    the first of equal sums, and neighbours beyond the overlap of shifted templates, which count where the template
    has them. The paper also enrols rotated copies of a palm; a benchmark compares one photo with one.

    Templates are the numbers 0 to 5 of the orientations, (32, 32) uint8.

    Parameters
    ----------
    threads : int or None
        Threads for extraction and matching; None takes all processors. Cannot change a result.
    """

    name = "rloc"
    title = "RLOC"
    card = CARDS["rloc"]
    version = VERSION
    shape = (ROWS, ROWS)
    dtype = np.uint8

    def __init__(self, threads: int | None = 1) -> None:
        super().__init__(ShiftSearch(reach=2, planes=ORIENTATIONS, measure="area"), threads)
        self._bank = line_masks(SIDE, WIDTH, ORIENTATIONS)

    def _encode(self, roi: np.ndarray) -> np.ndarray:
        return lowest(responses(roi, self._bank))

    def planes(self, templates: np.ndarray) -> np.ndarray:
        if templates.size and templates.max() >= ORIENTATIONS:
            raise ValueError(f"RLOC templates hold 0 to {ORIENTATIONS - 1}, not {templates.max()}")
        return packed(templates[:, None] == np.arange(ORIENTATIONS, dtype=np.uint8)[:, None, None])


def line_masks(side: int, width: int, orientations: int) -> np.ndarray:
    """Pixels of the lines through the middle of a square, at angles k pi / orientations to the rows.

    A flat line has `width` pixels in every column, a steep one in every row: those whose distance from the line,
    down the column or along the row, is in [-width / 2, width / 2).

    Returns
    -------
    (orientations, side, side) float64
        1 on the line, 0 elsewhere.
    """
    offsets = np.arange(side) - (side - 1) / 2
    y, x = np.meshgrid(offsets, offsets, indexing="ij")
    masks = np.empty((orientations, side, side))
    for k in range(orientations):
        theta = k * math.pi / orientations
        flat = abs(math.cos(theta)) > abs(math.sin(theta))
        # Image rows run downwards, so a rising line has falling rows.
        distance = y + math.tan(theta) * x if flat else x + y / math.tan(theta)
        masks[k] = (-width / 2 <= distance) & (distance < width / 2)
    return masks

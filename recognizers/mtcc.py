"""MTCC, the multiple-order texture co-occurrence code of Yang, Leng, Wu, Li and Chu (2022)."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np

from palmbench.hints import not_found
from palmbench.jit import compiled, run_all
from recognizers import matching
from recognizers.gabor import filter_rows, gabor_bank
from recognizers.matching import ShiftSearch

VERSION = 1
ORDERS, ORIENTATIONS, ROWS = 2, 6, 32
_SIDE, _STEP, _RADIUS = 128, 4, 8
# In real numbers a flat neighbourhood gives no response; in floating point it leaves a sign without meaning.
_FLAT = 1e-9


class Variant(NamedTuple):
    """Settings in which published implementations of MTCC differ.

    Attributes
    ----------
    omega, kappa, sign
        Gabor bank, see `gabor_bank`.
    normalise
        Whether ROIs are brought to zero mean and variance 10 first.
    search
        Shifts tried in matching, in code pixels (1 code pixel = 4 ROI pixels).
    """

    omega: float
    kappa: float
    sign: int
    normalise: bool
    search: ShiftSearch


VARIANTS = {
    "original": Variant(0.35, 2.78, 1, True, ShiftSearch(reach=2, planes=ORIENTATIONS)),
    "yan": Variant(0.5, 2.0, -1, False, ShiftSearch(reach=4, planes=1)),
}


class MTCC:
    """Sign of the first- and second-order Gabor responses in six orientations, compared by Hamming distance.

    The second order is the same filter applied again to the unthresholded first-order response. Both are
    zero-padded to the ROI's size, sampled at every fourth pixel from the first, and coded 1 where above 0.
    The distance is the mean over planes of the smallest share of differing bits within the overlap of
    shifted templates.

    Parameters
    ----------
    variant : {"yan", "original"}
        "original" is the code of MTCC's authors (Artificial Intelligence Review 2022,
        doi 10.1007/s10462-022-10194-5): zero mean and variance 10 first, shifts within 2 code pixels,
        one best shift for the six planes of an order, mean of the two orders. "yan" is the code of the first
        author of the de-identification paper: no normalisation, shifts within 4 code pixels, each of the
        twelve planes with a best shift of its own, mean of the twelve.
    threads : int or None
        Threads for extraction and matching; None takes all processors. Cannot change a result.

    Raises
    ------
    ValueError
        If the variant is unknown.
    """

    name = "mtcc"
    takes: Literal["roi"] = "roi"

    def __init__(self, variant: str = "yan", threads: int | None = 1) -> None:
        if variant not in VARIANTS:
            raise ValueError(not_found(f"mtcc has no variant {variant!r}", variant, VARIANTS))
        self.variant = variant
        self.threads = threads
        self._settings = VARIANTS[variant]
        self._bank = gabor_bank(self._settings.omega, self._settings.kappa, self._settings.sign, ORIENTATIONS, _RADIUS)

    def settings(self) -> dict[str, Any]:
        """Variant and version of the code: what can change a template or a distance."""
        return {"name": self.name, "variant": self.variant, "version": VERSION}

    def extract(self, rois: np.ndarray) -> np.ndarray:
        """Templates of grey ROIs.

        Parameters
        ----------
        rois : (n, 128, 128) uint8
            Recognition ROIs.

        Returns
        -------
        (n, 12, 32) uint32
            Bit planes: the six orientations of the first order, then the six of the second; a word is a row
            of 32 code pixels, column c in bit c. 1536 bytes a template.

        Raises
        ------
        ValueError
            If the ROIs have another shape or type.
        """
        rois = np.asarray(rois)
        if rois.dtype != np.uint8 or rois.shape[1:] != (_SIDE, _SIDE):
            raise ValueError(f"MTCC takes uint8 ROIs of shape (n, {_SIDE}, {_SIDE}), not {rois.dtype} {rois.shape}")
        templates = np.zeros((len(rois), ORDERS * ORIENTATIONS, ROWS), np.uint32)
        run_all(self._extract_one, zip(rois, templates, strict=True), self.threads)
        return templates

    def distances(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Distances between two lists of templates.

        Parameters
        ----------
        a, b : (n, 12, 32), (m, 12, 32) uint32
            Templates of `extract`.

        Returns
        -------
        (n, m) float32
            In [0, 1]: 0 for identical templates, near 0.45 for different palms.
        """
        return matching.distances(_words(a), _words(b), self._settings.search, self.threads)

    def pairwise(self, templates: np.ndarray) -> np.ndarray:
        """Distances of all unordered pairs, (n * (n - 1) / 2,) float32, in scipy's condensed order."""
        return matching.pairwise(_words(templates), self._settings.search, self.threads)

    def _extract_one(self, roi: np.ndarray, template: np.ndarray) -> None:
        padded = np.zeros((_SIDE + 2 * _RADIUS, _SIDE + 2 * _RADIUS))
        padded[_RADIUS:-_RADIUS, _RADIUS:-_RADIUS] = _normalised(roi) if self._settings.normalise else roi
        _encode(padded, self._bank, template)


def _normalised(roi: np.ndarray) -> np.ndarray:
    values = roi.astype(np.int64)
    n, total = values.size, int(values.sum())
    # Integer sums are exact in any order: the same bits on every machine.
    scatter = n * int((values * values).sum()) - total * total
    if scatter == 0:
        return np.zeros(roi.shape)
    return (values - total / n) * np.sqrt(10.0 * n * (n - 1) / scatter)


def _words(templates: np.ndarray) -> np.ndarray:
    templates = np.asarray(templates)
    if templates.dtype != np.uint32 or templates.shape[1:] != (ORDERS * ORIENTATIONS, ROWS):
        raise ValueError(
            f"MTCC templates are uint32 of shape (n, {ORDERS * ORIENTATIONS}, {ROWS}), "
            f"not {templates.dtype} {templates.shape}"
        )
    return templates


@compiled
def _encode(padded, bank, template):
    first = np.empty((_SIDE, _SIDE))
    second = np.empty((ROWS, _SIDE))
    padded_first = np.zeros_like(padded)
    for k in range(ORIENTATIONS):
        filter_rows(padded, bank[k], 1, first)
        padded_first[_RADIUS:-_RADIUS, _RADIUS:-_RADIUS] = first
        filter_rows(padded_first, bank[k], _STEP, second)
        for y in range(ROWS):
            first_word, second_word = np.uint32(0), np.uint32(0)
            for x in range(ROWS):
                bit = np.uint32(1) << np.uint32(x)
                if first[y * _STEP, x * _STEP] > _FLAT:
                    first_word |= bit
                if second[y, x * _STEP] > _FLAT:
                    second_word |= bit
            template[k, y] = first_word
            template[ORIENTATIONS + k, y] = second_word

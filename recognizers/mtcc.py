"""MTCC, the multiple-order texture co-occurrence code of Yang, Leng, Wu, Li and Chu (2022)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from recognizers.cards import CARDS
from recognizers.codes import FLAT, PalmprintCode, packed
from recognizers.codes.gabor import RADIUS, STEP, filter_image, filter_samples, gabor_bank, quarters
from recognizers.common.did_you_mean import not_found
from recognizers.common.jit import compiled
from recognizers.matching.shifts import ROWS, ShiftSearch
from recognizers.protocol import ROI_SIDE

VERSION = 1
ORDERS, ORIENTATIONS = 2, 6


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


class MTCC(PalmprintCode):
    """Sign of the first- and second-order Gabor responses in six orientations, compared by Hamming distance.

    The second order is the same filter applied again to the unthresholded first-order response. Both are
    zero-padded to the ROI's size, sampled at every fourth pixel from the first, and coded 1 where above 0.
    The distance is the mean over planes of the smallest share of differing bits within the overlap of
    shifted templates; different palms are near 0.45.

    Templates have twelve planes, 1536 bytes: the six orientations of the first order, then those of the second.

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
    title = "MTCC"
    card = CARDS["mtcc"]
    shape = (ORDERS * ORIENTATIONS, ROWS)
    version = VERSION

    def __init__(self, variant: str = "yan", threads: int | None = 1) -> None:
        if variant not in VARIANTS:
            raise ValueError(not_found(f"mtcc has no variant {variant!r}", variant, VARIANTS))
        self._settings = VARIANTS[variant]
        super().__init__(self._settings.search, threads)
        self.variant = variant
        self._bank = gabor_bank(self._settings.omega, self._settings.kappa, self._settings.sign, ORIENTATIONS)
        self._quarters = quarters(self._bank)

    def settings(self) -> dict[str, Any]:
        """Variant, and versions of the code: what can change a template or a distance."""
        return super().settings() | {"variant": self.variant}

    def _encode(self, roi: np.ndarray) -> np.ndarray:
        padded = np.zeros((ROI_SIDE + 2 * RADIUS, ROI_SIDE + 2 * RADIUS))
        padded[RADIUS:-RADIUS, RADIUS:-RADIUS] = _normalised(roi) if self._settings.normalise else roi
        responses = np.empty((ORDERS * ORIENTATIONS, ROWS, ROWS))
        _filter_twice(padded, self._bank, self._quarters.even, self._quarters.odd, responses)
        return packed(responses > FLAT)


def _normalised(roi: np.ndarray) -> np.ndarray:
    values = roi.astype(np.int64)
    n, total = values.size, int(values.sum())
    # Integer sums are exact in any order: the same bits on every machine.
    scatter = n * int((values * values).sum()) - total * total
    if scatter == 0:
        return np.zeros(roi.shape)
    return (values - total / n) * np.sqrt(10.0 * n * (n - 1) / scatter)


@compiled
def _filter_twice(
    padded: Any,
    bank: np.ndarray,
    even: Any,
    odd: Any,
    responses: np.ndarray,
) -> None:
    first = np.empty((ORIENTATIONS, ROI_SIDE, ROI_SIDE))
    filter_image(padded, even, odd, first)
    padded_first = np.zeros_like(padded)
    for k in range(ORIENTATIONS):
        responses[k] = first[k, ::STEP, ::STEP]
        padded_first[RADIUS:-RADIUS, RADIUS:-RADIUS] = first[k]
        filter_samples(padded_first, bank[k], responses[ORIENTATIONS + k])

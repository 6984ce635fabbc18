"""How many de-identified probes are still accepted where few impostors are."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from palmbench.scoring.distribution import Distribution, Scores
from palmbench.scoring.rates import rejection_rate

VERSION = 2
# 0.001 times 3000 must allow three, whatever its last bit.
FMR_SLACK = 1e-9


def threshold_at_fmr(impostor: Scores, fmr: float) -> float:
    """The largest threshold that accepts at most a share `fmr` of the impostor scores.

    Scores that tie are accepted together or not at all, so the threshold lies just below the first distinct distance
    that would accept too many.

    Raises
    ------
    ValueError
        If `fmr` is not between 0 and 1, or there are fewer than 1 / `fmr` scores: none may be accepted then, and
        the smallest score alone would decide.
    """
    if not 0 < fmr < 1:
        raise ValueError(f"a false match rate of {fmr:g} is not a share between 0 and 1")
    impostor = Distribution.of(impostor)
    allowed = math.floor(fmr * impostor.size + FMR_SLACK)
    if not allowed:
        raise ValueError(
            f"{impostor.size} impostor scores are too few for a false match rate of {fmr:g}: "
            f"it needs {impostors_needed(fmr)}"
        )
    first = np.searchsorted(np.cumsum(impostor.counts), allowed, side="right")
    return float(np.nextafter(impostor.values[first], -np.inf))


def impostors_needed(fmr: float) -> int:
    """How many impostor scores there must be for one of them to be accepted at a false match rate."""
    return math.ceil(1 / fmr - FMR_SLACK)


def true_accept_rate(deid: ArrayLike, impostor: Scores, fmr: float) -> float:
    """Share of de-identified probes that are still accepted at a false match rate (TAR at FMR).

    Parameters
    ----------
    deid : (n,) array_like
        Distances of de-identified samples to their palms; NaN where there was nothing to compare, which is not
        accepted.
    impostor : array_like or Distribution
        Distances of non-mated pairs of originals; they set the threshold (`threshold_at_fmr`).
    fmr : float
        False match rate, such as 0.01 or 0.001.

    Raises
    ------
    ValueError
        If there are no probes, or the impostors are too few for the rate.
    """
    return 1 - rejection_rate(deid, threshold_at_fmr(impostor, fmr))

"""Confidence intervals: from what replicates say of a number, and of a share that no replicate moved from 0 or 1."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

VERSION = 5
_ENOUGH = 0.8


class Interval(NamedTuple):
    """Interval from `lo` to `hi`; both NaN when too few of the replicates define the number."""

    lo: float
    hi: float


def interval(values: np.ndarray, level: float = 0.95) -> Interval:
    """Percentile interval of what the replicates say; NaN are replicates that do not define the number.

    Where fewer than four in five define it there is none: of two persons half of the draws hold one alone, who has no
    impostor, and the others are the data set itself; and a number that one person alone has, of however many, is in
    three of four draws at most, always the same.
    """
    defined = values[np.isfinite(values)]
    if len(defined) < _ENOUGH * len(values):
        return Interval(float("nan"), float("nan"))
    lo, hi = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(lo), float(hi))


def share_interval(bounds: Interval, persons: int, level: float = 0.95) -> Interval:
    """Interval of a share, given its percentile interval: what no replicate moved from 0 or 1 is not certain for that.

    A bootstrap cannot draw what it has not seen. Where both ends are 0, or both 1, the interval is the exact one of
    Clopper and Pearson for as many independent trials as there are persons.

    Parameters
    ----------
    bounds : Interval
        Of a share of samples.
    persons : int
        Persons who were resampled.
    """
    far = ((1 - level) / 2) ** (1 / persons)
    if bounds.lo == bounds.hi == 0:
        return Interval(0.0, 1 - far)
    return Interval(far, 1.0) if bounds.lo == bounds.hi == 1 else bounds

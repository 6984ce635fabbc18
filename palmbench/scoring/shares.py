"""Shares of samples, such as rejected or identified ones, as percentages with their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress

import numpy as np

from palmbench.scoring.bootstrap import mean_interval
from palmbench.scoring.intervals import Interval, share_interval
from palmbench.scoring.number import Number

VERSION = 4
BOOTSTRAP_SEED = 20250408  # intervals must not change from run to run


def mean_share(hits: np.ndarray, persons: Sequence[str], failed: int = 0) -> Number:
    """Share of samples of these persons, given 0 or 1 for each; NaN are left out. Of no sample it has no value."""
    known = ~np.isnan(hits)
    if not known.any():
        return Number.of(None, failed=failed)
    bounds = mean_interval(hits, persons, np.random.default_rng(BOOTSTRAP_SEED))
    return share(hits[known].mean(), bounds, list(compress(persons, known)), int(known.sum()), failed)


def share(value: float | None, bounds: Interval | None, persons: Sequence[str], n: int, failed: int) -> Number:
    """A share with its interval; persons are those of the samples that it is over."""
    if value in (0, 1) and len(set(persons)) == 1:
        bounds = Interval(value, value)
    if bounds is not None and persons:
        bounds = share_interval(bounds, len(set(persons)))
    return Number.percent(value, bounds, n, failed)

"""Shares of samples, such as rejected or identified ones, as percentages with their intervals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from palmbench.scoring.bootstrap import mean_interval
from palmbench.scoring.intervals import Interval, share_interval
from palmbench.scoring.number import Number

VERSION = 1
BOOTSTRAP_SEED = 20250408  # intervals must not change from run to run


def mean_share(hits: np.ndarray, identities: Sequence[str], failed: int = 0) -> Number:
    """Share of samples, given 0 or 1 for each; NaN are left out. Of no sample it has no value."""
    known = hits[~np.isnan(hits)]
    if not len(known):
        return Number.of(None, failed=failed)
    bounds = mean_interval(hits, identities, np.random.default_rng(BOOTSTRAP_SEED))
    return share(known.mean(), bounds, identities, len(known), failed)


def share(value: float | None, bounds: Interval | None, identities: Sequence[str], n: int, failed: int) -> Number:
    return Number.percent(value, bounds and share_interval(bounds, len(set(identities))), n, failed)

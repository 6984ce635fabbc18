"""How far a number moves from one run seed to the next."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike


class SeedSpread(NamedTuple):
    """A number over run seeds.

    Attributes
    ----------
    mean : float
    std : float
        Between seeds, with n - 1 below the line; NaN for a single seed.
    lo, hi : float
        Interval of the mean over seeds (Student's t); NaN for a single seed. It holds for these photos: that other
        photos might have been taken is in the bootstrap interval of each run, not here.
    n : int
        Seeds.
    """

    mean: float
    std: float
    lo: float
    hi: float
    n: int


def seed_spread(values: ArrayLike, level: float = 0.95) -> SeedSpread:
    """Mean and spread of a number over run seeds.

    Parameters
    ----------
    values : (n,) array_like
        The number, one of each seed.
    level : float
        Coverage of the interval.

    Raises
    ------
    ValueError
        If there are no values, or one is not finite.
    """
    values = np.asarray(values, np.float64).ravel()
    if not len(values):
        raise ValueError("there are no runs to take a spread of")
    if not np.isfinite(values).all():
        raise ValueError("the number is not finite in every run: a spread over seeds needs all of them")
    n, mean = len(values), float(values.mean())
    if n == 1:
        return SeedSpread(mean, math.nan, math.nan, math.nan, 1)
    from scipy.special import stdtrit  # imported late: commands that compute nothing start without scipy

    std = float(values.std(ddof=1))
    reach = float(stdtrit(n - 1, (1 + level) / 2)) * std / math.sqrt(n)
    return SeedSpread(mean, std, mean - reach, mean + reach, n)


def spread_over_seeds(records: Sequence[Mapping[str, Any]], level: float = 0.95) -> dict[str, SeedSpread]:
    """Spread of every metric over runs that differ in nothing but their seed.

    Parameters
    ----------
    records : sequence of mappings
        Contents of `metrics.json` of each run, as `palmbench.engine.run.record_of` gives them for the points of a sweep
        over `seed=1,2,3`.

    Returns
    -------
    dict of str to SeedSpread
        By metric; a metric that has no finite value in one of the runs is left out. A method that draws nothing has
        a spread of zero.

    Raises
    ------
    ValueError
        If there are no records, or they are of different points.
    """
    if not records:
        raise ValueError("there are no runs to take a spread of")
    for record in records[1:]:
        if record["point"] != records[0]["point"]:
            raise ValueError(
                f"runs of different points have no spread over seeds: {records[0]['point']} and {record['point']}"
            )
    found = {}
    for metric in records[0]["metrics"]:
        values = [record["metrics"].get(metric, {}).get("value") for record in records]
        if all(isinstance(value, int | float) and math.isfinite(value) for value in values):
            found[metric] = seed_spread(values, level)
    return found

"""Differences of two numbers that were measured apart, with intervals: paired by replicate, or independent."""

from __future__ import annotations

import math

import numpy as np

from palmbench.scoring.intervals import interval
from palmbench.scoring.number import Number
from palmbench.scoring.replicated import Replicated


def paired(before: Replicated, after: Replicated, n: int = 0) -> Number:
    """How much more the second is, from replicates that drew the same persons."""
    more = after.less(before)
    return Number.of(more.value, more.interval(), n)


def independent(before: Number, after: Number) -> Number:
    """How much more the second is, of numbers on different people or without replicates.

    The interval is made of those of the two numbers (Newcombe 1998, method 10; Zou and Donner 2008): with x in
    [l, u] and y in [m, v], y - x lies between y - x - sqrt((y - m)^2 + (u - x)^2) and
    y - x + sqrt((v - y)^2 + (x - l)^2). It is too wide where both are of the same people.

    Parameters
    ----------
    before, after : Number
        Without an interval where either has none.
    """
    x, y = before.value, after.value
    if x is None or y is None or not (math.isfinite(x) and math.isfinite(y)):
        return Number.lacking("a finite number on both sides")
    ends = (before.lo, before.hi, after.lo, after.hi)
    if any(each is None or not math.isfinite(each) for each in ends):
        return Number.of(y - x)
    lower, upper, low, high = (float(each) for each in ends if each is not None)
    down, up = np.hypot(y - low, upper - x), np.hypot(high - y, x - lower)
    return Number.of(y - x, (y - x - down, y - x + up))


def same_draws(before: Replicated, after: Replicated) -> bool:
    """Whether two numbers have as many replicates, of which enough for an interval define both."""
    if before.draws.shape != after.draws.shape:
        return False
    return not np.isnan(interval(after.draws - before.draws).lo)

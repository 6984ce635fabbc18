"""Distances as places in a short ascending list of values, so that a replicate is a histogram."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from palmbench.scoring.bootstrap_kernel import LEFT_OUT, MAX_LEVELS

VERSION = 1
DISTANCES_PER_BLOCK = 2**20  # distances a time: 31 million must not be held several times over


class Levels(NamedTuple):
    """Distances, each by its place.

    Attributes
    ----------
    places : (n,) uint16
        Place of each distance in `values`; `LEFT_OUT` where it is NaN.
    values : (n_levels,) float64
        Ascending.
    """

    places: np.ndarray
    values: np.ndarray


def levels_of(distances: np.ndarray) -> Levels:
    """Places of distances; beyond 65535 distinct ones they are rounded to 65535 equal steps of their range.

    A step is represented by the mean of its members.
    """
    values = _distinct(distances)
    if len(values) > MAX_LEVELS:
        return _steps(distances, values[0], (float(values[-1]) - float(values[0])) / MAX_LEVELS)
    places = np.full(distances.shape, LEFT_OUT, np.uint16)
    for block in _blocks(len(distances)):
        part = distances[block]
        known = ~np.isnan(part)
        places[block][known] = np.searchsorted(values, part[known])
    return Levels(places, values.astype(np.float64))


def _distinct(distances: np.ndarray) -> np.ndarray:
    ordered = np.sort(distances)  # NaN last
    ordered = ordered[: len(ordered) - np.count_nonzero(np.isnan(ordered))]
    return ordered[np.append(True, ordered[1:] != ordered[:-1])] if len(ordered) else ordered


def _steps(distances: np.ndarray, lowest: float, step: float) -> Levels:
    places = np.full(distances.shape, LEFT_OUT, np.uint16)
    members, sums = np.zeros(MAX_LEVELS, np.int64), np.zeros(MAX_LEVELS)
    for block in _blocks(len(distances)):
        part = distances[block]
        known = ~np.isnan(part)
        own = np.minimum(((part[known] - lowest) / step).astype(np.int64), MAX_LEVELS - 1)
        places[block][known] = own
        members += np.bincount(own, minlength=MAX_LEVELS)
        sums += np.bincount(own, weights=part[known], minlength=MAX_LEVELS)
    return Levels(places, np.divide(sums, members, out=np.zeros(MAX_LEVELS), where=members > 0))


def _blocks(n: int) -> list[slice]:
    return [slice(start, start + DISTANCES_PER_BLOCK) for start in range(0, n, DISTANCES_PER_BLOCK)]

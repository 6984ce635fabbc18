"""A number of an attack with what it is in each bootstrap replicate, so that attacks can be set against each other.

Persons whose photos are probes are drawn with replacement; the gallery stays, as it is the attacker's. Numbers that
were given the same weights are paired: a difference, or a maximum, can be taken within each replicate.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from palmbench.scoring.bootstrap import REPLICATES, draw
from palmbench.scoring.intervals import Interval, interval

VERSION = 1


class Replicated(NamedTuple):
    """A number and its replicates.

    Attributes
    ----------
    value : float
        NaN where it is not defined.
    draws : (n_replicates,) float64
        NaN where a replicate does not define it.
    """

    value: float
    draws: np.ndarray

    def interval(self, level: float = 0.95) -> Interval:
        """Percentile interval."""
        return interval(self.draws, level)

    def less(self, other: Replicated) -> Replicated:
        """How far it lies above another number of the same persons: a paired difference."""
        return Replicated(self.value - other.value, self.draws - other.draws)

    def above(self, known: float) -> Replicated:
        """How far it lies above a number that is known."""
        return Replicated(self.value - known, self.draws - known)


def person_weights(people: int, rng: np.random.Generator, replicates: int = REPLICATES) -> np.ndarray:
    """How often each of so many persons is drawn in each replicate, (replicates, people) int32."""
    return draw(np.arange(people), rng, replicates)


def by_person(values: np.ndarray, persons: np.ndarray, people: int) -> np.ndarray:
    """Sums of rows over each person's probes, (people, ...) float64.

    Parameters
    ----------
    values : (n_probes, ...) array
    persons : (n_probes,) int
    people : int
        How many there are, whether they have probes or not.
    """
    sums = np.zeros((people, *np.shape(values)[1:]))
    np.add.at(sums, persons, values)
    return sums


def mean_of(values: np.ndarray, persons: np.ndarray, weights: np.ndarray) -> Replicated:
    """Mean of a number that each probe has; NaN are left out.

    Parameters
    ----------
    values : (n_probes,) float
    persons : (n_probes,) int
    weights : (n_replicates, n_persons) int
        As `person_weights` draws them.
    """
    known = ~np.isnan(values)
    sums = by_person(np.stack([np.where(known, values, 0.0), known], axis=1), persons, weights.shape[1])
    return of_sums(lambda total: _ratio(total[..., 0], total[..., 1]), sums, weights)


def of_sums(number: Callable[[np.ndarray], np.ndarray], sums: np.ndarray, weights: np.ndarray) -> Replicated:
    """A number that depends on sums over persons alone.

    Parameters
    ----------
    number : callable
        From sums (..., k) to numbers (...).
    sums : (n_persons, k) float
    weights : (n_replicates, n_persons) int
    """
    return Replicated(float(number(sums.sum(axis=0))), np.asarray(number(weights @ sums), np.float64))


def about_its_value(found: Replicated, low: float = -np.inf, high: float = np.inf) -> Replicated:
    """Replicates moved so that their mean lies on the value, within the range that the number can have.

    Of numbers that chance alone moves one way, such as D_sys: resampling adds once more what chance has added already.
    """
    defined = found.draws[np.isfinite(found.draws)]
    shift = found.value - defined.mean() if len(defined) else 0.0
    return Replicated(found.value, np.clip(found.draws + shift, low, high))


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    return np.divide(above, below, out=np.full(np.shape(above), np.nan), where=np.asarray(below) != 0)

"""How sure one can be of a number: percentile intervals of a bootstrap over identities.

Scores of one identity depend on each other, so identities are drawn with replacement, not pairs (the subset
bootstrap of Bolle, Ratha and Pankanti, 1999). An impostor pair counts as often as the product of how often
its two identities were drawn; copies of one identity never make impostors. Every replicate finds its own
equal-error threshold, so that the threshold's uncertainty is part of the intervals of rates taken at it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from palmbench.jit import run_all
from palmbench.scoring.pairs import labels, pair_kinds
from palmbench.scoring.replicates import LEFT_OUT, MAX_LEVELS, REPLICATE, replicate_all

REPLICATES = 1000
_PER_TASK = 25


class Interval(NamedTuple):
    """Interval from `lo` to `hi`; both NaN when fewer than half of the replicates define the number."""

    lo: float
    hi: float


class Replicates(NamedTuple):
    """What the bootstrap finds on the originals, a row for each replicate.

    Attributes
    ----------
    weights : (n_replicates, n) int32
        How often the identity of each of the n samples was drawn.
    eer, threshold : (n_replicates,) float64
        Equal error rate and its threshold; NaN, like the rest, where a replicate has no genuine or no
        impostor pair.
    genuine_mean, genuine_variance, impostor_mean, impostor_variance : (n_replicates,) float64
        Moments of the distances; population variances.
    """

    weights: np.ndarray
    eer: np.ndarray
    threshold: np.ndarray
    genuine_mean: np.ndarray
    genuine_variance: np.ndarray
    impostor_mean: np.ndarray
    impostor_variance: np.ndarray


class ScoreIntervals(NamedTuple):
    """Intervals of the numbers that come from distances, as fractions; None for what was not given."""

    eer: Interval
    dprime: Interval
    rr: Interval | None
    rr_without_failures: Interval | None
    dir: Interval | None
    acc_nn: Interval | None


def bootstrap(
    distances: np.ndarray,
    identities: ArrayLike,
    rng: np.random.Generator,
    persons: ArrayLike | None = None,
    replicates: int = REPLICATES,
    threads: int | None = 1,
) -> Replicates:
    """Resample the identities of a data set, and find the operating point of each replicate.

    Points of a sweep over one data set share their originals: run this once, and `score_intervals` for each.

    Up to 65535 distinct distances, replicates are exact. Beyond that, distances are rounded to 65535 equal
    steps of their range, each represented by the mean of its members; the moments lose nothing that matters
    and the threshold at most one step. The point estimate (`equal_error_rate`) never rounds.

    Parameters
    ----------
    distances : (n * (n - 1) / 2,) float
        Distances of all unordered pairs of originals, in scipy's condensed order; NaN where a template is missing.
    identities : (n,) array_like
        Identity of each sample.
    rng : numpy.random.Generator
        Source of the draws; the same state gives the same replicates, whatever the threads.
    persons : (n,) array_like, optional
        Person of each sample: pairs of two hands of one person are left out.
    replicates : int
        Number of replicates.
    threads : int or None
        Threads; None takes all processors.

    Raises
    ------
    ValueError
        If the lengths disagree, or an identity belongs to two persons.
    """
    hands = labels(identities)
    distances = np.asarray(distances).ravel()
    n = len(hands)
    if len(distances) != n * (n - 1) // 2:
        raise ValueError(f"{n} samples make {n * (n - 1) // 2} pairs, but there are {len(distances)} distances")
    levels, values = _levels(distances)
    genuine, impostor = pair_kinds(hands, persons)
    genuine &= levels != LEFT_OUT
    first = np.repeat(np.arange(n, dtype=np.int32), _genuine_by_row(genuine, n))
    genuine_levels = levels[genuine]
    levels[~impostor] = LEFT_OUT

    weights = _draw(hands, rng, replicates)
    found = np.full((replicates, len(REPLICATE)), np.nan)
    tasks = (
        (weights[start : start + _PER_TASK], levels, first, genuine_levels, values, found[start : start + _PER_TASK])
        for start in range(0, replicates, _PER_TASK)
    )
    run_all(replicate_all, tasks, threads)
    return Replicates(weights, *np.ascontiguousarray(found.T))


def score_intervals(
    replicates: Replicates,
    deid: ArrayLike | None = None,
    hits: ArrayLike | None = None,
    level: float = 0.95,
) -> ScoreIntervals:
    """Intervals of error rate, decidability, rejection rate, DIR and rank-1 accuracy.

    Parameters
    ----------
    replicates : Replicates
        Of the n originals.
    deid : (n,) array_like, optional
        Distance of each original to its own de-identified sample, NaN for a failure.
    hits : (n,) array_like of bool, optional
        Whether the de-identified sample was identified (`rank1_hits`). The gallery stays the whole data set.
    level : float
        Coverage of the two-sided percentile interval.
    """
    spread = np.sqrt((replicates.genuine_variance + replicates.impostor_variance) / 2)
    dprime = _ratio(replicates.impostor_mean - replicates.genuine_mean, spread)
    rr = without = ratio = accuracy = None
    if deid is not None:
        scores = np.asarray(deid, np.float64)
        valid = ~np.isnan(scores)
        accepted = scores <= replicates.threshold[:, None]
        defined = ~np.isnan(replicates.threshold)
        count = np.where(defined, (replicates.weights * accepted).sum(1), np.nan)
        rr = _interval(1 - _ratio(count, replicates.weights.sum(1)), level)
        without = _interval(1 - _ratio(count, replicates.weights @ valid), level)
        mean, variance = _moments(replicates.weights, scores, valid)
        shift = _ratio(
            mean - replicates.genuine_mean,
            np.sqrt((replicates.genuine_variance + variance) / 2),
        )
        ratio = _interval(_ratio(shift, dprime), level)
    if hits is not None:
        share = _ratio(replicates.weights @ np.asarray(hits, np.int64), replicates.weights.sum(1))
        accuracy = _interval(share, level)
    return ScoreIntervals(_interval(replicates.eer, level), _interval(dprime, level), rr, without, ratio, accuracy)


def mean_interval(
    values: ArrayLike,
    identities: ArrayLike,
    rng: np.random.Generator,
    replicates: int = REPLICATES,
    level: float = 0.95,
) -> Interval:
    """Interval of the mean of a number that each sample has, such as its SSIM or whether its hand was found.

    Parameters
    ----------
    values : (n,) array_like
        The number; NaN is left out.
    identities : (n,) array_like
        Identity of each sample: identities are resampled.
    rng : numpy.random.Generator
        Source of the draws.
    """
    values = np.asarray(values, np.float64)
    weights = _draw(labels(identities), rng, replicates)
    return _interval(_moments(weights, values, ~np.isnan(values))[0], level)


def _draw(hands: np.ndarray, rng: np.random.Generator, replicates: int) -> np.ndarray:
    identities = int(hands.max()) + 1
    counts = rng.multinomial(identities, np.full(identities, 1 / identities), size=replicates)
    return counts.astype(np.int32)[:, hands]


def _levels(distances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    known = ~np.isnan(distances)
    values, places = np.unique(distances[known], return_inverse=True)
    if len(values) > MAX_LEVELS:
        lowest, step = values[0], (float(values[-1]) - float(values[0])) / MAX_LEVELS
        places = np.minimum(((distances[known] - lowest) / step).astype(np.int64), MAX_LEVELS - 1)
        members = np.bincount(places, minlength=MAX_LEVELS)
        sums = np.bincount(places, weights=distances[known], minlength=MAX_LEVELS)
        values = np.divide(sums, members, out=np.zeros(MAX_LEVELS), where=members > 0)
    levels = np.full(distances.shape, LEFT_OUT, np.uint16)
    levels[known] = places
    return levels, values.astype(np.float64)


def _genuine_by_row(genuine: np.ndarray, n: int) -> np.ndarray:
    sizes = np.arange(n - 1, -1, -1)
    ends = np.cumsum(sizes)
    counted = np.concatenate([[0], np.cumsum(genuine, dtype=np.int64)])
    return counted[ends] - counted[ends - sizes]


def _moments(weights: np.ndarray, values: np.ndarray, valid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    weights, values = weights[:, valid].astype(np.float64), values[valid]
    total = weights.sum(1)
    mean = _ratio(weights @ values, total)
    # About the overall mean, so that nothing cancels.
    centre = values.mean() if values.size else 0.0
    square = _ratio(weights @ (values - centre) ** 2, total)
    return mean, np.maximum(square - (mean - centre) ** 2, 0.0)


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    return np.divide(above, below, out=np.full(np.shape(above), np.nan), where=np.asarray(below) != 0)


def _interval(values: np.ndarray, level: float) -> Interval:
    defined = values[np.isfinite(values)]
    if 2 * len(defined) < len(values):
        return Interval(float("nan"), float("nan"))
    lo, hi = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(lo), float(hi))

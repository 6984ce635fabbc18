"""How sure one can be of a number: percentile intervals of a bootstrap over persons.

Scores of one person depend on each other, those of the two hands too, so persons are drawn with replacement, each with
all photos, and not pairs (the subset bootstrap of Bolle, Ratha and Pankanti, 1999). An impostor pair counts as often as
the product of how often its two persons were drawn; copies of one person never make impostors. Every replicate finds
its own equal-error threshold, so that the threshold's uncertainty is part of the intervals of rates taken at it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from palmbench.scoring.bootstrap_kernel import LEFT_OUT, REPLICATE, replicate_all
from palmbench.scoring.intervals import Interval, interval
from palmbench.scoring.levels import levels_of
from palmbench.scoring.pairs import labels, pair_kinds
from recognizers.common.jit import run_all

VERSION = 4
REPLICATES = 1000
FMRS = (0.01, 0.001)
_PER_TASK = 25


class Replicates(NamedTuple):
    """What the bootstrap finds on the originals, a row for each replicate.

    Attributes
    ----------
    weights : (n_replicates, n) int32
        How often the person of each of the n samples was drawn.
    eer, threshold : (n_replicates,) float64
        Equal error rate and its threshold; NaN, like the rest, where a replicate has no genuine or no
        impostor pair.
    genuine_mean, genuine_variance, impostor_mean, impostor_variance : (n_replicates,) float64
        Moments of the distances; population variances.
    fmr_thresholds : (n_replicates, 2) float64
        Largest threshold at each false match rate of `FMRS`; NaN where a replicate has too few impostor pairs.
    """

    weights: np.ndarray
    eer: np.ndarray
    threshold: np.ndarray
    genuine_mean: np.ndarray
    genuine_variance: np.ndarray
    impostor_mean: np.ndarray
    impostor_variance: np.ndarray
    fmr_thresholds: np.ndarray


class ReplicateRates(NamedTuple):
    """What each replicate says of a method, as fractions; None for what was not given.

    Attributes
    ----------
    rr, rr_without_failures, dir : (n_replicates,) float64, or None
        Rejection rate at the replicate's threshold, the same without failures, and DIR; NaN where undefined.
    acc_nn : (n_replicates,) float64, or None
        Rank-1 accuracy.
    tar, tar_without_failures : (n_replicates, 2) float64, or None
        True accept rate at each false match rate of `FMRS`.
    """

    rr: np.ndarray | None
    rr_without_failures: np.ndarray | None
    dir: np.ndarray | None
    acc_nn: np.ndarray | None
    tar: np.ndarray | None
    tar_without_failures: np.ndarray | None


class Moments(NamedTuple):
    """Mean and population variance in each replicate, (n_replicates,) each; NaN where nothing was drawn."""

    mean: np.ndarray
    variance: np.ndarray


class ScoreIntervals(NamedTuple):
    """Intervals of the numbers that come from distances, as fractions; None for what was not given.

    `tar` has one for each false match rate of `FMRS`.
    """

    eer: Interval
    dprime: Interval
    rr: Interval | None
    rr_without_failures: Interval | None
    dir: Interval | None
    acc_nn: Interval | None
    tar: tuple[Interval, ...] | None
    tar_without_failures: tuple[Interval, ...] | None


def bootstrap(
    distances: np.ndarray,
    identities: ArrayLike,
    rng: np.random.Generator,
    persons: ArrayLike | None = None,
    replicates: int = REPLICATES,
    threads: int | None = 1,
) -> Replicates:
    """Resample the persons of a data set, and find the operating point of each replicate.

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
        Person of each sample, who is drawn with both hands; pairs of a person's two hands are left out. Without it
        every identity counts as a person.
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
    levels, values = levels_of(distances)
    genuine, impostor = pair_kinds(hands, persons)
    genuine &= levels != LEFT_OUT
    first = np.repeat(np.arange(n, dtype=np.int32), _genuine_by_row(genuine, n))
    genuine_levels = levels[genuine]
    levels[~impostor] = LEFT_OUT
    del genuine, impostor

    weights = draw(hands if persons is None else labels(persons), rng, replicates)
    found = np.full((replicates, len(REPLICATE)), np.nan)
    fmr_thresholds = np.full((replicates, len(FMRS)), np.nan)
    tasks = (
        (weights[task], levels, first, genuine_levels, values, np.array(FMRS), found[task], fmr_thresholds[task])
        for task in (slice(start, start + _PER_TASK) for start in range(0, replicates, _PER_TASK))
    )
    run_all(replicate_all, tasks, threads)
    columns = dict(zip(REPLICATE, np.ascontiguousarray(found.T), strict=True))
    return Replicates(weights, fmr_thresholds=fmr_thresholds, **columns)


def score_intervals(
    replicates: Replicates,
    deid: ArrayLike | None = None,
    hits: ArrayLike | None = None,
    level: float = 0.95,
) -> ScoreIntervals:
    """Intervals of error rate, decidability, rejection rate, DIR, rank-1 accuracy and true accept rate.

    Parameters
    ----------
    replicates : Replicates
        Of the n originals.
    deid : (n,) array_like, optional
        Distance of each original to its own de-identified sample, NaN for a failure.
    hits : (n,) array_like of bool, optional
        Whether the de-identified sample was identified (`Nearest.hits`). The gallery stays the whole data set.
    level : float
        Coverage of the two-sided percentile interval.
    """
    rates = replicate_rates(replicates, deid, hits)
    rr, without, ratio, accuracy = (None if found is None else interval(found, level) for found in rates[:4])
    tar, known = (None if found is None else tuple(interval(each, level) for each in found.T) for found in rates[4:])
    dprime = interval(_dprime(replicates), level)
    return ScoreIntervals(interval(replicates.eer, level), dprime, rr, without, ratio, accuracy, tar, known)


def replicate_rates(
    replicates: Replicates, deid: ArrayLike | None = None, hits: ArrayLike | None = None
) -> ReplicateRates:
    """Rejection rate, DIR, rank-1 accuracy and true accept rate of a method in each replicate.

    Methods that are given the same replicates are compared on the same persons.

    Parameters
    ----------
    replicates : Replicates
        Of the n originals.
    deid : (n,) array_like, optional
        Distance of each original to its own de-identified sample, NaN for a failure.
    hits : (n,) array_like of bool, optional
        Whether the de-identified sample was identified.
    """
    weights = replicates.weights
    rr = without = ratio = accuracy = tar = known = None
    if deid is not None:
        scores = np.asarray(deid, np.float64)
        drawn, compared = weights.sum(1), weights @ ~np.isnan(scores)
        count = _accepted(weights, scores, replicates.threshold)
        rr, without = 1 - _ratio(count, drawn), 1 - _ratio(count, compared)
        ratio = deid_ratios(replicates, weights, scores)
        counts = [_accepted(weights, scores, thresholds) for thresholds in replicates.fmr_thresholds.T]
        tar, known = (np.stack([_ratio(each, total) for each in counts], axis=1) for total in (drawn, compared))
    if hits is not None:
        accuracy = _ratio(weights @ np.asarray(hits, np.int64), weights.sum(1))
    return ReplicateRates(rr, without, ratio, accuracy, tar, known)


def moments(weights: np.ndarray, values: np.ndarray) -> Moments:
    """Moments of numbers in each replicate; all numbers of a photo count as often as its person was drawn.

    Parameters
    ----------
    weights : (n_replicates, n_photos) int
        How often each photo counts.
    values : (n_photos,) or (n_photos, n_columns) float
        One number of each photo, or several; what is not finite is left out.
    """
    rows = values.reshape(len(values), -1)
    known = np.isfinite(rows)
    numbers = rows[known]
    # About the overall mean, so that nothing cancels; values that are all alike have no spread.
    centre = np.clip(numbers.mean(), numbers.min(), numbers.max()) if numbers.size else 0.0
    apart = np.where(known, rows - centre, 0.0)
    total = weights @ known.sum(axis=1)
    shift = _ratio(weights @ apart.sum(axis=1), total)
    square = _ratio(weights @ (apart**2).sum(axis=1), total)
    return Moments(centre + shift, np.maximum(square - shift**2, 0.0))


def accepted_shares(replicates: Replicates, weights: np.ndarray, distances: np.ndarray) -> np.ndarray:
    """Share of distances at or below each replicate's own threshold, a fraction, (n_replicates,); NaN are left out.

    Parameters
    ----------
    replicates : Replicates
        Of the originals.
    weights, distances : ndarray
        As for `moments`.
    """
    rows = distances.reshape(len(distances), -1)
    return _ratio(_accepted(weights, rows, replicates.threshold), weights @ (~np.isnan(rows)).sum(axis=1))


def deid_ratios(replicates: Replicates, weights: np.ndarray, distances: np.ndarray) -> np.ndarray:
    """DIR (equation 4 of the paper) in each replicate, a fraction; arguments as for `accepted_shares`."""
    mean, variance = moments(weights, distances)
    shift = _ratio(mean - replicates.genuine_mean, np.sqrt((replicates.genuine_variance + variance) / 2))
    return _ratio(shift, _dprime(replicates))


def mean_interval(
    values: ArrayLike,
    persons: ArrayLike,
    rng: np.random.Generator,
    replicates: int = REPLICATES,
    level: float = 0.95,
) -> Interval:
    """Interval of the mean of a number that each sample has, such as its SSIM or whether its hand was found.

    Parameters
    ----------
    values : (n,) array_like
        The number; NaN is left out.
    persons : (n,) array_like
        Person of each sample: persons are resampled.
    rng : numpy.random.Generator
        Source of the draws.
    """
    values = np.asarray(values, np.float64)
    weights = draw(labels(persons), rng, replicates)
    return interval(moments(weights, values).mean, level)


def draw(persons: np.ndarray, rng: np.random.Generator, replicates: int) -> np.ndarray:
    """How often the person of each sample is drawn in each replicate, (replicates, n) int32.

    One person alone is never drawn: that one tells nothing of others, and no number has an interval.

    Parameters
    ----------
    persons : (n,) int
        Numbered from 0 without gaps (`pairs.labels`).
    """
    people = int(persons.max()) + 1
    if people == 1:
        return np.zeros((replicates, len(persons)), np.int32)
    counts = rng.multinomial(people, np.full(people, 1 / people), size=replicates)
    return counts.astype(np.int32)[:, persons]


def _genuine_by_row(genuine: np.ndarray, n: int) -> np.ndarray:
    counts = np.zeros(n, np.int64)
    start = 0
    for i in range(n - 1):
        counts[i] = np.count_nonzero(genuine[start : start + n - 1 - i])
        start += n - 1 - i
    return counts


def _accepted(weights: np.ndarray, scores: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Weighted number of scores at or below each replicate's threshold; NaN where it has none."""
    rows = scores.reshape(len(scores), -1)
    counts = [weight @ (rows <= limit).sum(axis=1) for weight, limit in zip(weights, thresholds, strict=True)]
    return np.where(np.isnan(thresholds), np.nan, np.array(counts, np.float64))


def _dprime(replicates: Replicates) -> np.ndarray:
    spread = np.sqrt((replicates.genuine_variance + replicates.impostor_variance) / 2)
    return _ratio(replicates.impostor_mean - replicates.genuine_mean, spread)


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    return np.divide(above, below, out=np.full(np.shape(above), np.nan), where=np.asarray(below) != 0)

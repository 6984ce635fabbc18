"""How often photos of two persons match: the false match rate among de-identified photos, and how sure it is."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from palmbench.scoring.bootstrap import Replicates
from palmbench.scoring.intervals import Interval, interval
from palmbench.scoring.pairs import pair_kinds
from recognizers.common.jit import compiled, run_all

VERSION = 1
_PER_TASK = 25


def match_rate(
    distances: np.ndarray, identities: ArrayLike, threshold: float, persons: ArrayLike | None = None
) -> float:
    """Share of the pairs of two persons at or below a threshold; NaN if no such pair has a distance.

    Of de-identified photos it says how far a method makes everybody alike: near the originals' false accept rate
    where palms stay different, 1 where every palm becomes one and the same.

    Parameters
    ----------
    distances : (n * (n - 1) / 2,) float32
        All unordered pairs, in scipy's condensed order; NaN where a template is missing.
    identities, persons : (n,) array_like
        As for `pairs.pair_kinds`.
    threshold : float
        Usually that of `equal_error_rate` on the originals.
    """
    compared = pair_kinds(identities, persons).impostor & ~np.isnan(distances)
    pairs = int(np.count_nonzero(compared))
    matched = compared & (distances <= _rounded_down(np.array([threshold])))
    return np.count_nonzero(matched) / pairs if pairs else float("nan")


def match_rate_interval(
    distances: np.ndarray,
    identities: ArrayLike,
    replicates: Replicates,
    persons: ArrayLike | None = None,
    level: float = 0.95,
    threads: int | None = 1,
) -> Interval:
    """Interval of `match_rate`: persons resampled, each replicate at its own equal-error threshold.

    Parameters
    ----------
    replicates : Replicates
        Of the n originals, in the same order.
    """
    strangers = pair_kinds(identities, persons).impostor
    compared = np.where(strangers, distances, np.float32(np.nan)).astype(np.float32, copy=False)
    del strangers
    shares = np.full(len(replicates.threshold), np.nan)
    thresholds = _rounded_down(replicates.threshold)
    tasks = (
        (replicates.weights[task], compared, thresholds[task], shares[task])
        for task in (slice(start, start + _PER_TASK) for start in range(0, len(shares), _PER_TASK))
    )
    run_all(_match_all, tasks, threads)
    return interval(shares, level)


def _rounded_down(thresholds: np.ndarray) -> np.ndarray:
    """Thresholds as float32 that accept the same float32 distances."""
    rounded = thresholds.astype(np.float32)
    return np.where(rounded > thresholds, np.nextafter(rounded, np.float32(-np.inf)), rounded)


@compiled
def _match_all(
    weights: np.ndarray,
    distances: np.ndarray,
    thresholds: np.ndarray,
    shares: np.ndarray,
) -> None:
    n = weights.shape[1]
    for replicate in range(len(weights)):
        weight, threshold = weights[replicate], thresholds[replicate]
        if np.isnan(threshold):
            continue
        pairs, matches = np.int64(0), np.int64(0)
        start = 0
        for i in range(n - 1):
            mates = n - 1 - i
            own = np.int64(weight[i])
            if own:
                row, others = distances[start : start + mates], weight[i + 1 :]
                # Sums of one row stay far below 2**31, and 32-bit lanes are twice as many.
                compared, matched = np.int32(0), np.int32(0)
                for j in range(mates):
                    compared += others[j] if row[j] == row[j] else np.int32(0)
                    matched += others[j] if row[j] <= threshold else np.int32(0)
                pairs += own * compared
                matches += own * matched
            start += mates
        if pairs > 0:
            shares[replicate] = matches / pairs

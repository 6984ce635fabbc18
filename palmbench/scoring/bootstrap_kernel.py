"""Operating point of each bootstrap replicate: one pass over the pairs, one over the distinct distances."""

from __future__ import annotations

from typing import Any

import numpy as np

from palmbench.scoring.tar_at_fmr import (
    FMR_SLACK,
)
from recognizers.common.jit import compiled

VERSION = 1
LEFT_OUT = 65535
MAX_LEVELS = 65535
REPLICATE = ("eer", "threshold", "genuine_mean", "genuine_variance", "impostor_mean", "impostor_variance")


@compiled
def replicate_all(
    weights: np.ndarray,
    levels: Any,
    genuine_first: np.ndarray,
    genuine_levels: np.ndarray,
    values: np.ndarray,
    fmrs: np.ndarray,
    found: np.ndarray,
    fmr_thresholds: np.ndarray,
) -> None:
    """Fill a row of `found` for each replicate, in the order of `REPLICATE`, and a row of `fmr_thresholds`.

    Parameters
    ----------
    weights : (n_replicates, n) int32
        How often each sample's person was drawn.
    levels : (n * (n - 1) / 2,) uint16
        Place of each impostor distance in `values`; `LEFT_OUT` for pairs that are not impostors.
    genuine_first, genuine_levels : (n_genuine,) int32, (n_genuine,) uint16
        First sample of each genuine pair, and the place of its distance.
    values : (n_levels,) float64
        Distances, ascending.
    fmrs : (n_fmrs,) float64
        False match rates.
    found : (n_replicates, 6) float64
        Result; rows stay as they are where a replicate has no genuine or no impostor pair.
    fmr_thresholds : (n_replicates, n_fmrs) float64
        Largest threshold at each rate; stays as it is where a replicate has too few impostor pairs for the rate.
    """
    genuine = np.empty(len(values), np.int64)
    impostor = np.empty(LEFT_OUT + 1, np.int64)
    for replicate in range(len(weights)):
        genuine[:] = 0
        impostor[:] = 0
        weight = weights[replicate]
        for pair in range(len(genuine_first)):
            genuine[genuine_levels[pair]] += weight[genuine_first[pair]]
        _count_impostors(weight, levels, impostor)
        row = found[replicate]
        n_genuine, n_impostor = genuine.sum(), impostor[: len(values)].sum()
        if n_genuine > 0 and n_impostor > 0:
            row[0], row[1] = _operating_point(genuine, impostor, values, n_genuine, n_impostor)
            row[2], row[3] = _moments(genuine, values, n_genuine)
            row[4], row[5] = _moments(impostor, values, n_impostor)
        for k in range(len(fmrs)):
            allowed = np.int64(fmrs[k] * n_impostor + FMR_SLACK)
            if allowed > 0:
                fmr_thresholds[replicate, k] = _threshold_accepting(impostor, values, allowed)


@compiled
def _count_impostors(
    weight: np.ndarray,
    levels: np.ndarray,
    impostor: np.ndarray,
) -> None:
    n = len(weight)
    start = 0
    for i in range(n - 1):
        mates = n - 1 - i
        own = np.int64(weight[i])
        if own:
            others = weight[i + 1 :]
            row = levels[start : start + mates]
            for j in range(mates):
                impostor[row[j]] += own * others[j]
        start += mates


@compiled
def _operating_point(
    genuine: np.ndarray,
    impostor: np.ndarray,
    values: np.ndarray,
    n_genuine: Any,
    n_impostor: Any,
) -> Any:
    # The rule of rates.equal_error_rate, scanning thresholds upwards: accept nothing, then one more distinct
    # distance at a time. A tie keeps the earlier threshold unless FAR + FRR is smaller.
    accepted, rejected = np.int64(0), n_genuine
    gap, total = n_genuine * n_impostor, n_genuine * n_impostor
    far, frr = 0.0, 1.0
    last, above = -1, -1
    previous = -1
    for level in range(len(values)):
        if genuine[level] + impostor[level] == 0:
            continue
        if last == previous:
            above = level
        previous = level
        accepted += impostor[level]
        rejected -= genuine[level]
        a, r = accepted * n_genuine, rejected * n_impostor
        if abs(a - r) < gap or (abs(a - r) == gap and a + r < total):
            gap, total = abs(a - r), a + r
            far, frr = accepted / n_impostor, rejected / n_genuine
            last, above = level, -1
    if last == -1:
        threshold = np.nextafter(values[above], -np.inf)
    elif above == -1:
        threshold = np.nextafter(values[last], np.inf)
    else:
        threshold = (values[last] + values[above]) / 2
    return (far + frr) / 2, threshold


@compiled
def _threshold_accepting(
    impostor: np.ndarray,
    values: np.ndarray,
    allowed: Any,
) -> Any:
    # The rule of accept.threshold_at_fmr. Not all are allowed, so the loop ends before the list does.
    accepted, level = np.int64(0), -1
    while accepted <= allowed:
        level += 1
        accepted += impostor[level]
    return np.nextafter(values[level], -np.inf)


@compiled
def _moments(
    counts: np.ndarray,
    values: np.ndarray,
    total: Any,
) -> Any:
    mean = 0.0
    lowest, highest = np.inf, -np.inf
    for level in range(len(values)):
        if counts[level]:
            mean += counts[level] * values[level]
            lowest, highest = min(lowest, values[level]), max(highest, values[level])
    # Scores that are all alike have no spread, however their mean is rounded.
    mean = min(max(mean / total, lowest), highest)
    variance = 0.0
    for level in range(len(values)):
        variance += counts[level] * (values[level] - mean) ** 2
    return mean, variance / total

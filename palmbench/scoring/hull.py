"""Error rates of the best monotone calibration of scores: equal error rate of the ROC's convex hull, and min Cllr.

Pooling adjacent violators (isotonic regression of the labels on the distances) joins scores into blocks of equal
likelihood ratio; their limits are the corners of the ROC's convex hull. The equal error rate is where the hull crosses
equal errors, which needs no convention and is never above the stepped one. With l the natural logarithm of a block's
likelihood ratio,

    min Cllr = (mean over mated of log2(1 + e^-l) + mean over strangers of log2(1 + e^l)) / 2

is what the scores still leave unknown: 1 bit where they say nothing, 0 where they say all (Brümmer and du Preez, 2006).
Chance alone makes a hull bulge: without leakage the first lies somewhat below 50 %, the second below 1.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from palmbench.scoring.replicated import Replicated, about_its_value
from palmbench.scoring.trials import Trials

VERSION = 1


class HullRates(NamedTuple):
    """Equal error rate, a fraction, and min Cllr, in bits; NaN without a mated or without a stranger's score."""

    eer: float
    min_cllr: float


class Levels(NamedTuple):
    """Scores of each person's probes as counts at levels, from the closest; as far as a hull depends on them exactly.

    A level is one distinct mated distance, or all of strangers between two neighbouring ones.

    Attributes
    ----------
    mated, strangers : (n_persons, n_levels) float64
    """

    mated: np.ndarray
    strangers: np.ndarray


def levels_among(mated: np.ndarray, every: np.ndarray) -> Levels:
    """Counts of scores at their levels, all persons in one row.

    Parameters
    ----------
    mated : (n_mated,) float
        Finite.
    every : (n,) float
        Mated and strangers' distances together, ascending.
    """
    values, counts = np.unique(mated, return_counts=True)
    below, within = (np.searchsorted(every, values, side) for side in ("left", "right"))
    limits = np.concatenate([[0], np.stack([below, within], axis=1).ravel(), [len(every)]])
    at = np.zeros(2 * len(values) + 1)
    at[1::2] = counts
    return Levels(at[None], np.diff(limits)[None] - at)


def levels_of(trials: Trials) -> Levels:
    """Counts of scores at their levels, by the person whose photo the probe is."""
    mated, strangers, persons = trials.mated, trials.strangers, trials.persons
    people = int(trials.people.max(initial=-1)) + 1
    known = ~np.isnan(mated)
    values = np.unique(mated[known])
    count = 2 * len(values) + 1

    def counted(distances: np.ndarray, whose: np.ndarray) -> np.ndarray:
        # 2 k + 1 at the k-th distinct mated distance, 2 k below it and above the one before.
        places = np.searchsorted(values, distances, "left") + np.searchsorted(values, distances, "right")
        return np.bincount(whose * count + places, minlength=people * count).reshape(people, count).astype(np.float64)

    rows = np.broadcast_to(persons[:, None], strangers.shape)
    return Levels(counted(mated[known], persons[known]), counted(trials.distances[strangers], rows[strangers]))


def hull_rates(mated: np.ndarray, strangers: np.ndarray) -> HullRates:
    """Rates of counts at levels.

    Parameters
    ----------
    mated, strangers : (n_levels,) array
        How many scores there are at each level, from the closest.
    """
    total_mated, total_strangers = mated.sum(), strangers.sum()
    if not total_mated or not total_strangers:
        return HullRates(float("nan"), float("nan"))
    from scipy.optimize import isotonic_regression  # imported late: commands that compute nothing start without scipy

    both = mated + strangers
    there = both > 0
    fit = isotonic_regression(mated[there] / both[there], weights=both[there], increasing=False)
    accepted = np.add.reduceat(mated[there], fit.blocks[:-1]) / total_mated
    false = np.add.reduceat(strangers[there], fit.blocks[:-1]) / total_strangers
    fmr, fnmr = (np.concatenate([[start], start + sign * np.cumsum(shares)])
                 for start, sign, shares in ((0.0, 1, false), (1.0, -1, accepted)))  # fmt: skip
    eer = float(np.interp(0.0, fmr - fnmr, fmr))
    # log2(1 + 1 / LR) = log2((accepted + false) / accepted), and a block without one of the two adds nothing for it.
    unknown = sum(
        float((each[each > 0] * np.log2((accepted + false)[each > 0] / each[each > 0])).sum())
        for each in (accepted, false)
    )
    return HullRates(eer, unknown / 2)


def hull_replicates(levels: Levels, weights: np.ndarray) -> tuple[Replicated, Replicated]:
    """Equal error rate and min Cllr with their replicates, which lie about the values.

    Parameters
    ----------
    levels : Levels
    weights : (n_replicates, n_persons) int
        As `replicated.person_weights` draws them.
    """
    found = hull_rates(levels.mated.sum(axis=0), levels.strangers.sum(axis=0))
    drawn = np.array(
        [hull_rates(*each) for each in zip(weights @ levels.mated, weights @ levels.strangers, strict=True)]
    ).reshape(-1, 2)
    highest = (0.5, 1.0)
    eer, cllr = (about_its_value(Replicated(value, drawn[:, k]), 0.0, highest[k]) for k, value in enumerate(found))
    return eer, cllr

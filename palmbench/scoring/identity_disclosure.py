"""What one photo discloses of whose it is, in bits: the attacker's belief in the right palm against a guess.

After local identity disclosure (LID, arXiv 2607.06259). The distances of a probe to its N candidates are made
z-scores z, an attacker's belief in candidate j is p_j, proportional to exp(a z_j), and

    LID = log2(N p_own)

bits, at most log2 N, 0 of a guess, and negative where the attacker believes in somebody else. The likelihood ratio of
a logistic calibration is exp(a z + b), and b cancels among candidates of whom exactly one is right; a is fitted to
other persons, so that an attacker who is too sure loses bits and a photo that tells nothing has none on the average.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import brentq

from palmbench.scoring.replicated import Replicated
from palmbench.scoring.trials import Trials

VERSION = 3
WORST_SHARE = 0.05
# Precision of a normal prior about 0, whose spread of three is that of good recognizers: of few trials that never err
# the slope would be without bound.
_PRECISION = 0.1


def candidate_scores(trials: Trials) -> np.ndarray:
    """Similarity of each candidate as a z-score among the candidates of its probe, (n_probes, n_palms) float64.

    All 0 where nothing varies; NaN of what is no candidate.
    """
    distances = trials.distances
    known = ~np.isnan(distances)
    count = np.maximum(known.sum(axis=1, keepdims=True), 1)
    filled = np.where(known, distances, 0.0)
    apart = np.where(known, filled - filled.sum(axis=1, keepdims=True) / count, 0.0)
    spread = np.sqrt((apart**2).sum(axis=1, keepdims=True) / count)
    # Rounding leaves a spread to scores that are all alike.
    alike = spread <= 1e-12 * np.abs(filled).max(axis=1, keepdims=True, initial=0.0)
    scores = np.divide(-apart, spread, out=np.zeros_like(apart), where=~alike)
    return np.where(known, scores, np.nan)


def slope_of(scores: np.ndarray, own: np.ndarray) -> float:
    """The slope a under which the right palms are most likely; NaN without any.

    Parameters
    ----------
    scores : (n_probes, n_palms) float
        As `candidate_scores` gives them, of persons who are not evaluated.
    own : (n_probes,) int
        Column of the palm that each probe shows.
    """
    right = scores[np.arange(len(own)), own]
    scores, right = scores[~np.isnan(right)], right[~np.isnan(right)]
    if not len(right):
        return math.nan
    known = np.where(np.isnan(scores), 0.0, scores)

    def gradient(slope: float) -> float:
        belief = _weights(scores, slope)
        expected = (belief * known).sum(axis=1) / belief.sum(axis=1)
        return float((right - expected).sum()) - _PRECISION * slope

    # It falls with the slope, and the prior sees to it that it crosses 0. Newton's steps can go to and fro for ever.
    if (at_0 := gradient(0.0)) == 0:
        return 0.0
    end = math.copysign(1.0, at_0)
    while gradient(end) * at_0 > 0:
        end *= 2
    return float(brentq(gradient, 0.0, end, xtol=1e-12))


def own_bits(scores: np.ndarray, own: np.ndarray, slope: float) -> np.ndarray:
    """LID of each probe in bits, (n_probes,) float64; a probe that failed is a guess, 0 bits.

    Parameters are those of `slope_of`, of the persons who are evaluated, and its result. All NaN where that is NaN: a
    belief that nobody calibrated is no guess.
    """
    if math.isnan(slope):
        return np.full(len(own), math.nan)
    right = scores[np.arange(len(own)), own]
    weights, candidates = _weights(scores, slope), (~np.isnan(scores)).sum(axis=1)
    there = ~np.isnan(right)
    # The weights are exp(a z - the largest of a z), so that the nearest candidate weighs 1.
    top = np.nanmax(np.where(there[:, None], slope * scores, 0.0), axis=1)
    shares = np.where(there, weights.sum(axis=1) / np.maximum(candidates, 1), 1.0)
    return np.where(there, (slope * np.where(there, right, 0.0) - top - np.log(shares)) / np.log(2), 0.0)


def worst_palms(lid: np.ndarray, trials: Trials, weights: np.ndarray, share: float = WORST_SHARE) -> Replicated:
    """Mean LID of the palms that disclose most: a share of all palms, at least one; in bits.

    Chance alone makes some palms worse than others, so it lies above 0 where nothing is disclosed: read it beside its
    permutation null.

    Parameters
    ----------
    lid : (n_probes,) float
        As `own_bits` gives it.
    trials : Trials
    weights : (n_replicates, n_persons) int
        As `replicated.person_weights` draws them.
    """
    probes = np.bincount(trials.own, minlength=len(trials.people))
    shown = np.flatnonzero(probes)
    means = np.bincount(trials.own, lid, minlength=len(trials.people))[shown] / probes[shown]
    order = np.argsort(-means, kind="stable")
    of_palms = weights[:, trials.people[shown[order]]]
    draws = _mean_of_first(means[order], of_palms, share)
    return Replicated(float(_mean_of_first(means[order], np.ones((1, len(order))), share)[0]), draws)


def _mean_of_first(values: np.ndarray, weights: np.ndarray, share: float) -> np.ndarray:
    """Mean of the first values, in order, until they weigh a share of the whole and 1 at least."""
    reached = np.cumsum(weights, axis=1)
    total = reached[:, -1:]
    wanted = np.maximum(share * total, np.minimum(total, 1.0))
    taken = np.clip(wanted - (reached - weights), 0.0, weights)
    return np.divide(taken @ values, wanted[:, 0], out=np.full(len(weights), np.nan), where=wanted[:, 0] > 0)


def _weights(scores: np.ndarray, slope: float) -> np.ndarray:
    """exp(a z) of each candidate, the largest of a probe scaled to 1; 0 of what is no candidate."""
    logits = np.where(np.isnan(scores), -np.inf, slope * scores)
    top = logits.max(axis=1, keepdims=True, initial=-np.inf)
    return np.exp(logits - np.where(np.isfinite(top), top, 0.0))

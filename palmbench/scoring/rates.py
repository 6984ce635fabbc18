"""Error rates and separability of matching distances. Smaller is closer; rates are fractions, 1 is 100 %."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from palmbench.scoring.distribution import Distribution, Scores

VERSION = 4
GRID_STEP = 0.001


class EqualErrorRate(NamedTuple):
    """Operating point at which false acceptances and false rejections balance.

    Attributes
    ----------
    rate : float
        Mean of `far` and `frr`; with the convention "roc", where the interpolated rates cross.
    threshold : float
        A comparison is accepted iff its distance is at or below it.
    far, frr : float
        Share of impostor scores accepted, share of genuine scores rejected, both at `threshold`. With few genuine
        pairs they differ.
    """

    rate: float
    threshold: float
    far: float
    frr: float


def equal_error_rate(
    genuine: Scores, impostor: Scores, convention: Literal["exact", "grid", "roc"] = "exact"
) -> EqualErrorRate:
    """Equal error rate and its threshold.

    Parameters
    ----------
    genuine, impostor : array_like or Distribution
        Distances of mated and of non-mated pairs.
    convention : {"exact", "grid", "roc"}
        "exact" tries the midpoints between neighbouring distinct scores and a threshold outside either end.
        It takes the least |FAR - FRR|; of equals the smaller FAR + FRR, then the lower FAR. "grid" is the
        convention of the paper's first author: steps of 0.001 from min(genuine) - 0.001 to
        max(impostor) + 0.001, and the first least |FAR - FRR|. "roc" joins the points of the ROC curve, one for
        each distinct score, by straight lines and takes where they cross FAR = FRR: the root of
        1 - x - TPR(x), as `sklearn.metrics.roc_curve` with a root finder gives it. Its threshold is interpolated
        as the rate is.

    Raises
    ------
    ValueError
        If a list is empty or not finite, the convention is unknown, or it is "grid" and has no step.
    """
    genuine, impostor = Distribution.of(genuine), Distribution.of(impostor)
    if convention == "roc":
        return _crossing(genuine, impostor)
    if convention == "exact":
        thresholds = _midpoints(np.union1d(genuine.values, impostor.values))
    elif convention == "grid":
        thresholds = np.arange(genuine.values[0] - GRID_STEP, impostor.values[-1] + 2 * GRID_STEP, GRID_STEP)
        if not len(thresholds):
            raise ValueError("every genuine distance is above every impostor's: the convention 'grid' has no threshold")
    else:
        raise ValueError(f"unknown convention {convention!r}: choose 'exact', 'grid' or 'roc'")
    accepted, rejected = _errors(genuine, impostor, thresholds)
    gap = np.abs(accepted - rejected)
    best = np.flatnonzero(gap == gap.min())
    if convention == "exact":
        best = best[np.lexsort((accepted[best], (accepted + rejected)[best]))]
    chosen = best[0]
    pairs = genuine.size * impostor.size
    far, frr = float(accepted[chosen] / pairs), float(rejected[chosen] / pairs)
    return EqualErrorRate((far + frr) / 2, float(thresholds[chosen]), far, frr)


def rejection_rate(scores: ArrayLike, threshold: float) -> float:
    """Share of comparisons rejected: distance above the threshold, or no distance at all.

    Parameters
    ----------
    scores : (n,) array_like
        Distances; NaN where there was no hand, ROI or template to compare, which counts as a rejection. For
        the rate without failures leave these out.
    threshold : float
        Usually that of `equal_error_rate` on the originals.

    Raises
    ------
    ValueError
        If there are no scores.
    """
    # A threshold just below a float32 score, rounded to float32, would be that score and accept it.
    scores = np.asarray(scores, np.float64)
    if not scores.size:
        raise ValueError("there are no scores")
    return np.count_nonzero(~(scores <= threshold)) / scores.size


def decidability(a: Scores, b: Scores) -> float:
    """Signed decidability index d' (equation 3 of the paper, without its absolute value).

        d'(a, b) = (mean b - mean a) / sqrt((var a + var b) / 2),  with population variances

    Positive when `b` lies at larger distances, as impostor scores do beside genuine ones; its magnitude is
    the d' of Daugman and of the paper.

    Raises
    ------
    ValueError
        If a list is empty or not finite, or neither has any spread.
    """
    a, b = Distribution.of(a), Distribution.of(b)
    pooled = math.sqrt((a.variance + b.variance) / 2)
    if pooled == 0:
        raise ValueError("d' is undefined: neither list of scores has any spread")
    return (b.mean - a.mean) / pooled


def deid_ratio(genuine: Scores, impostor: Scores, deid: Scores) -> float:
    """De-identification ratio DIR (equation 4 of the paper), signed.

        DIR = d'(genuine, deid) / d'(genuine, impostor)

    1 (100 %) when de-identified scores fall like impostor scores, 0 or less when they fall like genuine ones. It
    depends on the spread of the de-identified scores and is blind to a leaking tail: read it beside the
    rejection rate.

    Parameters
    ----------
    genuine, impostor, deid : array_like or Distribution
        Distances; `deid` compares originals with de-identified samples, and NaN (failures) are left out.

    Raises
    ------
    ValueError
        If a list is empty, or one of the two d' is undefined or, below the line, zero.
    """
    if not isinstance(deid, Distribution):
        deid = np.asarray(deid)
        deid = deid[~np.isnan(deid)]
    reference = decidability(genuine, impostor)
    if reference == 0:
        raise ValueError("DIR is undefined: genuine and impostor scores have the same mean")
    return decidability(genuine, deid) / reference


def _errors(genuine: Distribution, impostor: Distribution, thresholds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """False acceptances and false rejections at each threshold.

    Over the common denominator n_genuine * n_impostor both are integers, so that ties are ties.
    """
    accepted = impostor.within(thresholds) * genuine.size
    return accepted, (genuine.size - genuine.within(thresholds)) * impostor.size


def _crossing(genuine: Distribution, impostor: Distribution) -> EqualErrorRate:
    values = np.union1d(genuine.values, impostor.values)
    thresholds = np.concatenate([[np.nextafter(values[0], -np.inf)], values])
    accepted, rejected = _errors(genuine, impostor, thresholds)
    # FAR rises to 1 and FRR falls to 0, so a first point at or past the crossing exists and is not the first of all.
    after = int(np.argmax(accepted >= rejected))
    before = after - 1
    short, past = rejected[before] - accepted[before], accepted[after] - rejected[after]
    share = short / (short + past)
    pairs = genuine.size * impostor.size
    rate = (accepted[before] + share * (accepted[after] - accepted[before])) / pairs
    # At the end of a step the score itself is accepted: rounding must not put the threshold below it.
    low, high = thresholds[before], thresholds[after]
    threshold = high if past == 0 else low + share * (high - low)
    far, frr = (float(errors[0] / pairs) for errors in _errors(genuine, impostor, np.array([threshold])))
    return EqualErrorRate(float(rate), float(threshold), far, frr)


def _midpoints(values: np.ndarray) -> np.ndarray:
    below, above = np.nextafter(values[0], -np.inf), np.nextafter(values[-1], np.inf)
    return np.concatenate([[below], (values[:-1] + values[1:]) / 2, [above]])

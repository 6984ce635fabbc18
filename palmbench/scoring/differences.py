"""Differences between two methods on the same photos, with intervals that know the photos are the same."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from palmbench.scoring.accept import true_accept_rate
from palmbench.scoring.distribution import Scores
from palmbench.scoring.intervals import FMRS, REPLICATES, Replicates, interval, mean_interval, replicate_rates
from palmbench.scoring.rates import deid_ratio, equal_error_rate, rejection_rate


class Difference(NamedTuple):
    """First minus second, and its interval; NaN where either number is undefined."""

    value: float
    lo: float
    hi: float


class PhotoScores(NamedTuple):
    """What an attack made of each photo under a method.

    Attributes
    ----------
    deid : (n,) float
        Distance of each original to its own de-identified photo, NaN for a failure.
    hits : (n,) bool
        Whether the de-identified photo was identified.
    """

    deid: np.ndarray
    hits: np.ndarray


class ScoreDifferences(NamedTuple):
    """Differences of rejection rate (with failures as rejections, and without), DIR, rank-1 accuracy and TAR.

    Fractions; `tar` has one for each false match rate of `FMRS`.
    """

    rr: Difference
    rr_without_failures: Difference
    dir: Difference
    acc_nn: Difference
    tar: tuple[Difference, ...]


def paired_difference(
    replicates: Replicates,
    genuine: Scores,
    impostor: Scores,
    first: PhotoScores,
    second: PhotoScores,
    level: float = 0.95,
) -> ScoreDifferences:
    """How the rates of two methods differ.

    Both are evaluated on the same drawn identities and at the same threshold in each replicate, and the difference
    is taken there. What a hard palm or an unlucky threshold does to both cancels, so the interval is as a rule much
    narrower than two separate intervals suggest.

    Parameters
    ----------
    replicates : Replicates
        Of the n originals, which the methods share (`bootstrap`).
    genuine, impostor : array_like or Distribution
        Distances between the originals.
    first, second : PhotoScores
        Of the two methods, photos in the order of the replicates.
    level : float
        Coverage of the two-sided percentile interval.

    Raises
    ------
    ValueError
        If the numbers of photos disagree, or there is no genuine or no impostor score.
    """
    n = replicates.weights.shape[1]
    for scores in (first, second):
        if not len(scores.deid) == len(scores.hits) == n:
            raise ValueError(f"{len(scores.deid)} distances and {len(scores.hits)} hits for {n} photos")
    threshold = equal_error_rate(genuine, impostor).threshold
    one, other = (_point(genuine, impostor, threshold, scores) for scores in (first, second))
    drawn, others = (_drawn(replicates, scores) for scores in (first, second))
    found = {
        name: Difference(float(one[name] - other[name]), *interval(drawn[name] - others[name], level)) for name in one
    }
    tar = tuple(found[_tar_at(fmr)] for fmr in FMRS)
    return ScoreDifferences(found["rr"], found["rr_without_failures"], found["dir"], found["acc_nn"], tar)


def mean_difference(
    first: ArrayLike,
    second: ArrayLike,
    identities: ArrayLike,
    rng: np.random.Generator,
    replicates: int = REPLICATES,
    level: float = 0.95,
) -> Difference:
    """How the means of a number that each photo has differ, such as SSIM under two methods.

    Parameters
    ----------
    first, second : (n,) array_like
        The number under each method; photos where either is NaN or infinite are left out of both.
    identities : (n,) array_like
        Identity of each photo: identities are resampled.
    rng : numpy.random.Generator
        Source of the draws.
    """
    with np.errstate(invalid="ignore"):
        change = np.asarray(first, np.float64) - np.asarray(second, np.float64)
    change = np.where(np.isfinite(change), change, np.nan)
    if np.isnan(change).all():
        return Difference(float("nan"), float("nan"), float("nan"))
    return Difference(float(np.nanmean(change)), *mean_interval(change, identities, rng, replicates, level))


def _point(genuine: Scores, impostor: Scores, threshold: float, scores: PhotoScores) -> dict[str, float]:
    known = scores.deid[~np.isnan(scores.deid)]
    return {
        "rr": rejection_rate(scores.deid, threshold),
        "rr_without_failures": rejection_rate(known, threshold) if len(known) else float("nan"),
        "dir": _or_nan(deid_ratio, genuine, impostor, known),
        "acc_nn": float(np.mean(scores.hits)),
        **{_tar_at(fmr): _tar(scores.deid, impostor, fmr) for fmr in FMRS},
    }


def _drawn(replicates: Replicates, scores: PhotoScores) -> dict[str, np.ndarray]:
    found = replicate_rates(replicates, *scores)._asdict()
    tar = found.pop("tar")
    return {**found, **{_tar_at(fmr): tar[:, k] for k, fmr in enumerate(FMRS)}}


def _tar_at(fmr: float) -> str:
    return f"tar at {fmr:g}"


def _tar(deid: np.ndarray, impostor: Scores, fmr: float) -> float:
    return _or_nan(lambda: true_accept_rate(deid, impostor, fmr).rate)


def _or_nan(number, *scores: Scores) -> float:  # type: ignore[no-untyped-def]
    """The number, or NaN where too few scores or scores without any spread leave it undefined."""
    try:
        return number(*scores)
    except ValueError:
        return float("nan")

"""scores -> metrics of recognition and of linkage, as a run's record says them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import compress
from typing import Literal, NamedTuple

import numpy as np

from palmbench.datasets.sample import Sample
from palmbench.scoring import (
    FMRS,
    METRICS,
    EqualErrorRate,
    Number,
    Replicates,
    ScoreIntervals,
    bootstrap,
    decidability,
    deid_ratio,
    equal_error_rate,
    linkability,
    match_rate,
    match_rate_interval,
    rejection_rate,
    score_intervals,
    true_accept_rate,
)
from palmbench.scoring.distribution import Distribution
from palmbench.scoring.linkability import TooFewScores
from palmbench.scoring.pairs import pair_kinds
from palmbench.scoring.shares import BOOTSTRAP_SEED, mean_share, share
from palmbench.scoring.tar_at_fmr import (
    impostors_needed,
)
from palmbench.stages.compare import DeidScores
from recognizers.common.cache_keys import versions_of

VERSION = 8
REPLICATES = 1000
TAR_METRICS = ("tar_fmr100", "tar_fmr1000")  # at the false match rates of FMRS
_AT_OPERATING_POINT = tuple(name for name, metric in METRICS.items() if metric.needs == "an operating point")
_SCORING = (
    "bootstrap",
    "bootstrap_kernel",
    "intervals",
    "jackknife",
    "levels",
    "linkability",
    "matches",
    "pairs",
    "rank_1",
    "rates",
    "score_sets",
    "shares",
    "tar_at_fmr",
)


def versions() -> dict[str, int]:
    """Versions of the code behind a run's metrics, by name, and how many replicates its intervals are made of."""
    return {
        "measure": VERSION,
        **versions_of("palmbench.stages", "acc_cls", "measure_photos"),
        "replicates of an interval": REPLICATES,
        **versions_of("palmbench.quality", "frechet", "kernel", "summary"),
        **versions_of("palmbench.scoring", *_SCORING),
    }


class Recognition(NamedTuple):
    """Rates of one recognizer, the distributions that they come from, and the bootstrap of its originals.

    `operating` is None without a genuine or an impostor pair, or where the convention has no threshold.
    """

    metrics: dict[str, Number]
    genuine: Distribution
    impostor: Distribution
    replicates: Replicates
    operating: EqualErrorRate | None


def measure_recognition(
    samples: Sequence[Sample],
    distances: np.ndarray,
    scores: DeidScores,
    threads: int = 1,
    eer: Literal["exact", "grid", "roc"] = "exact",
) -> Recognition:
    """Error rate, decidability, rejection rate, DIR, rank-1 accuracy and TAR, in percent, with 95 % intervals.

    Without a genuine or without an impostor pair there is no operating point: what needs one has no value, and its
    `missing` says so.

    Parameters
    ----------
    samples : sequence of Sample
    distances : ndarray of shape (n (n - 1) / 2,)
        Between originals, NaN where a template is missing.
    scores : DeidScores
        Samples without a distance to their own original failed: they count as rejected, as not identified and as not
        accepted; the `..._without_failures` leave them out.
    threads : int
        Of the bootstrap; cannot change a number.
    eer : {"exact", "grid", "roc"}
        Convention of the operating point, see `equal_error_rate`. Replicates take the exact one.
    """
    identities = [sample.identity for sample in samples]
    persons = [sample.person for sample in samples]
    genuine, impostor = _distributions(distances, identities, persons)
    failures = np.isnan(scores.own)
    n, failed = len(samples), int(failures.sum())
    replicates = bootstrap(distances, identities, np.random.default_rng(BOOTSTRAP_SEED), persons, REPLICATES, threads)
    bounds = score_intervals(replicates, deid=scores.own, hits=scores.hits)
    metrics = {
        "acc_nn": share(scores.hits.mean(), bounds.acc_nn, persons, n, failed),
        "acc_nn_without_failures": mean_share(np.where(failures, np.nan, scores.hits), persons),
        "acc_nn_without_source": mean_share(scores.hits_without_source.astype(float), persons, failed),
        **_chances(identities),
        **_true_accepts(impostor, scores.own, bounds, persons),
    }
    operating, lacking = _operating_point(genuine, impostor, eer)
    if operating is not None:
        metrics |= _at_operating_point(operating, genuine, impostor, scores.own, bounds, persons)
        enrolled = int(_enrolled(~np.isnan(distances), n).sum())
        of_pairs = [name for name in _AT_OPERATING_POINT if METRICS[name].basis == "pairs"]
        metrics |= {name: replace(metrics[name], n=enrolled, failed=n - enrolled) for name in of_pairs}
    else:
        metrics |= dict.fromkeys(_AT_OPERATING_POINT, Number.lacking(lacking, failed))
    return Recognition(metrics, genuine, impostor, replicates, operating)


def _operating_point(
    genuine: Distribution, impostor: Distribution, eer: Literal["exact", "grid", "roc"]
) -> tuple[EqualErrorRate | None, str]:
    """The operating point, or None and what is lacking for one."""
    if not genuine.size:
        return None, "a genuine pair"
    if not impostor.size:
        return None, "an impostor pair"
    try:
        return equal_error_rate(genuine, impostor, eer), ""
    except ValueError:
        return None, f"a threshold of the convention {eer}: every genuine distance is above every impostor's"


def measure_linkage(
    samples: Sequence[Sample], recognition: Recognition, across: np.ndarray, among: np.ndarray, threads: int = 1
) -> dict[str, Number]:
    """What ties de-identified photos to each other and to originals other than their own.

    `linkability` is D_sys in [0, 1], `linkability_null` the mean and the middle 95 % of what it is when palms are
    exchanged, and `inter_deid_match` the share of pairs of two persons' de-identified photos that match at the
    threshold of the originals, in percent.

    Parameters
    ----------
    samples : sequence of Sample
    recognition : Recognition
        Of the same samples.
    across : ndarray of shape (n, n)
        De-identified photo i against original j, NaN where a template is missing.
    among : ndarray of shape (n (n - 1) / 2,)
        Between de-identified photos, NaN where a template is missing.
    threads : int
        Cannot change a number.
    """
    identities, persons = [sample.identity for sample in samples], [sample.person for sample in samples]
    return {
        **_linkability(across, identities, persons),
        "inter_deid_match": _inter_deid_match(recognition, among, identities, persons, threads),
    }


def _chances(identities: Sequence[str]) -> dict[str, Number]:
    """Rank-1 accuracy of a guess among all originals, and among all but the source."""
    n = len(identities)
    own = np.array(list(Counter(identities).values()), float)
    without = (own * (own - 1)).sum() / (n * (n - 1)) if n > 1 else None
    return {
        "chance": Number.percent((own**2).sum() / n**2, n=n),
        "chance_without_source": Number.percent(without, n=n),
    }


def _at_operating_point(
    operating: EqualErrorRate,
    genuine: Distribution,
    impostor: Distribution,
    own: np.ndarray,
    bounds: ScoreIntervals,
    persons: Sequence[str],
) -> dict[str, Number]:
    there = ~np.isnan(own)
    known, known_persons = own[there], list(compress(persons, there))
    n, scored = len(own), len(known)
    failed = n - scored
    ratio = _defined(deid_ratio, genuine, impostor, known) if scored > 1 else None
    without = rejection_rate(known, operating.threshold) if scored else None
    return {
        "eer": Number.percent(operating.rate, bounds.eer, n),
        "far": Number.percent(operating.far, n=n),
        "frr": Number.percent(operating.frr, n=n),
        "threshold": Number.of(operating.threshold, n=n),
        "dprime": Number.of(_defined(decidability, genuine, impostor), bounds.dprime, n),
        "rr": share(rejection_rate(own, operating.threshold), bounds.rr, persons, n, failed),
        "rr_without_failures": share(without, bounds.rr_without_failures, known_persons, scored, 0),
        "dir": Number.percent(ratio, bounds.dir, scored, failed),
    }


def _true_accepts(
    impostor: Distribution, own: np.ndarray, bounds: ScoreIntervals, persons: Sequence[str]
) -> dict[str, Number]:
    known = ~np.isnan(own)
    scored = int(known.sum())
    failed = len(own) - scored
    found: dict[str, Number] = {}
    for place, (name, fmr) in enumerate(zip(TAR_METRICS, FMRS, strict=True)):
        without = f"{name}_without_failures"
        if impostor.size < impostors_needed(fmr):
            found |= dict.fromkeys((name, without), Number.lacking(f"{impostors_needed(fmr)} impostor pairs", failed))
            continue
        rate = true_accept_rate(own, impostor, fmr)
        all_bounds = bounds.tar[place] if bounds.tar else None
        known_bounds = bounds.tar_without_failures[place] if bounds.tar_without_failures else None
        found[name] = share(rate, all_bounds, persons, len(own), failed)
        known_rate = rate * len(own) / scored if scored else None
        found[without] = share(known_rate, known_bounds, list(compress(persons, known)), scored, 0)
    return found


def _linkability(across: np.ndarray, identities: list[str], persons: list[str]) -> dict[str, Number]:
    failed = int(np.isnan(across).all(axis=1).sum())
    try:
        found = linkability(across, identities, np.random.default_rng(BOOTSTRAP_SEED), persons)
    except TooFewScores as error:
        return dict.fromkeys(("linkability", "linkability_null"), Number.lacking(error.needed, failed))
    # An exchange of few palms may leave no pair of one kind.
    null = found.null[np.isfinite(found.null)]
    chance = Number.lacking("an exchange of palms that leaves pairs of both kinds", failed)
    if len(null):
        kept = f"{len(null)} of {len(found.null)} exchanges of palms leave pairs of both kinds"
        note = kept if len(null) < len(found.null) else None
        ends = np.quantile(null, [0.025, 0.975])
        chance = Number.of(float(null.mean()), ends, found.probes, failed, note=note)
    return {"linkability": Number.of(found.d_sys, found.interval, found.probes, failed), "linkability_null": chance}


def _inter_deid_match(
    recognition: Recognition, among: np.ndarray, identities: list[str], persons: list[str], threads: int
) -> Number:
    enrolled = _enrolled(~np.isnan(among), len(identities))
    n = int(enrolled.sum())
    failed = len(identities) - n
    if recognition.operating is None:
        return Number.lacking(recognition.metrics["threshold"].missing, failed)
    matched = match_rate(among, identities, recognition.operating.threshold, persons)
    if math.isnan(matched):
        return Number.lacking("a pair of two persons' de-identified photos", failed)
    bounds = match_rate_interval(among, identities, recognition.replicates, persons, threads=threads)
    return share(matched, bounds, list(compress(persons, enrolled)), n, failed)


def _enrolled(known: np.ndarray, n: int) -> np.ndarray:
    """Which of n samples take part in a known pair, condensed."""
    taking_part = np.zeros(n, bool)
    start = 0
    for i in range(n - 1):
        row = known[start : start + n - 1 - i]
        taking_part[i] |= row.any()
        taking_part[i + 1 :] |= row
        start += n - 1 - i
    return taking_part


def _distributions(distances: np.ndarray, identities: list[str], persons: list[str]) -> list[Distribution]:
    """Genuine and impostor distribution; what it takes to sort 31 million pairs is let go on return."""
    found = []
    for kind in pair_kinds(identities, persons):
        kind &= ~np.isnan(distances)
        found.append(Distribution.pooled([distances[kind]]))
    return found


def _defined(number: Callable[..., float], *scores: Distribution | np.ndarray) -> float | None:
    """The number, or None where scores without any spread leave it undefined."""
    try:
        return number(*scores)
    except ValueError:
        return None

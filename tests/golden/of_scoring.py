"""Samples of what is made of distances: rates, intervals, linkability, score sets, and a run's metrics."""

from __future__ import annotations

from typing import Any

import numpy as np

from palmbench.datasets.sample import Sample
from palmbench.paper import diversity
from palmbench.quality import set_distances
from palmbench.quality.usability import USABILITY_METRICS
from palmbench.scoring.bootstrap import (
    Replicates,
    accepted_shares,
    bootstrap,
    deid_ratios,
    mean_interval,
    moments,
    score_intervals,
)
from palmbench.scoring.bootstrap_kernel import LEFT_OUT, replicate_all
from palmbench.scoring.hull import hull_rates, hull_replicates, levels_among
from palmbench.scoring.hull import levels_of as hull_levels_of
from palmbench.scoring.identification import rank_1_at, rank_probabilities, ranks_of
from palmbench.scoring.identity_disclosure import candidate_scores, own_bits, slope_of, worst_palms
from palmbench.scoring.intervals import Interval, interval, share_interval
from palmbench.scoring.jackknife import jackknife_interval
from palmbench.scoring.leak import MEASURES, Calibration, measure_leak, rank_1_curve
from palmbench.scoring.levels import levels_of
from palmbench.scoring.linkability import bins_for, global_measure, linkability, local_measure
from palmbench.scoring.matches import match_rate, match_rate_interval
from palmbench.scoring.number import Number
from palmbench.scoring.pairs import pair_kinds
from palmbench.scoring.pooling import output_correlation, pooled_dprime
from palmbench.scoring.rank_1 import nearest
from palmbench.scoring.rank_disclosure import max_bits, mean_bits, mean_disclosure
from palmbench.scoring.rates import decidability, deid_ratio, equal_error_rate, rejection_rate
from palmbench.scoring.replicated import Replicated, about_its_value, mean_of, person_weights
from palmbench.scoring.score_sets import score_sets
from palmbench.scoring.shares import mean_share
from palmbench.scoring.singling_out import singling_out
from palmbench.scoring.tar_at_fmr import (
    threshold_at_fmr,
    true_accept_rate,
)
from palmbench.scoring.trials import Trials, trials_of
from palmbench.scoring.worst_case import strongest, worst_case
from palmbench.stages import measure
from palmbench.stages.acc_cls import measure_classifier
from palmbench.stages.compare import Classified, DeidScores
from palmbench.stages.measure_photos import measure_images, measure_usability
from tests.golden.artefacts import Golden, exact, numbers, sampled

PALMS, PHOTOS = 12, 4
N = PALMS * PHOTOS
IDENTITIES = [f"{i // PHOTOS:02d}" for i in range(N)]
PERSONS = [f"{i // PHOTOS // 2:02d}" for i in range(N)]  # two palms a person
SAMPLES = tuple(
    Sample(f"{i:04d}", identity, person, "left", "")
    for i, (identity, person) in enumerate(zip(IDENTITIES, PERSONS, strict=True))
)
_SCORING = "palmbench.scoring."


def _noise(length: int, number: int) -> np.ndarray:
    """Numbers in [0, 1) that look drawn and are counted: no generator's version reaches them."""
    return (np.arange(length) * 0.6180339887498949 * (number + 1) + 0.1 * number) % 1


def _distances() -> np.ndarray:
    """Condensed, float32, genuine ones lower; in steps, as a code's are, so that some tie."""
    genuine = pair_kinds(IDENTITIES, PERSONS).genuine
    spread = _noise(len(genuine), 0) - 0.5
    level = np.where(genuine, 0.32 + 0.2 * spread, 0.44 + 0.1 * spread)
    return (np.round(level * 4096) / 4096).astype(np.float32)


def _own() -> np.ndarray:
    own = (0.36 + 0.2 * (_noise(N, 1) - 0.5)).astype(np.float32)
    own[[3, 17]] = np.nan
    return own


def _sets() -> tuple[np.ndarray, np.ndarray]:
    kinds = pair_kinds(IDENTITIES, PERSONS)
    return _distances()[kinds.genuine], _distances()[kinds.impostor]


def _across() -> np.ndarray:
    across = np.full((N, N), 0.0, np.float32)
    rows, columns = np.triu_indices(N, 1)
    across[rows, columns] = across[columns, rows] = _distances()
    across += (0.1 * _noise(N * N, 3).reshape(N, N)).astype(np.float32)
    np.fill_diagonal(across, _own())
    across[[3, 17]] = np.nan
    return across


def _replicates() -> Any:
    return bootstrap(_distances(), IDENTITIES, np.random.default_rng(1), PERSONS, 60)


def _pairs() -> dict[str, Any]:
    kinds = pair_kinds(IDENTITIES, PERSONS)
    return {"kinds": exact(kinds.genuine) + exact(kinds.impostor)}


def _rates() -> dict[str, Any]:
    genuine, impostor = _sets()
    own = _own()
    known = own[~np.isnan(own)]
    conventions: Any = ("exact", "grid", "roc")
    return {
        **{name: equal_error_rate(genuine, impostor, name) for name in conventions},
        "rejection": [rejection_rate(own, threshold) for threshold in (0.3, 0.36, 0.4)],
        "dprime": [decidability(genuine, impostor)],
        "DIR": [deid_ratio(genuine, impostor, known)],
        "without spread": [_or_none(decidability, [1.0, 1.0], [1.0, 1.0])],
    }


def _rank_1() -> dict[str, Any]:
    return {
        "nearest": numbers(*nearest(_across(), IDENTITIES, IDENTITIES, np.arange(N))),
        "hits": numbers(nearest(np.round(_across(), 1), IDENTITIES, IDENTITIES).hits),
    }


def _or_none(number: Any, *scores: Any) -> float | None:
    try:
        return float(number(*map(np.array, scores)))
    except ValueError:
        return None


def _accept() -> dict[str, Any]:
    _, impostor = _sets()
    return {
        "thresholds": [threshold_at_fmr(impostor, fmr) for fmr in (0.01, 0.05, 0.1)],
        "rates": [true_accept_rate(_own(), impostor, fmr) for fmr in (0.01, 0.05, 0.1)],
    }


def _replicate_all() -> dict[str, Any]:
    found, thresholds = np.full((3, 6), np.nan), np.full((3, 2), np.nan)
    weights = np.array([[1] * 6, [2, 2, 0, 0, 1, 1], [1, 1, 1, 1, 2, 2]], np.int32)
    # Pairs of six photos of three palms; those of one palm are genuine, and left out of the impostors.
    levels = np.array([2 + (3 * i + 5 * j) % 4 if i // 2 != j // 2 else LEFT_OUT
                       for i in range(6) for j in range(i + 1, 6)], np.uint16)  # fmt: skip
    first, genuine_levels = np.array([0, 2, 4], np.int32), np.array([0, 3, 1], np.uint16)
    values = np.linspace(0.1, 0.6, 6)
    replicate_all(weights, levels, first, genuine_levels, values, np.array([0.1, 0.4]), found, thresholds)
    return {"operating points": found[:, :2], "moments": found[:, 2:], "thresholds": thresholds}


def _levels() -> dict[str, Any]:
    few, many = levels_of(_distances()), levels_of(_noise(70_000, 1).astype(np.float32))
    return {
        "few": exact(few.places),
        "places of many": sampled(many.places),
        "values of many": sampled(many.values),
        "values": sampled(few.values),
    }


def _bootstrap() -> dict[str, Any]:
    replicates = _replicates()
    hits = _noise(N, 2) > 0.3
    return {
        "replicates": [sampled(np.nan_to_num(part, nan=-1)) for part in replicates[1:]],
        "intervals": numbers(*score_intervals(replicates, _own(), hits)),
        "mean": mean_interval(_own(), IDENTITIES, np.random.default_rng(2)),
        **_of_several(replicates),
    }


def _jackknife() -> dict[str, Any]:
    values = _noise(N, 4)

    def mean(kept: np.ndarray) -> float:
        return float(values[: len(kept)][kept].mean())

    palms = {"twelve": IDENTITIES, "many": [str(i) for i in range(N)], "three": [str(i % 3) for i in range(9)],
             "two": [str(i % 2) for i in range(9)]}  # fmt: skip
    return {name: jackknife_interval(mean, values[: len(each)].mean(), each) for name, each in palms.items()}


def _linkability() -> dict[str, Any]:
    mated, non_mated = np.array([[3, 1, 0], [5, 5, 1], [4, 0, 0]]), np.array([[1, 3, 2], [0, 9, 1], [0, 0, 0]])
    found = linkability(_across(), IDENTITIES, np.random.default_rng(3), PERSONS)
    return {
        "local": local_measure(mated, non_mated),
        "global": global_measure(mated, non_mated),
        "measure": [found.d_sys, found.probes],
        "interval": found.interval,
        "null": sampled(found.null),
        "bins": [bins_for(count) for count in (20, 50, 100, 1000, 10**5)],
    }


def _matches() -> dict[str, Any]:
    interval = match_rate_interval(_distances(), IDENTITIES, _replicates(), PERSONS)
    return {"rate": [match_rate(_distances(), IDENTITIES, 0.4, PERSONS)], "interval": interval}


def _score_sets() -> dict[str, Any]:
    sets = score_sets(_across(), _distances(), IDENTITIES, PERSONS)
    values = {name: sampled(each.values) for name, each in sets._asdict().items()}
    return {**values, "sizes": [int(each.counts.sum()) for each in sets]}


def _measure() -> dict[str, Any]:
    own, across = _own(), _across()
    mate, stranger = (own + shift * _noise(N, 5).astype(np.float32) for shift in (0.1, 0.15))
    mate, stranger = np.nan_to_num(mate, nan=np.inf), np.nan_to_num(stranger, nan=np.inf)
    found: dict[str, Any] = {}
    conventions: Any = ("exact", "grid")
    for name in conventions:
        recognition = measure.measure_recognition(SAMPLES, _distances(), DeidScores(own, mate, stranger), eer=name)
        found |= {f"{name}: {metric}": _number(number) for metric, number in recognition.metrics.items()}
    features = [np.sin(np.arange(8) * (1.0 + i)) for i in range(N)]
    moved = [0.9 * each + 0.1 for each in features]
    rest = {
        **measure.measure_linkage(SAMPLES, recognition, across, _distances()),
        **set_distances("hand", features, moved, IDENTITIES, 1),
    }
    return found | {metric: _number(number) for metric, number in rest.items()}


def _acc_cls() -> dict[str, Any]:
    guessed = np.array([identity if i % 3 else "00" for i, identity in enumerate(IDENTITIES)], object)
    guessed[5] = None
    found = measure_classifier(SAMPLES, Classified(guessed, None))
    return {metric: _number(number) for metric, number in found.items()}


def _measure_photos() -> dict[str, Any]:
    values = {sample.id: {"ssim": 0.9 + 0.1 * _noise(N, 6)[i], "psnr": np.inf if i == 4 else 30.0 + i}
              for i, sample in enumerate(SAMPLES) if i != 9}  # fmt: skip
    kept = {sample.id: dict.fromkeys(USABILITY_METRICS, float(i)) for i, sample in enumerate(SAMPLES) if i % 9}
    found = {
        **measure_images(SAMPLES, values, ("ssim", "psnr"), {"lpips": "a file"}),
        **measure_usability(SAMPLES, kept),
    }
    return {metric: _number(number) for metric, number in found.items()}


def _shares() -> dict[str, Any]:
    hits = np.where(np.arange(N) == 9, np.nan, np.arange(N) % 3 == 0)
    return {
        "some": _number(mean_share(hits, IDENTITIES, 1)),
        "all": _number(mean_share(np.ones(N), IDENTITIES)),
        "none": _number(mean_share(np.full(N, np.nan), IDENTITIES)),
    }


def _intervals() -> dict[str, Any]:
    few = np.where(np.arange(60) < 31, np.nan, 0.5)
    return {
        "percentile": numbers(interval(_noise(60, 8)), interval(few)),
        "shares": [share_interval(Interval(*bounds), 20) for bounds in ((0.0, 0.0), (0.2, 0.4), (1.0, 1.0))],
    }


def _number(number: Number) -> list[float]:
    return numbers(number.value, number.std, number.lo, number.hi, number.n, number.failed)


def _several() -> np.ndarray:
    """Distances of each of twelve photos to three others."""
    distances = (0.3 + 0.2 * _noise(36, 7)).reshape(12, 3)
    distances[4, 1] = np.nan
    return distances


def _of_several(drawn: Replicates) -> dict[str, Any]:
    weights = drawn.weights[:, ::PHOTOS]
    return {
        "moments": [sampled(part) for part in moments(weights, _several())],
        "accepted": sampled(accepted_shares(drawn, weights, _several())),
        "ratios": sampled(deid_ratios(drawn, weights, _several())),
    }


def _diversity() -> dict[str, Any]:
    genuine, impostor = _sets()
    repainted = diversity.Repainted(_several(), _several()[:, ::-1] + 0.05)
    found = diversity.summarise(repainted, list(range(0, N, PHOTOS)), genuine, impostor, _replicates())
    return {name: numbers(number.value, number.lo, number.hi, number.n) for name, number in found.items()}


_NUMBERS = [i % PHOTOS for i in range(N)]


def _trials() -> Trials:
    return trials_of(_across(), IDENTITIES, IDENTITIES, PERSONS, _NUMBERS, _NUMBERS)


def _guessed() -> Trials:
    """Trials in which nothing leaks, so that no rate is 0."""
    return _trials().exchanged(np.random.default_rng(4))


def _weights() -> np.ndarray:
    return np.array([[1] * 6, [2, 2, 0, 0, 1, 1], [0, 1, 3, 1, 1, 0]], np.int32)


def _trials_of() -> dict[str, Any]:
    mean = trials_of(_across(), IDENTITIES, IDENTITIES, PERSONS, pool="mean")
    nearest_photo = _trials()
    return {
        "nearest": sampled(np.nan_to_num(nearest_photo.distances, nan=-1)),
        "mean": sampled(np.nan_to_num(mean.distances, nan=-1)),
        "palms": numbers(nearest_photo.own, nearest_photo.people),
        "exchanged": numbers(nearest_photo.exchanged(np.random.default_rng(4)).own),
    }


def _replicated() -> dict[str, Any]:
    trials = _trials()
    found = mean_of(np.nan_to_num(trials.mated, nan=0.5), trials.persons, _weights())
    return {
        "weights": exact(person_weights(6, np.random.default_rng(5), 40)),
        "mean": [found.value, *found.draws],
        "about": about_its_value(Replicated(0.3, np.array([0.4, 0.2, np.nan, 0.9])), 0.0, 0.6).draws[:2],
        "above": [found.less(Replicated(0.1, found.draws / 2)).value],
    }


def _identification() -> dict[str, Any]:
    ranks = ranks_of(_guessed())
    return {
        "ranks": numbers(*ranks),
        "rank 1": numbers(*(rank_1_at(ranks, size) for size in (1, 4, ranks.largest))),
        "every rank": sampled(rank_probabilities(ranks, 5)),
    }


def _rank_disclosure() -> dict[str, Any]:
    trials, counts = _guessed(), np.array([[3.0, 1, 0, 4], [1, 1, 1, 1]])
    found = mean_disclosure(rank_probabilities(ranks_of(trials), 5), trials.persons, _weights())
    return {"bits": [*mean_bits(counts), *max_bits(counts)], "mean": [found.value, *found.draws]}


def _identity_disclosure() -> dict[str, Any]:
    trials = _guessed()
    scores = candidate_scores(trials)
    bits = own_bits(scores, trials.own, 1.5)
    worst = worst_palms(bits, trials, _weights(), 0.2)
    return {"slope": [slope_of(scores, trials.own)], "bits": sampled(bits), "worst": [worst.value, *worst.draws]}


def _hull() -> dict[str, Any]:
    trials = _guessed()
    known = trials.mated[~np.isnan(trials.mated)]
    both = trials.distances[~np.isnan(trials.distances)]
    eer, cllr = hull_replicates(hull_levels_of(trials), _weights())
    return {
        "rates": hull_rates(np.array([5, 2, 1, 0]), np.array([1, 0, 4, 9])),
        "together": hull_rates(*(each[0] for each in levels_among(known, np.sort(both)))),
        "replicates": [eer.value, *eer.draws, cllr.value, *cllr.draws],
    }


def _singling_out() -> dict[str, Any]:
    found = singling_out(_across(), IDENTITIES, _NUMBERS, _NUMBERS)
    return {"shares": numbers(np.nan_to_num(found.shares, nan=-1)), "by chance": [found.by_chance]}


def _pooling() -> dict[str, Any]:
    return {
        "law": [pooled_dprime(1.3, correlation, 4) for correlation in (0.0, 0.4, 1.0)],
        "correlation": [output_correlation(_several(), _several()[::-1] * 2)],
    }


def _worst_case() -> dict[str, Any]:
    attackers = {str(k): Replicated(0.1 * k, 0.1 * k + 0.3 * _noise(60, k)) for k in range(1, 4)}
    found: dict[str, Any] = {}
    for name, up in (("most", True), ("least", False)):
        winner = strongest({"1": 0.3, "2": 0.1, "3": 0.2}, up)
        worst = worst_case(winner, attackers, up)
        found[name] = [float(winner), worst.value, *worst.interval, *worst.wins.values()]
    return found


def _leak() -> dict[str, Any]:
    trials = _trials()
    calibration = Calibration.of(trials_of(_across().T, IDENTITIES, IDENTITIES, PERSONS))
    found = measure_leak(trials, _weights(), calibration, np.random.default_rng(6), 5, 20)
    curve = rank_1_curve(trials, _weights(), [2, 5])
    # Of few strangers there is no threshold at a false match rate of 0.1 %.
    told = {name: [leak.found.value, leak.by_chance, *leak.found.draws, *leak.null[:5]] for name, leak in found.items()}
    return {
        **{name: sampled(np.nan_to_num(np.array(told[name]), nan=-1)) for name in MEASURES},
        "curve": [each.value for each in curve],
    }


def _of(*names: str) -> list[str]:
    return [_SCORING + name for name in names]


_PARTS = ("intervals", "levels", "linkability", "matches", "pairs", "rates",
          "rank_1", "shares", "bootstrap", "bootstrap_kernel", "tar_at_fmr")  # fmt: skip

_LEAK = ("bootstrap", "hull", "identification", "identity_disclosure", "linkability", "rank_disclosure", "replicated",
         "tar_at_fmr", "trials")  # fmt: skip

GOLDENS = [
    Golden(_SCORING + "pairs", "kinds of pairs", _pairs),
    Golden(_SCORING + "rates", "rates", _rates, _of("pairs")),
    Golden(_SCORING + "rank_1", "nearest templates", _rank_1),
    Golden(_SCORING + "tar_at_fmr", "thresholds or rates", _accept, _of("pairs")),
    Golden(_SCORING + "bootstrap_kernel", "rates of replicates", _replicate_all),
    Golden(_SCORING + "levels", "levels", _levels, _of("pairs")),
    Golden(_SCORING + "bootstrap", "intervals", _bootstrap, _of("intervals", "levels", "pairs", "bootstrap_kernel")),
    Golden(_SCORING + "intervals", "intervals", _intervals),
    Golden(_SCORING + "shares", "shares", _shares, _of("intervals", "bootstrap")),
    Golden(_SCORING + "jackknife", "intervals", _jackknife),
    Golden(_SCORING + "linkability", "linkability", _linkability, _of("intervals", "pairs")),
    Golden(_SCORING + "matches", "match rates", _matches,
           _of("bootstrap", "intervals", "levels", "pairs", "bootstrap_kernel")),
    Golden(_SCORING + "score_sets", "score sets", _score_sets, _of("pairs")),
    Golden(_SCORING + "trials", "trials", _trials_of, _of("pairs")),
    Golden(_SCORING + "replicated", "replicates", _replicated, _of("bootstrap", "trials", "pairs")),
    Golden(_SCORING + "identification", "ranks", _identification, _of("trials", "pairs")),
    Golden(_SCORING + "rank_disclosure", "bits", _rank_disclosure,
           _of("identification", "replicated", "trials", "pairs")),
    Golden(_SCORING + "identity_disclosure", "bits", _identity_disclosure, _of("replicated", "trials", "pairs")),
    Golden(_SCORING + "hull", "rates", _hull, _of("replicated", "trials", "pairs")),
    Golden(_SCORING + "singling_out", "shares", _singling_out, _of("identification", "pairs")),
    Golden(_SCORING + "pooling", "correlations", _pooling),
    Golden(_SCORING + "worst_case", "worst cases", _worst_case, _of("intervals", "replicated")),
    Golden(_SCORING + "leak", "measures", _leak, _of(*_LEAK, "pairs")),
    Golden("palmbench.paper.diversity", "summaries", _diversity,
           _of("bootstrap", "intervals", "levels", "pairs", "rates", "bootstrap_kernel")),
    Golden("palmbench.stages.acc_cls", "shares", _acc_cls, _of("shares", "bootstrap")),
    Golden("palmbench.stages.measure_photos", "means", _measure_photos,
           [*_of("shares", "bootstrap"), "palmbench.quality.summary"]),
    Golden("palmbench.stages.measure", "metrics", _measure,
           [*_of(*_PARTS, "jackknife", "score_sets"), "palmbench.quality.frechet", "palmbench.quality.summary"]),
]  # fmt: skip

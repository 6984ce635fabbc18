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
from palmbench.scoring.intervals import Interval, interval, share_interval
from palmbench.scoring.jackknife import jackknife_interval
from palmbench.scoring.levels import levels_of
from palmbench.scoring.linkability import bins_for, global_measure, linkability, local_measure
from palmbench.scoring.matches import match_rate, match_rate_interval
from palmbench.scoring.number import Number
from palmbench.scoring.pairs import pair_kinds
from palmbench.scoring.rank_1 import nearest
from palmbench.scoring.rates import decidability, deid_ratio, equal_error_rate, rejection_rate
from palmbench.scoring.score_sets import score_sets
from palmbench.scoring.shares import mean_share
from palmbench.scoring.tar_at_fmr import (
    threshold_at_fmr,
    true_accept_rate,
)
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
SCORING = "palmbench.scoring."


def noise(length: int, number: int) -> np.ndarray:
    """Numbers in [0, 1) that look drawn and are counted: no generator's version reaches them."""
    return (np.arange(length) * 0.6180339887498949 * (number + 1) + 0.1 * number) % 1


def _distances() -> np.ndarray:
    """Condensed, float32, genuine ones lower; in steps, as a code's are, so that some tie."""
    genuine = pair_kinds(IDENTITIES, PERSONS).genuine
    spread = noise(len(genuine), 0) - 0.5
    level = np.where(genuine, 0.32 + 0.2 * spread, 0.44 + 0.1 * spread)
    return (np.round(level * 4096) / 4096).astype(np.float32)


def _own() -> np.ndarray:
    own = (0.36 + 0.2 * (noise(N, 1) - 0.5)).astype(np.float32)
    own[[3, 17]] = np.nan
    return own


def _sets() -> tuple[np.ndarray, np.ndarray]:
    kinds = pair_kinds(IDENTITIES, PERSONS)
    return _distances()[kinds.genuine], _distances()[kinds.impostor]


def across() -> np.ndarray:
    found = np.full((N, N), 0.0, np.float32)
    rows, columns = np.triu_indices(N, 1)
    found[rows, columns] = found[columns, rows] = _distances()
    found += (0.1 * noise(N * N, 3).reshape(N, N)).astype(np.float32)
    np.fill_diagonal(found, _own())
    found[[3, 17]] = np.nan
    return found


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
        "nearest": numbers(*nearest(across(), IDENTITIES, IDENTITIES, np.arange(N))),
        "hits": numbers(nearest(np.round(across(), 1), IDENTITIES, IDENTITIES).hits),
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
    few, many = levels_of(_distances()), levels_of(noise(70_000, 1).astype(np.float32))
    return {
        "few": exact(few.places),
        "places of many": sampled(many.places),
        "values of many": sampled(many.values),
        "values": sampled(few.values),
    }


def _bootstrap() -> dict[str, Any]:
    replicates = _replicates()
    hits = noise(N, 2) > 0.3
    return {
        "replicates": [sampled(np.nan_to_num(part, nan=-1)) for part in replicates[1:]],
        "intervals": numbers(*score_intervals(replicates, _own(), hits)),
        "mean": mean_interval(_own(), IDENTITIES, np.random.default_rng(2)),
        **_of_several(replicates),
    }


def _jackknife() -> dict[str, Any]:
    values = noise(N, 4)

    def mean(kept: np.ndarray) -> float:
        return float(values[: len(kept)][kept].mean())

    palms = {"twelve": IDENTITIES, "many": [str(i) for i in range(N)], "three": [str(i % 3) for i in range(9)],
             "two": [str(i % 2) for i in range(9)]}  # fmt: skip
    return {name: jackknife_interval(mean, values[: len(each)].mean(), each) for name, each in palms.items()}


def _linkability() -> dict[str, Any]:
    mated, non_mated = np.array([[3, 1, 0], [5, 5, 1], [4, 0, 0]]), np.array([[1, 3, 2], [0, 9, 1], [0, 0, 0]])
    found = linkability(across(), IDENTITIES, np.random.default_rng(3), PERSONS)
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
    sets = score_sets(across(), _distances(), IDENTITIES, PERSONS)
    values = {name: sampled(each.values) for name, each in sets._asdict().items()}
    return {**values, "sizes": [int(each.counts.sum()) for each in sets]}


def _measure() -> dict[str, Any]:
    own = _own()
    mate, stranger = (own + shift * noise(N, 5).astype(np.float32) for shift in (0.1, 0.15))
    mate, stranger = np.nan_to_num(mate, nan=np.inf), np.nan_to_num(stranger, nan=np.inf)
    found: dict[str, Any] = {}
    conventions: Any = ("exact", "grid")
    for name in conventions:
        recognition = measure.measure_recognition(SAMPLES, _distances(), DeidScores(own, mate, stranger), eer=name)
        found |= {f"{name}: {metric}": _number(number) for metric, number in recognition.metrics.items()}
    features = [np.sin(np.arange(8) * (1.0 + i)) for i in range(N)]
    moved = [0.9 * each + 0.1 for each in features]
    rest = {
        **measure.measure_linkage(SAMPLES, recognition, across(), _distances()),
        **set_distances("hand", features, moved, IDENTITIES, 1),
    }
    return found | {metric: _number(number) for metric, number in rest.items()}


def _acc_cls() -> dict[str, Any]:
    guessed = np.array([identity if i % 3 else "00" for i, identity in enumerate(IDENTITIES)], object)
    guessed[5] = None
    found = measure_classifier(SAMPLES, Classified(guessed, None))
    return {metric: _number(number) for metric, number in found.items()}


def _measure_photos() -> dict[str, Any]:
    values = {sample.id: {"ssim": 0.9 + 0.1 * noise(N, 6)[i], "psnr": np.inf if i == 4 else 30.0 + i}
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
        "percentile": numbers(interval(noise(60, 8)), interval(few)),
        "shares": [share_interval(Interval(*bounds), 20) for bounds in ((0.0, 0.0), (0.2, 0.4), (1.0, 1.0))],
    }


def _number(number: Number) -> list[float]:
    return numbers(number.value, number.std, number.lo, number.hi, number.n, number.failed)


def several() -> np.ndarray:
    """Distances of each of twelve photos to three others."""
    distances = (0.3 + 0.2 * noise(36, 7)).reshape(12, 3)
    distances[4, 1] = np.nan
    return distances


def _of_several(drawn: Replicates) -> dict[str, Any]:
    weights = drawn.weights[:, ::PHOTOS]
    return {
        "moments": [sampled(part) for part in moments(weights, several())],
        "accepted": sampled(accepted_shares(drawn, weights, several())),
        "ratios": sampled(deid_ratios(drawn, weights, several())),
    }


def _diversity() -> dict[str, Any]:
    genuine, impostor = _sets()
    repainted = diversity.Repainted(several(), several()[:, ::-1] + 0.05)
    found = diversity.summarise(repainted, list(range(0, N, PHOTOS)), genuine, impostor, _replicates())
    return {name: numbers(number.value, number.lo, number.hi, number.n) for name, number in found.items()}


def scoring(*names: str) -> list[str]:
    return [SCORING + name for name in names]


_PARTS = ("intervals", "levels", "linkability", "matches", "pairs", "rates",
          "rank_1", "shares", "bootstrap", "bootstrap_kernel", "tar_at_fmr")  # fmt: skip

GOLDENS = [
    Golden(SCORING + "pairs", "kinds of pairs", _pairs),
    Golden(SCORING + "rates", "rates", _rates, scoring("pairs")),
    Golden(SCORING + "rank_1", "nearest templates", _rank_1),
    Golden(SCORING + "tar_at_fmr", "thresholds or rates", _accept, scoring("pairs")),
    Golden(SCORING + "bootstrap_kernel", "rates of replicates", _replicate_all),
    Golden(SCORING + "levels", "levels", _levels, scoring("pairs")),
    Golden(SCORING + "bootstrap", "intervals", _bootstrap, scoring("intervals", "levels", "pairs", "bootstrap_kernel")),
    Golden(SCORING + "intervals", "intervals", _intervals),
    Golden(SCORING + "shares", "shares", _shares, scoring("intervals", "bootstrap")),
    Golden(SCORING + "jackknife", "intervals", _jackknife),
    Golden(SCORING + "linkability", "linkability", _linkability, scoring("intervals", "pairs")),
    Golden(SCORING + "matches", "match rates", _matches,
           scoring("bootstrap", "intervals", "levels", "pairs", "bootstrap_kernel")),
    Golden(SCORING + "score_sets", "score sets", _score_sets, scoring("pairs")),
    Golden("palmbench.paper.diversity", "summaries", _diversity,
           scoring("bootstrap", "intervals", "levels", "pairs", "rates", "bootstrap_kernel")),
    Golden("palmbench.stages.acc_cls", "shares", _acc_cls, scoring("shares", "bootstrap")),
    Golden("palmbench.stages.measure_photos", "means", _measure_photos,
           [*scoring("shares", "bootstrap"), "palmbench.quality.summary"]),
    Golden("palmbench.stages.measure", "metrics", _measure,
           [*scoring(*_PARTS, "jackknife", "score_sets"), "palmbench.quality.frechet", "palmbench.quality.summary"]),
]  # fmt: skip

"""Samples of what an attack's distances give away: ranks, bits, rates of the hull, and the worst case."""

from __future__ import annotations

from typing import Any

import numpy as np

from palmbench.scoring.hull import hull_rates, hull_replicates, levels_among
from palmbench.scoring.hull import levels_of as hull_levels_of
from palmbench.scoring.identification import rank_1_at, rank_1_by_chance, rank_probabilities, ranks_of
from palmbench.scoring.identity_disclosure import candidate_scores, own_bits, slope_of, worst_palms
from palmbench.scoring.leak import MEASURES, Calibration, measure_leak, rank_1_curve
from palmbench.scoring.pooling import output_correlation, pooled_dprime
from palmbench.scoring.rank_disclosure import max_bits, mean_bits, mean_disclosure
from palmbench.scoring.replicated import Replicated, about_its_value, mean_of, person_weights
from palmbench.scoring.singling_out import singling_out
from palmbench.scoring.trials import Trials, trials_of
from palmbench.scoring.worst_case import strongest, worst_case
from tests.golden.artefacts import Golden, exact, numbers, sampled
from tests.golden.of_scoring import IDENTITIES, PERSONS, PHOTOS, SCORING, N, across, noise, scoring, several

_LEAK = ("bootstrap", "hull", "identification", "identity_disclosure", "linkability", "rank_disclosure", "replicated",
         "tar_at_fmr", "trials")  # fmt: skip


_NUMBERS = [i % PHOTOS for i in range(N)]


def _trials() -> Trials:
    return trials_of(across(), IDENTITIES, IDENTITIES, PERSONS, _NUMBERS, _NUMBERS)


def _guessed() -> Trials:
    """Trials in which nothing leaks, so that no rate is 0."""
    return _trials().exchanged(np.random.default_rng(4))


def _uneven() -> Trials:
    """Photos of some palms are missing."""
    kept = [i for i in range(N) if i % 7]
    palms, numbered = ([each[i] for i in kept] for each in (IDENTITIES, _NUMBERS))
    return trials_of(across()[np.ix_(kept, kept)], palms, palms, probe_photos=numbered, gallery_photos=numbered)


def _in_groups() -> Trials:
    palms = np.repeat(np.arange(12), [2, 4] * 6)
    return trials_of(np.arange(36.0 * 36).reshape(36, 36), palms, palms)


def _weights() -> np.ndarray:
    return np.array([[1] * 6, [2, 2, 0, 0, 1, 1], [0, 1, 3, 1, 1, 0]], np.int32)


def _trials_of() -> dict[str, Any]:
    mean = trials_of(across(), IDENTITIES, IDENTITIES, PERSONS, pool="mean")
    nearest_photo = _trials()
    return {
        "nearest": sampled(np.nan_to_num(nearest_photo.distances, nan=-1)),
        "mean": sampled(np.nan_to_num(mean.distances, nan=-1)),
        "palms": numbers(nearest_photo.own, nearest_photo.people),
        "exchanged": numbers(nearest_photo.exchanged(np.random.default_rng(4)).own),
        "in groups": numbers(_in_groups().exchanged(np.random.default_rng(4)).own),
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
        "rank 1 by chance": numbers(*(rank_1_by_chance(_uneven(), size) for size in (2, 3, 6))),
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
    found = singling_out(across(), IDENTITIES, _NUMBERS, _NUMBERS)
    return {"shares": numbers(np.nan_to_num(found.shares, nan=-1)), "by chance": [found.by_chance]}


def _pooling() -> dict[str, Any]:
    return {
        "law": [pooled_dprime(1.3, correlation, 4) for correlation in (0.0, 0.4, 1.0)],
        "correlation": [output_correlation(several(), several()[::-1] * 2)],
    }


def _worst_case() -> dict[str, Any]:
    attackers = {str(k): Replicated(0.1 * k, 0.1 * k + 0.3 * noise(60, k)) for k in range(1, 4)}
    found: dict[str, Any] = {}
    for name, up in (("most", True), ("least", False)):
        winner = strongest({"1": 0.3, "2": 0.1, "3": 0.2}, up)
        worst = worst_case(winner, attackers, up)
        found[name] = [float(winner), worst.value, *worst.interval, *worst.wins.values()]
    return found


def _leak() -> dict[str, Any]:
    trials = _trials()
    calibration = Calibration.of(trials_of(across().T, IDENTITIES, IDENTITIES, PERSONS))
    found = measure_leak(trials, _weights(), calibration, np.random.default_rng(6), 5, 20)
    curve = rank_1_curve(trials, _weights(), [2, 5])
    # Of few strangers there is no threshold at a false match rate of 0.1 %.
    told = {name: [leak.found.value, leak.by_chance, *leak.found.draws, *leak.null[:5]] for name, leak in found.items()}
    return {
        **{name: sampled(np.nan_to_num(np.array(told[name]), nan=-1)) for name in MEASURES},
        "curve": [each.value for each in curve],
    }


GOLDENS = [
    Golden(SCORING + "trials", "trials", _trials_of, scoring("pairs")),
    Golden(SCORING + "replicated", "replicates", _replicated, scoring("bootstrap", "trials", "pairs")),
    Golden(SCORING + "identification", "ranks", _identification, scoring("trials", "pairs")),
    Golden(SCORING + "rank_disclosure", "bits", _rank_disclosure,
           scoring("identification", "replicated", "trials", "pairs")),
    Golden(SCORING + "identity_disclosure", "bits", _identity_disclosure, scoring("replicated", "trials", "pairs")),
    Golden(SCORING + "hull", "rates", _hull, scoring("replicated", "trials", "pairs")),
    Golden(SCORING + "singling_out", "shares", _singling_out, scoring("identification", "pairs")),
    Golden(SCORING + "pooling", "correlations", _pooling),
    Golden(SCORING + "worst_case", "worst cases", _worst_case, scoring("intervals", "replicated")),
    Golden(SCORING + "leak", "measures", _leak, scoring(*_LEAK, "pairs")),
]  # fmt: skip

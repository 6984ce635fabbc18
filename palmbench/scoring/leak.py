"""What an attack's scores give away, in every measure: with its replicates, and with what it is where nothing leaks.

Where nothing leaks, a probe is as close to a palm drawn at random as to its own, if as many photos speak for both. So
the null exchanges palms of about as many photos, all probes of a palm together (`Trials.exchanged`), and computes every
measure again; where there is an exact value of a guess, that is what a measure is compared with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from palmbench.scoring.bootstrap import FMRS
from palmbench.scoring.distribution import Scores
from palmbench.scoring.hull import hull_rates, hull_replicates, levels_among, levels_of
from palmbench.scoring.identification import Ranks, rank_1_at, rank_1_by_chance, rank_probabilities, ranks_of
from palmbench.scoring.identity_disclosure import candidate_scores, own_bits, slope_of, worst_palms
from palmbench.scoring.linkability import PERMUTATIONS, TooFewScores, bins_for, global_measure
from palmbench.scoring.rank_disclosure import mean_bits, mean_disclosure
from palmbench.scoring.replicated import Replicated, about_its_value, mean_of
from palmbench.scoring.tar_at_fmr import threshold_at_fmr
from palmbench.scoring.trials import Trials

VERSION = 3
MEASURES = ("rank_1", "tar_fmr100", "tar_fmr1000", "eer", "min_cllr", "d_sys", "mean_disclosure", "lid", "lid_worst")
_TAR = ("tar_fmr100", "tar_fmr1000")  # at the false match rates of FMRS


@dataclass(frozen=True)
class Calibration:
    """What an attacker knows of its scores before it meets the persons who are evaluated.

    Attributes
    ----------
    trials : Trials
        Of other persons.
    thresholds : tuple of float
        At each false match rate of `FMRS`; NaN where there are too few strangers' scores for it.
    """

    trials: Trials
    thresholds: tuple[float, ...]

    @classmethod
    def of(cls, trials: Trials, strangers: Scores | None = None) -> Calibration:
        """From trials of other persons.

        Parameters
        ----------
        trials : Trials
        strangers : array_like or Distribution, optional
            Distances of non-mated pairs that set the thresholds; without them those of the trials.
        """
        impostors = trials.distances[trials.strangers] if strangers is None else strangers
        return cls(trials, tuple(_threshold(impostors, fmr) for fmr in FMRS))

    @cached_property
    def slope(self) -> float:
        """Of `identity_disclosure.slope_of`."""
        return slope_of(self._scores, self.trials.own)

    def exchanged_slope(self, rng: np.random.Generator) -> float:
        """The slope when palms are exchanged."""
        return slope_of(self._scores, self.trials.exchanged(rng).own)

    @cached_property
    def _scores(self) -> np.ndarray:
        return candidate_scores(self.trials)


class Leak(NamedTuple):
    """One measure of one attack.

    Attributes
    ----------
    found : Replicated
        NaN where there is not enough to measure it.
    by_chance : float
        What it is where nothing leaks: of a guess, where that is known exactly, else the mean of `null`.
    null : (n_permutations,) float64
        What it is when palms are exchanged.
    """

    found: Replicated
    by_chance: float
    null: np.ndarray


def measure_leak(
    trials: Trials,
    weights: np.ndarray,
    calibration: Calibration,
    rng: np.random.Generator,
    size: int | None = None,
    permutations: int = PERMUTATIONS,
) -> dict[str, Leak]:
    """Every measure of `MEASURES` of an attack's trials.

    Parameters
    ----------
    trials : Trials
        Of the evaluated persons.
    weights : (n_replicates, n_persons) int
        As `replicated.person_weights` draws them; the same for all attacks that are to be compared.
    calibration : Calibration
        Of other persons.
    rng : numpy.random.Generator
        Source of the exchanges of palms.
    size : int, optional
        Palms in the gallery of `rank_1` and `mean_disclosure`, which are NaN where there are not so many; None takes
        the largest.
    """
    told = _Told(trials, calibration, ranks_of(trials).largest if size is None else size)
    found = told.replicated(weights)
    null = [told.values(trials.exchanged(rng), calibration.exchanged_slope(rng)) for _ in range(permutations)]
    compared = float((~np.isnan(trials.mated)).mean())  # whoever guesses is not accepted for a probe that failed
    exact = {"rank_1": float(rank_1_by_chance(trials, told.size).mean()) if told.size else np.nan}
    if len(trials.groups) < 2:  # else a probe is closer to its palm than to others if that has more photos than they
        exact |= {"lid": 0.0, **{name: fmr * compared for name, fmr in zip(_TAR, FMRS, strict=True)}}
    leaks = {}
    for name in MEASURES:
        values = np.array([each[name] for each in null])
        defined = values[np.isfinite(values)]
        by_chance = exact.get(name, float(defined.mean()) if len(defined) else np.nan)
        leaks[name] = Leak(found[name], by_chance, values)
    return leaks


def rank_1_curve(trials: Trials, weights: np.ndarray, sizes: Sequence[int]) -> list[Replicated]:
    """Rank-1 rate at each gallery size; errors as of `identification.rank_1_at`."""
    ranks = ranks_of(trials)
    return [mean_of(rank_1_at(ranks, size), trials.persons, weights) for size in sizes]


@dataclass(frozen=True)
class _Told:
    """What trials tell whichever palm each probe is put down to, computed once."""

    trials: Trials
    calibration: Calibration
    size: int

    @cached_property
    def scores(self) -> np.ndarray:
        return candidate_scores(self.trials)

    @cached_property
    def every(self) -> np.ndarray:
        known = self.trials.distances
        return np.sort(known[~np.isnan(known)])

    @cached_property
    def bins(self) -> int:
        """How many bins D_sys has; 0 where there are too few scores for it."""
        try:
            return bins_for(int((~np.isnan(self.trials.mated)).sum()))
        except TooFewScores:
            return 0

    @cached_property
    def places(self) -> np.ndarray:
        """Bin of each distance, that of what is missing one beyond the last."""
        edges = np.linspace(self.every[0], self.every[-1], self.bins + 1)
        places = np.minimum(np.searchsorted(edges, self.trials.distances, "right") - 1, self.bins - 1)
        return np.where(np.isnan(self.trials.distances), self.bins, places)

    def values(self, trials: Trials, slope: float) -> dict[str, float]:
        """The measures of the same distances with other palms for the probes."""
        ranks, mated = ranks_of(trials), trials.mated
        rates = hull_rates(*(each[0] for each in levels_among(mated[~np.isnan(mated)], self.every)))
        lid = own_bits(self.scores, trials.own, slope)
        nobody = np.ones((0, int(trials.people.max()) + 1), np.int32)
        return {
            "rank_1": float(rank_1_at(ranks, self.size).mean()) if self._fits(ranks) else np.nan,
            **{name: float(hits.mean()) for name, hits in self._hits(mated).items()},
            "eer": rates.eer,
            "min_cllr": rates.min_cllr,
            "d_sys": self._d_sys(trials),
            "mean_disclosure": self._mean_bits(ranks),
            "lid": float(lid.mean()),
            "lid_worst": worst_palms(lid, trials, nobody).value,
        }

    def replicated(self, weights: np.ndarray) -> dict[str, Replicated]:
        """The measures of the trials as they are, with their replicates."""
        trials = self.trials
        ranks, persons = ranks_of(trials), trials.persons
        eer, min_cllr = hull_replicates(levels_of(trials), weights)
        lid = own_bits(self.scores, trials.own, self.calibration.slope)
        nothing = Replicated(np.nan, np.full(len(weights), np.nan))
        found = {name: mean_of(hits, persons, weights) for name, hits in self._hits(trials.mated).items()}
        if self._fits(ranks):
            found["rank_1"] = mean_of(rank_1_at(ranks, self.size), persons, weights)
            found["mean_disclosure"] = mean_disclosure(rank_probabilities(ranks, self.size), persons, weights)
        return {
            **dict.fromkeys(MEASURES, nothing),
            **found,
            "eer": eer,
            "min_cllr": min_cllr,
            "d_sys": self._d_sys_replicated(weights) if self.bins else nothing,
            "lid": mean_of(lid, persons, weights),
            "lid_worst": worst_palms(lid, trials, weights),
        }

    def _fits(self, ranks: Ranks) -> bool:
        return 1 <= self.size <= ranks.largest

    def _hits(self, mated: np.ndarray) -> dict[str, np.ndarray]:
        """Whether each probe is accepted at a false match rate; a failure is not, and NaN is without a threshold."""
        return {
            name: np.where(np.isnan(threshold), np.nan, mated <= threshold)
            for name, threshold in zip(_TAR, self.calibration.thresholds, strict=True)
        }

    def _mean_bits(self, ranks: Ranks) -> float:
        if not self._fits(ranks):
            return np.nan
        return float(mean_bits(rank_probabilities(ranks, self.size).sum(axis=0)))

    def _d_sys(self, trials: Trials) -> float:
        if not self.bins:
            return np.nan
        mated = np.bincount(self._places_of(trials), minlength=self.bins + 1)[: self.bins]
        every = np.bincount(self.places.ravel(), minlength=self.bins + 1)[: self.bins]
        return float(global_measure(mated, every - mated))

    def _d_sys_replicated(self, weights: np.ndarray) -> Replicated:
        people, width = weights.shape[1], self.bins + 1
        persons = self.trials.persons
        own = np.bincount(persons * width + self._places_of(self.trials), minlength=people * width)
        every = np.bincount((persons[:, None] * width + self.places).ravel(), minlength=people * width)
        mated, both = (each.reshape(people, width)[:, : self.bins] for each in (own, every))
        found = float(global_measure(mated.sum(axis=0), (both - mated).sum(axis=0)))
        drawn = global_measure(weights @ mated, weights @ (both - mated))
        return about_its_value(Replicated(found, drawn), 0.0, 1.0)

    def _places_of(self, trials: Trials) -> np.ndarray:
        return self.places[np.arange(len(trials.own)), trials.own]


def _threshold(strangers: Scores, fmr: float) -> float:
    try:
        return threshold_at_fmr(strangers, fmr)
    except ValueError:  # too few strangers for the rate
        return float("nan")

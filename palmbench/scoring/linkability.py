"""Linkability D_sys: how far scores tie a de-identified photo to originals of its palm (Gomez-Barrero et al., 2018).

M. Gomez-Barrero, J. Galbally, C. Rathgeb, C. Busch: "General framework to evaluate unlinkability in biometric
template protection systems", IEEE Transactions on Information Forensics and Security 13(6). With LR(s) the ratio of
the densities of mated and of non-mated scores and omega the ratio of their prior probabilities, which is 1 here,

    D(s) = 2 omega LR(s) / (1 + omega LR(s)) - 1   where omega LR(s) > 1, else 0
    D_sys = integral of p(s | mated) D(s) ds

0 says that no score speaks for one palm, 1 that every mated score gives itself away. Densities are histograms, and
chance alone makes the mated histogram exceed the other somewhere: an estimate of D_sys is never negative and lies
above 0 even where nothing can be linked. Read it beside its permutation null.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from palmbench.scoring.bootstrap import REPLICATES, draw
from palmbench.scoring.intervals import Interval, interval
from palmbench.scoring.pairs import CrossKinds, cross_kinds

VERSION = 3
PERMUTATIONS = 200
SCORES_PER_BIN = 10
MAX_BINS = 100
_LEFT_OUT = 255  # bins are 100 at most


class TooFewScores(ValueError):
    """There is not enough to estimate linkability from.

    Attributes
    ----------
    needed : str
        What there must be.
    """

    def __init__(self, found: str, needed: str) -> None:
        super().__init__(f"{found}: linkability needs {needed}")
        self.needed = needed


class Linkability(NamedTuple):
    """D_sys of a method, and what it is by chance.

    Attributes
    ----------
    d_sys : float
        In [0, 1].
    interval : Interval
        Spread of D_sys about its estimate when persons are resampled. It says nothing of the bias of D_sys,
        which `null` shows.
    null : (n_permutations,) float64
        D_sys when palms are exchanged; NaN where an exchange leaves no mated or no non-mated score.
    probes : int
        De-identified photos with a mated score.
    """

    d_sys: float
    interval: Interval
    null: np.ndarray
    probes: int


def linkability(
    distances: np.ndarray,
    identities: ArrayLike,
    rng: np.random.Generator,
    persons: ArrayLike | None = None,
    permutations: int = PERMUTATIONS,
    replicates: int = REPLICATES,
    level: float = 0.95,
) -> Linkability:
    """Linkability of de-identified photos to other originals of their palms.

    Mated are a de-identified photo and an original of the same palm, other than its own; non-mated are photos of two
    persons. Bins are equal ones between the smallest and the largest score, one for each ten mated scores and 100 at
    most (the authors' rule).

    For the null each palm's de-identified photos are put down to a palm drawn at random, all to one: scores of a palm
    stay together, so the null is as wide as their dependence makes it. The first photo of a palm is not compared with
    the first of the other, nor the second with the second, so that there are as many mated scores as in truth. Draws
    that leave a palm where it is are kept, as a permutation test asks.

    The interval resamples the persons of the de-identified photos; the gallery of originals stays. Its percentiles are
    moved so that the mean of the replicates comes to lie on the estimate, because resampling adds to D_sys once more
    what chance has added already.

    Parameters
    ----------
    distances : (n, n) float
        De-identified photo i against original j; NaN where either has no template.
    identities : (n,) array_like
        Identity of each sample.
    rng : numpy.random.Generator
        Source of the draws.
    persons : (n,) array_like, optional
        Person of each sample: pairs of two hands of one person are left out.

    Raises
    ------
    TooFewScores
        If there are fewer than 20 mated scores (in a single bin everything is alike), or no non-mated one.
    ValueError
        If lengths disagree, or an identity belongs to two persons.
    """
    kinds = cross_kinds(identities, persons)
    hands = kinds.hands
    people = int(kinds.people.max()) + 1 if len(hands) else 0
    places, bins = _binned(distances, kinds)
    mated, non_mated = np.zeros((people, bins), np.int64), np.zeros((people, bins), np.int64)
    probes = 0
    for i in range(len(hands)):
        known = places[i] != _LEFT_OUT
        own = kinds.mated(i) & known
        probes += bool(own.any())
        mated[kinds.people[i]] += np.bincount(places[i][own], minlength=bins)
        non_mated[kinds.people[i]] += np.bincount(places[i][kinds.non_mated(i) & known], minlength=bins)
    found = float(global_measure(mated.sum(0), non_mated.sum(0)))
    weights = draw(np.arange(people), rng, replicates)
    drawn = global_measure(weights @ mated, weights @ non_mated)
    spread = interval(drawn, level)
    moved = np.clip(np.array(spread) - np.nanmean(drawn) + found, 0, 1)
    exchanged = _exchanged(places, hands, mated.sum(0) + non_mated.sum(0), rng, permutations)
    null = np.array([global_measure(same, other) for same, other in exchanged])
    return Linkability(found, Interval(*moved.tolist()), null, probes)


def local_measure(mated: np.ndarray, non_mated: np.ndarray) -> np.ndarray:
    """D(s) in each bin of two histograms with omega = 1 (equation 5 of the framework), (..., bins) float64 in [0, 1].

    Where only mated scores fall it is 1, the limit of a likelihood ratio without bound; where none falls it is 0.
    """
    # LR = a / b, so 2 LR / (1 + LR) - 1 = (a - b) / (a + b), which needs no division by b.
    a = mated * np.sum(non_mated, axis=-1, keepdims=True, dtype=np.float64)
    b = non_mated * np.sum(mated, axis=-1, keepdims=True, dtype=np.float64)
    return np.divide(a - b, a + b, out=np.zeros(np.broadcast(a, b).shape), where=a > b)


def global_measure(mated: np.ndarray, non_mated: np.ndarray) -> np.ndarray:
    """D_sys of two histograms (..., bins): the mean of D(s) over the mated scores; NaN where a histogram is empty."""
    total = np.sum(mated, axis=-1, dtype=np.float64)
    gained = np.sum(mated * local_measure(mated, non_mated), axis=-1)
    defined = (total > 0) & (np.sum(non_mated, axis=-1) > 0)
    return np.divide(gained, total, out=np.full(np.shape(gained), np.nan), where=defined)


def bins_for(mated: int) -> int:
    """Number of bins for so many mated scores. Raises TooFewScores if they do not fill two."""

    if mated < 2 * SCORES_PER_BIN:
        raise TooFewScores(f"{mated} mated scores are too few", f"{2 * SCORES_PER_BIN} mated scores")
    return min(mated // SCORES_PER_BIN, MAX_BINS)


def _binned(distances: np.ndarray, kinds: CrossKinds) -> tuple[np.ndarray, int]:
    """Bin of each distance, (n, n) uint8, `_LEFT_OUT` where it is neither mated nor non-mated; and their number."""
    distances = np.asarray(distances)
    n = len(kinds.hands)
    if distances.shape != (n, n):
        raise ValueError(f"distances {distances.shape} for {n} samples: there must be a row and a column for each")
    mated = non_mated = 0
    lowest, highest = np.inf, -np.inf
    for i in range(n):
        known = ~np.isnan(distances[i])
        of_one, of_two = kinds.mated(i) & known, kinds.non_mated(i) & known
        mated, non_mated = mated + int(of_one.sum()), non_mated + int(of_two.sum())
        there = distances[i][of_one | of_two]
        lowest, highest = min(lowest, there.min(initial=np.inf)), max(highest, there.max(initial=-np.inf))
    bins = bins_for(mated)
    if not non_mated:
        raise TooFewScores("there are no non-mated scores", "a non-mated score")
    edges = np.histogram_bin_edges(np.array([lowest, highest], np.float64), bins)
    places = np.full((n, n), _LEFT_OUT, np.uint8)
    for i in range(n):
        counted = (kinds.mated(i) | kinds.non_mated(i)) & ~np.isnan(distances[i])
        # The highest score stands on the last limit and belongs to the last bin.
        places[i][counted] = np.minimum(np.searchsorted(edges, distances[i][counted], side="right") - 1, bins - 1)
    return places, bins


def _exchanged(
    places: np.ndarray, hands: np.ndarray, pool: np.ndarray, rng: np.random.Generator, permutations: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Mated and non-mated histogram of each exchange of palms."""
    n, bins = len(hands), len(pool)
    members = _members(hands)
    rank = np.empty(n, np.int64)
    for row in members:
        rank[row[row >= 0]] = np.arange(np.count_nonzero(row >= 0))
    ranks = np.arange(members.shape[1])
    for _ in range(permutations):
        others = members[rng.permutation(len(members))[hands]]
        reached = np.where(others >= 0, places[np.arange(n)[:, None], others], _LEFT_OUT)
        every = np.bincount(reached.ravel(), minlength=_LEFT_OUT + 1)[:bins]
        chosen = np.bincount(reached[ranks != rank[:, None]], minlength=_LEFT_OUT + 1)[:bins]
        yield chosen, pool - every


def _members(hands: np.ndarray) -> np.ndarray:
    """Samples of each identity in their order, a row each, filled up with -1."""
    sizes = np.bincount(hands)
    members = np.full((len(sizes), sizes.max()), -1)
    for identity in range(len(sizes)):
        members[identity, : sizes[identity]] = np.flatnonzero(hands == identity)
    return members

"""Linkability of de-identified photos to originals, with an interval and a null that respect identities."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from palmbench.scoring.intervals import REPLICATES, Interval, draw, interval
from palmbench.scoring.linkability import PERMUTATIONS, TooFewScores, bin_edges, bins_for, global_measure
from palmbench.scoring.pairs import labels
from palmbench.scoring.score_sets import CrossKinds, cross_kinds

VERSION = 1
_ROWS = 256
_LEFT_OUT = 255  # bins are 100 at most


class CrossLinkability(NamedTuple):
    """D_sys of a method.

    Attributes
    ----------
    d_sys : float
        In [0, 1].
    interval : Interval
        Spread of D_sys about its estimate when identities are resampled. It says nothing of the bias of D_sys,
        which `null` shows.
    null : (n_permutations,) float64
        D_sys when palms are exchanged.
    probes : int
        De-identified photos with a mated score.
    """

    d_sys: float
    interval: Interval
    null: np.ndarray
    probes: int


def cross_linkability(
    distances: np.ndarray,
    identities: ArrayLike,
    rng: np.random.Generator,
    persons: ArrayLike | None = None,
    permutations: int = PERMUTATIONS,
    replicates: int = REPLICATES,
    omega: float = 1.0,
    level: float = 0.95,
) -> CrossLinkability:
    """Linkability of de-identified photos to other originals of their palms.

    Mated are a de-identified photo and an original of the same palm, other than its own; non-mated are photos of two
    persons. Bins are those of `linkability`.

    For the null each palm's de-identified photos are put down to a palm drawn at random, all to one: scores of a palm
    stay together, so the null is as wide as their dependence makes it. The first photo of a palm is not compared with
    the first of the other, nor the second with the second, so that there are as many mated scores as in truth. Draws
    that leave a palm where it is are kept, as a permutation test asks.

    The interval resamples the palms of the de-identified photos; the gallery of originals stays. Its percentiles are
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
        If there are fewer than 20 mated scores, or no non-mated one.
    ValueError
        If lengths disagree, or an identity belongs to two persons.
    """
    kinds = cross_kinds(identities, persons)
    hands = labels(identities)
    palms = int(hands.max()) + 1 if len(hands) else 0
    places, bins = _binned(distances, kinds)
    mated, non_mated = np.zeros((palms, bins), np.int64), np.zeros((palms, bins), np.int64)
    probes = 0
    for i in range(len(hands)):
        known = places[i] != _LEFT_OUT
        own = kinds.mated(i) & known
        probes += bool(own.any())
        mated[hands[i]] += np.bincount(places[i][own], minlength=bins)
        non_mated[hands[i]] += np.bincount(places[i][kinds.non_mated(i) & known], minlength=bins)
    found = float(global_measure(mated.sum(0), non_mated.sum(0), omega))
    weights = draw(np.arange(palms), rng, replicates)
    drawn = global_measure(weights @ mated, weights @ non_mated, omega)
    spread = interval(drawn, level)
    moved = np.clip(np.array(spread) - np.nanmean(drawn) + found, 0, 1)
    exchanged = _exchanged(places, hands, mated.sum(0) + non_mated.sum(0), rng, permutations)
    null = np.array([global_measure(same, other, omega) for same, other in exchanged])
    return CrossLinkability(found, Interval(*moved.tolist()), null, probes)


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
    edges = bin_edges(lowest, highest, bins)
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

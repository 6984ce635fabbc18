"""Identification in a gallery of any size: how often the nearest of N palms is the right one, exactly.

With M strangers' palms of which r are at least as close to a probe as its own palm, a gallery of the own palm and N - 1
strangers drawn at random finds it at rank k with the hypergeometric probability

    P(rank k | N) = C(r, k - 1) C(M - r, N - k) / C(M, N - 1)

so that one set of trials gives every N from 2 to M + 1 without drawing a gallery. By chance rank 1 has 1 / N. In the
legal framework's words (Interspeech 2025) rank 1 in a gallery of N is *linkability*. A tie is an error in rank 1, as in
`palmbench.scoring.rank_1`; a probe that failed is a guess, which finds every rank with 1 / N. Where every rank counts,
palms that tie are put in an order drawn at random: were the own palm the last of them, a matcher that tells nothing
apart would find it at rank N each time, as if it knew.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from palmbench.scoring.trials import Trials

VERSION = 4


class Ranks(NamedTuple):
    """Where the own palm of each probe stands among strangers' palms.

    Attributes
    ----------
    closer : (n_probes,) int64
        Strangers' palms at least as close as the own one; -1 of a probe that failed.
    strangers : (n_probes,) int64
        Strangers' palms that it was compared with.
    tied : (n_probes,) int64
        Those among `closer` that are exactly as close as the own one.
    """

    closer: np.ndarray
    strangers: np.ndarray
    tied: np.ndarray

    @property
    def largest(self) -> int:
        """Palms in the largest gallery that every probe can be looked up in."""
        there = self.strangers[self.closer >= 0]
        return int(there.min()) + 1 if len(there) else 0


def ranks_of(trials: Trials) -> Ranks:
    """Where the own palm of each probe stands."""
    strangers, mated = trials.strangers, trials.mated
    closer = (strangers & (trials.distances <= mated[:, None])).sum(axis=1)
    tied = (strangers & (trials.distances == mated[:, None])).sum(axis=1)
    return Ranks(np.where(np.isnan(mated), -1, closer), strangers.sum(axis=1), tied)


def rank_probabilities(ranks: Ranks, size: int) -> np.ndarray:
    """Probability of every rank in a gallery of N palms, (n_probes, N) float64; rows sum to 1, ties share their ranks.

    Raises
    ------
    ValueError
        If there are not so many palms for every probe, or fewer than one is asked for.
    """
    _require(ranks, size)
    found = np.full((len(ranks.closer), size), 1 / size)
    there = ranks.closer >= 0
    last, compared, tied = (each[there] for each in ranks)
    kinds, places = np.unique(np.stack([last - tied, last, compared], axis=1), axis=0, return_inverse=True)
    first, last, compared = kinds.T
    orders = last - first + 1
    starts = np.cumsum(orders) - orders
    kind = np.repeat(np.arange(len(kinds)), orders)
    closer = (first[kind] + np.arange(len(kind)) - starts[kind])[:, None]
    strangers = compared[kind][:, None]
    before = np.arange(size)
    logs = (
        log_choices(closer, before)
        + log_choices(strangers - closer, size - 1 - before)
        - log_choices(strangers, np.array(size - 1))
    )
    found[there] = (np.add.reduceat(np.exp(logs), starts, axis=0) / orders[:, None])[places.ravel()]
    return found


def rank_1_at(ranks: Ranks, size: int) -> np.ndarray:
    """Probability that the own palm is the nearest of N, (n_probes,) float64; errors as of `rank_probabilities`."""
    _require(ranks, size)
    there = ranks.closer >= 0
    closer, strangers = (np.where(there, each, 0) for each in (ranks.closer, ranks.strangers))
    room = np.where(there, strangers, size - 1)
    logs = log_choices(room - closer, np.array(size - 1)) - log_choices(room, np.array(size - 1))
    return np.where(there, np.exp(logs), 1 / size)


def rank_1_by_chance(trials: Trials, size: int) -> np.ndarray:
    """What `rank_1_at` is on the average when no photo is closer to a probe than another for whose it is, (n_probes,).

    With m photos of the own palm and S of the strangers' it is m / (m + S): 1 / N where all palms have as many. Exact
    in a gallery of all palms and of two; of others, where S is drawn too, to the second order in its spread.
    """
    strangers, failed = trials.strangers, np.isnan(trials.mated)
    photos = np.broadcast_to(trials.photos, strangers.shape)
    own, count = photos[np.arange(len(trials.own)), trials.own], np.maximum(strangers.sum(axis=1), 1)
    if size == 2:
        shares = own[:, None] / np.maximum(own[:, None] + photos, 1)
        return np.where(failed, 0.5, np.where(strangers, shares, 0).sum(axis=1) / count)
    mean = photos.sum(axis=1, where=strangers) / count
    spread = np.where(strangers, (photos - mean[:, None]) ** 2, 0).sum(axis=1) / count
    every = np.where(failed, 1, own + (size - 1) * mean)
    drawn = (size - 1) * spread * np.maximum(count - size + 1, 0) / np.maximum(count - 1, 1)
    return np.where(failed, 1 / size, own / every * (1 + drawn / every**2))


def _require(ranks: Ranks, size: int) -> None:
    if not 1 <= size <= ranks.largest:
        raise ValueError(f"a gallery of {size} palms: there are 1 to {ranks.largest} for every probe")


def log_choices(n: np.ndarray, k: np.ndarray) -> np.ndarray:
    """Logarithm of the number of ways to choose k of n; minus infinity where k is more than n, or negative."""
    from scipy.special import gammaln  # imported late: commands that compute nothing start without scipy

    possible = (k >= 0) & (k <= n)
    safe_n, safe_k = np.where(possible, n, 0), np.where(possible, k, 0)
    logs = gammaln(safe_n + 1.0) - gammaln(safe_k + 1.0) - gammaln(safe_n - safe_k + 1.0)
    return np.where(possible, logs, -np.inf)

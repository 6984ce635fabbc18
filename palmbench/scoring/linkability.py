"""Linkability D_sys: how far scores tell whether two photos are of one palm (Gomez-Barrero et al., 2018).

M. Gomez-Barrero, J. Galbally, C. Rathgeb, C. Busch: "General framework to evaluate unlinkability in biometric
template protection systems", IEEE Transactions on Information Forensics and Security 13(6). With LR(s) the ratio of
the densities of mated and of non-mated scores and omega the ratio of their prior probabilities,

    D(s) = 2 omega LR(s) / (1 + omega LR(s)) - 1   where omega LR(s) > 1, else 0
    D_sys = integral of p(s | mated) D(s) ds

0 says that no score speaks for one palm, 1 that every mated score gives itself away. Densities are histograms, and
chance alone makes the mated histogram exceed the other somewhere: an estimate of D_sys is never negative and lies
above 0 even where nothing can be linked. Read it beside its permutation null.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from palmbench.scoring.distribution import Distribution, Scores

VERSION = 1
PERMUTATIONS = 200
SCORES_PER_BIN = 10
MAX_BINS = 100


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
    """Global and local linkability.

    Attributes
    ----------
    d_sys : float
        In [0, 1].
    edges : (bins + 1,) float64
        Limits of the bins; each holds its lower limit, the last both.
    local : (bins,) float64
        D(s) in each bin, in [0, 1]; 0 where no mated score falls.
    """

    d_sys: float
    edges: np.ndarray
    local: np.ndarray


def linkability(mated: Scores, non_mated: Scores, omega: float = 1.0, bins: int | None = None) -> Linkability:
    """Linkability of two sets of distances.

    Parameters
    ----------
    mated, non_mated : array_like or Distribution
        Distances between photos of one palm, and of two palms.
    omega : float
        Prior probability of a mated pair divided by that of a non-mated one.
    bins : int, optional
        Number of equal bins between the smallest and the largest score of both sets. Default: one for each ten mated
        scores, 100 at most (the authors' rule).

    Raises
    ------
    ValueError
        If a set is empty or not finite, there are fewer than 20 mated scores and `bins` is not given (in a single
        bin everything is alike), or `omega` or `bins` is not positive.
    """
    mated, non_mated = Distribution.of(mated), Distribution.of(non_mated)
    edges = bin_edges(
        min(mated.values[0], non_mated.values[0]),
        max(mated.values[-1], non_mated.values[-1]),
        bins_for(mated.size) if bins is None else bins,
    )
    found, other = _histogram(mated, edges), _histogram(non_mated, edges)
    return Linkability(float(global_measure(found, other, omega)), edges, local_measure(found, other, omega))


def permutation_null(
    mated: Scores,
    non_mated: Scores,
    rng: np.random.Generator,
    permutations: int = PERMUTATIONS,
    omega: float = 1.0,
    bins: int | None = None,
) -> np.ndarray:
    """D_sys of the same scores when which are mated is drawn at random: what chance alone makes of them.

    Scores are exchanged one by one, as if they were independent. Scores of one palm are not, and
    `cross_linkability`, which exchanges palms, is to be preferred wherever identities are known.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the draws.

    Returns
    -------
    (permutations,) float64
    """
    mated, non_mated = Distribution.of(mated), Distribution.of(non_mated)
    edges = linkability(mated, non_mated, omega, bins).edges
    pool = _histogram(mated, edges) + _histogram(non_mated, edges)
    drawn = rng.multivariate_hypergeometric(pool, mated.size, size=permutations, method="marginals")
    return global_measure(drawn, pool - drawn, omega)


def local_measure(mated: np.ndarray, non_mated: np.ndarray, omega: float = 1.0) -> np.ndarray:
    """D(s) in each bin of two histograms (equation 5 of the paper's framework), (..., bins) float64 in [0, 1].

    Where only mated scores fall it is 1, the limit of a likelihood ratio without bound; where none falls it is 0.

    Raises
    ------
    ValueError
        If `omega` is not positive.
    """
    if not omega > 0:
        raise ValueError(f"omega is a ratio of probabilities and must be positive, not {omega:g}")
    # omega LR = a / b, so 2 omega LR / (1 + omega LR) - 1 = (a - b) / (a + b), which needs no division by b.
    a = omega * mated * np.sum(non_mated, axis=-1, keepdims=True, dtype=np.float64)
    b = non_mated * np.sum(mated, axis=-1, keepdims=True, dtype=np.float64)
    return np.divide(a - b, a + b, out=np.zeros(np.broadcast(a, b).shape), where=a > b)


def global_measure(mated: np.ndarray, non_mated: np.ndarray, omega: float = 1.0) -> np.ndarray:
    """D_sys of two histograms (..., bins): the mean of D(s) over the mated scores; NaN where a histogram is empty."""
    total = np.sum(mated, axis=-1, dtype=np.float64)
    gained = np.sum(mated * local_measure(mated, non_mated, omega), axis=-1)
    defined = (total > 0) & (np.sum(non_mated, axis=-1) > 0)
    return np.divide(gained, total, out=np.full(np.shape(gained), np.nan), where=defined)


def bins_for(mated: int) -> int:
    """Number of bins for so many mated scores.

    Raises
    ------
    TooFewScores
        If they do not fill two bins.
    """
    if mated < 2 * SCORES_PER_BIN:
        raise TooFewScores(f"{mated} mated scores are too few", f"{2 * SCORES_PER_BIN} mated scores")
    return min(mated // SCORES_PER_BIN, MAX_BINS)


def bin_edges(lowest: float, highest: float, bins: int) -> np.ndarray:
    """Limits of equal bins, (bins + 1,) float64; scores that are all alike share one bin.

    Raises
    ------
    ValueError
        If `bins` is not positive.
    """
    if bins < 1:
        raise ValueError(f"a histogram has at least one bin, not {bins}")
    return np.histogram_bin_edges(np.array([lowest, highest], np.float64), bins)


def _histogram(scores: Distribution, edges: np.ndarray) -> np.ndarray:
    return np.histogram(scores.values, edges, weights=scores.counts)[0].astype(np.int64)

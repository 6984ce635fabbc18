"""Templates against templates: genuine and impostor distances, and what the experiments ask of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy import stats

import recognizers
from palmbench.scoring import pair_kinds
from palmbench.synth import person_of
from recognizers.protocol import Recognizer

Template = np.ndarray | None


class Comparison(NamedTuple):
    """Distances between photos of one kind.

    Attributes
    ----------
    genuine, impostor : ndarray of shape (n,), float32
        Of pairs of one palm, and of two persons' palms.
    missing : int
        Photos without a template.
    """

    genuine: np.ndarray
    impostor: np.ndarray
    missing: int


class Shape(NamedTuple):
    """How far scores are from a normal distribution: 0 in all three.

    Attributes
    ----------
    skewness, excess_kurtosis : float
    kolmogorov : float
        Greatest difference between their distribution function and that of the normal with their moments.
    """

    skewness: float
    excess_kurtosis: float
    kolmogorov: float


@lru_cache(maxsize=1)
def attacker() -> Recognizer:
    """MTCC as the de-identification paper's first author has it; the recognizer by which the world is calibrated."""
    return recognizers.load("mtcc", variant="yan")


def compare(templates: Sequence[Template], identities: Sequence[int]) -> Comparison:
    """All pairs of photos whose palms have the given identities."""
    present = _present(templates)
    missing = len(templates) - len(present)
    if len(present) < 2:
        return Comparison(np.empty(0, np.float32), np.empty(0, np.float32), missing)
    distances = recognizers.pairwise(attacker(), np.stack(list(present.values())))
    palms = [identities[place] for place in present]
    genuine, impostor = pair_kinds(palms, [person_of(palm) for palm in palms])
    return Comparison(distances[genuine], distances[impostor], missing)


def matrix(probes: Sequence[Template], gallery: Sequence[Template]) -> np.ndarray:
    """Distances (len(probes), len(gallery)) float32, NaN where either has no template."""
    distances = np.full((len(probes), len(gallery)), np.nan, np.float32)
    rows, columns = _present(probes), _present(gallery)
    if rows and columns:
        known = attacker().distances(np.stack(list(rows.values())), np.stack(list(columns.values())))
        distances[np.ix_(list(rows), list(columns))] = known
    return distances


def shape_of(scores: np.ndarray) -> Shape:
    """How far scores are from a normal distribution."""
    scores = np.asarray(scores, np.float64)
    distance = stats.kstest(scores, stats.norm(scores.mean(), scores.std()).cdf).statistic
    return Shape(float(stats.skew(scores)), float(stats.kurtosis(scores)), float(distance))


def closer_than_median(genuine: np.ndarray, impostor: np.ndarray) -> float:
    """Share of impostor pairs that are closer than the median genuine pair."""
    return float((impostor < np.median(genuine)).mean())


def share_interval(matches: np.ndarray, pairs: np.ndarray, level: float = 0.95, replicates: int = 1000) -> np.ndarray:
    """Interval of the share of matches among pairs, identities being resampled (see `palmbench.scoring.intervals`).

    Parameters
    ----------
    matches, pairs : ndarray of shape (n, n)
        Counts for each two of n identities; the diagonal is left out.

    Returns
    -------
    ndarray of shape (2,)
        Ends of the percentile interval.
    """
    n = len(matches)
    drawn = np.random.default_rng(20250408).multinomial(n, np.full(n, 1 / n), size=replicates).astype(np.float64)
    between = ~np.eye(n, dtype=bool)
    found, all_pairs = (np.einsum("ri,ij,rj->r", drawn, counts * between, drawn) for counts in (matches, pairs))
    shares = found[all_pairs > 0] / all_pairs[all_pairs > 0]
    return np.quantile(shares, [(1 - level) / 2, (1 + level) / 2])


def _present(templates: Sequence[Template]) -> dict[int, np.ndarray]:
    """The templates that there are, by their place."""
    return {place: template for place, template in enumerate(templates) if template is not None}

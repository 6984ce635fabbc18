"""The score sets of a de-identification benchmark, by name.

Between originals there are *genuine* and *impostor* scores (`pairs.pair_kinds`). A de-identified photo adds

- *self*: against the original that it was made from;
- *mated*: against the other originals of its palm, which is what someone has who knows the person;
- *non-mated*: against originals of other persons;
- *inter-de-identified*: against de-identified photos of other persons, or against other outputs of the same photo
  under other seeds. The first says whether a method makes everybody alike, the second how diverse it is.

Left and right hand of one person are in none of them: palms of one person resemble each other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from palmbench.scoring.distribution import Distribution
from palmbench.scoring.pairs import cross_kinds, pair_kinds

VERSION = 1
PAIRS_PER_BLOCK = 2**22


class ScoreSets(NamedTuple):
    """Distributions of a de-identified data set; one of no scores has no values.

    Attributes
    ----------
    self_scores, mated, non_mated : Distribution
        De-identified photos against their own original, others of the palm, and other persons' originals.
    inter_deid : Distribution
        Between de-identified photos of two persons.
    """

    self_scores: Distribution
    mated: Distribution
    non_mated: Distribution
    inter_deid: Distribution


def score_sets(
    against_originals: np.ndarray, among_deid: np.ndarray, identities: ArrayLike, persons: ArrayLike | None = None
) -> ScoreSets:
    """Sort distances into sets, exactly, a block at a time.

    Parameters
    ----------
    against_originals : (n, n) float
        De-identified photo i against original j; NaN where either has no template.
    among_deid : (n * (n - 1) / 2,) float
        All unordered pairs of de-identified photos, in scipy's condensed order; NaN where a template is missing.
    identities, persons : (n,) array_like
        Of each sample; as for `pair_kinds`.

    Raises
    ------
    ValueError
        If lengths disagree, or an identity belongs to two persons.
    """
    kinds = cross_kinds(identities, persons)
    n = len(kinds.hands)
    if against_originals.shape != (n, n) or among_deid.shape != (n * (n - 1) // 2,):
        raise ValueError(
            f"distances {against_originals.shape} and {among_deid.shape} for {n} samples: "
            f"there must be {n} times {n}, and {n * (n - 1) // 2} pairs"
        )
    blocks = [range(start, min(start + _rows(n), n)) for start in range(0, n, _rows(n))]

    def of(kind: Callable[[int], np.ndarray]) -> Distribution:
        rows = (np.concatenate([_known(against_originals[i][kind(i)]) for i in block]) for block in blocks)
        return Distribution.pooled(rows)

    strangers = pair_kinds(identities, persons).impostor
    pairs = (slice(start, start + PAIRS_PER_BLOCK) for start in range(0, len(among_deid), PAIRS_PER_BLOCK))
    return ScoreSets(
        Distribution.pooled([_known(np.diagonal(against_originals))]),
        of(kinds.mated),
        of(kinds.non_mated),
        Distribution.pooled(_known(among_deid[part][strangers[part]]) for part in pairs),
    )


def _rows(n: int) -> int:
    return max(1, PAIRS_PER_BLOCK // max(1, n))


def _known(distances: np.ndarray) -> np.ndarray:
    return distances[~np.isnan(distances)]

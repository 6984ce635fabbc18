"""How often an attribute is named rightly: recall of each class, the mean over the classes (balanced accuracy).

Whoever always names the same class gets one over the number of classes. The null exchanges the attribute among those
who have it, persons or palms.
"""

from __future__ import annotations

import numpy as np

from palmbench.scoring.leak import Leak
from palmbench.scoring.linkability import PERMUTATIONS
from palmbench.scoring.replicated import by_person, of_sums

VERSION = 2


def named_rightly(
    named: np.ndarray,
    truth: np.ndarray,
    owners: np.ndarray,
    persons: np.ndarray,
    weights: np.ndarray,
    rng: np.random.Generator,
) -> Leak:
    """Balanced accuracy over the classes that occur, a share; NaN of fewer than two.

    Parameters
    ----------
    named, truth : (n,) int
        Class of each photo.
    owners : (n,) int
        Who has the attribute: the truth is the same in all photos of one.
    persons : (n,) int
    weights : (n_replicates, n_persons) int
        As `replicated.person_weights` draws them.
    rng : numpy.random.Generator
        Source of the exchanges.
    """
    classes = np.unique(truth)
    sums = by_person(_counts(named, truth, classes), persons, weights.shape[1])
    found = of_sums(_mean_recall, sums.reshape(len(sums), -1), weights)
    _, first, owners = np.unique(owners, return_index=True, return_inverse=True)  # who has no photo is not exchanged
    of_owner = truth[first]
    null = [
        float(_mean_recall(_counts(named, rng.permutation(of_owner)[owners], classes).sum(axis=0).ravel()))
        for _ in range(PERMUTATIONS)
    ]
    if len(classes) < 2:
        return Leak(found._replace(value=np.nan), np.nan, np.zeros(0))
    return Leak(found, 1 / len(classes), np.array(null))


def _counts(named: np.ndarray, truth: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Of each photo, whether it is of each class, and whether that was named, (n, classes, 2)."""
    own = truth[:, None] == classes
    return np.stack([own & (named == truth)[:, None], own], axis=-1).astype(np.float64)


def _mean_recall(sums: np.ndarray) -> np.ndarray:
    """Mean over classes that are there of hits over photos; sums (..., 2 * classes)."""
    pairs = np.asarray(sums).reshape(*np.shape(sums)[:-1], -1, 2)
    hits, count = pairs[..., 0], pairs[..., 1]
    recall = np.divide(hits, count, out=np.zeros_like(hits), where=count > 0)
    there = (count > 0).sum(axis=-1)
    return np.divide(recall.sum(axis=-1), there, out=np.full(there.shape, np.nan), where=there > 0)

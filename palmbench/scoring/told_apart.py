"""How well scores tell two kinds of photo apart: area under the ROC, and what is found where one in a hundred errs.

Where nothing tells them apart, a person's photos of the one kind score as those of the other do: the null exchanges the
two kinds, of each person or of none of them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from palmbench.scoring.leak import Leak
from palmbench.scoring.linkability import PERMUTATIONS
from palmbench.scoring.replicated import Replicated

VERSION = 1
FPR = 0.01


class Rates(NamedTuple):
    """Area under the ROC, true positive rate where at most one negative in a hundred is taken for a positive, and the
    largest true less false positive rate; (...) float64 each, NaN without positives or negatives."""

    auc: np.ndarray
    tpr: np.ndarray
    advantage: np.ndarray


def told_apart(
    positives: np.ndarray,
    negatives: np.ndarray,
    positive_persons: np.ndarray,
    negative_persons: np.ndarray,
    weights: np.ndarray,
    rng: np.random.Generator,
) -> dict[str, Leak]:
    """`auc` and `tpr_fpr100` of scores of two kinds, shares; the latter NaN of fewer than 100 negatives.

    Parameters
    ----------
    positives, negatives : (n,) float
        Scores; positives should be higher.
    positive_persons, negative_persons : (n,) int
    weights : (n_replicates, n_persons) int
        As `replicated.person_weights` draws them.
    rng : numpy.random.Generator
        Source of the exchanges.
    """
    people = weights.shape[1]
    levels, place = np.unique(np.concatenate([positives, negatives]), return_inverse=True)
    found, lost = np.zeros((2, people, len(levels)))
    np.add.at(found, (positive_persons, place[: len(positives)]), 1)
    np.add.at(lost, (negative_persons, place[len(positives) :]), 1)
    own, drawn = rates_of(found.sum(axis=0), lost.sum(axis=0)), rates_of(weights @ found, weights @ lost)
    kept = rng.integers(0, 2, (PERMUTATIONS, people))
    null = rates_of(kept @ found + (1 - kept) @ lost, kept @ lost + (1 - kept) @ found)
    enough = len(negatives) * FPR >= 1
    return {
        "auc": Leak(Replicated(float(own.auc), drawn.auc), 0.5, null.auc),
        "tpr_fpr100": Leak(
            Replicated(float(own.tpr) if enough else np.nan, drawn.tpr), FPR, null.tpr if enough else np.zeros(0)
        ),
    }


def rates_of(positives: np.ndarray, negatives: np.ndarray) -> Rates:
    """Rates of how many positives and negatives have each score, (..., n_scores) in rising order of the scores."""
    above = [np.cumsum(each[..., ::-1], axis=-1)[..., ::-1] for each in (positives, negatives)]  # at least this score
    total = [each[..., :1] for each in above]
    with np.errstate(divide="ignore", invalid="ignore"):
        tpr, fpr = (each / whole for each, whole in zip(above, total, strict=True))
        below = 1 - fpr + negatives / (2 * total[1])
        auc = (positives * below).sum(axis=-1) / total[0][..., 0]
    allowed = fpr <= FPR + 1e-9
    return Rates(auc, np.where(allowed, tpr, 0).max(axis=-1, initial=0), np.maximum((tpr - fpr).max(axis=-1), 0))

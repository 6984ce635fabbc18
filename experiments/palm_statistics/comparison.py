"""Rendered palms against real ones: the distance of each statistic, and a classifier that tells them apart.

The real values, `real_palms.csv`, are those of 907 contactless ROIs of 100 palms: numbers only, no image, no name.
They choose between renderers; nothing is trained on them that is kept.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import ks_2samp
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict

from experiments.palm_statistics.statistics import PalmStatistics

REAL = Path(__file__).parent / "real_palms.csv"
_FOLDS, _TREES = 5, 300


class Palms(NamedTuple):
    """Statistics of ROIs, (n, 14), and the palm of each, (n,), int; -1 where it is not known."""

    values: np.ndarray
    palms: np.ndarray


class Bounds(NamedTuple):
    """The most that rendered palms may differ: mean and largest distance, and AUC; None is not bound."""

    mean: float
    largest: float | None = None
    auc: float | None = None


class Comparison(NamedTuple):
    """How far two sets of palms lie apart.

    Attributes
    ----------
    distances : ndarray of shape (14,)
        Kolmogorov-Smirnov distance of each of `PalmStatistics`, 0 to 1.
    auc : float
        Area under the ROC curve of a random forest that tells them apart, each palm in one of five folds: 0.5 is
        chance. NaN where a set has fewer known palms than folds.
    """

    distances: np.ndarray
    auc: float


# Telephones' pictures are compared with those of a rig, so they need not come as near.
BOUNDS = {"controlled": Bounds(0.25, 0.5, 0.90), "mobile": Bounds(0.30)}


def real_palms() -> Palms:
    """The real palms."""
    rows = pd.read_csv(REAL)
    return Palms(rows[list(PalmStatistics._fields)].to_numpy(), rows["palm"].to_numpy())


def compare(real: Palms, ours: Palms) -> Comparison:
    """Compare two sets of palms."""
    distances = [ks_2samp(a, b).statistic for a, b in zip(real.values.T, ours.values.T, strict=True)]
    return Comparison(np.array(distances), _told_apart(real, ours))


def _told_apart(real: Palms, ours: Palms) -> float:
    known = [Palms(each.values[each.palms >= 0], each.palms[each.palms >= 0]) for each in (real, ours)]
    if min(len(np.unique(each.palms)) for each in known) < _FOLDS:
        return float("nan")
    values = np.concatenate([each.values for each in known])
    which = np.repeat((0, 1), [len(each.values) for each in known])
    groups = np.concatenate([known[0].palms, known[0].palms.max() + 1 + known[1].palms])
    forest = RandomForestClassifier(_TREES, class_weight="balanced", random_state=0)
    folds = StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=0)
    said = cross_val_predict(forest, values, which, groups=groups, cv=folds, method="predict_proba")
    return float(roc_auc_score(which, said[:, 1]))

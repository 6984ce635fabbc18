"""Whether photos are nearer to palms that a network has seen in training than to as many that it has not.

Where nothing was remembered, it does not matter which palms are called seen: the null exchanges them.
"""

from __future__ import annotations

import numpy as np

from palmbench.scoring.leak import Leak
from palmbench.scoring.linkability import PERMUTATIONS
from palmbench.scoring.replicated import Replicated, mean_of
from palmbench.scoring.told_apart import rates_of

VERSION = 1


def remembered(
    distances: np.ndarray,
    seen: np.ndarray,
    threshold: float,
    persons: np.ndarray,
    weights: np.ndarray,
    rng: np.random.Generator,
) -> dict[str, Leak]:
    """`auc`, `advantage` and `matching`, shares.

    The first two tell distances to the nearest seen palm from those to the nearest unseen one. `matching` is the share
    of photos that match a seen palm less the share that match an unseen one.

    Parameters
    ----------
    distances : (n_photos, n_palms) float
    seen : (n_palms,) bool
        Whether a palm was seen in training; as many are as are not.
    threshold : float
        The largest distance that matches; NaN leaves `matching` NaN.
    persons : (n_photos,) int
    weights : (n_replicates, n_persons) int
        As `replicated.person_weights` draws them.
    rng : numpy.random.Generator
        Source of the exchanges.
    """
    everyone = np.ones((1, weights.shape[1]), np.int64)
    nulls = [_values(distances, rng.permutation(seen), threshold, persons, everyone) for _ in range(PERMUTATIONS)]
    own, drawn = (_values(distances, seen, threshold, persons, each) for each in (everyone, weights))
    null = {name: np.array([each[name][0] for each in nulls]) for name in own}
    by_chance = {"auc": 0.5, "advantage": float(null["advantage"].mean()), "matching": 0.0}
    return {name: Leak(Replicated(float(own[name][0]), drawn[name]), by_chance[name], null[name]) for name in own}


def _values(
    distances: np.ndarray, seen: np.ndarray, threshold: float, persons: np.ndarray, weights: np.ndarray
) -> dict[str, np.ndarray]:
    nearest = [distances[:, which].min(axis=1) for which in (seen, ~seen)]
    levels, place = np.unique(-np.concatenate(nearest), return_inverse=True)
    counts = np.zeros((2, weights.shape[1], len(levels)))
    np.add.at(counts, (np.repeat([0, 1], len(persons)), np.tile(persons, 2), place), 1)
    rates = rates_of(weights @ counts[0], weights @ counts[1])
    matched = [each <= threshold for each in nearest]
    more = np.where(np.isnan(threshold), np.nan, matched[0].astype(float) - matched[1])
    return {"auc": rates.auc, "advantage": rates.advantage, "matching": mean_of(more, persons, weights).draws}

"""Ridge regression: a linear prediction learnt from some photos, whose strength is chosen on others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

VERSION = 1
STRENGTHS = (1.0, 0.1, 0.01, 0.001)
_LEAST_SPREAD = 1e-3  # of a reading's standard deviation: what hardly varies is not blown up


class Ridge(NamedTuple):
    """A linear prediction of readings (n, size): `offset` plus the standardised readings times `slopes`."""

    mean: np.ndarray
    spread: np.ndarray
    slopes: np.ndarray
    offset: float

    def predict(self, readings: np.ndarray) -> np.ndarray:
        """What it predicts of each, (n,) float64."""
        return ((readings - self.mean) / self.spread) @ self.slopes + self.offset


def fit(readings: np.ndarray, values: np.ndarray, weights: np.ndarray, strength: float) -> Ridge:
    """Learn to predict values (n,) from readings (n, size).

    Parameters
    ----------
    readings : (n, size) float
    values : (n,) float
    weights : (n,) float
        How much each counts.
    strength : float
        Of the penalty on squared slopes, of readings of unit variance.
    """
    share = weights / weights.sum()
    mean, offset = share @ readings, float(share @ values)
    spread = np.sqrt(share @ (readings - mean) ** 2) + _LEAST_SPREAD
    unit = (readings - mean) / spread
    scatter = unit.T @ (share[:, None] * unit)
    slopes = np.linalg.solve(scatter + strength * np.eye(len(scatter)), unit.T @ (share * (values - offset)))
    return Ridge(mean, spread, slopes, offset)


def fit_best(
    training: tuple[np.ndarray, np.ndarray, np.ndarray],
    validation: tuple[np.ndarray, np.ndarray, np.ndarray],
    strengths: Sequence[float] = STRENGTHS,
) -> Ridge:
    """The prediction of the strength that errs least on other photos; readings, values and weights of both.

    Without other photos it is the one of the greatest strength.
    """
    found = [fit(*training, strength) for strength in strengths]
    readings, values, weights = validation
    if not len(values):
        return found[0]
    return min(found, key=lambda each: float(weights @ (each.predict(readings) - values) ** 2))


def balanced(classes: np.ndarray) -> np.ndarray:
    """Weights with which every class counts alike, (n,) float64."""
    _, places = np.unique(classes, return_inverse=True)
    return 1 / np.bincount(places)[places]

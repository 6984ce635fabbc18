"""Distribution of matching distances in a compact exact form: distinct values and their counts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike


class Distribution(NamedTuple):
    """A list of distances, order forgotten: 31 million scores in some thousand rows.

    Attributes
    ----------
    values : (n_distinct,) float64
        Distinct distances, ascending.
    counts : (n_distinct,) int64
        How often each occurs.
    """

    values: np.ndarray
    counts: np.ndarray

    @classmethod
    def of(cls, scores: Scores) -> Distribution:
        """Distribution of a list of distances; a `Distribution` is returned as it is.

        Raises
        ------
        ValueError
            If there are no scores, or one is NaN or infinite.
        """
        if isinstance(scores, Distribution):
            if not len(scores.values):
                raise ValueError("there are no scores")
            return scores
        values, counts = np.unique(np.asarray(scores).ravel(), return_counts=True)
        if not len(values):
            raise ValueError("there are no scores")
        # Sorted values put infinities and NaN at the ends.
        if not np.isfinite(values[[0, -1]]).all():
            raise ValueError("scores must be finite")
        return cls(values.astype(np.float64), counts.astype(np.int64))

    @classmethod
    def pooled(cls, parts: Iterable[np.ndarray]) -> Distribution:
        """Distribution of lists that come one after another, each counted and let go; of no score at all, it is empty.

        Raises
        ------
        ValueError
            If a score is NaN or infinite.
        """
        pool = cls(np.empty(0), np.empty(0, np.int64))
        for part in parts:
            if not np.size(part):
                continue
            fresh = cls.of(part)
            values, places = np.unique(np.concatenate([pool.values, fresh.values]), return_inverse=True)
            counts = np.zeros(len(values), np.int64)
            np.add.at(counts, places, np.concatenate([pool.counts, fresh.counts]))
            pool = cls(values, counts)
        return pool

    @property
    def size(self) -> int:
        """Number of scores."""
        return int(self.counts.sum())

    @property
    def mean(self) -> float:
        """Mean of the scores."""
        # Rounding must not take it past the outermost score: scores that are all alike would have a spread.
        return float(np.clip(self.values @ self.counts / self.size, self.values[0], self.values[-1]))

    @property
    def variance(self) -> float:
        """Population variance of the scores (divided by their number)."""
        return float((self.values - self.mean) ** 2 @ self.counts / self.size)

    def within(self, thresholds: np.ndarray) -> np.ndarray:
        """Number of scores at or below each threshold, int64."""
        below = np.concatenate([[0], np.cumsum(self.counts)])
        return below[np.searchsorted(self.values, thresholds, side="right")]


Scores = ArrayLike | Distribution

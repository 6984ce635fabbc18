"""A hand's measures as factors of what they were, and such factors drawn at random."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.random import Generator

VERSION = 1
_FURTHEST = 2.0  # standard deviations at which a proportion is cut off


class Proportions(NamedTuple):
    """Factors of a hand's measures.

    Attributes
    ----------
    palm : ndarray of shape (2,)
        Along the palm and across it.
    lengths : ndarray of shape (5, 3)
        Of each finger's bones from its base; the thumb has two, and its last column is not used.
    widths : ndarray of shape (5,)
        Of the fingers.
    """

    palm: np.ndarray
    lengths: np.ndarray
    widths: np.ndarray

    def to_the(self, power: float) -> Proportions:
        """All factors to a power: at 0 the hand's own."""
        return Proportions(*(factors**power for factors in self))


def drawn(spread: float, generator: Generator) -> Proportions:
    """Proportions at random: the logarithm of each is normal with the standard deviation `spread`, cut off at two."""
    factors = np.exp(np.clip(generator.normal(0, 1, 22), -_FURTHEST, _FURTHEST) * spread)
    return Proportions(factors[:2], factors[2:17].reshape(5, 3), factors[17:])

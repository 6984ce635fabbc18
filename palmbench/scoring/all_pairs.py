"""Genuine and impostor distributions of all pairs, counted without keeping the distances."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from palmbench.scoring.distribution import Distribution
from palmbench.scoring.pairs import labels
from recognizers import answers
from recognizers.protocol import Recognizer

_ROWS_PER_BLOCK, _PAIRS_PER_BLOCK = 512, 2**22


class PairDistributions(NamedTuple):
    """Distances of all unordered pairs, as distinct values and their counts.

    Attributes
    ----------
    genuine : Distribution
        Pairs of one identity (one hand of one person); of no pair at all, it has no values.
    impostor : Distribution
        Pairs of two persons. Left and right hand of one person are in neither.
    """

    genuine: Distribution
    impostor: Distribution


def distributions(
    recognizer: Recognizer, templates: np.ndarray, identities: ArrayLike, persons: ArrayLike | None = None
) -> PairDistributions:
    """Compare all unordered pairs of templates, and count how often each distance occurs.

    Distances are taken in blocks of some million, so memory does not grow with the number of pairs but with the
    number of distinct values: distances are float32, which has 8 million values between 0.25 and 0.5.

    Parameters
    ----------
    recognizer : Recognizer
        Its `distances` are counted; a code compares on its own threads, or on a GPU.
    templates : (n, ...) array
        Templates of `recognizer.extract`.
    identities : (n,) array_like
        Identity (hand) of each template.
    persons : (n,) array_like, optional
        Person of each template. Without it every identity counts as a person.

    Returns
    -------
    PairDistributions
        Equal to the distributions of the `recognizers.pairwise` distances of the genuine and impostor pairs.

    Raises
    ------
    ValueError
        If lengths disagree, or an identity belongs to two persons.
    RequestError
        If the recognizer's distances are of another shape, or one is not finite.
    """
    hands = labels(identities)
    people = hands if persons is None else labels(persons)
    n = len(templates)
    if not n == len(hands) == len(people):
        raise ValueError(f"{n} templates, {len(hands)} identities and {len(people)} persons: there must be one of each")
    if len({(hand, person) for hand, person in zip(hands.tolist(), people.tolist(), strict=True)}) > len(set(hands)):
        raise ValueError("an identity belongs to two persons")
    genuine, impostor = Tally(), Tally()
    rows = max(1, min(_ROWS_PER_BLOCK, _PAIRS_PER_BLOCK // max(1, n)))
    for start in range(0, n, rows):
        stop = min(start + rows, n)
        block = answers.distances(recognizer, templates[start:stop], templates[start:])
        later = np.arange(start, n) > np.arange(start, stop)[:, None]
        genuine.add(block[later & (hands[start:stop, None] == hands[start:])])
        impostor.add(block[later & (people[start:stop, None] != people[start:])])
    return PairDistributions(genuine.distribution(), impostor.distribution())


class Tally:
    """Counts of distinct values, of lists that come one after another.

    Lists wait until they are worth a sort; then they are counted and let go.
    """

    def __init__(self) -> None:
        self._values = np.empty(0, np.float32)
        self._counts = np.empty(0, np.int64)
        self._waiting: list[np.ndarray] = []

    def add(self, values: np.ndarray) -> None:
        """Count some more values, (k,) float32.

        Raises
        ------
        ValueError
            If one is NaN or infinite.
        """
        if not np.isfinite(values).all():
            raise ValueError("a distance is not finite: leave samples without a template out")
        self._waiting.append(values)
        if sum(map(len, self._waiting)) >= _PAIRS_PER_BLOCK:
            self._merge()

    def distribution(self) -> Distribution:
        """What was counted so far."""
        self._merge()
        return Distribution(self._values.astype(np.float64), self._counts.copy())

    def _merge(self) -> None:
        fresh, times = np.unique(np.concatenate([self._values[:0], *self._waiting]), return_counts=True)
        self._waiting = []
        places = np.searchsorted(self._values, fresh)
        known = np.append(self._values, np.float32(np.nan))[places] == fresh
        self._counts[places[known]] += times[known]
        self._values = np.insert(self._values, places[~known], fresh[~known])
        self._counts = np.insert(self._counts, places[~known], times[~known])

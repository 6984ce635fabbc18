"""Which pairs are genuine, impostor or neither: of originals, and of de-identified photos and originals."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

VERSION = 1


class PairKinds(NamedTuple):
    """Kind of every unordered pair, in scipy's condensed order.

    Attributes
    ----------
    genuine : (n * (n - 1) / 2,) bool
        Both templates are of one identity (one hand of one person).
    impostor : (n * (n - 1) / 2,) bool
        The templates are of two persons. Left and right hand of one person are neither genuine nor
        impostor: palms of one person resemble each other.
    """

    genuine: np.ndarray
    impostor: np.ndarray


def pair_kinds(identities: ArrayLike, persons: ArrayLike | None = None) -> PairKinds:
    """Sort all unordered pairs of n templates into genuine, impostor and neither.

    Parameters
    ----------
    identities : (n,) array_like
        Identity (hand) of each template.
    persons : (n,) array_like, optional
        Person of each template. Without it every identity counts as a person.

    Raises
    ------
    ValueError
        If lengths disagree, or one identity belongs to two persons.
    """
    hands, people = _hands_and_people(identities, persons)
    n = len(hands)
    genuine, impostor = np.empty(n * (n - 1) // 2, bool), np.empty(n * (n - 1) // 2, bool)
    start = 0
    for i in range(n - 1):
        stop = start + n - 1 - i
        np.equal(hands[i + 1 :], hands[i], out=genuine[start:stop])
        np.not_equal(people[i + 1 :], people[i], out=impostor[start:stop])
        start = stop
    return PairKinds(genuine, impostor)


class CrossKinds(NamedTuple):
    """Which originals are mated and non-mated to each de-identified photo.

    Attributes
    ----------
    hands, people : (n,) int32
        Identity and person of each sample, numbered.
    """

    hands: np.ndarray
    people: np.ndarray

    def mated(self, i: int) -> np.ndarray:
        """Originals of the palm of sample i other than its own, (n,) bool."""
        found = self.hands == self.hands[i]
        found[i] = False
        return found

    def non_mated(self, i: int) -> np.ndarray:
        """Originals of other persons than that of sample i, (n,) bool."""
        return self.people != self.people[i]


def cross_kinds(identities: ArrayLike, persons: ArrayLike | None = None) -> CrossKinds:
    """Sort n de-identified photos against their n originals, in one order; parameters and errors as of `pair_kinds`."""
    return CrossKinds(*_hands_and_people(identities, persons))


def labels(names: ArrayLike) -> np.ndarray:
    """Number the distinct names 0, 1, ...; (n,) int32."""
    return np.unique(np.asarray(names), return_inverse=True)[1].astype(np.int32).ravel()


def _hands_and_people(identities: ArrayLike, persons: ArrayLike | None) -> tuple[np.ndarray, np.ndarray]:
    hands = labels(identities)
    people = hands if persons is None else labels(persons)
    if len(hands) != len(people):
        raise ValueError(f"{len(hands)} identities but {len(people)} persons")
    if len({*zip(hands.tolist(), people.tolist(), strict=True)}) > len(np.unique(hands)):
        raise ValueError("an identity belongs to two persons")
    return hands, people

"""Which photos train and which are held out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from recognizers.common.cache_keys import sample_seed


class Split(NamedTuple):
    """Places of photos in their data set, ascending, int64: those that train, and those held out."""

    train: np.ndarray
    test: np.ndarray


def by_samples(identities: Sequence[str], train_samples: int | None = None) -> Split:
    """Closed set: the first photos of each palm train, the others test.

    With None the first half trains, the middle photo of an odd number with it: the authors' lists (IITD 1 to 3 and
    4 to 5, PolyU 1 to 10 and 11 to 20).

    Parameters
    ----------
    identities : sequence of str
        Palm of each photo, photos of a palm in their order.
    train_samples : int, optional
        How many photos of each palm train.
    """
    names, labels = np.unique(np.asarray(identities), return_inverse=True)
    counts = np.bincount(labels, minlength=len(names))
    first = (counts + 1) // 2 if train_samples is None else np.minimum(counts, train_samples)
    seen = np.zeros(len(names), np.int64)
    trains = np.zeros(len(labels), bool)
    for place, label in enumerate(labels.tolist()):
        trains[place] = seen[label] < first[label]
        seen[label] += 1
    return Split(np.flatnonzero(trains), np.flatnonzero(~trains))


def by_identities(identities: Sequence[str], persons: Sequence[str], held_out: float, seed: int) -> Split:
    """Identity-disjoint: all photos of some persons are held out, both hands of a person on one side.

    Parameters
    ----------
    identities, persons : sequence of str
        Palm of each photo, and whose it is.
    held_out : float
        Share of the persons held out; rounded, but one person at least on either side, where there are two.
    seed : int
        Fixes whom; a person's side does not depend on the order of the photos.
    """
    people = sorted(set(persons), key=lambda person: (sample_seed(seed, person), person))
    count = min(max(1, round(held_out * len(people))), len(people) - 1)
    away = set(people[:count])
    tests = np.array([person in away for person in persons], bool)
    if len(identities) != len(tests):
        raise ValueError(f"{len(identities)} identities but {len(tests)} persons")
    return Split(np.flatnonzero(~tests), np.flatnonzero(tests))


def with_mates(split: Split, identities: Sequence[str], closed: bool) -> Split:
    """The split without palms that have a single training photo: they have no second view.

    Parameters
    ----------
    closed : bool
        Whether held-out photos of palms that do not train are left out too.
    """
    names, labels = np.unique(np.asarray(identities), return_inverse=True)
    counts = np.bincount(labels[split.train], minlength=len(names))
    train = split.train[counts[labels[split.train]] > 1]
    test = split.test[counts[labels[split.test]] > 1] if closed else split.test
    return Split(train, test)

"""Probes against a gallery of palms: one distance for each probe and palm, as an attacker's matcher gives them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from palmbench.scoring.pairs import labels

VERSION = 3
_LEAST = 5  # palms that are exchanged among each other


@dataclass(frozen=True)
class Trials:
    """What an attack knows when it names people: each probe is compared with every palm of a gallery.

    A probe without a distance to its own palm failed: its template, or the palm's, is missing.

    Attributes
    ----------
    distances : (n_probes, n_palms) float64
        Smaller is closer. NaN where there is nothing to compare, and where a palm is the other hand of the probe's
        person: palms of one person resemble each other.
    own : (n_probes,) int
        Column of the palm that each probe shows.
    people : (n_palms,) int
        Person of each palm, numbered from 0 without gaps.
    photos : (n_probes, n_palms) int, or int
        How many photos each distance is that to the nearest of: of noise, too, the nearest of many is closer.
    """

    distances: np.ndarray
    own: np.ndarray
    people: np.ndarray
    photos: np.ndarray | int = 1

    @property
    def mated(self) -> np.ndarray:
        """Distance of each probe to its own palm, (n_probes,); NaN of those that failed."""
        return self.distances[np.arange(len(self.own)), self.own]

    @property
    def strangers(self) -> np.ndarray:
        """Where a probe was compared with a palm of another person, (n_probes, n_palms) bool."""
        others = ~np.isnan(self.distances)
        others[np.arange(len(self.own)), self.own] = False
        return others

    @property
    def persons(self) -> np.ndarray:
        """Person of each probe, (n_probes,) int."""
        return self.people[self.own]

    @cached_property
    def groups(self) -> list[np.ndarray]:
        """Palms that probes show, in groups of about as many photos each, from few to many; one where all have as many.

        A group has five palms at least, where there are so many.
        """
        shown = np.unique(self.own)
        photos = np.where(np.isnan(self.distances), 0, self.photos).max(axis=0, initial=0)[shown]
        found: list[np.ndarray] = []
        begun = np.empty(0, np.int64)
        for each in np.unique(photos):
            begun = np.concatenate([begun, shown[photos == each]])
            if len(begun) >= _LEAST:
                found, begun = [*found, begun], begun[:0]
        if len(begun):
            found = [*found[:-1], np.concatenate([*found[-1:], begun])]
        return [np.sort(each) for each in found]

    def exchanged(self, rng: np.random.Generator) -> Trials:
        """The trials when the probes of each palm, all together, are put down to a palm of its group drawn at random.

        No probe tells of its palm then, and scores of a palm stay together. Draws that leave a palm where it is are
        kept, as a permutation test asks, unless there are several groups: in a small one it would stay too often for a
        null in which nothing leaks. Those that put a palm down to the other hand of its person, with which it is not
        compared, are drawn again.
        """
        others = np.arange(len(self.people))
        for palms in self.groups:
            people = self.people[palms]
            staying = len(self.groups) == 1 or 2 * np.bincount(people).max() > len(palms)
            while True:
                drawn = rng.permutation(len(palms))
                refused = people[drawn] == people
                if staying:
                    refused &= drawn != np.arange(len(palms))
                if not refused.any():
                    others[palms] = palms[drawn]
                    break
        return replace(self, own=others[self.own])


def trials_of(
    distances: np.ndarray,
    probe_palms: ArrayLike,
    gallery_palms: ArrayLike,
    gallery_persons: ArrayLike | None = None,
    probe_photos: ArrayLike | None = None,
    gallery_photos: ArrayLike | None = None,
    pool: Literal["nearest", "mean"] = "nearest",
) -> Trials:
    """Distances between photos as distances to palms: that to the nearest photo of each, or the mean.

    Where the gallery holds the very photos that probes were made from, a probe made from the second photo of its palm
    is compared with the second photo of no palm. So its own source never helps, and where all palms have as many
    photos, as many speak for each. Probes that are not `askable` are left out.

    Parameters
    ----------
    distances : (n_probes, n_gallery) float
        NaN where either has no template.
    probe_palms, gallery_palms : (n_probes,), (n_gallery,) array_like
        Palm of each photo; every probe's palm is in the gallery.
    gallery_persons : (n_gallery,) array_like, optional
        Person of each photo of the gallery; without them every palm counts as a person.
    probe_photos, gallery_photos : (n_probes,), (n_gallery,) array_like of int, optional
        Which photo of its palm each is, or was made from; pairs with the same number are passed over. Given together.
    pool : {"nearest", "mean"}
        How the photos of a palm speak for it.

    Raises
    ------
    ValueError
        If lengths disagree, a probe's palm is not in the gallery, or a palm belongs to two persons.
    """
    probes, gallery = np.asarray(probe_palms), np.asarray(gallery_palms)
    if np.shape(distances) != (len(probes), len(gallery)):
        raise ValueError(f"distances {np.shape(distances)} for {len(probes)} probes and {len(gallery)} in the gallery")
    palms, columns = np.unique(gallery, return_inverse=True)
    people = labels(palms) if gallery_persons is None else _person_of_each(columns, labels(gallery_persons))
    own = np.searchsorted(palms, probes)
    if len(own) and not (palms[np.minimum(own, len(palms) - 1)] == probes).all():
        raise ValueError("a probe shows a palm that is not in the gallery")

    known = np.array(distances, np.float64)
    if probe_photos is not None and gallery_photos is not None:
        known[np.asarray(probe_photos)[:, None] == np.asarray(gallery_photos)] = np.nan
        asked = askable(probes, gallery, probe_photos, gallery_photos)
        known, own = known[asked], own[asked]
    order = np.argsort(columns, kind="stable")
    starts = np.searchsorted(columns[order], np.arange(len(palms)))
    found, there = _pooled(known[:, order], starts, pool)
    other_hand = (people[own][:, None] == people) & (own[:, None] != np.arange(len(palms)))
    found[other_hand] = np.nan
    return Trials(found, own, people, there if pool == "nearest" else 1)


def askable(
    probe_palms: ArrayLike, gallery_palms: ArrayLike, probe_photos: ArrayLike, gallery_photos: ArrayLike
) -> np.ndarray:
    """Which probes have a photo of their palm in the gallery that does not bear their number, (n_probes,) bool.

    Of the others nobody can ask whose they are, and they are no failures. Parameters are those of `trials_of`.
    """
    palms, numbers = np.asarray(gallery_palms).tolist(), np.asarray(gallery_photos).tolist()
    of_palm, of_number = Counter(palms), Counter(zip(palms, numbers, strict=True))
    probes = zip(np.asarray(probe_palms).tolist(), np.asarray(probe_photos).tolist(), strict=True)
    return np.array([of_palm[each[0]] > of_number[each] for each in probes], bool)


def _person_of_each(columns: np.ndarray, persons: np.ndarray) -> np.ndarray:
    if len(columns) != len(persons):
        raise ValueError(f"{len(columns)} palms but {len(persons)} persons in the gallery")
    pairs = np.unique(np.stack([columns, persons], axis=1), axis=0)
    if len(pairs) > columns.max(initial=-1) + 1:
        raise ValueError("a palm belongs to two persons")
    return pairs[:, 1]


def _pooled(
    distances: np.ndarray, starts: np.ndarray, pool: Literal["nearest", "mean"]
) -> tuple[np.ndarray, np.ndarray]:
    """Distances to palms, and how many photos of each they are of."""
    missing = np.isnan(distances)
    there = np.add.reduceat(~missing, starts, axis=1, dtype=np.int64)
    if pool == "nearest":
        found = np.minimum.reduceat(np.where(missing, np.inf, distances), starts, axis=1)
    else:
        total = np.add.reduceat(np.where(missing, 0.0, distances), starts, axis=1)
        found = total / np.maximum(there, 1)
    return np.where(there > 0, found, np.nan), there

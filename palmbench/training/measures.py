"""How well a trained network tells held-out photos apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np

from palmbench.scoring import Interval, bootstrap, equal_error_rate, mean_interval, nearest, pair_kinds, share_interval
from palmbench.scoring.intervals import interval

_ROWS = 1024


class Pairs(NamedTuple):
    """How many comparisons an equal error rate is of."""

    genuine: int
    impostor: int


@dataclass(frozen=True)
class Counts:
    """What the measures are taken from.

    Attributes
    ----------
    samples, palms : int
        Held-out photos, and palms in them: the n of `acc_nn` and `acc_cls`, and what the bootstrap resamples.
    pairs : Pairs
        Of `eer`: all unordered pairs of held-out photos.
    gallery : int or None
        Training photos that are compared with; None where held-out palms did not train.
    gallery_pairs : Pairs or None
        Of `eer_gallery`.
    """

    samples: int
    palms: int
    pairs: Pairs
    gallery: int | None = None
    gallery_pairs: Pairs | None = None


@dataclass(frozen=True)
class HeldOut:
    """What is measured of held-out photos; fractions, None where it is undefined.

    Attributes
    ----------
    eer : float or None
        Equal error rate over all pairs of held-out photos ("real EER"). As in CCNet's protocol every two palms are an
        impostor pair, left and right hand of a person too.
    eer_gallery : float or None
        Of held-out photos against training photos; closed set only.
    acc_nn : float or None
        Rank-1 in the gallery of training photos; of palms that did not train, among the other held-out photos.
    acc_cls : float or None
        Share that the classifier gives its palm; closed set only.
    intervals : dict of str to Interval or None
        95 % interval of each, by resampling palms; None where it is undefined.
    counts : Counts
    """

    eer: float | None
    eer_gallery: float | None
    acc_nn: float | None
    acc_cls: float | None
    intervals: dict[str, Interval | None]
    counts: Counts

    def as_json(self) -> dict[str, Any]:
        """As plain JSON values; pairs by their kind."""
        values = asdict(self)
        for name in ("pairs", "gallery_pairs"):
            pairs: Pairs | None = getattr(self.counts, name)
            values["counts"][name] = None if pairs is None else pairs._asdict()
        values["intervals"] = {name: None if each is None else [*each] for name, each in self.intervals.items()}
        return values


def pair_error(templates: np.ndarray, palms: Sequence[str] | np.ndarray) -> float | None:
    """Equal error rate over all unordered pairs of templates (n, size), float32 of unit length."""
    return _error(_condensed(templates), palms)


def count_pairs(palms: Sequence[str] | np.ndarray) -> Pairs:
    """Genuine and impostor pairs among photos of these palms."""
    return Pairs(*(int(kind.sum()) for kind in pair_kinds(palms)))


def measure_held_out(
    embed: Callable[[np.ndarray], np.ndarray],
    test: np.ndarray,
    test_palms: np.ndarray,
    gallery: np.ndarray,
    gallery_palms: np.ndarray,
    centres: np.ndarray | None,
    names: Sequence[str],
    seed: int = 0,
    threads: int | None = 1,
) -> HeldOut:
    """All measures of a network as it is.

    Parameters
    ----------
    embed : callable
        Images to templates (n, size), float32 of unit length.
    test, gallery : images
        Held out, and trained with.
    test_palms, gallery_palms : arrays of str
    centres : (classes, size) float32, or None
        Class centres; None where no held-out palm has a class.
    names : sequence of str
        Palm of each class.
    seed : int
        Of the bootstrap: which palms its replicates draw.
    threads : int or None
        For the bootstrap; they change nothing.
    """
    templates = embed(test)
    apart = _condensed(templates)
    numbers: dict[str, float | None] = dict.fromkeys(("eer", "eer_gallery", "acc_nn", "acc_cls"))
    intervals: dict[str, Interval | None] = dict.fromkeys(numbers)

    def note_error(name: str, distances: np.ndarray, palms: np.ndarray) -> None:
        numbers[name] = _error(distances, palms)
        if numbers[name] is not None:
            random = np.random.default_rng(seed)
            intervals[name] = _known(interval(bootstrap(distances, palms, random, threads=threads).eer))

    def note_share(name: str, hits: np.ndarray) -> None:
        numbers[name] = float(hits.mean())
        if counts.palms > 1:
            drawn = mean_interval(hits, test_palms, np.random.default_rng(seed))
            intervals[name] = _known(share_interval(drawn, counts.palms))

    note_error("eer", apart, test_palms)
    counts = Counts(len(test_palms), len(set(test_palms.tolist())), count_pairs(test_palms))
    if centres is None:
        distances = angles(templates, templates)
        np.fill_diagonal(distances, np.nan)
        note_share("acc_nn", nearest(distances, test_palms, test_palms).hits)
        return HeldOut(**numbers, intervals=intervals, counts=counts)
    distances = angles(templates, embed(gallery))
    same = test_palms[:, None] == gallery_palms[None]
    # The bootstrap wants all pairs of one list: those within a side are left out as missing ones.
    note_error("eer_gallery", _between(distances), np.concatenate([test_palms, gallery_palms]))
    note_share("acc_nn", nearest(distances, test_palms, gallery_palms).hits)
    named = np.asarray(names)[angles(templates, centres).argmin(axis=1)]
    note_share("acc_cls", named == test_palms)
    against = Pairs(int(same.sum()), int((~same).sum()))
    counts = Counts(counts.samples, counts.palms, counts.pairs, len(gallery_palms), against)
    return HeldOut(**numbers, intervals=intervals, counts=counts)


def _condensed(templates: np.ndarray) -> np.ndarray:
    return angles(templates, templates)[np.triu_indices(len(templates), 1)]


def _between(distances: np.ndarray) -> np.ndarray:
    """Distances (n, m) in the condensed order of all n + m; NaN within either side."""
    n, m = distances.shape
    condensed = np.full((n + m) * (n + m - 1) // 2, np.nan, np.float32)
    start = 0
    for i, row in enumerate(distances):
        stop = start + n + m - 1 - i
        condensed[stop - m : stop] = row
        start = stop
    return condensed


def _error(distances: np.ndarray, palms: Sequence[str] | np.ndarray) -> float | None:
    kinds, there = pair_kinds(palms), ~np.isnan(distances)
    genuine, impostor = (distances[kind & there] for kind in kinds)
    return equal_error_rate(genuine, impostor).rate if len(genuine) and len(impostor) else None


def _known(found: Interval) -> Interval | None:
    return None if np.isnan(found.lo) else found


def angles(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Distances arccos(<a, b>) / pi of vectors (n, size) and (m, size), float32 (n, m)."""
    first, second = (each / np.maximum(np.linalg.norm(each, axis=1, keepdims=True), 1e-12) for each in (a, b))
    distances = np.empty((len(a), len(b)), np.float32)
    for start in range(0, len(a), _ROWS):
        cosines = first[start : start + _ROWS].astype(np.float64) @ second.T.astype(np.float64)
        distances[start : start + _ROWS] = np.arccos(np.clip(cosines, -1, 1)) / np.pi
    return distances

"""Singling out: whether a photo can be turned into a predicate that is true of exactly one person of a group.

After the evaluation framework for anonymised speech of Interspeech 2025 (Article 29 Opinion 05/2014). A probe isolates
if exactly one of N test entries, whosever, lies closer than its threshold, which other photos set so that one entry in
N is expected to. A predicate that knows nothing isolates in (1 - 1/N)^(N-1) of all cases, 37 % in large groups.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from palmbench.scoring.identification import log_choices

VERSION = 2


class SinglingOut(NamedTuple):
    """How often probes isolate somebody.

    Attributes
    ----------
    shares : (n_probes,) float64
        Of the choices of test entries, that in which the probe isolates; NaN where it cannot be asked.
    by_chance : float
        What the mean of them is when no entry is closer to a probe than another for whose it is.
    """

    shares: np.ndarray
    by_chance: float


def singling_out(
    distances: np.ndarray,
    gallery_palms: ArrayLike,
    gallery_photos: ArrayLike,
    probe_photos: ArrayLike | None = None,
) -> SinglingOut:
    """How often each probe isolates one palm of the gallery.

    Each number that photos bear serves once as the test: the photos of that number are the entries, one a palm, and
    those of the other numbers set the threshold, half way between the two distances around one entry in N. Where
    several photos of a palm bear a number, the nearest speaks for them; what has fewer than others is left out.

    Parameters
    ----------
    distances : (n_probes, n_gallery) float
        NaN where either has no template.
    gallery_palms, gallery_photos : (n_gallery,) array_like
        Palm of each photo, and which of its palm's photos it is, or which lot of them it belongs to.
    probe_photos : (n_probes,) array_like, optional
        Which photo of its palm each probe was made from; photos of that number are passed over.

    Returns
    -------
    SinglingOut
        All NaN where there are not enough photos a palm: one to test and one to set the threshold, beside the source.
    """
    distances, palms, numbers = _pooled(distances, np.asarray(gallery_palms), np.asarray(gallery_photos))
    sources = np.full(len(distances), None) if probe_photos is None else np.asarray(probe_photos, object)
    shares, chances = np.full((len(distances), 0), np.nan), []
    every = dict.fromkeys(numbers.tolist())
    for number in every:
        column = np.full(len(distances), np.nan)
        for source in dict.fromkeys(sources.tolist()):
            if number == source:
                continue
            rows = np.flatnonzero(sources == source) if probe_photos is not None else np.arange(len(distances))
            test, rest = numbers == number, (numbers != number) & (numbers != source)
            entries, others = len(np.unique(palms[test])), int(rest.sum())
            expected = round(others / entries)
            if expected < 1 or entries < 2 or expected >= others:
                continue
            column[rows] = _isolates(distances[rows][:, test], distances[rows][:, rest], expected)
            chances += [_by_chance(entries, others, expected)] * len(rows)
        shares = np.concatenate([shares, column[:, None]], axis=1)
    asked = ~np.isnan(shares)
    count = asked.sum(axis=1)
    found = np.divide(np.where(asked, shares, 0).sum(axis=1), count, out=np.full(len(shares), np.nan), where=count > 0)
    return SinglingOut(found, float(np.mean(chances)) if chances else float("nan"))


def _pooled(distances: np.ndarray, palms: np.ndarray, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distances to the nearest photo of each palm and number that as many photos bear as any, and what these are."""
    places: dict[tuple[object, object], list[int]] = {}
    for place, each in enumerate(zip(palms.tolist(), numbers.tolist(), strict=True)):
        places.setdefault(each, []).append(place)
    most = max(map(len, places.values()), default=1)
    whole = np.array([each for each in places.values() if len(each) == most], int).reshape(-1, most)
    return np.fmin.reduce(distances[:, whole], axis=2), palms[whole[:, 0]], numbers[whole[:, 0]]


def _isolates(test: np.ndarray, rest: np.ndarray, expected: int) -> np.ndarray:
    """1 where exactly one entry is closer than the threshold, else 0; NaN for a probe that was compared with none."""
    nearest = np.partition(np.where(np.isnan(rest), np.inf, rest), [expected - 1, expected], axis=1)
    threshold = nearest[:, expected - 1 : expected + 1].mean(axis=1)
    isolated = (test < threshold[:, None]).sum(axis=1) == 1
    return np.where(np.isnan(test).all(axis=1), np.nan, isolated)


def _by_chance(entries: int, others: int, expected: int) -> float:
    """Probability that exactly one entry is closer when all orders of the photos are equally likely.

    With the threshold on the k-th of the other photos it is negative hypergeometric; it lies between the k-th and the
    next, and the mean of both is taken.
    """
    found = [
        np.exp(
            log_choices(np.array(k), np.array(1))
            + log_choices(np.array(entries - 1 + others - k), np.array(entries - 1))
            - log_choices(np.array(entries + others), np.array(entries))
        )
        for k in (expected, expected + 1)
    ]
    return float(np.mean(found))

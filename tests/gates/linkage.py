"""Where de-identified palms lie: against other photos of the same palm, and against one another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from palmbench.scoring import deid_ratio, equal_error_rate, rejection_rate
from palmbench.synth import person_of
from tests.gates.figures import Figure
from tests.gates.painted import Painted
from tests.gates.scores import Comparison, Template, compare, matrix, share_interval

LEAST_RR, DIR = 90, (85, 105)


class OperatingPoint(NamedTuple):
    """The originals' own scores, and the threshold of their equal error rate."""

    originals: Comparison
    threshold: float


class Linked(NamedTuple):
    """How often photos of different people match.

    Attributes
    ----------
    share : float
        Of pairs with both templates.
    low, high : float
        95 % interval, identities being resampled.
    n : int
        Pairs.
    """

    share: float
    low: float
    high: float
    n: int


def operating_point(painted: Painted) -> OperatingPoint:
    """The equal error rate of a point's originals and its threshold."""
    originals = compare(painted.originals(), painted.identities)
    return OperatingPoint(originals, equal_error_rate(originals.genuine, originals.impostor).threshold)


def figures(own_noise: Painted, shared_noise: Painted) -> Iterator[Figure]:
    """Rejection by other photos of the palm, and linkability with a start noise a photo or one for all."""
    point = operating_point(own_noise)
    identities = own_noise.identities
    scores = other_photos(own_noise.deidentified(), own_noise.originals(), identities)
    originals = point.originals
    rejected = 100 * rejection_rate(scores, point.threshold) if len(scores) else np.nan
    ratio = 100 * deid_ratio(originals.genuine, originals.impostor, scores) if len(scores) else np.nan
    # A de-identified photo shares pose and light with its own original, but not with the palm's other photos.
    yield Figure("alpha 0.1: RR, other photos", rejected, "%", LEAST_RR, None, len(scores), "pairs")
    yield Figure("alpha 0.1: DIR, other photos", ratio, "%", *DIR, len(scores), "pairs")
    strangers = linked(own_noise.originals(), identities, point.threshold)
    yield Figure("linked: originals of different people", 100 * strangers.share, "%", n=strangers.n, note="impostors")
    for name, painted, bound in (("own", own_noise, True), ("shared", shared_noise, False)):
        found = linked(painted.deidentified(), identities, point.threshold)
        note = f"95 % interval {100 * found.low:.2g} to {100 * found.high:.2g}"
        if bound:
            note += "; the bound is the upper end of the impostors' interval"
        most = 100 * strangers.high if bound else None
        yield Figure(f"linked: de-identified, {name} noise", 100 * found.share, "%", None, most, found.n, note)


def other_photos(
    deidentified: Sequence[Template], originals: Sequence[Template], identities: Sequence[int]
) -> np.ndarray:
    """Distances of each de-identified photo to the other originals of its palm; NaN where a template is missing."""
    palms = np.array(identities)
    others = (palms[:, None] == palms[None]) & ~np.eye(len(palms), dtype=bool)
    return matrix(deidentified, originals)[others]


def linked(templates: Sequence[Template], identities: Sequence[int], threshold: float) -> Linked:
    """How often photos of different people match at a threshold."""
    distances = matrix(templates, templates)
    palms, places = np.unique(identities, return_inverse=True)
    people = np.array([person_of(identity) for identity in identities])
    usable = (people[:, None] != people[None]) & ~np.isnan(distances)
    counts = []
    for chosen in (usable & (distances <= threshold), usable):
        by_palm = np.zeros((len(palms), len(palms)))
        np.add.at(by_palm, (places[:, None], places[None]), chosen)
        counts.append(by_palm)
    matches, pairs = counts
    low, high = share_interval(matches, pairs)
    return Linked(float(matches.sum() / pairs.sum()), float(low), float(high), int(pairs.sum() // 2))

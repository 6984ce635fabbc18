"""Whether painted palms are training palms: the nearest of these, beside that of people who were never painted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from palmbench.hands.recognition_roi import recognition_roi
from palmbench.synth import TRAINING_IDENTITIES, render
from tests.gates import sizes
from tests.gates.figures import Figure
from tests.gates.gather import gather
from tests.gates.painted import Painted
from tests.gates.scores import Template, attacker, matrix

OUTPUTS = 200
PROFILE = "controlled"
_CHUNK = 16
# What "no closer" is taken to be: half a deviation of the mean, and one output in a hundred.
_TOLERANCE, _FEW = 0.5, 1.0


class Nearest(NamedTuple):
    """Distance of each photo to the nearest training palm, (n,) each: of painted palms and of real originals."""

    painted: np.ndarray
    originals: np.ndarray


def figures(*points: Painted) -> Iterator[Figure]:
    """The painted palms of some points, up to 200, against every training palm; originals of strangers likewise."""
    palms = list(TRAINING_IDENTITIES[: sizes.TRAINING_PALMS])
    chunks = [tuple(palms[start : start + _CHUNK]) for start in range(0, len(palms), _CHUNK)]
    parts = gather("enrol training palms", _enrol, chunks)
    training: list[Template] = [template for part in parts for template in part]
    painted = [template for point in points for template in point.deidentified() if template is not None][:OUTPUTS]
    originals = [template for template in points[0].originals() if template is not None][:OUTPUTS]
    nearest = Nearest(nearest_of(painted, training), nearest_of(originals, training))
    yield from compared(nearest, len(palms))


def nearest_of(templates: Sequence[Template], training: Sequence[Template]) -> np.ndarray:
    """Distance of each template to the nearest of the training palms, (n,) float32."""
    return matrix(templates, training).min(axis=1, initial=np.inf)


def compared(nearest: Nearest, palms: int) -> Iterator[Figure]:
    """Means and least distances; a painted palm that was memorised would be closer than any original."""
    painted, originals = nearest
    n = len(painted)
    least = float(originals.mean() - _TOLERANCE * originals.std())
    note = f"of {palms} training palms; the bound is the originals' mean less half a deviation"
    yield Figure("painted palms: nearest training palm, mean", float(painted.mean()), "", least, None, n, note)
    yield Figure("originals: nearest training palm, mean", float(originals.mean()), "", n=len(originals))
    closer = 100 * float((painted < originals.min()).mean())
    note = "the bound is this report's"
    yield Figure("painted palms nearer than any original is", closer, "%", None, _FEW, n, note)
    yield Figure("painted palms: nearest training palm, least", float(painted.min()), "", n=n)
    yield Figure("originals: nearest training palm, least", float(originals.min()), "", n=len(originals))


def _enrol(identities: tuple[int, ...]) -> list[np.ndarray]:
    photos = [render(identity, 0, PROFILE) for identity in identities]
    return list(attacker().extract(np.stack([recognition_roi(photo.image, photo.as_hand()) for photo in photos])))

"""Whether painted palms are training palms: nearer to these than to as many palms that no training has seen."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from palmbench.hands.recognition_roi import recognition_roi
from palmbench.scoring.membership import remembered
from palmbench.scoring.replicated import person_weights
from palmbench.scoring.tar_at_fmr import threshold_at_fmr
from palmbench.synth import TRAINING_IDENTITIES, person_of, render
from tests.gates import sizes
from tests.gates.figures import Figure
from tests.gates.gather import gather
from tests.gates.painted import Painted
from tests.gates.scores import Template, attacker, matrix

OUTPUTS = 200
PROFILE = "controlled"
_CHUNK = 16
_FMR = 0.001
_LEVEL = 0.995  # of what exchanges of seen and unseen palms reach, the least that counts as memory


def figures(*points: Painted) -> Iterator[Figure]:
    """The painted palms of some points, up to 200, against every training palm and as many after the last of them."""
    palms = list(TRAINING_IDENTITIES[: 2 * sizes.TRAINING_PALMS])
    chunks = [tuple(palms[start : start + _CHUNK]) for start in range(0, len(palms), _CHUNK)]
    parts = gather("enrol palms seen and unseen", _enrol, chunks)
    every: list[Template] = [template for part in parts for template in part]
    painted = [
        (template, person_of(identity))
        for point in points
        for template, identity in zip(point.deidentified(), point.identities, strict=True)
        if template is not None
    ][:OUTPUTS]
    originals = [template for template in points[0].originals() if template is not None][:OUTPUTS]
    templates, persons = zip(*painted, strict=True)
    yield from compared(matrix(templates, every), np.array(persons), matrix(originals, every))


def compared(distances: np.ndarray, persons: np.ndarray, strangers: np.ndarray) -> Iterator[Figure]:
    """What `remembered` says, below what exchanges of seen and unseen palms reach.

    Parameters
    ----------
    distances : (n, 2 m) float
        Of painted palms to m palms of the training, and to m others.
    persons : (n,) int
        Whose photos were painted.
    strangers : (k, 2 m) float
        Of originals to the same palms; at their threshold for a false match rate of 0.1 % palms match.
    """
    n, palms = len(distances), distances.shape[1] // 2
    _, places = np.unique(persons, return_inverse=True)
    rng = np.random.default_rng(0)
    weights = person_weights(int(places.max()) + 1, rng, 1)
    seen, threshold = np.arange(2 * palms) < palms, threshold_at_fmr(strangers.ravel(), _FMR)
    found = remembered(distances, seen, threshold, places, weights, rng)
    says = {"auc": "nearer to training palms than to unseen, AUC", "matching": "match training palms, less unseen"}
    for name, what in says.items():
        leak = found[name]
        most = 100 * float(np.quantile(leak.null, _LEVEL))
        note = f"of {palms} training palms and as many others; the bound is what exchanges of them reach"
        yield Figure(f"painted palms: {what}", 100 * leak.found.value, "%", None, most, n, note)


def _enrol(identities: tuple[int, ...]) -> list[np.ndarray]:
    photos = [render(identity, 0, PROFILE) for identity in identities]
    return list(attacker().extract(np.stack([recognition_roi(photo.image, photo.as_hand()) for photo in photos])))

"""How well each recognizer tells benchmark palms apart by what the detector finds, and how long a template takes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pytest

import recognizers
from palmbench.hands import load_detector
from palmbench.hands.recognition_hand import recognition_hand
from palmbench.hands.recognition_roi import recognition_roi
from palmbench.hands.settings import EmbeddedConfig
from palmbench.scoring import decidability, equal_error_rate, pair_kinds
from palmbench.synth import PROFILES, person_of, render
from tests.gates.figures import Figure, Keep
from tests.gates.gather import gather
from tests.gates.palms import Palm, benchmark_palms

NETWORKS = ("ccnet", "eehnet")
ATTACKERS = ("mtcc", *NETWORKS)
# A network that ships must be an attack worth the name where photos are good.
HIGHEST_EER = {"controlled": 10}


class Enrolled(NamedTuple):
    """A photo's templates by recognizer, None where no hand was found, and the seconds that each took."""

    identity: int
    templates: dict[str, np.ndarray] | None
    seconds: dict[str, float]


@pytest.mark.gate
@pytest.mark.parametrize("profile", PROFILES)
def test_recognizers_tell_rendered_palms_apart(profile: str, keep: Keep) -> None:
    palms = benchmark_palms(profile)
    keep(measured(profile, [photo for many in gather(f"attack, {profile}", _enrol, palms) for photo in many]))


def measured(profile: str, photos: Sequence[Enrolled]) -> Iterator[Figure]:
    """Figures of one profile from its photos."""
    found = [photo for photo in photos if photo.templates is not None]
    missing = f"{len(photos) - len(found)} photos without a hand"
    palms = [photo.identity for photo in found]
    kinds = pair_kinds(palms, [person_of(palm) for palm in palms])
    for name in ATTACKERS:
        templates = np.stack([photo.templates[name] for photo in found if photo.templates])
        distances = recognizers.pairwise(recognizers.load(name), templates)
        genuine, impostor = distances[kinds.genuine], distances[kinds.impostor]
        rate = 100 * equal_error_rate(genuine, impostor).rate
        most = HIGHEST_EER.get(profile) if name in NETWORKS else None
        yield Figure(f"{profile}: EER of {name}", rate, "%", None, most, len(found), missing)
        yield Figure(f"{profile}: d' of {name}", decidability(genuine, impostor), n=len(found))
        pace = 1000 * float(np.median([photo.seconds[name] for photo in found]))
        yield Figure(f"{profile}: template of {name}, one core", pace, "ms", n=len(found), timed=True)


def _enrol(palm: Palm) -> list[Enrolled]:
    photos = [render(palm.identity, sample, palm.profile).image for sample in range(palm.samples)]
    detected = load_detector(EmbeddedConfig()).detect(photos)
    enrolled = []
    for image, hands in zip(photos, detected, strict=True):
        templates, seconds = {}, {}
        for name in ATTACKERS if hands else ():
            recognizer = recognizers.load(name)
            of = recognition_roi if recognizer.takes == "roi" else recognition_hand
            began = time.process_time()
            templates[name] = recognizer.extract(of(image, hands[0])[None])[0]
            seconds[name] = time.process_time() - began
        enrolled.append(Enrolled(palm.identity, templates or None, seconds))
    return enrolled

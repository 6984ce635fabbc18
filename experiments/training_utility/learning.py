"""What networks that learnt from a method's photos make of originals of other people."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np

from experiments.training_utility.scores import score
from experiments.weights import brief_hand
from experiments.weights.brief_hand import Recipe
from palmbench.base.store import Store
from palmbench.datasets.sample import Sample
from palmbench.datasets.settings import SynthConfig
from palmbench.datasets.splits import person_share
from palmbench.engine.engine import Engine
from palmbench.engine.graph import in_a_row
from palmbench.engine.pipeline import Pipeline
from palmbench.hands.embedded import EmbeddedDetector
from palmbench.hands.hand import Hand
from palmbench.synth import RENDERER_VERSION, render
from palmbench.synth.empty_scenes import empty_scene
from recognizers.common.cache_keys import digest, versions_of
from recognizers.common.errors import RequestError

VERSION = 1
TESTED = 0.4  # of the persons
CONFIDENCE = 0.5  # from which a hand counts as found: a brief training does not come near the embedded network's 0.9
EMPTIES = 40  # pictures without a hand to train on, and as many others to test on
_STAGE, _SUFFIX = "training_utility", ".safetensors"


class Shot(NamedTuple):
    """A rendered photo, uint8 (height, width, 3), whose it is, and where its hand lies."""

    sample: Sample
    image: np.ndarray
    truth: Hand


class Sides(NamedTuple):
    """What all networks have in common: whom they learn on, the originals they are tested on, and no hands."""

    train: dict[str, Shot]
    tested: list[Shot]
    empties: list[np.ndarray]


class Measured(NamedTuple):
    """Photos that were learnt from, scores (trainings, tested photos, measures), and false alarms in percent."""

    photos: int
    scores: np.ndarray
    alarms: float


def share_out(pipeline: Pipeline) -> Sides:
    """Render the photos and what is true of them, and share them out by person. Raises RequestError."""
    config = pipeline.config
    assert isinstance(config.dataset, SynthConfig)
    held_out = persons_to_test(pipeline.samples, config.seed)
    train, tested = {}, []
    for sample in pipeline.samples:
        identity, number = map(int, sample.id.split("_"))
        shown = render(identity, number, profile=config.dataset.profile)
        shot = Shot(sample, shown.image, shown.as_hand())
        if sample.person in held_out:
            tested.append(shot)
        else:
            train[sample.id] = shot
    return Sides(train, tested, _empties(0, EMPTIES))


def measured(pipeline: Pipeline, engine: Engine, sides: Sides, recipes: Sequence[Recipe]) -> Measured:
    """Train on what a method released, and test on originals; what is in the store is not done again.

    Raises
    ------
    RequestError
        If the method released no photo.
    """
    stages = [stage for stage in (pipeline.prepare, pipeline.deidentify.encode, pipeline.deidentify) if stage]
    passed = engine.flow(in_a_row(*stages), [shot.sample for shot in sides.train.values()]).passed()
    released = [shot for name, shot in sides.train.items() if name in passed]
    name = pipeline.config.method.called
    if not released:
        raise RequestError(f"{name} released none of {len(sides.train)} photos: there is nothing to learn from.")
    scores, alarms = [], []
    with TemporaryDirectory() as scratch:
        for recipe in recipes:
            # What lies in the store is sealed with a checksum, and the detector reads plain files.
            path = Path(scratch, f"{recipe.seed}.safetensors")
            path.write_bytes(_weights(pipeline, engine.store, released, recipe))
            detector = EmbeddedDetector(str(path), CONFIDENCE)
            found = [next(iter(detector.detect([shot.image])[0]), None) for shot in sides.tested]
            scores.append([score(shot.truth, hand) for shot, hand in zip(sides.tested, found, strict=True)])
            alarms.append(np.mean([bool(detector.detect([picture])[0]) for picture in sides.empties]))
    return Measured(len(released), np.array(scores), 100 * float(np.mean(alarms)))


def _weights(pipeline: Pipeline, store: Store, released: Sequence[Shot], recipe: Recipe) -> bytes:
    """What a network learns from the photos that a method released: weights, trained if the store has none."""
    repainted = pipeline.deidentify
    code = versions_of("palmbench.hands", "network", "observer", "palm")
    key = digest(
        "training utility",
        versions={"training_utility": VERSION, "brief_hand": brief_hand.VERSION, "renderer": RENDERER_VERSION, **code},
        photos=[[shot.sample.digest, repainted.key(shot.sample)] for shot in released],
        recipe=recipe._asdict(),
        empties=EMPTIES,
    )
    if not store.has(_STAGE, key, _SUFFIX):
        print(f"{pipeline.config.method.called}: {recipe.steps} steps on {len(released)} photos, seed {recipe.seed}")
        subjects = [brief_hand.subject_of(repainted.load(shot.sample, store), shot.truth) for shot in released]
        # The first 10,000 scenes are to test on.
        store.write(_STAGE, key, _SUFFIX, brief_hand.trained(subjects, _empties(10_000, EMPTIES), recipe))
    return store.load(_STAGE, key, _SUFFIX, bytes)


@cache
def _empties(first: int, count: int) -> list[np.ndarray]:
    return [empty_scene(number) for number in range(first, first + count)]


def persons_to_test(samples: Sequence[Sample], seed: int) -> frozenset[str]:
    """Persons that no network is trained on, both hands of each.

    Raises
    ------
    RequestError
        If there are too few to train on some and draw from the others.
    """
    order = sorted({each.person for each in samples}, key=lambda person: (person_share(person, seed), person))
    count = round(TESTED * len(order))
    if count < 2:
        raise RequestError(
            f"{len(order)} persons are too few to train on some and test on two others: raise dataset.identities."
        )
    return frozenset(order[:count])

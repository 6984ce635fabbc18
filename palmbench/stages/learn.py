"""photos, Hands -> weights: a network that an attacker trains on photos of persons of its own.

What is learnt is of many photos at once: the samples of this stage are trainings, each with a seed of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from palmbench.attacks import Labelled, Training
from palmbench.attacks.learning import LearningConfig, Learnt
from palmbench.base.device import turn
from palmbench.base.store import Store, pack_arrays, unpack_arrays
from palmbench.config.schema import RecognizerConfig
from palmbench.datasets.sample import Sample
from palmbench.stages.enrol import Hands, load_keyed
from palmbench.stages.stage import Photos
from recognizers.common.cache_keys import digest
from recognizers.common.errors import Lost, SampleError

VERSION = 1


class Lesson(NamedTuple):
    """Photos of some persons, all originals or all outputs of one seed.

    Attributes
    ----------
    group : {"attackers", "validation"}
    deidentified : bool
    hands : Hands
        The stage that found the hands in them.
    originals : Photos
        Of the same samples, before the method.
    samples : tuple of Sample
        Those that have a hand.
    numbers : tuple of int
        Which photo of its palm each shows, or is made from.
    """

    group: Literal["attackers", "validation"]
    deidentified: bool
    hands: Hands
    originals: Photos
    samples: tuple[Sample, ...]
    numbers: tuple[int, ...]


@dataclass(frozen=True)
class Learn:
    """Trains the network of one channel of an attack.

    Attributes
    ----------
    attack : LearningConfig
    recognizer : RecognizerConfig
        Of the channel, and where the training starts.
    settings : dict
        Of that recognizer, as they stand in keys.
    lessons : tuple of Lesson
    """

    attack: LearningConfig
    recognizer: RecognizerConfig
    settings: dict[str, Any]
    lessons: tuple[Lesson, ...]
    name: str = "learnt"
    title: str = "train attackers"
    suffix: str = ".npz"
    on_device: bool = True

    @property
    def trainings(self) -> tuple[Sample, ...]:
        """The samples: a training each, whose id is its seed."""
        return tuple(Sample(str(seed), "", "", "", "") for seed in range(self.attack.trainings))

    def key(self, sample: Sample) -> str:
        return digest(
            "learnt",
            versions={"learn": VERSION},
            attack=self.attack.to_learn(),
            recognizer=self.settings,
            seed=sample.id,
            lessons=[
                [each.group, each.deidentified, each.numbers]
                + [[sample.identity, each.hands.key(sample)] for sample in each.samples]
                for each in self.lessons
            ],
        )

    def compute(self, samples: Sequence[Sample], store: Store, device: str) -> list[bytes]:
        training, validation = (self._training(group, store) for group in ("attackers", "validation"))
        with turn():
            recognizer = load_keyed(self.recognizer, self.settings, device)
            found = [self.attack.learn(recognizer, training, validation, int(each.id), device) for each in samples]
        return [
            pack_arrays(weights=np.frombuffer(each.weights, np.uint8), error=np.array(each.error)) for each in found
        ]

    def load(self, sample: Sample, store: Store) -> Learnt:
        """What came of a training."""
        parts = store.load(self.name, self.key(sample), self.suffix, unpack_arrays)
        return Learnt(parts["weights"].tobytes(), float(parts["error"]))

    def _training(self, group: str, store: Store) -> Training:
        sides = [
            [self._shown(each, store) for each in self.lessons if each.group == group and each.deidentified is side]
            for side in (False, True)
        ]
        return Training(*map(_together, sides))

    def _shown(self, lesson: Lesson, store: Store) -> Labelled:
        crops, kept = [], []
        lost: list[str] = []
        for place, sample in enumerate(lesson.samples):
            try:
                photo, hand = lesson.hands.photos.load(sample, store), lesson.hands.load(sample, store)
                original = lesson.originals.load(sample, store) if self.attack.beside_originals else photo
                crops.append(self.attack.cut(photo, hand, original))
                kept.append(place)
            except Lost as error:
                lost += error.places
            except SampleError:  # no palm to cut: it teaches nothing
                continue
        if lost:
            raise Lost(*lost)
        palms = np.array([sample.identity for sample in lesson.samples])
        if lesson.group == "attackers" and self.attack.permuted:
            palms = np.random.default_rng(0).permutation(palms)
        crop = np.stack(crops) if crops else np.zeros(0)
        return Labelled(crop, palms[kept], np.array(lesson.numbers, np.int64)[kept])


def _together(shown: Sequence[Labelled]) -> Labelled:
    there = [each for each in shown if len(each.palms)]
    if not there:
        return Labelled(np.zeros(0), np.zeros(0, str), np.zeros(0, np.int64))
    return Labelled(*(np.concatenate(each) for each in zip(*there, strict=True)))

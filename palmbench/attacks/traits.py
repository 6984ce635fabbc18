"""A hand known by its proportions or its skin's colour: channels that methods for palms leave as they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from palmbench.attacks.attack import AttackConfig, Channel, Labelled, Side, Training
from palmbench.attacks.whitened import within_palms
from recognizers.common.errors import RequestError
from recognizers.common.strict import setting

if TYPE_CHECKING:
    from palmbench.methods import MethodConfig
    from recognizers.output_checks import Matcher

VERSION = 1


@dataclass(frozen=True)
class TraitsConfig(AttackConfig):
    """Proportions of the hand or colour of its skin, weighed by how little they differ between photos of a palm."""

    name: Literal["traits"] = "traits"
    trait: Literal["geometry", "colour"] = "geometry"
    shrinkage: float = setting(0.1, above=0, high=1)

    version = VERSION
    trained = True
    knowledge = "region"
    floor = True

    def own_words(self) -> tuple[str, ...]:
        return (self.trait,)

    def channels(self, method: MethodConfig) -> tuple[Channel, ...]:
        return (Channel(trait=self.trait),)

    def fit(self, recognizer: Matcher, training: Training) -> WhitenedTraits:
        sides: dict[Side, Labelled] = {"originals": training.originals, "deidentified": training.deidentified}
        taken = [sides[side] for side in dict.fromkeys((self.gallery, self.probe))]
        if min(len(each.palms) for each in taken) < 4:
            raise RequestError(
                "attack=traits wants four photos of the attacker's own whose hand was found; take more persons."
            )
        means = {side: each.templates.mean(axis=0) for side, each in sides.items() if len(each.palms)}
        centred = [sides[side].templates - means[side] for side in dict.fromkeys((self.gallery, self.probe))]
        whitener = within_palms(np.concatenate(centred), np.concatenate([each.palms for each in taken]), self.shrinkage)
        return WhitenedTraits(means[self.probe], means[self.gallery], whitener)


class WhitenedTraits:
    """Euclidean distance of traits whitened within palms, which is Mahalanobis' of the differences within palms."""

    name = "traits"

    def __init__(self, probe: np.ndarray, gallery: np.ndarray, whitener: np.ndarray) -> None:
        self._probe, self._gallery, self._whitener = probe, gallery, whitener

    def distances(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Distances of every probe in `a` to every one of the gallery `b`, (len(a), len(b)) float32."""
        first, second = (a - self._probe) @ self._whitener, (b - self._gallery) @ self._whitener
        return np.linalg.norm(first[:, None] - second, axis=2).astype(np.float32)

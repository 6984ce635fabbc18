"""Attributes that stay in de-identified photos: which hand it is, the tone of its skin, whether rings are worn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from palmbench.datasets.sample import Dataset
from palmbench.disclosures.disclosure import (
    LEARNT,
    Disclosed,
    DisclosureConfig,
    Draws,
    Photos,
    Reading,
    Shown,
    Side,
    lacking,
)
from palmbench.disclosures.ridge import balanced, fit_best
from palmbench.hands.attribute_signs import bands_across_fingers, pose_in_plane, skin_beside_and_inside
from palmbench.hands.skin_tone import CLASS_EDGES
from palmbench.scoring.attribute import named_rightly
from recognizers.common.cache_keys import versions_of

if TYPE_CHECKING:
    from palmbench.hands.hand import Hand
    from palmbench.hands.palm import Region
    from palmbench.methods import MethodConfig

VERSION = 1
Attribute = Literal["handedness", "skin_tone", "ring"]
_FEW = 5  # persons of a class, of whom a rate says little
_EDGES: Mapping[Attribute, tuple[float, ...]] = {"handedness": (0.5,), "skin_tone": CLASS_EDGES, "ring": (0.5,)}
# How many of the first readings are of what lies beside the palm.
_BESIDE: Mapping[Attribute, int] = {"handedness": 42, "skin_tone": 7, "ring": 6}


@dataclass(frozen=True)
class Signs(Reading):
    """What tells an attribute of a hand."""

    attribute: Attribute

    called = "signs of attributes"

    def read(self, photo: np.ndarray, hand: Hand, region: Region) -> np.ndarray:
        if self.attribute == "handedness":
            return pose_in_plane(hand)
        if self.attribute == "skin_tone":
            return skin_beside_and_inside(photo, hand, region)
        return bands_across_fingers(photo, hand)

    def versions(self) -> dict[str, int]:
        return versions_of("palmbench.hands", "attribute_signs", "palm", "skin_tone", "traits")


@dataclass(frozen=True)
class AttributeConfig(DisclosureConfig):
    """An attribute of the hand or its person, named from photos before and after the method.

    What is *kept* is named by whoever learnt from originals, what is *leaked* by whoever learnt from outputs. *Without
    the palm* is what nobody who repaints palms can take away.
    """

    name: Literal["attribute"] = "attribute"
    attribute: Attribute = "handedness"

    version = VERSION
    knowledge = "method, settings; learns"
    sides = LEARNT
    measures = ("originals", "kept", "leaked", "beside")

    @property
    def called(self) -> str:
        return self.attribute.replace("_", " ")

    @property
    def about(self) -> str:
        return self.attribute

    def why_not(self, method: MethodConfig, dataset: Dataset) -> str | None:
        if any(self.attribute in dataset.truth(sample) for sample in dataset.samples):
            return None
        return (
            f"disclosure={self.attribute} wants photos whose {self.called} is known, and dataset={dataset.name} does "
            "not tell it"
        )

    def reading(self) -> Signs:
        return Signs(self.attribute)

    def versions(self) -> dict[str, int]:
        return versions_of("palmbench.disclosures", "ridge")

    def tell(self, shown: Mapping[Side, Shown], draws: Draws) -> dict[str, Disclosed]:
        beside = _BESIDE[self.attribute]
        return {
            "originals": self._told(shown, draws, "originals", "originals"),
            "kept": self._told(shown, draws, "originals", "release"),
            "leaked": self._told(shown, draws, "own", "release"),
            "beside": self._told(shown, draws, "originals", "originals", beside),
        }

    def _told(
        self, shown: Mapping[Side, Shown], draws: Draws, learnt_from: Photos, asked_of: Photos, first: int | None = None
    ) -> Disclosed:
        """Named in some photos by whoever learnt from others; of the first readings alone, or of all."""
        training, validation, asked = (
            _known(shown[side])
            for side in (Side("attackers", learnt_from), Side("validation", learnt_from), Side("evaluated", asked_of))
        )
        edges = np.array(_EDGES[self.attribute])
        truth = np.digitize(asked.truth, edges)
        if min(len(np.unique(np.digitize(each.truth, edges))) for each in (training, asked)) < 2:
            return lacking(("",), "persons of two classes, the attacker's own and evaluated")[""]
        examples = [
            (each.readings[:, :first], each.truth, balanced(np.digitize(each.truth, edges)))
            for each in (training, validation)
        ]
        named = np.digitize(fit_best(examples[0], examples[1]).predict(asked.readings[:, :first]), edges)
        owners = asked.palms if self.attribute == "handedness" else asked.persons
        leak = named_rightly(named, truth, owners, asked.persons, draws.weights, draws.rng)
        rarest = min(len(np.unique(owners[truth == each])) for each in np.unique(truth))
        whose = "palms" if self.attribute == "handedness" else "persons"
        note = f"{rarest} {whose} of the rarest class" if rarest < _FEW else None
        return Disclosed(leak, len(truth), note=note, persons=len(np.unique(asked.persons)))


def _known(shown: Shown) -> Shown:
    known = ~np.isnan(shown.truth)
    return Shown(*(each[known] for each in shown))

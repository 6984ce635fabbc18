"""Recognizers trained further on what a method makes of other people's palms: the parrot of Newton et al. (2005).

Training goes on from the unchanged weights, as in the VoicePrivacy challenge of 2026. Where both sides are
de-identified it is of outputs alone, else of originals and outputs under one label: what only ever saw outputs compares
originals worse.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from palmbench.attacks.attack import Channel, Labelled, Training, mated_pairs, side_of
from palmbench.attacks.learning import LearningConfig, Learnt
from recognizers.common.cache_keys import versions_of
from recognizers.common.errors import RequestError
from recognizers.common.strict import setting

if TYPE_CHECKING:
    from palmbench.hands import Hand
    from recognizers.protocol import Recognizer

VERSION = 2
_CROPS = {"ccnet": "recognition_roi", "eehnet": "recognition_hand"}


@dataclass(frozen=True)
class FineTunedConfig(LearningConfig):
    """A recognizer's network trained further on other people's photos before and after the method."""

    name: Literal["finetuned"] = "finetuned"
    recognizer: Literal["ccnet", "eehnet"] = "ccnet"
    batch: int = setting(32, low=2, high=4096)
    rate: float = setting(3e-4, above=0, high=1)

    version = VERSION

    def versions(self) -> dict[str, int]:
        return {**super().versions(), **versions_of("palmbench.hands", _CROPS[self.recognizer])}

    def cut(self, photo: np.ndarray, hand: Hand, original: np.ndarray) -> np.ndarray:
        from palmbench.hands import recognition_hand, recognition_roi  # they bring OpenCV

        if self.recognizer == "eehnet":
            return recognition_hand.recognition_hand(photo, hand)
        return recognition_roi.recognition_roi(photo, hand)

    def learn(self, recognizer: Recognizer, training: Training, validation: Training, seed: int, device: str) -> Learnt:
        from palmbench.attacks.fine_tuning import fine_tuned  # brings torch
        from recognizers.ccnet import CCNetRecognizer
        from recognizers.eehnet import EEHNetRecognizer

        assert isinstance(recognizer, CCNetRecognizer | EEHNetRecognizer)
        taken = [side_of(training, side) for side in dict.fromkeys((self.gallery, self.probe))]
        photos = with_mates(Labelled(*map(np.concatenate, zip(*taken, strict=True))))
        if len(np.unique(photos.palms)) < 2:
            raise RequestError(
                "attack=finetuned wants two palms of the attacker's own with two photos each whose palm was found; "
                "take more persons or photos."
            )
        probes, gallery = side_of(validation, self.probe), side_of(validation, self.gallery)
        if not mated_pairs(probes, gallery).any() or not (probes.palms[:, None] != gallery.palms).any():
            raise RequestError(
                "attack=finetuned wants two palms of validation persons with two photos each whose palm was found; "
                "take more persons or photos, or a larger people.validation."
            )
        return fine_tuned(recognizer, photos, probes, gallery, self, seed, device)

    def having_learnt(self, channel: Channel, weights: str) -> Channel:
        return replace(channel, options={**channel.options, "weights": weights})


def with_mates(photos: Labelled) -> Labelled:
    """Photos of palms of which there are two or more: the second view of a photo is another one of its palm."""
    palms, places, counts = np.unique(photos.palms, return_inverse=True, return_counts=True)
    kept = counts[places] > 1 if len(palms) else np.zeros(0, bool)
    return Labelled(*(each[kept] for each in photos))

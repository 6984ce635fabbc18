"""A network that turns outputs back into originals, trained on other people's photos before and after the method."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from palmbench.attacks.attack import Channel, Training
from palmbench.attacks.learning import LearningConfig, Learnt
from palmbench.attacks.redrawn import RedrawnConfig
from recognizers.common.cache_keys import versions_of
from recognizers.common.errors import RequestError
from recognizers.common.strict import setting

if TYPE_CHECKING:
    from palmbench.hands import Hand
    from palmbench.methods import MethodConfig
    from recognizers.protocol import Recognizer

VERSION = 2


@dataclass(frozen=True)
class RestoredUNetConfig(LearningConfig):
    """A recognizer as it is, after a network has turned outputs back into originals as far as it can."""

    name: Literal["restored_unet"] = "restored_unet"
    gallery: Literal["originals"] = "originals"
    probe: Literal["deidentified"] = "deidentified"
    steps: int = setting(400, low=1, high=1_000_000)
    batch: int = setting(8, low=1, high=4096)
    rate: float = setting(1e-3, above=0, high=1)

    version = VERSION
    beside_originals = True

    def versions(self) -> dict[str, int]:
        return {**super().versions(), **versions_of("palmbench.hands", "recognition_roi")}

    def why_not(self, method: MethodConfig) -> str | None:
        return (
            f"attack=restored_unet wants hands where they were, and {method.called} moves them"
            if method.moves
            else None
        )

    def cut(self, photo: np.ndarray, hand: Hand, original: np.ndarray) -> np.ndarray:
        from palmbench.hands.recognition_roi import recognition_roi  # brings OpenCV

        return np.stack([recognition_roi(each, hand) for each in (photo, original)])

    def learn(self, recognizer: Recognizer, training: Training, validation: Training, seed: int, device: str) -> Learnt:
        from palmbench.attacks.unet import trained  # brings torch

        pairs, held_out = training.deidentified.templates, validation.deidentified.templates
        if not len(pairs) or not len(held_out):
            raise RequestError(
                "attack=restored_unet wants outputs of the attacker's own persons and of validation persons whose palm "
                "was found; take more persons or photos."
            )
        if self.permuted:
            others = np.random.default_rng(0).permutation(len(pairs))
            pairs = np.stack([pairs[:, 0], pairs[others, 1]], axis=1)
        return Learnt(*trained(pairs, held_out, self.steps, self.batch, self.rate, seed, device))

    def having_learnt(self, channel: Channel, weights: str) -> Channel:
        return replace(channel, on_deidentified=RedrawnConfig(weights=weights))

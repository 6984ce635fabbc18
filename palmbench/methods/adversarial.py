"""A change of the palm too small to be seen, made against recognizers that are known: an adversarial example."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from palmbench.methods.declaration import REPAINTED, Declaration
from palmbench.methods.method import Encoding, Method, MethodConfig
from palmbench.methods.region import palm_region, region_versions
from recognizers.common.cache_keys import versions_of
from recognizers.common.strict import setting

if TYPE_CHECKING:
    from palmbench.hands import Hand
    from palmbench.hands.palm import Region
    from palmbench.methods.perturbation import Aim
    from palmbench.methods.victims import Victim

VERSION = 1


@dataclass(frozen=True)
class AdversarialConfig(MethodConfig):
    """A small change of the palm that leads a known recognizer astray, and hides nothing from others."""

    name: Literal["adversarial"] = "adversarial"
    victim: Literal["ccnet", "eehnet", "both"] = "ccnet"
    goal: Literal["untargeted", "surrogate"] = "untargeted"
    eps: int = setting(4, low=1, high=255)
    steps: int = setting(20, low=1, high=1000)
    orientation: float = setting(0.3, low=0, high=1000)
    contrast: float = setting(0.3, low=0, high=1000)

    label = "Adversarial"
    named = ("victim", "goal", "eps")
    seeded = True
    hides = False  # a person, and a recognizer that it was not made against, sees the palm as it was

    @property
    def victims(self) -> tuple[str, ...]:
        """The recognizers that it is made against."""
        return ("ccnet", "eehnet") if self.victim == "both" else (self.victim,)

    def declaration(self, region: Region = "paper") -> Declaration:
        return Declaration(
            self.name,
            region=REPAINTED[region],
            sees=("recognizer",),
            seeded=True,
            surrogate="photo" if self.goal == "surrogate" else "none",
            guarantee="",
            licence="Apache-2.0",
            reference="MI-FGSM, Dong et al., CVPR 2018; DIM, Xie et al., CVPR 2019; FingerSafe, IEEE TIP 2024",
        )

    def load(self, device: str = "cpu", region: Region = "paper") -> Adversarial:
        return Adversarial(self, device, region)


class Adversarial(Method):
    """Add to the palm what leads the embedded networks of recognizers furthest astray, at most `eps` grey levels.

    "untargeted" is away from the photo's own embedding, "surrogate" towards that of a rendered palm of nobody, a new
    one for each photo. The loss is the cosine of the embeddings, plus `orientation` times how far creases turned and
    `contrast` times new local contrast, of which the first shall grow and the second not: the terms of FingerSafe.

    Raises
    ------
    MissingWeights
        If the embedded weights of a victim are absent.
    """

    config: AdversarialConfig
    version = VERSION

    def __init__(self, config: AdversarialConfig, device: str = "cpu", region: Region = "paper") -> None:
        from recognizers import load

        super().__init__(config, device, region)
        self._victims = {name: load(name).settings() for name in config.victims}

    def settings(self) -> dict[str, Any]:
        return super().settings() | {"victims": self._victims}

    def versions(self) -> dict[str, int]:
        own = versions_of("palmbench.methods", "perturbation", "victims", "crease_terms")
        read = versions_of("palmbench.hands", "recognition_roi", "recognition_hand")
        drawn = versions_of("palmbench.synth", "seeds") if self.config.goal == "surrogate" else {}
        gabor = versions_of("recognizers", "codes.gabor")
        return super().versions() | region_versions() | own | read | drawn | gabor

    def deidentify(
        self, images: list[np.ndarray], hands: list[Hand], seeds: list[int], encodings: list[Encoding | None]
    ) -> list[np.ndarray]:
        return [self._perturbed(*each) for each in zip(images, hands, seeds, strict=True)]

    def _perturbed(self, photo: np.ndarray, hand: Hand, seed: int) -> np.ndarray:
        from palmbench.hands.recognition_roi import recognition_roi
        from palmbench.methods.perturbation import Strength, perturbation

        recognition_roi(photo, hand)  # says so where there is none
        config, region = self.config, palm_region(hand, self.region)
        strength = Strength(config.eps, config.steps, config.orientation, config.contrast)
        generator = np.random.default_rng((seed, VERSION))
        change = perturbation(photo, hand, region, self._aims(photo, hand, generator), strength, generator, self.device)
        whole = np.clip(np.round(change), -config.eps, config.eps).astype(np.int16)
        return np.clip(photo + whole[..., None], 0, 255).astype(np.uint8)

    def _aims(self, photo: np.ndarray, hand: Hand, generator: np.random.Generator) -> list[Aim]:
        from palmbench.methods.perturbation import Aim
        from palmbench.synth import SURROGATE_IDENTITIES, render

        closer = self.config.goal == "surrogate"
        if closer:
            surrogate = render(SURROGATE_IDENTITIES[int(generator.integers(len(SURROGATE_IDENTITIES)))], 0)
            photo, hand = surrogate.image, surrogate.as_hand()
        return [Aim(victim, victim.template(photo, hand), closer) for victim in self._attacked]

    @cached_property
    def _attacked(self) -> list[Victim]:
        from palmbench.methods.victims import VICTIMS

        return [VICTIMS[name](self.device) for name in self.config.victims]

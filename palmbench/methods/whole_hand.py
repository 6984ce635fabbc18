"""The whole hand: the palm by another method, fingers of new proportions and with new skin, and no rings.

The paper names it as future work: after its palm was repainted a hand is still told by its fingers.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from palmbench.base.device import turn
from palmbench.methods.declaration import Declaration
from palmbench.methods.method import Encoding, Method, MethodConfig
from palmbench.methods.region import palm_region, region_versions
from recognizers.common.cache_keys import versions_of
from recognizers.common.errors import RequestError
from recognizers.common.strict import setting

if TYPE_CHECKING:
    from palmbench.hands import Hand
    from palmbench.hands.palm import Region
    from palmbench.methods.hand_warp import HandWarp

VERSION = 1
_NO_PALM = ("folder", "whole_hand")
_CODE = (
    "hand_parts", "proportions", "hand_warp", "warped_hand", "finger_skin", "hand_tone", "outline", "skin_texture",
)  # fmt: skip


@dataclass(frozen=True)
class WholeHandConfig(MethodConfig):
    """The palm by another method, and fingers of new proportions with new skin."""

    name: Literal["whole_hand"] = "whole_hand"
    palm: str = "swap"
    spread: float = setting(0.05, low=0, high=0.1)
    fingers: Literal["new", "keep"] = "new"
    blotches: float | None = setting(1.0, low=0, high=2)
    rings: Literal["remove", "keep"] = "remove"
    nails: Literal["remove", "keep"] = "keep"
    tone: float = setting(0.0, low=0, high=20)

    label = "Whole hand"
    named = ("palm", "spread", "fingers", "tone")
    seeded = True

    @property
    def of_palm(self) -> MethodConfig:
        """The settings of the palm's method, all at their defaults.

        Raises
        ------
        RequestError
            If there is no such method, it hides no palm, or it must be told whose palm a photo shows.
        """
        from palmbench.methods import registry

        found = None if self.palm in _NO_PALM else registry.named(self.palm)
        if found is None or not found.hides:
            raise RequestError(f"method.palm={self.palm} hides no palm; choose a method that does, such as swap.")
        if found.by_palm:
            raise RequestError(
                f"method.palm={self.palm} must be told whose palm a photo shows, and whole_hand draws each photo by "
                "itself; choose another method, such as swap."
            )
        return found.of_whole_palm()

    @property
    def leaves_lines(self) -> bool:  # type: ignore[override]
        """As the palm's method."""
        return self.of_palm.leaves_lines

    @property
    def on_device(self) -> bool:  # type: ignore[override]
        """As the palm's method: what is done to the rest of the hand needs no network."""
        return self.of_palm.on_device

    @property
    def moves(self) -> bool:
        return self.spread > 0

    def declaration(self, region: Region = "paper") -> Declaration:
        palm = self.of_palm.declaration(region)
        return Declaration(
            self.name,
            region="around",
            sees=palm.sees,
            seeded=True,
            surrogate="photo",
            guarantee="",
            licence=palm.licence,
            reference="Announced as future work by the paper. Palm: " + (palm.reference or self.palm),
        )

    def describe(self) -> str:
        own = f"{self.name}: palms by {self.palm}."
        return " ".join(part for part in (own, self.of_palm.describe()) if part)

    def require_here(self) -> None:
        self.of_palm.require_here()

    def load(self, device: str = "cpu", region: Region = "paper") -> WholeHand:
        return WholeHand(self, device, region)


class WholeHand(Method):
    """Repaint the palm with another method, give the rest of the hand new skin, and lay it down in new proportions.

    The seed draws one surrogate for each photo: nothing of it is shared by the photos of a person.
    """

    config: WholeHandConfig
    version = VERSION
    takes_turns = True

    def __init__(self, config: WholeHandConfig, device: str = "cpu", region: Region = "paper") -> None:
        super().__init__(config, device, region)
        self._palm = config.of_palm.load(device, region)

    def settings(self) -> dict[str, Any]:
        return super().settings() | {"of_palm": self._palm.settings()}

    def versions(self) -> dict[str, int]:
        return (
            super().versions()
            | region_versions()
            | versions_of("palmbench.methods", *_CODE)
            | versions_of("palmbench.hands", "assembly")
            | versions_of("palmbench.synth", "seeds")
        )

    def encode_settings(self) -> dict[str, Any] | None:
        return self._palm.encode_settings()

    def encode(self, images: list[np.ndarray], hands: list[Hand]) -> list[dict[str, np.ndarray]]:
        with nullcontext() if self._palm.takes_turns else turn():
            return self._palm.encode(images, hands)

    def moved(self, hand: Hand, seed: int) -> Hand:
        from palmbench.methods.warped_hand import moved_hand

        return moved_hand(hand, self._warp(hand, seed)) if self.config.moves else hand

    def deidentify(
        self, images: list[np.ndarray], hands: list[Hand], seeds: list[int], encodings: list[Encoding | None]
    ) -> list[np.ndarray]:
        with nullcontext() if self._palm.takes_turns else turn():
            repainted = self._palm.deidentify(images, hands, seeds, encodings)
        return [self._changed(*each) for each in zip(images, repainted, hands, seeds, strict=True)]

    def _changed(self, photo: np.ndarray, repainted: np.ndarray, hand: Hand, seed: int) -> np.ndarray:
        from palmbench.methods.finger_skin import new_skin, worn
        from palmbench.methods.hand_tone import blotched, toned
        from palmbench.methods.outline import sharpened
        from palmbench.methods.warped_hand import warped

        config, shown = self.config, repainted
        palm = palm_region(hand, self.region)
        hand = replace(hand, mask=sharpened(photo, hand) | palm)
        # Whatever is drawn for the palm comes of the seed itself.
        generator = np.random.default_rng((seed, VERSION))
        found = worn(photo, hand)
        odd, kept = found.rings | found.nails, np.zeros_like(hand.mask)
        for what, where in ((config.rings, found.rings), (config.nails, found.nails)):
            kept |= where if what == "keep" else False
        renewed = hand.mask if config.fingers == "new" else odd
        shown = new_skin(photo, shown, hand, renewed & ~kept & ~palm, odd, generator)
        if config.blotches is not None:
            shown = blotched(shown, hand, config.blotches, generator)
        if config.tone:
            shown = toned(shown, hand, config.tone, generator)
        return warped(shown, self._warp(hand, seed)) if config.moves else shown

    def _warp(self, hand: Hand, seed: int) -> HandWarp:
        from palmbench.methods.hand_warp import HandWarp
        from palmbench.methods.proportions import drawn

        return HandWarp.of(hand, drawn(self.config.spread, np.random.default_rng((seed, VERSION, 1))))

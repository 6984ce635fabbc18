"""A rendered palm of nobody in the place of the own one: for each photo another, or for each palm its pseudonym."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from palmbench.methods.declaration import Declaration
from palmbench.methods.method import Encoding, Method, MethodConfig
from recognizers.common.cache_keys import digest
from recognizers.common.strict import setting

if TYPE_CHECKING:
    from palmbench.hands import Hand
    from palmbench.hands.palm import Region

VERSION = 1
_LARGEST = 448  # pixels of the palm frame's side


@dataclass(frozen=True)
class SwapConfig(MethodConfig):
    """A rendered palm of nobody in the place of the own one, in its light."""

    name: Literal["swap"] = "swap"
    surrogate: Literal["photo", "person"] = "photo"
    key: int = setting(0, low=0, high=2**63 - 1)
    shading: float = setting(1.0, low=0, high=1)

    label = "Swapping"
    named = ("surrogate", "shading")
    seeded = True
    by_photo = "method.surrogate=photo"
    on_device = False

    def declaration(self, region: Region = "paper") -> Declaration:
        return Declaration(
            self.name,
            region="hand",  # the rim fades into the skin around the palm
            sees=("key",) if self.by_palm else (),
            seeded=True,
            surrogate=self.surrogate,
            guarantee="",
            licence="",
            reference="Rendered palms of palmbench; light of the own palm after its Gaussian mean",
        )

    @property
    def by_palm(self) -> bool:
        return self.surrogate == "person"

    def palm_seeds(self, palms: Iterable[str], seed: int) -> Mapping[str, int]:
        return {palm: int(digest("pseudonym", key=self.key, palm=palm)[:16], 16) >> 1 for palm in palms}

    def load(self, device: str = "cpu", region: Region = "paper") -> Swap:
        return Swap(self, device, region)


class Swap(Method):
    """Give a hand the creases, relief and swellings of a palm that the renderer draws for nobody else.

    Of the own palm its light stays, as `palmbench.methods.new_skin` takes it, and nothing finer; at `shading` 0 nothing
    at all. Which palm it gets the seed says: that of the photo, or one for all photos of a palm.
    """

    config: SwapConfig
    version = VERSION

    def versions(self) -> dict[str, int]:
        from palmbench.methods.new_skin import skin_versions

        return super().versions() | skin_versions()

    def deidentify(
        self, images: list[np.ndarray], hands: list[Hand], seeds: list[int], encodings: list[Encoding | None]
    ) -> list[np.ndarray]:
        return [self._swapped(*each) for each in zip(images, hands, seeds, strict=True)]

    def _swapped(self, photo: np.ndarray, hand: Hand, seed: int) -> np.ndarray:
        from palmbench.methods.new_skin import ground, painted, relit
        from palmbench.synth.flat_palm import flat_palm

        under = ground(photo, hand, self.region, self.config.shading)
        palm = flat_palm(surrogate(seed), min(_LARGEST, under.frame.side))
        generator = np.random.default_rng((seed, VERSION))
        return painted(photo, hand, self.region, under, relit(palm, under), generator)


def surrogate(seed: int) -> int:
    """Which rendered palm a seed stands for: none that a benchmark renders or that a network was trained on."""
    from palmbench.synth import SURROGATE_IDENTITIES

    return SURROGATE_IDENTITIES[seed % len(SURROGATE_IDENTITIES)]

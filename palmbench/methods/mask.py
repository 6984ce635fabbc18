"""The palm painted over with one grey level."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from palmbench.methods.declaration import REPAINTED, Declaration
from palmbench.methods.method import MethodConfig
from palmbench.methods.region import RegionMethod
from recognizers.common.strict import setting

if TYPE_CHECKING:
    from palmbench.hands.palm import Region

VERSION = 1


@dataclass(frozen=True)
class MaskConfig(MethodConfig):
    """The palm painted over with one grey level."""

    name: Literal["mask"] = "mask"
    fill: int = setting(0, low=0, high=255)

    label = "Masking"
    on_device = False

    def declaration(self, region: Region = "paper") -> Declaration:
        return Declaration(
            self.name,
            region=REPAINTED[region],
            sees=(),
            seeded=False,
            surrogate="none",
            guarantee=(
                "Given the region, nothing inside it depends on the palm that was there; its outline, the fingers and "
                "the rest of the photo stay."
            ),
            licence="",
            reference="Baseline of the paper; for faces Newton, Sweeney and Malin, IEEE TKDE 17(2), 2005",
        )

    def load(self, device: str = "cpu", region: Region = "paper") -> Mask:
        return Mask(self, device, region)


class Mask(RegionMethod):
    """Fill the palm region with `fill` in all channels, 0 (black) to 255 (white)."""

    config: MaskConfig
    version = VERSION

    def redraw(self, photo: np.ndarray, region: np.ndarray, seed: int) -> np.ndarray:
        return np.full_like(photo, self.config.fill)

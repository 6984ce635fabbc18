"""Gaussian blur inside the palm."""

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
class BlurConfig(MethodConfig):
    """Gaussian blur inside the palm; sigma in pixels."""

    name: Literal["blur"] = "blur"
    sigma: float = setting(4.0, above=0, high=1000)

    label = "Blurring"
    named = ("sigma",)
    on_device = False
    leaves_lines = True

    def declaration(self, region: Region = "paper") -> Declaration:
        return Declaration(
            self.name,
            region=REPAINTED[region],
            sees=(),
            seeded=False,
            surrogate="none",
            guarantee="",
            licence="",
            reference="Baseline of the paper; for faces Newton, Sweeney and Malin, IEEE TKDE 17(2), 2005",
        )

    def load(self, device: str = "cpu", region: Region = "paper") -> Blur:
        return Blur(self, device, region)


class Blur(RegionMethod):
    """Blur the whole photo with a Gaussian of `sigma` pixels and show it inside the palm region.

    So the region's edge blends with the colours around it, as when a viewer blurs a selection.
    """

    config: BlurConfig
    version = VERSION

    def redraw(self, photo: np.ndarray, region: np.ndarray, seed: int) -> np.ndarray:
        import cv2

        return cv2.GaussianBlur(photo, (0, 0), self.config.sigma)

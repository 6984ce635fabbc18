"""The palm filled in from the skin of the hand around it, without a network and without a pixel of its own."""

from __future__ import annotations

from dataclasses import dataclass
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

VERSION = 1


@dataclass(frozen=True)
class InpaintConfig(MethodConfig):
    """The palm filled in from the skin of the hand around it."""

    name: Literal["inpaint"] = "inpaint"
    way: Literal["telea", "navier_stokes", "quilting"] = "quilting"
    radius: float = setting(4.0, low=1, high=32)
    patch: int = setting(15, low=6, high=63)

    label = "Inpainting"
    named = ("way", "radius", "patch")
    seeded = True
    on_device = False

    def declaration(self, region: Region = "paper") -> Declaration:
        return Declaration(
            self.name,
            region=REPAINTED[region],
            sees=(),
            seeded=True,
            surrogate="none",
            guarantee="Given the region, what is inside depends on the skin around it, not on the palm that was there.",
            licence="",
            reference={
                "telea": "Telea, J. of Graphics Tools 9, 2004",
                "navier_stokes": "Bertalmio, Bertozzi and Sapiro, CVPR 2001",
                "quilting": "Efros and Freeman, SIGGRAPH 2001",
            }[self.way],
        )

    def load(self, device: str = "cpu", region: Region = "paper") -> Inpaint:
        return Inpaint(self, device, region)

    def point(self) -> dict[str, Any]:
        return {"way": self.way, **({"patch": self.patch} if self.way == "quilting" else {"radius": self.radius})}


class Inpaint(Method):
    """Fill the palm region with light and colours grown from its rim, and with the fine detail of own skin over them.

    `telea` [1]_ and `navier_stokes` [2]_ grow the rim inwards at 128 pixels, where a palm's width is within reach of
    them, and lay scraps of the texture of the skin around over it. `quilting` [3]_ grows the colours as
    `telea` does, and sews the detail together from patches of the hand's own skin outside the region.

    References
    ----------
    .. [1] A. Telea, "An Image Inpainting Technique Based on the Fast Marching Method", J. of Graphics Tools 9 (2004).
    .. [2] M. Bertalmio, A. Bertozzi, G. Sapiro, "Navier-Stokes, Fluid Dynamics, and Image and Video Inpainting",
       CVPR 2001.
    .. [3] A. Efros, W. Freeman, "Image Quilting for Texture Synthesis and Transfer", SIGGRAPH 2001.
    """

    config: InpaintConfig
    version = VERSION

    def versions(self) -> dict[str, int]:
        return (
            super().versions()
            | region_versions()
            | versions_of("palmbench.methods", "quilting", "rim_fill", "skin_texture")
        )

    def deidentify(
        self, images: list[np.ndarray], hands: list[Hand], seeds: list[int], encodings: list[Encoding | None]
    ) -> list[np.ndarray]:
        return [self._filled(*each) for each in zip(images, hands, seeds, strict=True)]

    def _filled(self, photo: np.ndarray, hand: Hand, seed: int) -> np.ndarray:
        from palmbench.methods.quilting import quilted
        from palmbench.methods.rim_fill import GROWN_SIDE, around, beside, fine_detail, grown
        from palmbench.methods.skin_texture import textured

        region = palm_region(hand, self.region)
        box = around(region)
        below, hole = photo[box], region[box]
        skin = beside(hand.mask[box], hole)
        generator = np.random.default_rng((seed, VERSION))
        config = self.config
        base = grown(below, skin, "telea" if config.way == "quilting" else config.way, config.radius)
        if config.way == "quilting":
            repainted = base + quilted(fine_detail(below, skin), skin, hole, config.patch, generator)
        else:
            repainted = 255 * textured(base / 255, below, hand.mask[box], hole, GROWN_SIDE, generator)
        filled = photo.copy()
        filled[box][hole] = np.clip(np.round(repainted), 0, 255)[hole].astype(np.uint8)
        return filled

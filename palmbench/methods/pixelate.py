"""Mosaic inside the palm."""

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
class PixelateConfig(MethodConfig):
    """Mosaic inside the palm; block side in pixels."""

    name: Literal["pixelate"] = "pixelate"
    block: int = setting(9, low=1, high=4096)

    label = "Pixelating"
    named = ("block",)
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

    def load(self, device: str = "cpu", region: Region = "paper") -> Pixelate:
        return Pixelate(self, device, region)


class Pixelate(RegionMethod):
    """Replace the palm region by squares of `block` pixels, each the mean of the photo below it.

    The grid starts at the top left corner of the region's bounding box; squares at the photo's edge are cut off.
    """

    config: PixelateConfig
    version = VERSION

    def redraw(self, photo: np.ndarray, region: np.ndarray, seed: int) -> np.ndarray:
        block = self.config.block
        rows, columns = np.flatnonzero(region.any(axis=1)), np.flatnonzero(region.any(axis=0))
        redrawn = photo.copy()
        # Whole blocks, so that the last ones average as many pixels as the others unless the photo ends.
        below, right = _whole(rows[0], rows[-1], block), _whole(columns[0], columns[-1], block)
        box = redrawn[rows[0] : below, columns[0] : right]
        box[...] = _mosaic(box, block)
        return redrawn


def _whole(first: int, last: int, block: int) -> int:
    return first + -(-(last + 1 - first) // block) * block


def _mosaic(image: np.ndarray, block: int) -> np.ndarray:
    top, left = (np.arange(0, length, block) for length in image.shape[:2])
    sums = np.add.reduceat(np.add.reduceat(image, top, axis=0, dtype=np.int64), left, axis=1)
    heights = np.diff(np.append(top, image.shape[0]))
    widths = np.diff(np.append(left, image.shape[1]))
    means = np.round(sums / (heights[:, None] * widths)[..., None]).astype(np.uint8)
    return means.repeat(heights, axis=0).repeat(widths, axis=1)

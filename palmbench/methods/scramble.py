"""Blocks of the palm in an order that a key tells: hidden from the eye, and restored by whoever has the key."""

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
class ScrambleConfig(MethodConfig):
    """Blocks of the palm in an order that a key tells: a control that can be undone."""

    name: Literal["scramble"] = "scramble"
    block: int = setting(8, low=1, high=4096)
    key: int = setting(0, low=0, high=2**63 - 1)

    label = "Scrambling"
    named = ("block", "key")
    hides = False  # the default key is known to everybody
    on_device = False

    def declaration(self, region: Region = "paper") -> Declaration:
        return Declaration(
            self.name,
            region=REPAINTED[region],
            sees=("key",),
            seeded=False,
            surrogate="none",
            guarantee="",
            licence="",
            reference="Kurihara, Shiota and Kiya, PCS 2015",
        )

    def load(self, device: str = "cpu", region: Region = "paper") -> Scramble:
        return Scramble(self, device, region)


class Scramble(RegionMethod):
    """Put the whole blocks of the palm region into an order drawn from the key, and so each pixel of the other blocks.

    The pixels of the region stay the same ones in other places, so the key and the region restore the photo exactly
    (block scrambling as in [1]_, without its turned and inverted blocks). One key serves all photos.

    References
    ----------
    .. [1] K. Kurihara, S. Shiota, H. Kiya, "An Encryption-then-Compression System for JPEG Standard", PCS 2015.
    """

    config: ScrambleConfig
    version = VERSION

    def redraw(self, photo: np.ndarray, region: np.ndarray, seed: int) -> np.ndarray:
        block = self.config.block
        generator = np.random.default_rng(self.config.key)
        rows, columns = np.nonzero(region)
        top, left = rows.min(), columns.min()
        down, across = (rows.max() + 1 - top) // block, (columns.max() + 1 - left) // block
        ends = top + down * block, left + across * block
        tiled = region[top : ends[0], left : ends[1]].reshape(down, block, across, block).swapaxes(1, 2)
        redrawn, rest = photo.copy(), region.copy()
        whole = np.argwhere(tiled.all(axis=(2, 3))) * block + (top, left)
        for (to_row, to_column), (row, column) in zip(whole, generator.permutation(whole), strict=True):
            redrawn[to_row : to_row + block, to_column : to_column + block] = photo[
                row : row + block, column : column + block
            ]
            rest[to_row : to_row + block, to_column : to_column + block] = False
        redrawn[rest] = generator.permutation(photo[rest])
        return redrawn

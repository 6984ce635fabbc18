"""Mosaic with noise inside the palm: differentially private pixelation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from palmbench.methods.declaration import REPAINTED, Declaration
from palmbench.methods.method import MethodConfig
from palmbench.methods.region import RegionMethod
from recognizers.common.strict import setting

if TYPE_CHECKING:
    from palmbench.hands.palm import Region

VERSION = 1
_CHANNELS = 3
_LEAST_NOISE = 20.0  # grey levels: with less a mosaic's palm shows through


@dataclass(frozen=True)
class DpPixConfig(MethodConfig):
    """Mosaic with Laplace noise inside the palm: private for photos that differ in few pixels."""

    name: Literal["dp_pix"] = "dp_pix"
    epsilon: float = setting(1.0, above=0, high=1e6)
    block: int = setting(16, low=1, high=4096)
    neighbours: int = setting(16, low=1, high=10**9)

    label = "Private pixelating"
    named = ("epsilon", "block", "neighbours")
    seeded = True
    on_device = False

    @property
    def leaves_lines(self) -> bool:  # type: ignore[override]
        """A mosaic with hardly any noise: of rendered palms MTCC matches 22 % at epsilon 100, none at 1."""
        return _noise(self, self.block**2) < _LEAST_NOISE

    def declaration(self, region: Region = "paper") -> Declaration:
        return Declaration(
            self.name,
            region=REPAINTED[region],
            sees=(),
            seeded=True,
            surrogate="none",
            guarantee=(
                f"{self.epsilon:g}-differentially private inside the palm for whoever does not know the seed, where "
                f"two photos are neighbours if they differ in at most m = {self.neighbours} pixels of it: two palms "
                "differ in more."
            ),
            licence="",
            reference="Fan, DBSec 2018",
        )

    def load(self, device: str = "cpu", region: Region = "paper") -> DpPix:
        return DpPix(self, device, region)

    def describe(self) -> str:
        return f"dp_pix is {self.declaration().guarantee}"


class DpPix(RegionMethod):
    """Replace the palm region by squares of `block` pixels, each their mean and Laplace noise [1]_.

    A mean of n pixels moves by at most 255 m / n if m of them change, so noise of the scale 255 m / (n e) spends e on a
    channel; each of the three has a third of `epsilon`. Means are taken of the region's pixels alone: what lies around
    it is shown as it is, and the region itself counts as known.

    References
    ----------
    .. [1] L. Fan, "Image Pixelization with Differential Privacy", DBSec 2018.
    """

    config: DpPixConfig
    version = VERSION

    def redraw(self, photo: np.ndarray, region: np.ndarray, seed: int) -> np.ndarray:
        config = self.config
        rows, columns = np.nonzero(region)
        down, across = (rows - rows.min()) // config.block, (columns - columns.min()) // config.block
        of_block = down * (across.max() + 1) + across
        _, of_block, sizes = np.unique(of_block, return_inverse=True, return_counts=True)
        pixels = photo[region]
        sums = [np.bincount(of_block, pixels[:, channel]) for channel in range(_CHANNELS)]
        means = np.stack(sums, axis=1) / sizes[:, None]
        noise = _noise(config, sizes)[:, None] * np.random.default_rng(seed).laplace(size=means.shape)
        redrawn = photo.copy()
        redrawn[region] = np.round(np.clip(means + noise, 0, 255)).astype(np.uint8)[of_block]
        return redrawn


def _noise(config: DpPixConfig, pixels: Any) -> Any:
    """Scale, in grey levels, of the noise on the mean of some pixels; of a number of pixels, or of an array of them."""
    return 255 * config.neighbours / (pixels * config.epsilon / _CHANNELS)

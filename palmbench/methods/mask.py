"""The palm painted over with one grey level."""

from __future__ import annotations

from typing import Any

import numpy as np

from palmbench.hands.palm import Region
from palmbench.methods.region import RegionMethod, region_versions

VERSION = 1


class MaskMethod(RegionMethod):
    """Fill the palm region with `fill` in all channels, 0 (black) to 255 (white)."""

    name = "mask"

    def __init__(self, fill: int = 0, region: Region = "paper") -> None:
        self.fill, self.region = fill, region

    def settings(self) -> dict[str, Any]:
        versions = {"mask": VERSION, **region_versions()}
        return {"name": self.name, "fill": self.fill, "region": self.region, "versions": versions}

    def redraw(self, photo: np.ndarray, region: np.ndarray) -> np.ndarray:
        return np.full_like(photo, self.fill)

"""Gaussian blur inside the palm."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from palmbench.hands.palm import Region
from palmbench.methods.region import RegionMethod, region_versions

VERSION = 1


class BlurMethod(RegionMethod):
    """Blur the whole photo with a Gaussian of `sigma` pixels and show it inside the palm region.

    So the region's edge blends with the colours around it, as when a viewer blurs a selection.
    """

    name = "blur"

    def __init__(self, sigma: float, region: Region = "paper") -> None:
        self.sigma, self.region = sigma, region

    def settings(self) -> dict[str, Any]:
        versions = {"blur": VERSION, **region_versions()}
        return {"name": self.name, "sigma": self.sigma, "region": self.region, "versions": versions}

    def redraw(self, photo: np.ndarray, region: np.ndarray) -> np.ndarray:
        return cv2.GaussianBlur(photo, (0, 0), self.sigma)

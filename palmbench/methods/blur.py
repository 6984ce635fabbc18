"""Gaussian blur inside the palm."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from palmbench.methods.region import RegionMethod


class BlurMethod(RegionMethod):
    """Blur the whole photo with a Gaussian of `sigma` pixels and show it inside the palm region.

    So the region's edge blends with the colours around it, as when a viewer blurs a selection.
    """

    name = "blur"

    def __init__(self, sigma: float) -> None:
        self.sigma = sigma

    def settings(self) -> dict[str, Any]:
        return {"name": self.name, "sigma": self.sigma}

    def redraw(self, photo: np.ndarray, region: np.ndarray) -> np.ndarray:
        return cv2.GaussianBlur(photo, (0, 0), self.sigma)

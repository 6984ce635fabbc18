"""Smoothing inside the palm that keeps edges: a bilateral or a guided filter."""

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
_SPACE = 6.0  # bilateral: standard deviation over distance, pixels
# Bilateral, at strength 1: standard deviation over the difference of colour, grey levels of all channels.
_COLOUR = 130.0
_RADIUS = 8  # guided: half the side of its windows, pixels
_EDGE = 35.5  # guided, at strength 1: standard deviation below which a window is smoothed, grey levels
_REACH = 3 * _RADIUS  # pixels around the palm that decide what is seen of it


@dataclass(frozen=True)
class SmoothConfig(MethodConfig):
    """Smoothing inside the palm that keeps edges."""

    name: Literal["smooth"] = "smooth"
    way: Literal["bilateral", "guided"] = "bilateral"
    strength: float = setting(1.0, above=0, high=100)

    label = "Smoothing"
    named = ("way", "strength")
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
            reference={
                "bilateral": "Tomasi and Manduchi, ICCV 1998",
                "guided": "He, Sun and Tang, IEEE TPAMI 35, 2013",
            }[self.way],
        )

    def load(self, device: str = "cpu", region: Region = "paper") -> Smooth:
        return Smooth(self, device, region)


class Smooth(RegionMethod):
    """Smooth the photo by a bilateral [1]_ or by a guided filter of each channel by itself [2]_.

    At strength 1 rendered palms are as similar (SSIM) to the originals as those that `blur` gives by default.

    References
    ----------
    .. [1] C. Tomasi, R. Manduchi, "Bilateral Filtering for Gray and Color Images", ICCV 1998.
    .. [2] K. He, J. Sun, X. Tang, "Guided Image Filtering", IEEE TPAMI 35 (2013).
    """

    config: SmoothConfig
    version = VERSION

    def redraw(self, photo: np.ndarray, region: np.ndarray, seed: int) -> np.ndarray:
        import cv2

        rows, columns = np.nonzero(region)
        box = tuple(slice(max(0, each.min() - _REACH), each.max() + 1 + _REACH) for each in (rows, columns))
        redrawn, strength = photo.copy(), self.config.strength
        if self.config.way == "bilateral":
            # A diameter of five standard deviations: what lies farther hardly counts, and takes most of the time.
            redrawn[box] = cv2.bilateralFilter(photo[box], int(5 * _SPACE) | 1, _COLOUR * strength, _SPACE)
        else:
            redrawn[box] = _guided(photo[box], _EDGE * strength)
        return redrawn


def _guided(image: np.ndarray, edge: float) -> np.ndarray:
    import cv2

    def mean(values: np.ndarray) -> np.ndarray:
        return np.asarray(cv2.blur(values, (2 * _RADIUS + 1, 2 * _RADIUS + 1)))

    levels = image.astype(np.float64)
    means = mean(levels)
    variance = np.maximum(mean(levels**2) - means**2, 0)
    slope = variance / (variance + edge**2)
    smooth = mean(slope) * levels + mean((1 - slope) * means)
    return np.clip(np.round(smooth), 0, 255).astype(np.uint8)

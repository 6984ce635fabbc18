"""How photos are taken: the ranges of pose, light and camera that make up a profile."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Profile:
    """Capture conditions. Angles in degrees, lengths as shares of the photo's height or of the hand, as said.

    Attributes
    ----------
    height, width : int
        Size of the photo in pixels.
    scale : (float, float)
        Hand length as a share of the photo's height.
    roll, tilt : float
        Standard deviation of the hand's turn in the picture, and of its slant about both axes.
    spread, flexion : float
        Standard deviation of each finger's direction, and of each joint's bend.
    shift : float
        Standard deviation of the hand's place, as a share of the photo's height.
    warp : float
        Standard deviation of the skin's stretch, in hand lengths.
    fade : float
        Standard deviation of each crease's depth between photos, as a share of it.
    dropout : float
        Share of wrinkles that a photo does not show.
    light : float
        How far the light may come from the side, 0 (frontal) to 1.
    blur, noise : (float, float)
        Ranges of the lens blur (standard deviation in pixels) and of the sensor noise (8-bit grey levels).
    """

    height: int = 480
    width: int = 640
    scale: tuple[float, float] = (0.76, 0.86)
    roll: float = 6.0
    tilt: float = 4.0
    spread: float = 2.2
    flexion: float = 4.0
    shift: float = 0.012
    warp: float = 0.0043
    fade: float = 0.36
    dropout: float = 0.26
    light: float = 0.55
    blur: tuple[float, float] = (0.45, 1.0)
    noise: tuple[float, float] = (1.0, 3.0)


PROFILES = {"controlled": Profile()}

"""How photos are taken: the ranges of pose, light and camera that make up a profile."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Profile:
    """Capture conditions. Angles in degrees, pixels at a height of 480, other lengths as said.

    `nuisance` is the one number by which a profile is calibrated: it multiplies whatever makes two photos of
    a palm differ for a recognizer (tilt, flexion, cup, stretch, fading, dropout and light).

    Attributes
    ----------
    width, height : int
        Size of the photo in pixels.
    nuisance : float
    surroundings : tuple of str
        Kinds of background, one of which a session has; see `scene.background`.
    scale : (float, float)
        Hand length as a share of the photo's height.
    distance : (float, float)
        How far the camera is, in hand lengths.
    roll, tilt : float
        Standard deviation of the hand's turn in the picture, and of its slant about both axes.
    spread, flexion : float
        Standard deviation of each finger's direction, and of each joint's bend.
    cup : float
        How far a palm may be hollowed: largest rise of its rims, in hand lengths.
    shift : float
        How far the hand may leave the middle: share of the room that it leaves in the picture.
    warp : float
        Standard deviation of the skin's stretch, in hand lengths.
    fade : float
        Standard deviation of each crease's depth between photos, as a share of it.
    dropout : float
        Share of wrinkles that a photo does not show.
    light : float
        How far the light may come from the side, 0 (frontal) to 1.
    lamp : float
        Standard deviation of the direction in which the lamp stands, in radians about the upper left: small where all
        photos are taken in one place, and 4 or more where lamps stand anywhere.
    sleeves, rings : float
        Share of sessions with a sleeve in the picture, and of hands that wear a ring.
    gain, balance : float
        Standard deviation of the exposure and of the white balance, as shares.
    vignette : (float, float)
        Range of the darkening of corners, as a share.
    defocus, noise : (float, float)
        Ranges of the lens blur (standard deviation in pixels) and of the sensor noise (8-bit grey levels).
    sharpening : (float, float)
        Range of the camera's sharpening, see `camera.Exposure`.
    motion : float
        Mean length of the motion blur, in pixels.
    jpeg : (int, int) or None
        Range of the JPEG quality; None = not compressed.
    """

    width: int = 640
    height: int = 480
    nuisance: float = 1.15
    surroundings: tuple[str, ...] = ("plain",)
    scale: tuple[float, float] = (0.76, 0.86)
    distance: tuple[float, float] = (2.8, 4.2)
    roll: float = 7.0
    tilt: float = 4.0
    spread: float = 2.6
    flexion: float = 4.5
    cup: float = 0.03
    shift: float = 0.25
    warp: float = 0.0043
    fade: float = 0.36
    dropout: float = 0.26
    light: float = 0.8
    lamp: float = 0.5
    sleeves: float = 0.25
    rings: float = 0.06
    gain: float = 0.05
    balance: float = 0.015
    vignette: tuple[float, float] = (0.0, 0.08)
    defocus: tuple[float, float] = (0.35, 0.60)
    sharpening: tuple[float, float] = (0.0, 0.0)
    motion: float = 0.0
    noise: tuple[float, float] = (0.9, 1.7)
    jpeg: tuple[int, int] | None = None


PROFILES = {
    "controlled": Profile(flexion=3.2, fade=0.45, light=0.95, dropout=0.06, noise=(0.9, 2.2), jpeg=(90, 97)),
    "mobile": Profile(
        nuisance=1.05,
        surroundings=("surface", "surface", "plain"),
        scale=(0.55, 0.84),
        distance=(2.2, 3.6),
        roll=14.0,
        tilt=7.0,
        spread=3.6,
        flexion=6.5,
        cup=0.05,
        shift=0.7,
        light=0.8,
        lamp=4.0,
        sleeves=0.4,
        rings=0.08,
        gain=0.12,
        balance=0.06,
        vignette=(0.0, 0.2),
        defocus=(0.4, 0.9),
        sharpening=(0.2, 0.7),
        motion=0.4,
        noise=(1.5, 5.0),
        jpeg=(78, 95),
    ),
    "wild": Profile(
        nuisance=1.15,
        surroundings=("clutter", "clutter", "surface"),
        scale=(0.34, 0.78),
        distance=(2.0, 5.0),
        roll=28.0,
        tilt=10.0,
        spread=4.5,
        flexion=9.0,
        cup=0.07,
        shift=0.95,
        light=1.0,
        lamp=4.0,
        sleeves=0.55,
        rings=0.10,
        gain=0.20,
        balance=0.065,
        vignette=(0.0, 0.35),
        defocus=(0.5, 1.6),
        sharpening=(0.0, 1.0),
        motion=1.0,
        noise=(2.0, 6.5),
        jpeg=(55, 92),
    ),
}


def asked_for(
    identity: int, sample: int, profile: str, size: tuple[int, int] | None
) -> tuple[Profile, tuple[int, int]]:
    """Conditions and size (width, height) of a photo that is asked for; None is the profile's own size.

    Raises
    ------
    ValueError
        If the profile is unknown, identity or sample is negative, or the size is below 64 x 64.
    """
    if profile not in PROFILES:
        raise ValueError(f"unknown profile {profile!r}; there is {', '.join(PROFILES)}")
    if identity < 0 or sample < 0:
        raise ValueError(f"identity and sample must not be negative, got {identity} and {sample}")
    conditions = PROFILES[profile]
    width, height = size or (conditions.width, conditions.height)
    if min(width, height) < 64:
        raise ValueError(f"a photo has at least 64 x 64 pixels, not {width} x {height}")
    return conditions, (width, height)

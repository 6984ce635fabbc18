"""The camera that takes the photo: exposure, white balance, blur, sensor noise, JPEG."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import cv2
import numpy as np

from recognizers.common.jit import compiled

# Pixels at which lengths are given; they grow with the photo.
REFERENCE_HEIGHT = 480
SHARPENED = 1.3
# Above the knee highlights are rolled off, so that white skin or paper keeps its drawing.
_KNEE = 0.78
# Share of the noise's variance that all three channels have in common.
_LUMINANCE_SHARE = 0.8


class CameraConditions(Protocol):
    """What a profile says of its cameras: ranges are (low, high), `gain`, `balance` and `motion` are spreads."""

    @property
    def gain(self) -> float: ...
    @property
    def balance(self) -> float: ...
    @property
    def vignette(self) -> tuple[float, float]: ...
    @property
    def defocus(self) -> tuple[float, float]: ...
    @property
    def sharpening(self) -> tuple[float, float]: ...
    @property
    def motion(self) -> float: ...
    @property
    def noise(self) -> tuple[float, float]: ...
    @property
    def jpeg(self) -> tuple[int, int] | None: ...


@dataclass(frozen=True)
class Exposure:
    """How one photo is taken.

    Attributes
    ----------
    gain : float
        Multiplier of the light.
    balance : ndarray of shape (3,)
        Multipliers of red, green and blue.
    vignette : float
        Share of the light that the corners lose.
    defocus : float
        Standard deviation of the lens blur, in pixels at a height of 480.
    sharpening : float
        How much of what a blur of `SHARPENED` pixels takes away is added again, as telephones do; 0 is none.
    motion : (float, float)
        Way of the hand during the exposure, (x, y) in pixels at a height of 480.
    noise : float
        Standard deviation of the noise of mid-grey in each channel, in 8-bit grey levels.
    jpeg : int or None
        JPEG quality; None for a photo that was never compressed.
    """

    gain: float
    balance: np.ndarray
    vignette: float
    defocus: float
    sharpening: float
    motion: tuple[float, float]
    noise: float
    jpeg: int | None


def draw_exposure(conditions: CameraConditions, session: np.random.Generator, sample: np.random.Generator) -> Exposure:
    """Draw how a photo is taken.

    Parameters
    ----------
    conditions : CameraConditions
        The profile.
    session : numpy.random.Generator
        Numbers of the session, the same for each of its photos: white balance, level of light, lens, compression.
    sample : numpy.random.Generator
        Numbers of the photo: focus, motion, noise, small changes of light.
    """
    # Lamps differ from warm to cold far more than from green to magenta.
    warmth, tint = np.clip(session.normal(0, 1, 2), -2, 2) * conditions.balance * (1.0, 0.35)
    balance = np.array([1 + warmth + tint / 2, 1 - tint, 1 - warmth + tint / 2]) + sample.normal(
        0, 0.15 * conditions.balance, 3
    )
    level = 0.9 * session.normal(0, conditions.gain) + 0.44 * sample.normal(0, conditions.gain)
    vignette = session.uniform(*conditions.vignette)
    quality = session.uniform(0, 1)
    way, heading = sample.exponential(conditions.motion), sample.uniform(0, 2 * np.pi)
    way = min(way, 4 * conditions.motion)
    return Exposure(
        gain=float(np.clip(np.exp(level), 0.4, 1.8)),
        balance=np.clip(balance, 0.6, 1.5).astype(np.float32),
        vignette=float(vignette),
        defocus=float(sample.uniform(*conditions.defocus)),
        sharpening=float(session.uniform(*conditions.sharpening)),
        motion=(float(way * np.cos(heading)), float(way * np.sin(heading))),
        noise=float(sample.uniform(*conditions.noise)),
        jpeg=None if conditions.jpeg is None else int(np.rint(np.interp(quality, (0, 1), conditions.jpeg))),
    )


def photograph(photo: np.ndarray, exposure: Exposure, generator: np.random.Generator) -> np.ndarray:
    """Take the photo.

    Parameters
    ----------
    photo : ndarray of shape (height, width, 3), float32
        What is before the camera, display-referred, [0, 1]; brighter is allowed and rolled off.
    exposure : Exposure
    generator : numpy.random.Generator
        Numbers of the sensor's noise.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
        RGB.
    """
    height, width = photo.shape[:2]
    seen = _blurred(np.ascontiguousarray(photo, np.float32), exposure, height / REFERENCE_HEIGHT)
    # The sum of a word's four bytes is close enough to a normal number, at a tenth of the price.
    luminance = generator.integers(0, 1 << 32, (height, width), np.uint32)
    chroma = generator.integers(0, 1 << 32, (2, (height + 1) // 2, (width + 1) // 2), np.uint32)
    # OpenCV compresses pictures whose channels run from blue to red.
    order = np.array([0, 1, 2] if exposure.jpeg is None else [2, 1, 0])
    taken = np.empty((height, width, 3), np.uint8)
    scale = np.asarray(exposure.gain * exposure.balance, np.float32)
    _expose(seen, scale, np.float32(exposure.vignette), np.float32(exposure.noise), luminance, chroma, order, taken)
    if exposure.jpeg is None:
        return taken
    encoded = cv2.imencode(".jpg", taken, [cv2.IMWRITE_JPEG_QUALITY, exposure.jpeg])[1]
    decoded = np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), np.uint8)
    return cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB)


def _blurred(photo: np.ndarray, exposure: Exposure, scale: float) -> np.ndarray:
    sigma = exposure.defocus * scale
    motion = np.array(exposure.motion) * scale
    if sigma > 0.15:
        photo = cv2.GaussianBlur(photo, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    if np.hypot(*motion) > 0.5:
        photo = cv2.filter2D(photo, -1, _streak(motion), borderType=cv2.BORDER_REPLICATE)
    if exposure.sharpening > 0:
        soft = cv2.GaussianBlur(photo, (0, 0), SHARPENED * scale, borderType=cv2.BORDER_REPLICATE)
        photo = cv2.addWeighted(photo, 1 + exposure.sharpening, soft, -exposure.sharpening, 0)
    return photo


def _streak(motion: np.ndarray) -> np.ndarray:
    """Kernel that spreads a pixel evenly along a line of the given (x, y) length about its centre."""
    reach = int(np.ceil(np.abs(motion).max() / 2))
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    steps = 4 * int(np.ceil(np.hypot(*motion))) + 1
    for share in np.linspace(-0.5, 0.5, steps):
        x, y = reach + share * motion[0], reach + share * motion[1]
        column, row = min(int(x), 2 * reach - 1), min(int(y), 2 * reach - 1)
        across, down = x - column, y - row
        kernel[row : row + 2, column : column + 2] += np.outer((1 - down, down), (1 - across, across))
    return kernel / kernel.sum()


@compiled
def _bell(word: Any) -> Any:
    """A number of mean 0 and variance 1 from the four bytes of a word."""
    total = (word & 255) + ((word >> 8) & 255) + ((word >> 16) & 255) + (word >> 24)
    return (np.float32(total) - np.float32(510.0)) * np.float32(1 / 147.80054)


@compiled
def _expose(
    seen: np.ndarray,
    scale: np.ndarray,
    vignette: Any,
    noise: Any,
    luminance: np.ndarray,
    chroma: np.ndarray,
    order: np.ndarray,
    taken: np.ndarray,
) -> None:
    """Light to grey levels in one pass: gain, vignette, roll-off, noise, rounding."""
    rows, columns = luminance.shape
    one, half, knee = np.float32(1), np.float32(0.5), np.float32(_KNEE)
    shared, own = np.float32(_LUMINANCE_SHARE**0.5), np.float32((1 - _LUMINANCE_SHARE) ** 0.5)
    middle_row, middle_column = np.float32((rows - 1) / 2), np.float32((columns - 1) / 2)
    reach = one / (middle_row**2 + middle_column**2)
    for r in range(rows):
        high = (np.float32(r) - middle_row) ** 2
        for c in range(columns):
            off = (high + (np.float32(c) - middle_column) ** 2) * reach
            light = one - vignette * off * (half + half * off)
            common = shared * _bell(luminance[r, c])
            red = own * _bell(chroma[0, r // 2, c // 2])
            blue = own * _bell(chroma[1, r // 2, c // 2])
            # Green goes against red and blue, with their strength.
            hues = (red, -(red + blue) * np.float32(0.70710678), blue)
            for k in range(3):
                value = max(seen[r, c, k] * scale[k] * light, np.float32(0))
                if value > knee:
                    above = (value - knee) / (one - knee)
                    value = knee + (one - knee) * above / (one + above)
                spread = noise * np.sqrt(np.float32(0.4) + np.float32(1.2) * value)
                level = value * np.float32(255) + spread * (common + hues[k]) + half
                taken[r, c, order[k]] = np.uint8(min(max(level, np.float32(0)), np.float32(255)))

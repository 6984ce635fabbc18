"""Samples of what is done to a painted palm before it is in its photo: wrinkles, light, relief, texture, the paste."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from palmbench.hands.roi_squares import Square
from palmbench.methods import bands, blotches, light, palette, palm_lines, paste_back, relief, skin_texture, wrinkles
from palmbench.methods.region import palm_region
from tests.golden import inputs
from tests.golden.artefacts import Golden, exact, picture, sampled

FINISHING = ("bands", "blotches", "light", "palette", "palm_lines", "paste_back", "relief", "skin_texture", "wrinkles")
_PICTURE = 1e-4
_PALM = [f"palmbench.hands.{name}" for name in ("roi_squares", "palm", "skeleton")]


def _painted_crop() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """A crop of the photo, a smoother and darker one in the place of what a painter gave, the hand and the palm."""
    crop, hand = inputs.photo()[64:256, 0:192], inputs.hand().mask[64:256, 0:192]
    repainted = palm_region(inputs.hand(), "paper")[64:256, 0:192]
    ramp = np.linspace(0.85, 0.95, 192)[:, None, None]
    return cv2.GaussianBlur(crop, (0, 0), 2.5) / 255 * ramp, crop, hand, repainted


def _wrinkles() -> dict[str, Any]:
    painted, crop, _, repainted = _painted_crop()
    lines = np.zeros(repainted.shape, np.float32)
    lines[:, 60:64] = 1
    drawn = [
        wrinkles.wrinkled(each, crop, repainted, lines, np.random.default_rng(5)) for each in (painted, crop / 255)
    ]
    return {"wrinkled": [picture(255 * each) for each in drawn]}


def _palm_lines() -> dict[str, Any]:
    hands = (inputs.hand(), inputs.hand(1))
    drawn = [palm_lines.palm_lines(hand, Square(0, 64, 192), 128, np.random.default_rng(5)) for hand in hands]
    return {"lines": [picture(255 * np.minimum(each, 1)) for each in drawn]}


def _relief() -> dict[str, Any]:
    painted, crop, _, repainted = _painted_crop()
    drawn = [relief.with_relief(each, crop, repainted, np.random.default_rng(5)) for each in (painted, crop / 255)]
    return {"uneven": [picture(255 * each) for each in drawn]}


def _blotches() -> dict[str, Any]:
    painted, crop, _, repainted = _painted_crop()
    smooth = np.rint(255 * painted).astype(np.uint8)
    return {"calmed": picture(255 * blotches.without_blotches(crop / 255, smooth, repainted))}


def _bands() -> dict[str, Any]:
    _, crop, _, repainted = _painted_crop()
    level = crop[..., 1] / np.float32(255)
    wide = ((0.8, 5.0), (4.0, 12.0))
    found = [bands.strength(crop / 255, repainted, repainted, band, band[1]) for band in wide]
    return {
        "between": sampled(bands.between(level, repainted, (0.8, 5.0))),
        "strength": [list(each) for each in found],
        "facing": exact(bands.facing(repainted)),
    }


def _light() -> dict[str, Any]:
    painted, crop, hand, repainted = _painted_crop()
    shaded = (crop * np.linspace(0.2, 1, 192)[:, None, None]).astype(np.uint8)
    sleeve = crop.copy()
    sleeve[150:] = (40, 60, 200)
    lit = [light.follow_light(painted, each, hand) for each in (crop, shaded, sleeve)]
    usual = light.in_usual_colour(0.9 * painted, crop, repainted)
    return {"lit": [picture(255 * each) for each in lit], "usual": picture(255 * usual)}


def _palette() -> dict[str, Any]:
    painted, crop, hand, _ = _painted_crop()
    sepia = np.rint(crop.mean(axis=2, keepdims=True) * (1.0, 0.9, 0.7)).astype(np.uint8)
    shades = palette.shades_of(sepia, hand)
    assert shades is not None and palette.shades_of(crop, hand) is None
    return {"shades": sampled(shades), "shaded": picture(255 * palette.in_shades(painted, shades))}


def _skin_texture() -> dict[str, Any]:
    painted, crop, hand, repainted = _painted_crop()
    noise = np.random.default_rng(6).integers(0, 30, crop.shape, np.uint8)
    noisy = (crop // 2 + noise).astype(np.uint8)
    found = [
        skin_texture.textured(painted, noisy, skin, repainted, size, np.random.default_rng(5))
        for skin, size in ((hand, 192), (hand, 96), (repainted, 192))
    ]
    rough = skin_texture.textured(noisy / 255, crop, hand, repainted, 192, np.random.default_rng(5))
    return {"textured": [picture(255 * each) for each in (*found, rough)]}


def _paste_back() -> dict[str, Any]:
    hand, square = inputs.hand(), Square(0, 64, 192)
    painted, _, _, repainted = _painted_crop()
    photos = []
    for only_palm in (True, False):
        for grain in (None, np.random.default_rng(5)):
            photos.append(inputs.photo().copy())
            paste_back.paste_back(photos[-1], painted, square, hand, "paper", only_palm, grain)
    return {
        "rim": picture(paste_back.soft_rim(repainted)),
        "photos": [picture(photo) for photo in photos],
    }


GOLDENS = [
    Golden("palmbench.methods.bands", "structure", _bands, tolerance=_PICTURE, constants=True),
    Golden("palmbench.methods.wrinkles", "wrinkles", _wrinkles, ["palmbench.methods.bands"], tolerance=_PICTURE,
           constants=True),
    Golden("palmbench.methods.palm_lines", "lines", _palm_lines,
           ["palmbench.hands.palm_frame", "palmbench.hands.roi_squares"], tolerance=_PICTURE),
    Golden("palmbench.methods.relief", "relief", _relief, ["palmbench.methods.bands"], tolerance=_PICTURE,
           constants=True),
    Golden("palmbench.methods.blotches", "blotches", _blotches, ["palmbench.methods.bands"], tolerance=_PICTURE,
           constants=True),
    Golden("palmbench.methods.light", "light or colours", _light, ["palmbench.methods.bands"], tolerance=_PICTURE,
           constants=True),
    Golden("palmbench.methods.palette", "shades", _palette, tolerance=_PICTURE, constants=True),
    Golden("palmbench.methods.skin_texture", "textures", _skin_texture, tolerance=_PICTURE, constants=True),
    Golden("palmbench.methods.paste_back", "photos", _paste_back,
           [*_PALM, "palmbench.methods.skin_texture"], tolerance=_PICTURE, constants=True),
]  # fmt: skip

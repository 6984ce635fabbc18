"""Skin in the picture: its colour, its pads, and its textures laid over the hand."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np

from palmbench.synth import texture
from palmbench.synth.anatomy import HandShape
from palmbench.synth.pose import Pose
from palmbench.synth.seeds import person_generator
from palmbench.synth.texture import SQUARE

# Palms of fair, olive and dark skin under white light (sRGB, 0 to 1); palms are lighter and redder than backs of hands.
_TONES = np.array([(0.930, 0.765, 0.690), (0.835, 0.645, 0.525), (0.560, 0.400, 0.315)])
_TONES_AT = (0.0, 0.5, 1.0)
_PINK, _YELLOW = np.array([0.010, -0.026, -0.004]), np.array([0.000, 0.004, -0.030])
_FINE_FROM = 600  # pixels a hand length from which the pores are seen
_FLUSHED = (4, 8, 12, 16, 20, 2, 17, 5, 9, 13)
_FLUSH_REACH = (0.050, 0.045, 0.045, 0.045, 0.045, 0.10, 0.08, 0.045, 0.045, 0.045)


class Complexion(NamedTuple):
    """Colour of a person's palms.

    Attributes
    ----------
    colour : ndarray of shape (3,)
        sRGB, 0 to 1, under white light.
    melanin : float
        0 (fairest) to 1 (darkest).
    mottled : float
        Strength of the mottling.
    lines : float
        How much darker than the skin creases are; usually 1, below 0 where they are lighter.
    """

    colour: np.ndarray
    melanin: float
    mottled: float
    lines: float


class SkinLayers(NamedTuple):
    """Skin of one photo, each float32 on its canvas.

    Attributes
    ----------
    relief, mottling : ndarray of shape (height, width)
        Fine relief, and red and pale patches, of unit variance.
    swell : ndarray of shape (height, width)
        Swellings and hollows between the creases, height in hand lengths.
    flush : ndarray of shape (height, width)
        Where the skin is flushed, from 0 to 1.
    """

    relief: np.ndarray
    mottling: np.ndarray
    swell: np.ndarray
    flush: np.ndarray


@lru_cache(maxsize=256)
def complexion(identity: int) -> Complexion:
    """Colour of the skin of an identity's person."""
    person = person_generator(identity).spawn(1)[0]
    melanin = float(person.beta(1.1, 1.4))
    colour = np.array([np.interp(melanin, _TONES_AT, _TONES[:, channel]) for channel in range(3)])
    colour = colour + person.normal(0, 1) * _PINK + person.normal(0, 0.7) * _YELLOW + person.normal(0, 0.010, 3)
    mottled, lines = float(person.uniform(0.6, 1.5)), float(np.clip(person.normal(0.9, 0.5), -0.4, 1.7))
    return Complexion(np.clip(colour, 0.2, 0.97), melanin, mottled, lines)


def skin_layers(identity: int, pose: Pose, size: tuple[int, int], offset: tuple[int, int]) -> SkinLayers:
    """Relief, mottling and flush of the skin on a canvas.

    Parameters
    ----------
    size : (int, int)
        Height and width of the canvas.
    offset : (int, int)
        Pixel (x, y) of the photo at the canvas's corner.
    """
    unit = pose.camera.unit
    relief, mottling, swell = (
        _warped(layer, pose, size, offset)
        for layer in (texture.relief(identity, unit >= _FINE_FROM), texture.mottling(identity), texture.swell(identity))
    )
    return SkinLayers(relief, mottling, swell, np.minimum(_flush(pose, unit, size, offset), 1))


def palm_mounds(pose: Pose, shape: HandShape, size: tuple[int, int], offset: tuple[int, int]) -> np.ndarray:
    """Height of the pads of palm and fingers, in pixels, float32 on a canvas (see `skin_layers`)."""
    joints = pose.joints[:, :2]
    places = [(joints[1] + joints[2]) / 2 + (0.045, -0.02), (shape.bases[3][0] - 0.02, -0.21), (0.03, -0.33)]
    reach, lift = [0.095, 0.090, 0.080], [0.098, 0.078, -0.038]
    for finger in range(4):
        chain = joints[5 + 4 * finger : 9 + 4 * finger]
        places.append(chain[0] + (0.0, 0.03))
        reach.append(0.036)
        lift.append(0.014)
        for low, high, pad in ((0, 1, 0.004), (1, 2, 0.005), (2, 3, 0.008)):
            places.append((chain[low] + chain[high]) / 2)
            reach.append(0.026)
            lift.append(pad)
    unit = pose.camera.unit
    seen = pose.camera.project(np.array(places))
    return _bumps(seen, np.array(reach) * unit, np.array(lift) * unit, size, offset)


def _flush(pose: Pose, unit: float, size: tuple[int, int], offset: tuple[int, int]) -> np.ndarray:
    centres = pose.camera.project(pose.joints[list(_FLUSHED)])
    return _bumps(centres, np.array(_FLUSH_REACH) * unit, np.ones(len(centres)), size, offset)


def _bumps(
    centres: np.ndarray, reach: np.ndarray, lift: np.ndarray, size: tuple[int, int], offset: tuple[int, int]
) -> np.ndarray:
    """Sum of Gaussian bumps on a canvas: centres (x, y), standard deviations and heights."""
    # They are wide: a quarter of the resolution shows them as well.
    height, width = -(-size[0] // 4), -(-size[1] // 4)
    places = (centres - np.array(offset) - 1.5) / 4
    rows = np.exp(-0.5 * ((np.arange(height) - places[:, 1:]) / (reach[:, None] / 4)) ** 2)
    columns = np.exp(-0.5 * ((np.arange(width) - places[:, :1]) / (reach[:, None] / 4)) ** 2)
    small = ((rows * lift[:, None]).T @ columns).astype(np.float32)
    return cv2.resize(small, (width * 4, height * 4), interpolation=cv2.INTER_LINEAR)[: size[0], : size[1]]


def _warped(layer: np.ndarray, pose: Pose, size: tuple[int, int], offset: tuple[int, int]) -> np.ndarray:
    left, top, side = SQUARE
    corners = np.array([(left, top), (left + side, top), (left + side, top + side), (left, top + side)])
    edge = len(layer) - 1
    source = np.array([(0, 0), (edge, 0), (edge, edge), (0, edge)], np.float32)
    target = (pose.camera.flat().project(corners) - np.array(offset)).astype(np.float32)
    transform = cv2.getPerspectiveTransform(source, target)
    return cv2.warpPerspective(layer, transform, size[::-1], flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)

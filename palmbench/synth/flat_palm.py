"""A palm without a hand: the creases, relief and swellings of an identity's skin, laid out flat in the palm frame."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from palmbench.hands.palm_frame import SQUARE
from palmbench.synth import texture
from palmbench.synth.creases import palm_creases
from palmbench.synth.grooves import Grooves, press
from palmbench.synth.shading import shade
from palmbench.synth.skin import Complexion, SkinLayers

VERSION = 1
_FINE_FROM = 600  # pixels a hand length from which the pores are seen
_GROOVE = 0.0019  # hand lengths: how deep a crease of depth 1 is, as in the middle of rendered photos
_SHEEN = 0.03
# Luminance (sRGB, 0 to 1) of the darkest and the fairest palms: creases are seen otherwise on dark skin.
_DARKEST, _FAIREST = 0.45, 0.80
_LINES = 0.9  # how much darker than the skin creases are
_MOTTLED = 0.5  # patches of one's own are in the light that a palm is laid on
_LUMINANCE = np.array([0.299, 0.587, 0.114])


class FlatPalm(NamedTuple):
    """Skin of a palm, each float32 (side, side) in the palm frame, or wherever it was laid.

    Attributes
    ----------
    depth : ndarray
        Of the creases, about 1 at the bottom of a principal line.
    relief, mottling : ndarray
        Fine relief, and red and pale patches, of unit variance.
    swell : ndarray
        Swellings and hollows between the creases, height in hand lengths.
    """

    depth: np.ndarray
    relief: np.ndarray
    mottling: np.ndarray
    swell: np.ndarray


def flat_palm(identity: int, side: int) -> FlatPalm:
    """The palm of an identity, every crease at its full depth, in a palm frame of so many pixels a side."""
    left, top, length = SQUARE
    unit = (side - 1) / length
    creases = palm_creases(identity)
    grooves = Grooves(
        (creases.points - (left, top)) * unit, creases.width * unit, creases.depth, creases.line, creases.kind
    )
    return FlatPalm(
        press(grooves, (side, side), (0, 0)),
        *(
            _cut(layer, side)
            for layer in (
                texture.relief(identity, unit >= _FINE_FROM),
                texture.mottling(identity),
                texture.swell(identity),
            )
        ),
    )


def lit(palm: FlatPalm, colour: np.ndarray, light: np.ndarray, unit: float) -> np.ndarray:
    """What a palm looks like in some light, as the renderer shows it.

    Parameters
    ----------
    palm : FlatPalm
        Of any height and width.
    colour : ndarray of shape (3,)
        Of the skin, sRGB, 0 to 1.
    light : ndarray of shape (3,)
        Direction to the light, of unit length: x right, y down, z towards the camera.
    unit : float
        Pixels a hand length.

    Returns
    -------
    ndarray of shape (height, width, 3), float32
        About 0 to 1.
    """
    shape = palm.depth.shape
    nothing = np.zeros(shape, np.float32)
    melanin = float(np.clip((_FAIREST - colour @ _LUMINANCE) / (_FAIREST - _DARKEST), 0, 1))
    photo = np.zeros((*shape, 3), np.float32)
    shade(
        photo,
        np.ones(shape, np.float32),
        nothing,
        palm.depth,
        SkinLayers(palm.relief, palm.mottling, palm.swell, nothing),
        Complexion(np.asarray(colour), melanin, _MOTTLED, _LINES),
        light,
        unit,
        groove=_GROOVE,
        warmth=0.0,
        sheen=_SHEEN,
    )
    return photo


def _cut(layer: np.ndarray, side: int) -> np.ndarray:
    """The palm frame out of a texture."""
    left, top, length = texture.SQUARE
    scale = (len(layer) - 1) / length
    step = SQUARE[2] * scale / (side - 1)
    place = np.array([[step, 0, (SQUARE[0] - left) * scale], [0, step, (SQUARE[1] - top) * scale]])
    return cv2.warpAffine(layer, place, (side, side), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)

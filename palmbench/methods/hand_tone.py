"""Other light on a hand's skin: its blotches and shades drawn anew, and one shift of its tone.

Where skin is flushed, pale or in shade differs from hand to hand and from day to day, survives any new line, and is as
coarse as what a painter takes over to fit a palm into its hand.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator

from palmbench.hands.hand import Hand
from palmbench.hands.skeleton import hand_length
from palmbench.methods.hand_parts import PALM, ahead_of_wrist, from_wrist, owners

VERSION = 1
_SOFTNESS = 1.5  # pixels over which a change begins at the hand's outline
# Hand lengths: standard deviations of the blurs between which structure is blotches, and of the new ones. What is
# coarser is the light of the scene.
_FINEST, _COARSEST, _DRAWN = 0.02, 0.4, 0.06
_STRONGEST = 2.0  # standard deviations beyond which a blotch is cut off
_UNLIKE = 25.0  # distance in L*a*b*, lightness counted half, from the hand's median from which it is no skin
_SIDE = 256  # pixels of a hand's length at which blotches are found


def blotched(photo: np.ndarray, hand: Hand, strength: float, generator: Generator) -> np.ndarray:
    """A photo (uint8, height x width x 3, RGB) whose hand has other blotches, `strength` times as strong.

    In fingers lightness stays, whose shading makes them round.
    """
    points = np.asarray(hand.keypoints_2d, np.float64)
    box = _box(hand)
    mask = hand.mask[box]
    height, width = mask.shape
    length = hand_length(points)
    scale = min(1.0, _SIDE / length)
    size = max(2, round(width * scale)), max(2, round(height * scale))
    small = cv2.resize(photo[box], size, interpolation=cv2.INTER_AREA)
    inside: np.ndarray = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    unit = length * scale
    inside = inside * _like_skin(lab, inside)
    own = _between(lab, inside, unit)
    drawn = cv2.GaussianBlur(generator.standard_normal((size[1], size[0], 3)), (0, 0), _DRAWN * unit)
    drawn -= _blurred(drawn, inside, _COARSEST * unit)
    skin = inside > 0.5
    if not skin.any():
        return photo
    # Blood and shade change lightness and both colours together, as the hand's own blotches tell.
    usual = 1.4826 * np.median(np.abs(own[skin]), axis=0) + 1e-6
    common = np.cov(np.clip(own[skin], -_STRONGEST * usual, _STRONGEST * usual).T) + 1e-6 * np.eye(3)
    drawn = np.clip(drawn / np.maximum(drawn[skin].std(axis=0), 1e-6), -_STRONGEST, _STRONGEST)
    drawn = strength * drawn @ np.linalg.cholesky(common).T
    corner = np.array([box[1].start, box[0].start])
    palm = (owners((points - corner) * scale, skin) == PALM).astype(np.float32)
    change = (drawn - own).astype(np.float32)
    change *= cv2.GaussianBlur(inside, (0, 0), 0.5 * _FINEST * unit)[..., None]
    change[..., 0] *= cv2.GaussianBlur(palm, (0, 0), _FINEST * unit)
    return _shifted(photo, hand, box, cv2.resize(change, (width, height), interpolation=cv2.INTER_LINEAR))


def toned(photo: np.ndarray, hand: Hand, spread: float, generator: Generator) -> np.ndarray:
    """A photo (uint8, height x width x 3, RGB) whose hand has another tone.

    L*, a* and b* of all the hand's pixels are shifted by one normal number each, of the standard deviation `spread`.
    """
    return _shifted(photo, hand, _box(hand), generator.normal(0, spread, 3).astype(np.float32))


def _shifted(photo: np.ndarray, hand: Hand, box: tuple[slice, slice], change: np.ndarray) -> np.ndarray:
    below, inside = photo[box].astype(np.float32) / 255, hand.mask[box]
    share = np.clip(cv2.GaussianBlur(inside.astype(np.float32), (0, 0), _SOFTNESS) * 2 - 1, 0, 1)
    points = np.asarray(hand.keypoints_2d, np.float64) - (box[1].start, box[0].start)
    share = share * from_wrist(ahead_of_wrist(points, inside.shape) / hand_length(points))
    lab = cv2.cvtColor(below, cv2.COLOR_RGB2LAB) + (share[..., None] * change).astype(np.float32)
    shifted = np.clip(np.round(255 * cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)), 0, 255).astype(np.uint8)
    result = photo.copy()
    result[box][inside] = shifted[inside]
    return result


def _like_skin(lab: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Where the hand is of its skin's colour: neither a ring, nor a palm that a method painted over."""
    fingers = lab[inside > 0.5]
    if not len(fingers):
        return inside
    return np.asarray(np.linalg.norm((lab - np.median(fingers, axis=0)) * (0.5, 1, 1), axis=2) < _UNLIKE, np.float32)


def _between(lab: np.ndarray, weights: np.ndarray, unit: float) -> np.ndarray:
    return _blurred(lab, weights, _FINEST * unit) - _blurred(lab, weights, _COARSEST * unit)


def _blurred(image: np.ndarray, weights: np.ndarray, sigma: float) -> np.ndarray:
    share = np.maximum(cv2.GaussianBlur(weights, (0, 0), sigma), 1e-3)[..., None]
    return np.asarray(cv2.GaussianBlur(image * weights[..., None], (0, 0), sigma) / share)


def _box(hand: Hand) -> tuple[slice, slice]:
    rows, columns = np.flatnonzero(hand.mask.any(axis=1)), np.flatnonzero(hand.mask.any(axis=0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)

"""Texture of skin at a photo's own scale: what a painter of a few hundred pixels leaves out of a large palm.

Scraps of the skin around the palm, without what is coarser than pores and fine wrinkles, are laid over each other at
random. They have the photo's sharpness, noise and compression, and say nothing of the palm that was there.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

VERSION = 3
_COARSEST = 1.0  # standard deviation, in pixels of the painter's crop, of what is still texture
_LEAST_COARSEST = 1.5  # the same in pixels of the photo
_SCRAP = 10  # side of a scrap, in standard deviations
_FEWEST = 40  # scraps to choose from
_TRIED = 400
_FAINTEST, _STRONGEST = 0.5, 1.2  # strength of a scrap against that of most: others hold creases, or nothing
_LEVELS = 4  # of brightness, in each of which skin has a strength of its own
_SEEN = 0.3  # weight from which a scrap is seen
_SMOOTHEST = 0.4  # factor of a painter's own fine structure, where it is too strong
_DARK = 0.03  # of full scale: relative to darker pixels texture would be noise alone


def textured(
    painted: np.ndarray,
    original: np.ndarray,
    hand: np.ndarray,
    palm: np.ndarray,
    size: int,
    generator: np.random.Generator,
    rougher: float = 1.0,
) -> np.ndarray:
    """Give a painted palm the fine structure of the skin around it.

    Parameters
    ----------
    painted : ndarray of shape (side, side, 3), float
        In [0, 1], at the photo's scale.
    original : ndarray of shape (side, side, 3), uint8
        The photo there.
    hand, palm : ndarray of shape (side, side), bool
        The hand, and what was repainted of it.
    size : int
        Side of the crop that the painter saw.
    generator : numpy.random.Generator
        Draws scraps and their places.
    rougher : float
        How strong the palm's texture is to be against that of the skin around it.

    Returns
    -------
    ndarray of shape (side, side, 3), float32
        In [0, 1]. Where a hand has no skin beside its palm the texture is white noise, as strong as the finest
        structure of the palm that was there.
    """
    sigma = max(_LEAST_COARSEST, _COARSEST * len(painted) / size)
    level = cv2.cvtColor(original, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    skin = _beside(hand, palm, sigma)
    scraps = _scraps(_fine(level, skin, sigma), level, skin, sigma, generator)
    painted = painted.astype(np.float32)
    smooth = cv2.GaussianBlur(painted, (0, 0), sigma)
    own = painted - smooth
    grey, light = (cv2.cvtColor(each, cv2.COLOR_RGB2GRAY) for each in (own, smooth))
    if scraps is None:
        noise = generator.standard_normal(level.shape).astype(np.float32)
        texture = noise - cv2.GaussianBlur(noise, (0, 0), sigma)
        texture /= _strength(texture)
        wanted = np.full_like(light, _strength(_fine(level, palm, sigma), palm))
    else:
        texture = _laid(scraps.pieces, palm, generator)
        wanted = np.interp(light, scraps.levels, scraps.strengths).astype(np.float32)
        # Of skin brighter than any beside the palm nothing is known but that its noise is no stronger.
        wanted *= np.minimum(1, scraps.levels[-1] / np.maximum(light, _DARK))
    wanted = wanted * np.float32(rougher)
    found = _strength(grey / np.maximum(light, _DARK) / wanted, palm)
    kept = float(np.clip(1 / found, _SMOOTHEST, 1))
    added = np.sqrt(max(0.0, 1 - (kept * found) ** 2)) * wanted * texture
    return np.clip((smooth + kept * own) * (1 + added[..., None]), 0, 1).astype(np.float32)


def _strength(fine: np.ndarray, region: np.ndarray | None = None) -> float:
    """Standard deviation of fine structure as its median tells it: lines, which are few, do not count."""
    inside = fine if region is None else fine[region]
    return max(1e-6, 1.4826 * float(np.median(np.abs(inside)))) if inside.size else 1e-6


def _beside(hand: np.ndarray, palm: np.ndarray, sigma: float) -> np.ndarray:
    """Skin that is not the palm's, away from the hand's outline."""
    width = 2 * round(sigma) + 1
    inside = cv2.erode(hand.astype(np.uint8), np.ones((width, width), np.uint8), borderValue=1)
    rim = cv2.dilate(palm.astype(np.uint8), np.ones((9, 9), np.uint8))
    return (inside > 0) & (rim == 0)


def _fine(level: np.ndarray, region: np.ndarray, sigma: float) -> np.ndarray:
    """Structure finer than sigma within a region, relative to the brightness there; 0 elsewhere."""
    weights = region.astype(np.float32)
    around = cv2.GaussianBlur(level * weights, (0, 0), sigma) / np.maximum(
        cv2.GaussianBlur(weights, (0, 0), sigma), 1e-4
    )
    return (level - around) / np.maximum(around, _DARK) * weights


class _Scraps(NamedTuple):
    """Squares of fine structure of unit strength, and how strong it is where skin is so bright, darkest first."""

    pieces: np.ndarray
    levels: np.ndarray
    strengths: np.ndarray


def _scraps(
    fine: np.ndarray, level: np.ndarray, skin: np.ndarray, sigma: float, generator: np.random.Generator
) -> _Scraps | None:
    """Scraps without creases, hairs and edges; None where there is too little skin."""
    side = 2 * (int(_SCRAP * sigma) // 2)
    centres = np.argwhere(cv2.erode(skin.astype(np.uint8), np.ones((side + 1, side + 1), np.uint8), borderValue=0))
    if len(centres) < _FEWEST:
        return None
    chosen = centres[generator.choice(len(centres), min(_TRIED, len(centres)), replace=False)] - side // 2
    scraps, shades = (
        np.stack([layer[row : row + side, column : column + side] for row, column in chosen]).reshape(len(chosen), -1)
        for layer in (fine, level)
    )
    bright, strengths = shades.mean(axis=1), np.maximum(1e-6, 1.4826 * np.median(np.abs(scraps), axis=1))
    peaks = np.abs(scraps).max(axis=1) / strengths
    # Noise of a camera is the stronger, beside the light, the darker the skin: bright skin has less of it.
    parts = np.array_split(np.argsort(bright), _LEVELS)
    levels, usual = (np.array([np.median(each[part]) for part in parts]) for each in (bright, strengths))
    expected = np.interp(bright, levels, usual)
    plain = (strengths >= _FAINTEST * expected) & (strengths <= _STRONGEST * expected) & (peaks <= np.median(peaks))
    pieces = (scraps[plain] / strengths[plain, None]).reshape(-1, side, side)
    return _Scraps(pieces, levels, usual) if len(pieces) else None


def _laid(scraps: np.ndarray, palm: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Scraps over each other in every part of a palm, of unit strength; 0 far from it."""
    side = len(scraps[0])
    step = side // 2
    along = (np.arange(side) + 0.5) / side * 2 - 1
    window = np.cos(np.pi / 2 * np.minimum(1, np.hypot(along[:, None], along))).astype(np.float32) ** 2
    seen, power_of_one = window > _SEEN, window**2
    height, width = palm.shape
    texture, power = np.zeros((2, height + 4 * side, width + 4 * side), np.float32)
    rows, columns = np.flatnonzero(palm.any(axis=1)), np.flatnonzero(palm.any(axis=0))
    for top in range(rows[0] - side, rows[-1] + 1, step) if len(rows) else ():
        for left in range(columns[0] - side, columns[-1] + 1, step):
            scrap = _turned(scraps[generator.integers(len(scraps))], seen, generator)
            moved = generator.integers(-step // 6, step // 6 + 1, 2) + 2 * side
            part = np.s_[top + moved[0] : top + moved[0] + side, left + moved[1] : left + moved[1] + side]
            texture[part] += scrap * window
            power[part] += power_of_one
    texture /= np.sqrt(np.maximum(power, 1e-2))
    return texture[2 * side : 2 * side + height, 2 * side : 2 * side + width]


def _turned(scrap: np.ndarray, seen: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """A scrap turned by any angle, of unit strength where it is seen: blocks of a JPEG never line up again."""
    middle = (len(scrap) - 1) / 2
    turn = cv2.getRotationMatrix2D((middle, middle), generator.uniform(0, 360), 1.0)
    turned = cv2.warpAffine(scrap, turn, scrap.shape, flags=cv2.INTER_LANCZOS4)
    inside = turned[seen]
    return turned / max(float(inside @ inside / len(inside)) ** 0.5, 1e-6)

"""Texture of skin at a photo's own scale: what a painter of a few hundred pixels leaves out of a large palm.

Scraps of the skin around the palm, without what is coarser than pores and fine wrinkles, are laid over each other at
random. They have the photo's sharpness, noise and compression, and say nothing of the palm that was there.
"""

from __future__ import annotations

import cv2
import numpy as np

VERSION = 1
_COARSEST = 1.2  # standard deviation, in pixels of the painter's crop, of what is still texture
_LEAST_COARSEST = 1.5  # the same in pixels of the photo
_SCRAP = 10  # side of a scrap, in standard deviations
_FEWEST = 40  # scraps to choose from
_TRIED = 400
_FAINTEST, _STRONGEST = 0.5, 1.2  # strength of a scrap against that of most: others hold creases, or nothing
_SMOOTHEST = 0.4  # factor of a painter's own fine structure, where it is too strong
_DARK = 0.03  # of full scale: relative to darker pixels texture would be noise alone


def textured(
    painted: np.ndarray,
    original: np.ndarray,
    hand: np.ndarray,
    palm: np.ndarray,
    size: int,
    generator: np.random.Generator,
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

    Returns
    -------
    ndarray of shape (side, side, 3), float32
        In [0, 1]. Where a hand has no skin beside its palm the texture is white noise, as strong as the finest
        structure of the palm that was there.
    """
    sigma = max(_LEAST_COARSEST, _COARSEST * len(painted) / size)
    level = cv2.cvtColor(original, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    skin = _beside(hand, palm, sigma)
    scraps = _scraps(_fine(level, skin, sigma), skin, sigma, generator)
    if scraps is None:
        strength = _strength(_fine(level, palm, sigma), palm)
        noise = generator.standard_normal(level.shape).astype(np.float32)
        texture = noise - cv2.GaussianBlur(noise, (0, 0), sigma)
        texture *= strength / max(float(texture.std()), 1e-6)
    else:
        texture = _laid(scraps, palm, generator)
    painted = painted.astype(np.float32)
    smooth = cv2.GaussianBlur(painted, (0, 0), sigma)
    own = painted - smooth
    grey, light = (cv2.cvtColor(each, cv2.COLOR_RGB2GRAY) for each in (own, smooth))
    relative = grey / np.maximum(light, _DARK)
    found, wanted = (_strength(each, palm) for each in (relative, texture))
    kept = float(np.clip(wanted / found, _SMOOTHEST, 1))
    added = np.sqrt(max(0.0, 1 - (kept * found / wanted) ** 2)) * texture
    return np.clip((smooth + kept * own) * (1 + added[..., None]), 0, 1).astype(np.float32)


def _strength(fine: np.ndarray, palm: np.ndarray) -> float:
    """Standard deviation of fine structure as its median tells it: lines, which are few, do not count."""
    return max(1e-6, 1.4826 * float(np.median(np.abs(fine[palm])))) if palm.any() else 1e-6


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


def _scraps(
    fine: np.ndarray, skin: np.ndarray, sigma: float, generator: np.random.Generator
) -> list[np.ndarray] | None:
    """Squares of fine structure without creases, hairs and edges; None where there is too little skin."""
    side = 2 * (int(_SCRAP * sigma) // 2)
    centres = np.argwhere(cv2.erode(skin.astype(np.uint8), np.ones((side + 1, side + 1), np.uint8), borderValue=0))
    if len(centres) < _FEWEST:
        return None
    chosen = centres[generator.choice(len(centres), min(_TRIED, len(centres)), replace=False)] - side // 2
    scraps = [fine[row : row + side, column : column + side] for row, column in chosen]
    strengths = np.array([scrap.std() for scrap in scraps])
    peaks = np.array([np.abs(scrap).max() for scrap in scraps]) / np.maximum(strengths, 1e-6)
    usual = np.median(strengths)
    plain = (strengths >= _FAINTEST * usual) & (strengths <= _STRONGEST * usual) & (peaks <= np.median(peaks))
    return [scraps[i] * (usual / strengths[i]) for i in np.flatnonzero(plain)] or None


def _laid(scraps: list[np.ndarray], palm: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Scraps over each other in every part of a palm, as strong as they are; 0 far from it."""
    side = len(scraps[0])
    step = side // 2
    fade = np.hanning(side + 2)[1:-1]
    window = np.outer(fade, fade).astype(np.float32)
    height, width = palm.shape
    texture, power = np.zeros((2, height + 4 * side, width + 4 * side), np.float32)
    rows, columns = np.flatnonzero(palm.any(axis=1)), np.flatnonzero(palm.any(axis=0))
    for top in range(rows[0] - side, rows[-1] + 1, step) if len(rows) else ():
        for left in range(columns[0] - side, columns[-1] + 1, step):
            scrap = scraps[generator.integers(len(scraps))]
            if generator.integers(2):
                scrap = scrap[::-1, ::-1]
            moved = generator.integers(-step // 4, step // 4 + 1, 2) + 2 * side
            part = np.s_[top + moved[0] : top + moved[0] + side, left + moved[1] : left + moved[1] + side]
            texture[part] += scrap * window
            power[part] += window**2
    texture /= np.sqrt(np.maximum(power, 1e-2))
    return texture[2 * side : 2 * side + height, 2 * side : 2 * side + width]

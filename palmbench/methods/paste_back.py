"""Pasting a painted crop back into its photo: at the photo's scale, inside the hand mask, with a soft rim."""

from __future__ import annotations

import cv2
import numpy as np

from palmbench.hands.hand import Hand
from palmbench.hands.palm import Region
from palmbench.hands.roi_squares import Square
from palmbench.methods.region import palm_region
from palmbench.methods.skin_texture import textured

VERSION = 2
_SOFTNESS = 0.05  # of the crop's side over which a painted palm fades into the skin around it


def soft_rim(repainted: np.ndarray) -> np.ndarray:
    """Weights of the painted crop: 1 where it was repainted, falling to 0 over a twentieth of the crop around it.

    Parameters
    ----------
    repainted : ndarray of shape (side, side), bool

    Returns
    -------
    ndarray of shape (side, side), float32
        In [0, 1].
    """
    distance = cv2.distanceTransform((~repainted).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    return np.clip(1 - distance / (_SOFTNESS * len(repainted)), 0, 1, dtype=np.float32)


def paste_back(
    photo: np.ndarray,
    painted: np.ndarray,
    square: Square,
    hand: Hand,
    region: Region,
    only_palm: bool,
    grain: np.random.Generator | None = None,
    rougher: float = 1.0,
) -> None:
    """Paste a painted crop into its photo, inside the hand mask.

    Parameters
    ----------
    photo : ndarray of shape (H, W, 3), uint8
        RGB; changed.
    painted : ndarray of shape (size, size, 3), float
        In [0, 1].
    square : Square
        Where the crop lies.
    hand : Hand
    region : {"paper", "palm"}
        What was repainted.
    only_palm : bool
        Paste the palm alone, fading out over the skin around it; else the whole hand, as the authors do.
    grain : numpy.random.Generator or None
        Draws the skin's texture at the photo's scale; None adds none: the crop is truncated to whole levels and brought
        to the square's size, as the authors do.
    rougher : float
        How strong that texture is to be against that of the skin around the palm.
    """
    inside, below = square.crop(hand.mask), square.crop(photo)
    palm = square.crop(palm_region(hand, region))
    if grain is None:
        levels = (painted * 255).astype(np.uint8)
        pixels = cv2.resize(levels, (square.side, square.side), interpolation=cv2.INTER_LINEAR)
    else:
        how = cv2.INTER_CUBIC if square.side > len(painted) else cv2.INTER_AREA
        large = cv2.resize(painted.astype(np.float32), (square.side, square.side), interpolation=how)
        pixels = np.round(255 * textured(large, below, inside, palm, len(painted), grain, rougher)).astype(np.uint8)
    if not only_palm:
        below[inside] = pixels[inside]
        return
    rim = soft_rim(palm)
    inside = inside & (rim > 0)
    share = rim[inside][:, None]
    below[inside] = np.round(share * pixels[inside] + (1 - share) * below[inside]).astype(np.uint8)

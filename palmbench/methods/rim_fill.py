"""Light and colours grown from the skin around a hole, and the fine detail of that skin."""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np

from recognizers.common.errors import SampleError

VERSION = 1
GROWN_SIDE = (
    128  # longer side of what is grown, pixels: inpainters reach over few pixels, and make stars of large holes
)
_MARGIN = 0.25  # of the hole's longer side, shown around it
_FINE = 0.012  # of the longer side: standard deviation of the Gaussian that parts detail from light
_OUTLINE = 0.025  # of the longer side: what of the hand is too near its outline to have the palm's light
_LEAST_SKIN = 64


def around(hole: np.ndarray) -> tuple[slice, slice]:
    """Rows and columns of a hole, bool (H, W), with a quarter of its longer side around it."""
    rows, columns = np.flatnonzero(hole.any(axis=1)), np.flatnonzero(hole.any(axis=0))
    margin = int(_MARGIN * max(rows[-1] - rows[0], columns[-1] - columns[0])) + 2
    top, left = max(0, rows[0] - margin), max(0, columns[0] - margin)
    return slice(top, rows[-1] + 1 + margin), slice(left, columns[-1] + 1 + margin)


def beside(hand: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """Skin of the hand outside the hole and away from its outline, where it turns away from the light, bool (H, W)."""
    width = 2 * max(1, round(_OUTLINE * max(hand.shape))) + 1
    inside = cv2.erode(hand.astype(np.uint8), np.ones((width, width), np.uint8), borderValue=1)
    return np.asarray((inside > 0) & ~hole)


def grown(photo: np.ndarray, skin: np.ndarray, way: Literal["telea", "navier_stokes"], radius: float) -> np.ndarray:
    """Everything but the skin filled in from it, without fine detail.

    Parameters
    ----------
    photo : ndarray of shape (H, W, 3), uint8
    skin : ndarray of shape (H, W), bool
        What is known: neither the hole nor what lies behind the hand.
    way : {"telea", "navier_stokes"}
    radius : float
        How far the inpainter looks about a pixel, in pixels of the photo brought to a longer side of 128.

    Returns
    -------
    ndarray of shape (H, W, 3), float32
        In [0, 255].

    Raises
    ------
    SampleError
        If there is hardly any skin.
    """
    if skin.sum() < _LEAST_SKIN:
        raise SampleError("There is no skin of the hand around the palm from which it could be filled in.")
    height, width = skin.shape
    scale = min(1.0, GROWN_SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    share = cv2.resize(skin.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    sums = cv2.resize(photo * skin[..., None].astype(np.float32), size, interpolation=cv2.INTER_AREA)
    known = share > 0.5
    if not known.any():
        raise SampleError("The skin of the hand around the palm is too thin to fill it in from.")
    small = np.where(known[..., None], sums / np.maximum(share, 1e-6)[..., None], 0)
    flag = cv2.INPAINT_TELEA if way == "telea" else cv2.INPAINT_NS
    levels = np.ascontiguousarray(np.round(small).astype(np.uint8))
    filled = cv2.inpaint(levels, (~known).astype(np.uint8), radius, flag).astype(np.float32)
    # Lines that run into the hole are carried on as spokes; light is coarser than they are.
    smooth = cv2.GaussianBlur(filled, (0, 0), 6.0)
    depth = cv2.distanceTransform((~known).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    share_smooth = np.clip(depth / 10, 0, 1)[..., None]
    light = ((1 - share_smooth) * filled + share_smooth * smooth).astype(np.float32)
    how = cv2.INTER_CUBIC if scale < 1 else cv2.INTER_NEAREST
    return np.clip(cv2.resize(light, (width, height), interpolation=how), 0, 255)


def fine_detail(photo: np.ndarray, skin: np.ndarray) -> np.ndarray:
    """What of the skin is finer than its light: the photo less its mean over the skin nearby, 0 off the skin.

    Parameters
    ----------
    photo : ndarray of shape (H, W, 3), uint8
    skin : ndarray of shape (H, W), bool

    Returns
    -------
    ndarray of shape (H, W, 3), float32
    """
    sigma = max(1.5, _FINE * max(skin.shape))
    known = skin[..., None].astype(np.float32)
    weights = cv2.GaussianBlur(skin.astype(np.float32), (0, 0), sigma)[..., None]
    mean = cv2.GaussianBlur(photo * known, (0, 0), sigma) / np.maximum(weights, 1e-3)
    return np.asarray((photo - mean) * known, np.float32)

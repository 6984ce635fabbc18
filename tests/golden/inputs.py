"""What the golden samples are made from: two rendered hands and four ROIs, kept as files so that no other code's change
reaches them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from palmbench.hands import Hand

_FOLDER = Path(__file__).parent / "inputs"


@cache
def photo(number: int = 0) -> np.ndarray:
    """A photo of a hand, uint8 (256, 192, 3), RGB: 0 is a right one, 1 a left one."""
    return np.array(Image.open(_FOLDER / f"hand{number}.png"))


@cache
def hand(number: int = 0) -> Hand:
    """The hand of that photo as the renderer placed it."""
    parts = np.load(_FOLDER / f"hand{number}.npz")
    height, width = photo(number).shape[:2]
    return Hand(
        score=0.9,
        box=parts["box"],
        side=str(parts["side"]),
        keypoints_2d=parts["keypoints_2d"],
        keypoints_3d=parts["keypoints_3d"],
        valleys=parts["valleys"],
        mask=np.unpackbits(parts["mask"], count=height * width).astype(bool).reshape(height, width),
    )


@cache
def rois() -> np.ndarray:
    """Recognition ROIs, uint8 (4, 128, 128): two photos each of two palms."""
    return np.array(Image.open(_FOLDER / "rois.png")).reshape(4, 128, 128)


@cache
def crop() -> np.ndarray:
    """A whole hand as a recognizer reads it, uint8 (224, 224, 3), RGB."""
    return np.array(Image.open(_FOLDER / "crop.png"))


@cache
def repainted() -> np.ndarray:
    """Photo 0 with noise and another brightness within a disc: what quality measures compare it with."""
    other = photo().astype(np.int64)
    rows, columns = np.mgrid[: other.shape[0], : other.shape[1]]
    disc = (rows - 150) ** 2 + (columns - 95) ** 2 < 40**2
    pattern = 20 + (rows * 7 + columns * 13) % 31 - 15
    return np.where(disc[..., None], np.clip(other + pattern[..., None], 0, 255), other).astype(np.uint8)

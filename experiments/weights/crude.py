"""Crude de-identifications of a palm, so that the hand network knows hands whose palm is hidden or replaced."""

from __future__ import annotations

import cv2
import numpy as np

from palmbench.hands.palm import fill_polygon, palm_polygon
from palmbench.hands.roi_squares import bounding_square


def deidentify(
    photo: np.ndarray, mask: np.ndarray, points: np.ndarray, palm: np.ndarray, random: np.random.Generator
) -> np.ndarray:
    """Hide a palm in `photo`, in place: fill, blur, pixelate, smooth, grain, or the crop of another palm over it.

    Parameters
    ----------
    photo : ndarray of shape (height, width, 3), uint8
    mask : ndarray of shape (height, width), uint8
        1 on the hand.
    points : ndarray of shape (23, 2)
    palm : ndarray of shape (side, side, 3), uint8
        Crop of another palm.
    """
    region = _region(mask, points, random)
    if not region.any():
        return photo
    way = random.integers(7)
    if way == 0:
        photo[region] = 0
    elif way == 1:
        photo[region] = random.integers(0, 256, 3)
    elif way == 2:
        photo[region] = cv2.GaussianBlur(photo, (0, 0), random.uniform(1, 9))[region]
    elif way == 3:
        block = int(random.integers(3, 20))
        height, width = photo.shape[:2]
        small = cv2.resize(photo, (width // block, height // block), interpolation=cv2.INTER_AREA)
        photo[region] = cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST)[region]
    elif way == 4:
        grain = cv2.resize(random.normal(0, 12, (60, 80, 3)).astype(np.float32), photo.shape[1::-1])
        photo[region] = np.clip(cv2.GaussianBlur(photo, (0, 0), 4) + grain, 0, 255).astype(np.uint8)[region]
    elif way == 5:
        noise = random.normal(0, random.uniform(10, 80), photo.shape)
        level = photo[region].mean(axis=0) if random.random() < 0.5 else np.full(3, 128.0)
        photo[region] = np.clip(level + noise, 0, 255).astype(np.uint8)[region]
    else:
        square = bounding_square(palm_polygon(points), mask.shape, 1.25)
        other = cv2.resize(palm, (square.side, square.side), interpolation=cv2.INTER_AREA)
        below = square.crop(region)
        square.crop(photo)[below] = other[below]
    return photo


def _region(mask: np.ndarray, points: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The palm polygon, mostly; sometimes the box of the palm or the whole hand."""
    hand = mask > 0
    chance = random.random()
    if chance < 0.1:
        return hand
    polygon = palm_polygon(points) + random.normal(0, 0.02 * np.ptp(points, axis=0).max(), (6, 2))
    if chance < 0.2:
        low, high = polygon.min(axis=0), polygon.max(axis=0)
        return fill_polygon(np.array([low, (high[0], low[1]), high, (low[0], high[1])]), mask.shape) & hand
    return fill_polygon(polygon, mask.shape) & hand

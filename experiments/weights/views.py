"""Training views for the hand network: a hand somewhere in a square, or none, in good and bad shape."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from experiments.weights.world import World
from palmbench.hands.geometry import fill_polygon, palm_polygon
from palmbench.hands.network import INPUT_SIZE

NO_HAND = 0.12


class View(NamedTuple):
    """One training example: image uint8 (192, 192, 3), points (23, 2), depths (21,), mask float32 (96, 96), present."""

    image: np.ndarray
    points: np.ndarray
    depths: np.ndarray
    mask: np.ndarray
    present: bool


def draw_view(world: World, index: int, random: np.random.Generator) -> View:
    """A random view of a training photo: any place, size and turn in the square; sometimes de-identified crudely."""
    photo, mask = world.photos[index], world.masks[index]
    points = world.points[index].astype(np.float64)
    if random.random() < 0.35:
        photo = _deidentify(photo.copy(), mask, points, random)
    transform = _placement(points, random)
    border = cv2.BORDER_REPLICATE if random.random() < 0.7 else cv2.BORDER_CONSTANT
    size = (INPUT_SIZE, INPUT_SIZE)
    image = cv2.warpAffine(
        photo, transform, size, flags=cv2.INTER_LINEAR, borderMode=border, borderValue=(128, 128, 128)
    )
    placed_mask = cv2.warpAffine(mask * 255, transform, size, flags=cv2.INTER_LINEAR, borderValue=0)
    placed = points @ transform[:, :2].T + transform[:, 2]
    present = random.random() >= NO_HAND
    if not present:
        image = _remove_hand(image, placed_mask, random)
        placed_mask = np.zeros_like(placed_mask)
    image = _light(image, random)
    half = cv2.resize(placed_mask, (INPUT_SIZE // 2, INPUT_SIZE // 2), interpolation=cv2.INTER_AREA)
    return View(image, placed.astype(np.float32), world.depths[index], half.astype(np.float32) / 255, present)


def _placement(points: np.ndarray, random: np.random.Generator) -> np.ndarray:
    low, high = points.min(axis=0), points.max(axis=0)
    side = float((high - low).max())
    scale = INPUT_SIZE * random.uniform(0.42, 0.92) / side
    angle = random.normal(0, 14)
    transform = cv2.getRotationMatrix2D((0.0, 0.0), angle, scale)
    if random.random() < 0.5:
        transform = transform @ np.array([(-1, 0, 0), (0, 1, 0), (0, 0, 1)])
    centre = transform[:, :2] @ ((low + high) / 2)
    slack = max(0.0, INPUT_SIZE - side * scale) / 2
    transform[:, 2] = INPUT_SIZE / 2 - centre + random.uniform(-1, 1, 2) * slack
    return transform


def _deidentify(photo: np.ndarray, mask: np.ndarray, points: np.ndarray, random: np.random.Generator) -> np.ndarray:
    polygon = palm_polygon(points) + random.normal(0, 2, (6, 2))
    region = fill_polygon(polygon, mask.shape) & (mask > 0)
    way = random.integers(4)
    if way == 0:
        photo[region] = 0 if random.random() < 0.6 else random.integers(0, 256, 3)
    elif way == 1:
        photo[region] = cv2.GaussianBlur(photo, (0, 0), random.uniform(1, 6))[region]
    elif way == 2:
        block = int(random.integers(3, 12))
        small = cv2.resize(photo, None, fx=1 / block, fy=1 / block, interpolation=cv2.INTER_AREA)
        photo[region] = cv2.resize(small, photo.shape[1::-1], interpolation=cv2.INTER_NEAREST)[region]
    else:
        noise = cv2.resize(random.normal(0, 12, (60, 80, 3)).astype(np.float32), photo.shape[1::-1])
        photo[region] = np.clip(cv2.GaussianBlur(photo, (0, 0), 4) + noise, 0, 255).astype(np.uint8)[region]
    return photo


def _remove_hand(image: np.ndarray, mask: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The same view without the hand, sometimes with a plain shape of the hand's colour in its place."""
    hand = cv2.dilate(mask, np.ones((9, 9), np.uint8)) > 0
    backdrop = image[~hand].mean(axis=0) if (~hand).any() else np.full(3, 128.0)
    skin = image[hand].mean(axis=0) if hand.any() else random.uniform(0, 255, 3)
    empty = np.where(hand[..., None], backdrop, image).astype(np.uint8)
    empty = cv2.GaussianBlur(empty, (0, 0), 3)
    if random.random() < 0.6:
        colour = tuple(float(c) for c in skin)
        for _ in range(int(random.integers(1, 4))):
            centre = tuple(int(c) for c in random.uniform(0, INPUT_SIZE, 2))
            axes = tuple(int(c) for c in random.uniform(8, 70, 2))
            if random.random() < 0.5:
                cv2.ellipse(empty, centre, axes, float(random.uniform(0, 180)), 0, 360, colour, -1)
            else:
                corner = (centre[0] + axes[0], centre[1] + axes[1])
                cv2.rectangle(empty, centre, corner, colour, -1)
    noise = random.normal(0, random.uniform(1, 8), empty.shape)
    return np.clip(empty + noise, 0, 255).astype(np.uint8)


def _light(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
    lit = image.astype(np.float32) * random.normal(1, 0.12) * random.normal(1, 0.05, 3) + random.normal(0, 10)
    if random.random() < 0.3:
        lit = cv2.GaussianBlur(lit, (0, 0), random.uniform(0.3, 1.2))
    return np.clip(lit, 0, 255).astype(np.uint8)

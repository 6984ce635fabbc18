"""Training views for the hand network: a hand somewhere in a square, or none, in good and bad shape."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from experiments.weights.crude import deidentify
from experiments.weights.negatives import backdrop, draw_negative
from experiments.weights.world import World
from palmbench.hands.network import INPUT_SIZE
from palmbench.hands.observer import cut_view

NO_HAND = 0.18
_TURNS = (0.6, 0.32, 0.08)  # hardly turned, turned as far as a person would, any way
_SIZE = (INPUT_SIZE, INPUT_SIZE)


class View(NamedTuple):
    """One training example: image uint8 (192, 192, 3), points (23, 2), depths (21,), mask float32 (96, 96), present."""

    image: np.ndarray
    points: np.ndarray
    depths: np.ndarray
    mask: np.ndarray
    present: bool


def draw_view(world: World, index: int, random: np.random.Generator) -> View:
    """A random view of a training photo: any place, size and turn in the square; sometimes de-identified crudely.

    Points may lie outside the view. Where no hand is present, points and depths mean nothing.
    """
    photo, mask = world.photos[index], world.masks[index]
    points = world.points[index].astype(np.float64)
    if random.random() < 0.4:
        palm = world.palms[int(random.integers(len(world.palms)))]
        photo = deidentify(photo.copy(), mask, points, palm, random)
    transform = _placement(points, random)
    image, placed_mask = _show(world, photo, mask, transform, random)
    placed = points @ transform[:, :2].T + transform[:, 2]
    present = random.random() >= NO_HAND
    if present:
        if random.random() < 0.12:
            _cover_rim(image, placed_mask, random)
    else:
        image = draw_negative(image, placed_mask, placed, random)
        placed_mask = np.zeros_like(placed_mask)
    image = _degrade(_light(image, random), random)
    half = cv2.resize(placed_mask, (INPUT_SIZE // 2, INPUT_SIZE // 2), interpolation=cv2.INTER_AREA)
    return View(image, placed.astype(np.float32), world.depths[index], half.astype(np.float32) / 255, present)


def _placement(points: np.ndarray, random: np.random.Generator) -> np.ndarray:
    low, high = points.min(axis=0), points.max(axis=0)
    side = float((high - low).max())
    chance = random.random()
    # The close look shows the hand at about 0.78 of the view; the look at a whole photo, at any size.
    if chance < 0.6:
        share = random.uniform(0.64, 0.92)
    elif chance < 0.8:
        share = random.uniform(0.36, 0.98)
    else:
        share = float(np.exp(random.uniform(np.log(0.12), np.log(0.45))))
    angle = float(random.choice((random.normal(0, 12), random.uniform(-60, 60), random.uniform(0, 360)), p=_TURNS))
    transform = cv2.getRotationMatrix2D((0.0, 0.0), angle, INPUT_SIZE * share / side)
    if random.random() < 0.5:
        transform = transform @ np.array([(-1, 0, 0), (0, 1, 0), (0, 0, 1)])
    turned = points @ transform[:, :2].T
    low, high = turned.min(axis=0), turned.max(axis=0)
    slack = (INPUT_SIZE - (high - low)) / 2
    # Negative slack: a turned hand is larger than the view. A few hands are cut by the view's edge on purpose.
    slack = np.abs(slack) + (0.2 * (high - low) if random.random() < 0.06 else 0)
    transform[:, 2] = (INPUT_SIZE - 1) / 2 - (low + high) / 2 + random.uniform(-1, 1, 2) * slack
    return transform


def _show(
    world: World, photo: np.ndarray, mask: np.ndarray, transform: np.ndarray, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """The view, and the hand's mask in it (0 to 255); the hand keeps its surroundings or gets others."""
    placed_mask = cut_view(mask * np.uint8(255), transform, _SIZE, cv2.BORDER_CONSTANT, 0)
    border = cv2.BORDER_REPLICATE if random.random() < 0.7 else cv2.BORDER_CONSTANT
    image = cut_view(photo, transform, _SIZE, border)
    if random.random() < 0.2:
        other = world.photos[int(random.integers(len(world.photos)))]
        cut = placed_mask[..., None].astype(np.float32) / 255
        image = (cut * image + (1 - cut) * backdrop(other, random)).astype(np.uint8)
    return image, placed_mask


def _cover_rim(image: np.ndarray, mask: np.ndarray, random: np.random.Generator) -> None:
    """Lay something plain over one side of the view, and hide from the mask what it hides."""
    covered = np.zeros(mask.shape, np.uint8)
    angle, reach = random.uniform(0, 2 * np.pi), random.uniform(0.75, 1.15) * INPUT_SIZE / 2
    away = np.array([np.cos(angle), np.sin(angle)])
    centre = INPUT_SIZE / 2 + away * (reach + INPUT_SIZE)
    cv2.circle(covered, tuple(int(c) for c in centre), INPUT_SIZE, 1, -1)
    image[covered > 0] = random.integers(0, 256, 3)
    mask[covered > 0] = 0


def _light(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Other exposure, white balance, contrast and gamma; one view in eight is grey."""
    lit = image.astype(np.float32) * random.normal(1, 0.05, 3)
    if random.random() < 0.12:
        lit = np.repeat((lit @ np.array([0.299, 0.587, 0.114], np.float32))[..., None], 3, axis=2)
    elif random.random() < 0.25:
        lit *= random.uniform(0.7, 1.3, 3)
    lit = lit * random.normal(1, 0.15) + random.normal(0, 10)
    if random.random() < 0.3:
        gamma = np.exp(random.normal(0, 0.35))
        lit = 255 * (np.clip(lit, 0, 255) / 255) ** gamma
    if random.random() < 0.08:
        lit *= random.uniform(0.2, 0.6)
    return lit


def _degrade(lit: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Blur, few pixels, sensor noise and JPEG, each now and then; uint8."""
    if random.random() < 0.3:
        lit = cv2.GaussianBlur(lit, (0, 0), random.uniform(0.3, 2.5) ** (2 if random.random() < 0.2 else 1))
    if random.random() < 0.06:
        few = cv2.resize(lit, None, fx=0.35, fy=0.35, interpolation=cv2.INTER_AREA)
        lit = cv2.resize(few, _SIZE, interpolation=cv2.INTER_LINEAR)
    if random.random() < 0.3:
        lit = lit + random.standard_normal(lit.shape, np.float32) * random.uniform(1, 14)
    image = np.clip(lit, 0, 255).astype(np.uint8)
    if random.random() < 0.15:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(15, 80))]
        image = cv2.imdecode(cv2.imencode(".jpg", image, quality)[1], cv2.IMREAD_COLOR)
    return image

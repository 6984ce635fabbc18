"""A hand network trained briefly, from random weights, on some photos and what is true of the hands in them.

Nothing but the photos, and pictures without a hand, goes into it: none is de-identified on the way, as a part of the
embedded network's training set is (`views.draw_view`), so that what it learns of hidden palms it has from the photos.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch

from experiments.weights.train_hand import batch_of, hand_loss
from experiments.weights.training import Schedule, Trainer, save_half
from experiments.weights.views import Subject, View
from experiments.weights.world import SHRINK
from palmbench.hands.cutting import cut_view
from palmbench.hands.hand import Hand
from palmbench.hands.network import INPUT_SIZE, VIEWS, HandNetwork
from palmbench.hands.palm import fill_polygon, palm_polygon

VERSION = 1
NO_HAND = 0.25
CLOSE = 0.6  # share of the views that are close looks; the rest show the hand as whole photos do
_SIZE = (INPUT_SIZE, INPUT_SIZE)


class Recipe(NamedTuple):
    """How long to train: steps, views a step, and the seed of the first weights and of all draws."""

    steps: int
    batch: int
    seed: int


def subject_of(photo: np.ndarray, truth: Hand) -> Subject:
    """A photo (uint8, height x width x 3) and its hand, at half the size, as the weights were trained on them."""
    half = (photo.shape[1] // SHRINK, photo.shape[0] // SHRINK)
    points = (np.vstack([truth.keypoints_2d, truth.valleys]).astype(np.float64) + 0.5) / SHRINK - 0.5
    shown = cv2.resize(truth.mask.astype(np.uint8) * 255, half, interpolation=cv2.INTER_AREA)
    mask = (shown // 128).astype(np.uint8)
    palm = fill_polygon(palm_polygon(points), mask.shape).astype(np.uint8) & mask
    depths = truth.keypoints_3d[:, 2].astype(np.float32)
    shrunk = cv2.resize(photo, half, interpolation=cv2.INTER_AREA)
    return Subject(shrunk, mask, palm, points, depths, VIEWS.index("palm"))


def trained(subjects: Sequence[Subject], empties: Sequence[np.ndarray], recipe: Recipe) -> bytes:
    """Weights as a safetensors file, which `EmbeddedDetector` takes.

    On one thread, so that the same arguments give the same bytes on the same kind of processor. What is drawn depends
    on the recipe and on how many subjects and pictures there are, not on what they show.

    Parameters
    ----------
    subjects : sequence of Subject
        Photos with one open palm each.
    empties : sequence of ndarray of shape (height, width, 3), uint8
        Pictures without a hand.
    recipe : Recipe
    """
    torch.set_num_threads(1)
    torch.manual_seed(recipe.seed)
    network = HandNetwork().to(memory_format=torch.channels_last)
    schedule = Schedule(recipe.steps, minutes=float("inf"), rate=2e-3, warmup=min(50, recipe.steps))
    with tempfile.TemporaryDirectory() as scratch:
        trainer = Trainer(network, schedule, Path(scratch, "brief.pt"))
        network.train()
        while trainer.running():
            random = np.random.default_rng((recipe.seed, trainer.step))
            batch = batch_of([_view(subjects, empties, random) for _ in range(recipe.batch)])
            with torch.autocast("cpu", torch.bfloat16):
                outputs = network(batch.images.float() / 255)
            trainer.update(hand_loss(outputs, batch))
        path = Path(scratch, "hand.safetensors")
        save_half(trainer.adopt_average().state_dict(), path)
        return path.read_bytes()


def _view(subjects: Sequence[Subject], empties: Sequence[np.ndarray], random: np.random.Generator) -> View:
    subject = subjects[int(random.integers(len(subjects)))]
    empty = empties[int(random.integers(len(empties)))]
    present = random.random() >= NO_HAND
    transform = _placement(subject.points, random)
    masks = [subject.mask * np.uint8(255), subject.palm * np.uint8(255)]
    if not present:
        transform = _anywhere(empty, random)
        masks = [np.zeros(empty.shape[:2], np.uint8)] * 2
    image = cut_view(subject.photo if present else empty, transform, _SIZE)
    placed = subject.points @ transform[:, :2].T + transform[:, 2]
    lit = image * (random.normal(1, 0.1) * random.normal(1, 0.03, 3)) + random.normal(0, 6)
    covers = [
        cv2.resize(cut_view(each, transform, _SIZE, cv2.BORDER_CONSTANT, 0), (INPUT_SIZE // 2,) * 2, None, 0, 0,
                   cv2.INTER_AREA) / np.float32(255)
        for each in masks
    ]  # fmt: skip
    return View(
        np.clip(lit, 0, 255).astype(np.uint8),
        placed.astype(np.float32),
        subject.depths,
        covers[0],
        covers[1],
        present,
        subject.view,
    )


def _placement(points: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """From the photo to a view that holds the hand: large as in a close look, or smaller, turned and mirrored."""
    low, high = points.min(axis=0), points.max(axis=0)
    share = random.uniform(0.64, 0.9) if random.random() < CLOSE else random.uniform(0.3, 0.9)
    transform = cv2.getRotationMatrix2D((0.0, 0.0), random.normal(0, 15), INPUT_SIZE * share / float(max(high - low)))
    if random.random() < 0.5:
        transform = transform @ np.diag([-1.0, 1.0, 1.0])
    turned = points @ transform[:, :2].T
    low, high = turned.min(axis=0), turned.max(axis=0)
    slack = np.abs(INPUT_SIZE - (high - low)) / 2
    transform[:, 2] = (INPUT_SIZE - 1) / 2 - (low + high) / 2 + random.uniform(-1, 1, 2) * slack
    return transform


def _anywhere(picture: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """From a picture to a view of a square of it, of half to all of its shorter side."""
    height, width = picture.shape[:2]
    side = random.uniform(0.5, 1.0) * min(height, width)
    corner = random.uniform(0, np.array([width, height]) - side)
    scale = INPUT_SIZE / side
    return np.column_stack([np.eye(2) * scale, (0.5 - corner) * scale - 0.5])

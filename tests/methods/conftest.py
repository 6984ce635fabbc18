"""A small photo of noise and a hand in it: a round mask, with a palm polygon that reaches beyond it."""

from __future__ import annotations

import numpy as np
import pytest

from palmbench.hands import Hand

HEIGHT, WIDTH = 150, 180


@pytest.fixture(scope="session")
def hand() -> Hand:
    keypoints = np.full((21, 2), (90.0, 60.0), np.float32)
    for index, point in {0: (90, 125), 17: (30, 70), 13: (70, 42), 9: (90, 40), 5: (115, 45), 2: (128, 100)}.items():
        keypoints[index] = point
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    mask = (columns - 90) ** 2 + (rows - 80) ** 2 < 55**2
    box = np.array([35, 25, 145, 135], np.float32)
    valleys = np.array([[105, 45], [60, 45]], np.float32)
    return Hand(0.9, box, "left", keypoints, np.zeros((21, 3), np.float32), valleys, mask)


@pytest.fixture(scope="session")
def photo() -> np.ndarray:
    coarse = np.random.default_rng(3).integers(0, 256, (HEIGHT // 10, WIDTH // 10, 3), dtype=np.uint8)
    return coarse.repeat(10, axis=0).repeat(10, axis=1)

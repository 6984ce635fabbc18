"""Palms are spotted with and without fingers, of any size and turn; things that are none are not."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from experiments.hard_photos import Shown, covered, turned
from palmbench.hands import embedded_weights
from palmbench.hands.palm import palm_polygon
from palmbench.hands.spot_network import SpotNetwork
from palmbench.hands.spotting import KINDS, PALM_SIZE, STRIDE, SURE, Spotter, palm_size
from palmbench.synth import render
from palmbench.synth.empty_scenes import empty_scene
from recognizers.common.errors import MissingWeights

FINGERS_HIDDEN = covered(1.12, 3.0)


@pytest.fixture(scope="module")
def spotter() -> Spotter:
    return Spotter()


@pytest.fixture(scope="module")
def palms() -> list[Shown]:
    photos = [render(2 * number, 2) for number in range(20, 30)]
    return [Shown(photo.image, palm_polygon(photo.keypoints_2d)[None].astype(np.float64)) for photo in photos]


def share_spotted(spotter: Spotter, photos: list[Shown]) -> float:
    """In how many photos the surest spot is the palm: less than its own size from its middle, of half to twice it."""
    right = 0
    for photo in photos:
        found = spotter.spots(photo.image, SURE)
        polygon = photo.palms[0]
        x, y = polygon.mean(axis=0)
        size = palm_size(polygon)
        right += bool(found) and np.hypot(found[0].x - x, found[0].y - y) < size / 2 and 0.5 < found[0].size / size < 2
    return right / len(photos)


@pytest.mark.parametrize("scale", [0.5, 1.0, 3.0])
def test_palms_are_spotted_with_and_without_fingers(spotter: Spotter, palms: list[Shown], scale: float) -> None:
    scaled = [
        Shown(cv2.resize(one.image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), one.palms * scale)
        for one in palms
    ]
    assert share_spotted(spotter, scaled) >= 0.9
    assert share_spotted(spotter, [FINGERS_HIDDEN(one) for one in scaled]) >= 0.8
    assert share_spotted(spotter, [turned(180)(FINGERS_HIDDEN(one)) for one in scaled]) >= 0.8


def test_a_palm_is_told_once_and_the_surest_first(spotter: Spotter, palms: list[Shown]) -> None:
    both = np.concatenate([palms[0].image, palms[1].image], axis=1)
    spots = spotter.spots(both, 0.1)
    assert [spot.sure for spot in spots] == sorted((spot.sure for spot in spots), reverse=True)
    for number, one in enumerate(spots):
        for other in spots[:number]:
            assert np.hypot(one.x - other.x, one.y - other.y) > max(one.size, other.size)


def test_pictures_without_a_hand_have_hardly_any(spotter: Spotter) -> None:
    assert sum(bool(spotter.spots(empty_scene(seed), SURE)) for seed in range(40)) <= 1


@pytest.mark.parametrize("shape", [(1, 1), (3, 700), (47, 47), (64, 48)])
def test_photos_of_any_shape_are_looked_at(spotter: Spotter, shape: tuple[int, int]) -> None:
    assert spotter.spots(np.full((*shape, 3), 128, np.uint8), SURE) == []


def test_weights_that_are_missing_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(embedded_weights, "weights_dir", lambda: tmp_path)
    with pytest.raises(MissingWeights, match=r"spot network's weights are missing: .*spot\.safetensors"):
        Spotter()


def test_the_network_is_small_and_answers_for_cells() -> None:
    network = SpotNetwork().eval()
    assert sum(part.numel() for part in network.parameters()) < 1_500_000
    assert network(torch.zeros(2, 3, 64, 192)).shape == (2, len(KINDS), 64 // STRIDE, 192 // STRIDE)


def test_size_is_the_side_of_a_square_as_large() -> None:
    square = np.array([(0, 0), (PALM_SIZE, 0), (PALM_SIZE, PALM_SIZE), (0, PALM_SIZE), (0, 9), (0, 5)])
    assert palm_size(square) == pytest.approx(PALM_SIZE)

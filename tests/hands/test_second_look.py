"""The second look sees every hand the same way up, and overrules the first where it sees better."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from palmbench.hands import embedded_weights
from palmbench.hands.embedded import EmbeddedDetector
from palmbench.hands.observer import Observer
from palmbench.hands.second_look import SIDE, SecondLook, agreed, upright, upright_view
from palmbench.hands.view_network import ViewNetwork
from palmbench.synth import Render, render
from palmbench.synth.other_hands import render_other
from recognizers.common.errors import MissingWeights


@pytest.fixture(scope="module")
def palm() -> Render:
    return render(31, 1)


def moved(photo: Render, turn: float, scale: float, mirrored: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """A photo turned about its middle, and where its keypoints are then."""
    height, width = photo.image.shape[:2]
    transform = cv2.getRotationMatrix2D((width / 2, height / 2), turn, scale)
    if mirrored:
        transform = transform @ np.array([(-1, 0, width - 1), (0, 1, 0), (0, 0, 1)])
    image = cv2.warpAffine(photo.image, transform, (width, height), flags=cv2.INTER_LINEAR)
    return image, photo.keypoints_2d @ transform[:, :2].T + transform[:, 2]


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("turn", [0.0, 70.0, 180.0, -100.0])
def test_a_hand_looks_alike_however_it_is_turned_and_whichever_it_is(palm: Render, turn: float, mirrored: bool) -> None:
    image, points = moved(palm, turn, 0.7, mirrored)
    there = points @ upright(points)[:, :2].T + upright(points)[:, 2]
    assert there[12, 1] < there[9, 1] < there[0, 1]  # fingers up
    assert there[5, 0] < there[17, 0]  # index finger on the left
    assert np.ptp(there, axis=0).max() == pytest.approx(0.8 * SIDE)
    hand = cv2.warpAffine(palm.mask.astype(np.uint8), upright(palm.keypoints_2d), (SIDE, SIDE)) > 0
    first, second = upright_view(palm.image, palm.keypoints_2d), upright_view(image, points)
    assert np.abs(first.astype(int) - second)[hand].mean() < 6


def test_the_view_of_a_large_photo_is_that_of_a_small_one(palm: Render) -> None:
    large = cv2.resize(palm.image, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
    view = upright_view(large, (palm.keypoints_2d + 0.5) * 4 - 0.5)
    assert np.abs(view.astype(int) - upright_view(palm.image, palm.keypoints_2d)).mean() < 4


@pytest.mark.parametrize("keypoints", [np.zeros((21, 2)), np.full((21, 2), -500.0), np.full((21, 2), 1e5)])
def test_keypoints_of_no_hand_have_a_view_all_the_same(palm: Render, keypoints: np.ndarray) -> None:
    assert upright_view(palm.image, keypoints).shape == (SIDE, SIDE, 3)


def test_what_hands_show_is_told() -> None:
    look, right, all_of = SecondLook(), Counter[str](), Counter[str]()
    for number in range(0, 60, 4):
        photos = [("palm", render(number, 4))]
        photos += [(photo.view, photo) for photo in (render_other(k, number, number) for k in ("back", "fist"))]
        for view, photo in photos:
            shares = look.shares(photo.image, photo.keypoints_2d)
            assert shares.sum() == pytest.approx(1, abs=1e-5)
            all_of[view] += 1
            right[view] += view == ("palm", "back", "closed", "none")[int(shares.argmax())]
    for view, count in all_of.items():
        assert right[view] >= 0.8 * count, (right, all_of)


def test_the_surer_look_carries_the_day_and_only_a_second_look_finds_no_hand() -> None:
    sure, unsure = np.array([0.05, 0.94, 0.01]), np.array([0.5, 0.3, 0.2])
    together = agreed(unsure, np.array([*sure * 0.99, 0.01]))
    assert together is not None
    assert together.sum() == pytest.approx(1)
    assert together.argmax() == 1
    assert unsure[1] < together[1] < sure[1]
    assert agreed(sure, np.array([0.1, 0.05, 0.05, 0.8])) is None
    doubted = agreed(sure, np.array([0.2, 0.2, 0.11, 0.49]))
    assert doubted is not None and doubted.argmax() == 1


def test_a_detector_reports_no_hand_where_the_second_look_sees_none(
    palm: Render, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert EmbeddedDetector().detect([palm.image])[0]
    monkeypatch.setattr(SecondLook, "shares", lambda *_: np.array([0.1, 0.0, 0.0, 0.9]))
    for hands in (1, 5):
        assert EmbeddedDetector(hands=hands).detect([palm.image]) == [[]]


def test_weights_that_are_missing_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(embedded_weights, "weights_dir", lambda: tmp_path)
    with pytest.raises(MissingWeights, match=r"view network's weights are missing: .*view\.safetensors"):
        EmbeddedDetector()
    Observer()  # which external detectors use for masks alone


def test_the_network_is_small() -> None:
    network = ViewNetwork()
    assert sum(part.numel() for part in network.parameters()) < 1_000_000
    assert network.eval()(torch.zeros(2, 3, SIDE, SIDE)).shape == (2, 4)

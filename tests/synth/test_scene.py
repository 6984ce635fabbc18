"""Backgrounds are many, look alike at any size and carry the hand's shadow."""

from __future__ import annotations

import numpy as np
import pytest

from palmbench.synth.scene import background, cast_shadow

KINDS = ("plain", "surface", "clutter")


def paint(kind: str, seed: int, height: int = 240, width: int = 320) -> np.ndarray:
    return background(kind, height, width, np.random.default_rng(seed))


@pytest.mark.parametrize("kind", KINDS)
def test_a_background_is_a_display_referred_picture(kind: str) -> None:
    for seed in range(8):
        scene = paint(kind, seed)
        assert (scene.shape, scene.dtype) == ((240, 320, 3), np.float32)
        assert scene.min() >= 0
        assert scene.max() <= 1


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_numbers_paint_the_same_scene(kind: str) -> None:
    for seed in range(4):
        assert paint(kind, seed).tobytes() == paint(kind, seed).tobytes()
    assert np.abs(paint(kind, 0) - paint(kind, 1)).mean() > 0.01


def test_an_unknown_kind_is_answered_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="unknown background 'beach'; there is plain, surface, clutter"):
        paint("beach", 0)


def test_a_capture_box_is_dark_or_light_and_uniform() -> None:
    levels = []
    for seed in range(60):
        scene = paint("plain", seed, 60, 80)
        levels.append(np.median(scene))
        assert scene.mean(axis=2).std() < 0.12 * scene.mean() + 0.01
    dark = np.array(levels) < 0.2
    assert 0.4 < dark.mean() < 0.8
    assert (np.array(levels)[~dark] > 0.6).all()


def test_the_wild_is_more_varied_than_a_capture_box() -> None:
    spread = {kind: np.mean([paint(kind, seed).std(axis=(0, 1)).mean() for seed in range(12)]) for kind in KINDS}
    assert spread["clutter"] > 2 * spread["plain"]
    assert spread["clutter"] > spread["surface"]


@pytest.mark.parametrize("kind", ["plain", "clutter"])
def test_a_scene_looks_alike_at_twice_the_size(kind: str) -> None:
    for seed in range(6):
        small, large = paint(kind, seed), paint(kind, seed, 480, 640)
        halved = large.reshape(240, 2, 320, 2, 3).mean(axis=(1, 3))
        assert np.abs(halved - small).mean() < 0.03


def test_the_shadow_falls_away_from_the_light() -> None:
    ground = np.full((120, 160, 3), 0.8, np.float32)
    hand = np.zeros((120, 160), np.float32)
    hand[40:80, 60:100] = 1
    light = np.array([-0.6, 0.0, 0.8])  # from the left
    shaded = cast_shadow(ground, hand, light, height_above=0.1, strength=0.4)
    lost = 0.8 - shaded[..., 0].astype(float)
    assert (lost > -1e-6).all()
    assert 0.8 * 0.25 < lost.max() <= 0.8 * 0.4 + 1e-6
    columns = (lost.sum(axis=0) * np.arange(160)).sum() / lost.sum()
    # 0.6 / 0.8 of a tenth of the height is 9 pixels.
    assert columns == pytest.approx(79.5 + 9, abs=1.5)


def test_a_far_shadow_is_softer() -> None:
    ground = np.ones((120, 160, 3), np.float32)
    hand = np.zeros((120, 160), np.float32)
    hand[40:80, 60:100] = 1
    above = np.array([0.0, 0.0, 1.0])
    steepest = [
        np.abs(np.diff(cast_shadow(ground, hand, above, height, 0.5)[60, :, 0])).max() for height in (0.02, 0.08, 0.2)
    ]
    assert steepest[0] > 1.5 * steepest[1] > 2 * steepest[2]

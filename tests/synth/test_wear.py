"""Sleeves dress the forearm and leave the palm bare; rings sit on a finger."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest

from palmbench.synth.wear import Layer, ring, sleeve

HEIGHT, WIDTH = 480, 640
UNIT = 380.0  # pixels per hand length
WRIST = np.array([320.0, 360.0])
SHAPE = SimpleNamespace(wrist=0.128)


@dataclass(frozen=True)
class FlatCamera:
    """Looks straight at a flat hand, turned in the picture about its wrist."""

    turn: float = 0.0
    unit: float = UNIT

    def project(self, points: np.ndarray) -> np.ndarray:
        c, s = np.cos(self.turn), np.sin(self.turn)
        return WRIST + self.unit * np.asarray(points)[:, :2] @ np.array([[c, s], [-s, c]])


def flat_hand(turn: float = 0.0, unit: float = UNIT) -> SimpleNamespace:
    camera, along = FlatCamera(turn, unit), np.linspace(0, 1, 36)[:, None]
    fingers = tuple(
        SimpleNamespace(
            centre=camera.project((x, -0.5) + along * (0.4 * x, -0.42)), half_width=np.full(36, 0.047 * unit)
        )
        for x in (-0.14, -0.03, 0.07, 0.16)
    )
    return SimpleNamespace(camera=camera, fingers=fingers)


def dress(seed: int, **pose: float) -> Layer:
    return sleeve(flat_hand(**pose), SHAPE, HEIGHT, WIDTH, np.random.default_rng(seed))


def adorn(seed: int, **pose: float) -> Layer:
    worn = ring(flat_hand(**pose), HEIGHT, WIDTH, np.random.default_rng(seed))
    assert worn is not None
    return worn


def is_layer(layer: Layer) -> bool:
    arrays = (layer.coverage, layer.colour)
    if [part.shape for part in arrays] != [(HEIGHT, WIDTH), (HEIGHT, WIDTH, 3)]:
        return False
    return all(part.dtype == np.float32 and part.min() >= 0 and part.max() <= 1 for part in arrays)


@pytest.mark.parametrize("seed", range(12))
def test_a_sleeve_covers_the_arm_below_the_wrist_and_not_the_palm(seed: int) -> None:
    layer = dress(seed)
    assert is_layer(layer)
    hem = np.nonzero(layer.coverage > 0.5)[0].min()
    assert 360 + 0.045 * UNIT < hem < 360 + 0.25 * UNIT
    arm = slice(int(320 - 0.128 * UNIT), int(320 + 0.128 * UNIT) + 1)
    assert (layer.coverage[479, arm] == 1).all()
    wide = (layer.coverage[479] > 0.5).sum() / (2 * 0.128 * UNIT)
    assert 1.1 < wide < 1.75
    assert (layer.coverage[:360] == 0).all()


@pytest.mark.parametrize("turn", [np.pi / 2, np.pi, -np.pi / 2])
def test_a_sleeve_reaches_the_pictures_edge_at_any_turn(turn: float) -> None:
    layer = dress(3, turn=turn, unit=150.0)
    down = np.array([-np.sin(turn), np.cos(turn)])
    reach = np.arange(0.30 * 150, 1000)[:, None]
    places = np.round(WRIST + reach * down).astype(int)
    inside = ((places >= 0) & (places < (WIDTH, HEIGHT))).all(axis=1)
    columns, rows = places[inside].T
    assert inside.sum() > 50
    assert (layer.coverage[rows, columns] == 1).all()
    palm = np.round(WRIST - np.arange(0, 150)[:, None] * down).astype(int)
    palm = palm[((palm >= 0) & (palm < (WIDTH, HEIGHT))).all(axis=1)]
    assert (layer.coverage[palm[:, 1], palm[:, 0]] == 0).all()


def test_sleeves_have_folds_and_many_colours() -> None:
    means = []
    for seed in range(10):
        layer = dress(seed, unit=220.0)
        cloth = layer.colour[layer.coverage == 1]
        means.append(cloth.mean(axis=0))
        assert cloth.mean(axis=1).std() > 0.05 * cloth.mean()
    assert np.std(means, axis=0).min() > 0.1


def test_a_hem_outside_the_picture_covers_nothing() -> None:
    pose = flat_hand()
    layer = sleeve(pose, SHAPE, 370, WIDTH, np.random.default_rng(0))
    assert (layer.coverage == 0).all()


@pytest.mark.parametrize("seed", range(12))
def test_a_ring_goes_across_the_first_phalanx_of_one_finger(seed: int) -> None:
    layer = adorn(seed)
    assert is_layer(layer)
    rows, columns = np.nonzero(layer.coverage > 0.5)
    centre = np.array([columns.mean(), rows.mean()])
    # Index, middle or ring finger, never the little one; past its base and before its first joint.
    distances = [np.hypot(*(finger.centre - centre).T) for finger in flat_hand().fingers]
    nearest = int(np.argmin([each.min() for each in distances]))
    assert nearest < 3
    assert 5 <= distances[nearest].argmin() <= 11
    width = 2 * 0.047 * UNIT
    assert 0.95 * width < np.ptp(columns) + 1 < 1.2 * width
    assert np.ptp(rows) + 1 < 0.45 * width


def test_a_ring_shines() -> None:
    for seed in range(8):
        layer = adorn(seed)
        metal = layer.colour[layer.coverage > 0.9].mean(axis=1)
        assert np.percentile(metal, 98) > 1.6 * np.median(metal) or np.percentile(metal, 98) > 0.8


def test_a_finger_outside_the_picture_bears_no_ring() -> None:
    far = flat_hand()
    moved = tuple(SimpleNamespace(centre=tube.centre - (0, 900), half_width=tube.half_width) for tube in far.fingers)
    pose = SimpleNamespace(camera=far.camera, fingers=moved)
    assert ring(pose, HEIGHT, WIDTH, np.random.default_rng(0)) is None


def test_the_same_numbers_give_the_same_clothes() -> None:
    for first, second in ((dress(5), dress(5)), (adorn(5), adorn(5))):
        assert first.coverage.tobytes() == second.coverage.tobytes()
        assert first.colour.tobytes() == second.colour.tobytes()
    assert dress(5).colour.tobytes() != dress(6).colour.tobytes()


def test_clothes_cover_a_photo_by_their_share() -> None:
    layer = dress(2)
    photo = np.full((HEIGHT, WIDTH, 3), 0.5, np.float32)
    layer.put_over(photo)
    share = layer.coverage[..., None]
    np.testing.assert_allclose(photo, 0.5 * (1 - share) + layer.colour * share, atol=1e-6)

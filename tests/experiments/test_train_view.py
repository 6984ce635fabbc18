"""What the view network learns from: upright views, of hands as the hand network places them, and of its alarms."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from experiments.weights.others import load_others
from experiments.weights.sightings import LEAST, load_sightings
from experiments.weights.train_view import TURNS, sources_of
from experiments.weights.training import Options
from experiments.weights.upright_views import NO_HAND, Sources, draw_upright, placed
from palmbench.hands.network import VIEWS
from palmbench.hands.second_look import SIDE
from palmbench.synth import render
from palmbench.synth.empty_scenes import empty_scene


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Sources:
    return sources_of(Options(tmp_path_factory.mktemp("data"), 5, 1, steps=1, minutes=1, batch=4, processes=1))


@pytest.fixture(scope="module")
def views(sources: Sources) -> list[tuple[np.ndarray, int]]:
    random = np.random.default_rng(3)
    return [draw_upright(sources, random) for _ in range(150)]


def test_views_are_square_and_show_everything(views: list[tuple[np.ndarray, int]]) -> None:
    assert all((view.shape, view.dtype) == ((SIDE, SIDE, 3), np.uint8) for view, _ in views)
    counts = np.bincount([shown for _, shown in views], minlength=4)
    assert (counts >= 15).all()
    assert len({view.tobytes() for view, _ in views}) > 145


def test_the_same_draws_give_the_same_views(sources: Sources) -> None:
    one, again = (draw_upright(sources, np.random.default_rng(8)) for _ in range(2))
    np.testing.assert_array_equal(one[0], again[0])
    assert one[1] == again[1]


def test_what_is_held_out_is_not_drawn(sources: Sources) -> None:
    assert sources.palms == 4  # one identity of five is kept
    assert max(int(which.max()) for which in sources.hands) < len(sources.others.photos) - 1
    for view, which in enumerate(sources.hands):
        assert (sources.others.views[which] == view).all()
    assert len(VIEWS) == NO_HAND


def test_hands_are_placed_about_the_middle_of_a_view() -> None:
    points, random = render(3, 0).keypoints_2d.astype(float), np.random.default_rng(0)
    spans = []
    for _ in range(40):
        transform = placed(points, random)
        there = points @ transform[:, :2].T + transform[:, 2]
        assert (np.abs((there.min(axis=0) + there.max(axis=0)) / 2 - SIDE / 2) < SIDE / 3).all()
        spans.append(float(np.ptp(there, axis=0).max()))
    assert 0.6 * SIDE < np.median(spans) < 0.9 * SIDE


def test_sightings_are_of_the_pictures_and_kept(tmp_path: Path) -> None:
    pictures = np.stack([render(4, 1).image, empty_scene(6, (640, 480))])
    np.save(tmp_path / "photos.npy", pictures)
    seen = load_sightings(tmp_path / "photos.npy", 2, workers=1)
    assert seen.presence.shape == (2, 3)
    assert seen.presence[0, 0] > 0.9
    assert ((seen.presence == 0) | (seen.presence >= LEAST)).all()
    off = np.linalg.norm(seen.points[0, 0, :21] - render(4, 1).keypoints_2d, axis=1)
    assert off.mean() < 8
    assert next(list(end) for end in seen.ends()) == [0, 0]
    (tmp_path / "photos.npy").unlink()
    np.testing.assert_array_equal(load_sightings(tmp_path / "photos.npy", 2).points, seen.points)


def test_kinds_of_hands_take_their_turns(tmp_path: Path) -> None:
    others = load_others(tmp_path, hands=len(TURNS), empties=1, workers=1, turns=TURNS)
    said = ["untold" if view >= len(VIEWS) else VIEWS[view] for view in others.views]
    assert [said[index] for index in (0, 1, 3, 4, 5, 7)] == ["back", "closed", "palm", "back", "closed", "untold"]

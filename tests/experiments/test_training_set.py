"""The training set holds what was rendered, and views of it keep their truth."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from experiments.weights import kept_arrays
from experiments.weights.crude import deidentify
from experiments.weights.others import TURNS as OTHER_TURNS
from experiments.weights.others import UNTOLD, Others, load_others
from experiments.weights.views import View, draw_view, open_palm, other_hand
from experiments.weights.world import TURNS, World, load_world
from palmbench.hands.network import VIEWS
from palmbench.synth import TRAINING_IDENTITIES, render

MASK_SCALE = 2  # of a view's pixels


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("training")


@pytest.fixture(scope="module")
def world(folder: Path) -> World:
    return load_world(folder, identities=1, samples=2, workers=1)


@pytest.fixture(scope="module")
def others(folder: Path) -> Others:
    return load_others(folder / "others", hands=10, empties=6, workers=1)


@pytest.fixture(scope="module")
def views(world: World, others: Others) -> list[View]:
    random = np.random.default_rng(5)
    return [draw_view(open_palm(world, index % 2), world, others, random) for index in range(120)]


@pytest.fixture
def no_rendering(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(kept_arrays, "ProcessPoolExecutor", refuse)


def test_photos_are_kept_at_half_size_with_their_truth(world: World) -> None:
    photo = render(TRAINING_IDENTITIES[0], 1, TURNS[1])
    small = cv2.resize(photo.image, (320, 240), interpolation=cv2.INTER_AREA)
    np.testing.assert_array_equal(world.photos[1], small)
    assert (world.masks[1][photo.mask[::2, ::2]]).mean() > 0.99
    # Pixel centres lie at integers: pixels 0 and 1 become pixel 0, so that 0.5 becomes 0.
    np.testing.assert_allclose(world.points[1][:21], (photo.keypoints_2d - 0.5) / 2, atol=1e-4)
    np.testing.assert_array_equal(world.depths[1], photo.keypoints_3d[:, 2])


def test_the_palm_crop_shows_the_palm_with_skin_around_it(world: World) -> None:
    for palm, region in zip(world.palms, world.regions, strict=True):
        assert (palm.shape, palm.dtype) == ((256, 256, 3), np.uint8)
        repainted = region == 3
        assert 0.2 < repainted.mean() < 0.7
        assert repainted[96:160, 96:160].mean() > 0.95
        assert not repainted[[0, -1]].any()
        assert not repainted[:, [0, -1]].any()


def test_a_training_set_is_rendered_once(folder: Path, world: World, no_rendering: None) -> None:
    again = load_world(folder, identities=1, samples=2)
    np.testing.assert_array_equal(again.photos, world.photos)


def test_one_of_another_size_is_not_taken_for_it(world: World, no_rendering: None, tmp_path: Path) -> None:
    (tmp_path / "world.json").write_text('{"renderer": 0, "profile": "controlled", "identities": 1, "samples": 1}')
    for _ in range(2):  # nor is one whose rendering was interrupted
        with pytest.raises(KeyboardInterrupt):
            load_world(tmp_path, identities=1, samples=1)
        assert not (tmp_path / "world.json").exists()


def test_views_keep_points_on_the_hand(views: list[View]) -> None:
    shown = [view for view in views if view.present]
    assert len(shown) >= 50
    inside = on_hand = 0
    for view in shown:
        assert (view.image.shape, view.image.dtype) == ((192, 192, 3), np.uint8)
        hand = cv2.dilate((view.mask > 0.25).astype(np.uint8), np.ones((5, 5), np.uint8))
        columns, rows = np.round((view.points + 0.5) / MASK_SCALE - 0.5).astype(int).T
        seen = (columns >= 0) & (columns < 96) & (rows >= 0) & (rows < 96)
        inside += seen.sum()
        on_hand += hand[rows[seen], columns[seen]].sum()
    # A few hands are cut by the view's edge, and something lies over a few others.
    assert inside > 0.9 * 23 * len(shown)
    assert on_hand > 0.97 * inside


def test_views_show_hands_near_and_far_upright_and_turned(views: list[View]) -> None:
    shown = [view.points[:21] for view in views if view.present]
    sizes = np.array([np.ptp(points, axis=0).max() / 192 for points in shown])
    assert (sizes < 0.3).any()
    assert (sizes > 0.8).any()
    assert 0.4 < (sizes > 0.6).mean() < 0.8
    up = np.array([points[9] - points[0] for points in shown])
    turns = np.degrees(np.arctan2(up[:, 0], -up[:, 1]))
    assert (np.abs(turns) > 45).any()
    assert np.median(np.abs(turns)) < 30


def test_some_views_are_grey(views: list[View]) -> None:
    saturation = np.array([np.ptp(view.image.astype(int), axis=2).mean() for view in views if view.present])
    assert 0.02 < (saturation < 3).mean() < 0.4


def test_some_views_show_no_hand(views: list[View]) -> None:
    absent = [view for view in views if not view.present]
    assert 0.15 < len(absent) / len(views) < 0.45
    assert not any(view.mask.any() or view.palm.any() for view in absent)


def test_some_pictures_end_near_their_hand(views: list[View]) -> None:
    """As one does that a hand fills: what lies beyond it repeats its outermost pixels, and shows no hand."""
    ended = 0
    for view in views:
        for image, cover in ((view.image, view.mask), (view.image.swapaxes(0, 1), view.mask.T)):
            beyond = image[: len(image) // 8]
            if (beyond == beyond[0]).all() and np.ptp(beyond[0].astype(int), axis=0).max() > 40:
                ended += view.present
                assert not cover[: len(beyond) // 2 - 1].any()
    assert ended >= 3


def test_the_palm_of_a_view_is_a_part_of_its_hand(views: list[View]) -> None:
    for view in views:
        assert (view.palm <= view.mask).all()
    assert np.mean([view.palm.sum() / view.mask.sum() for view in views if view.present]) > 0.15


def test_other_hands_show_what_they_are_said_to(world: World, others: Others) -> None:
    assert [VIEWS[view] for view in others.views[:2]] == ["back", "closed"]  # kinds take turns
    assert [kind == "glove" for kind in (*OTHER_TURNS, *OTHER_TURNS)][:10] == (others.views == UNTOLD).tolist()
    pressed = [view for view, kind in zip(others.views, OTHER_TURNS, strict=False) if kind == "pressed"]
    assert pressed and all(VIEWS[view] == "palm" for view in pressed)
    for index, view in enumerate(others.views):
        assert others.masks[index].any()
        assert others.palms[index].any() or view != VIEWS.index("palm")
        drawn = draw_view(other_hand(others, index), world, others, np.random.default_rng(index))
        assert drawn.view == view
    assert len({picture.tobytes() for picture in others.empties}) == 6


def test_a_crude_deidentification_changes_the_hand_and_nothing_else(world: World) -> None:
    for seed in range(20):
        photo, mask = np.array(world.photos[0]), world.masks[0]
        hidden = deidentify(photo.copy(), mask, world.points[0], world.palms[1], np.random.default_rng(seed))
        changed = (hidden != photo).any(axis=2)
        assert changed.any()
        assert not changed[mask == 0].any()


def test_half_of_the_views_are_mirrored(views: list[View], world: World) -> None:
    def turns(points: np.ndarray) -> bool:
        across, down = points[17] - points[5], points[0] - points[5]
        return bool(across[0] * down[1] - across[1] * down[0] > 0)

    share = np.mean([turns(view.points) == turns(world.points[index % 2]) for index, view in enumerate(views)])
    assert 0.2 < share < 0.8


def test_the_same_generator_draws_the_same_view(world: World, others: Others) -> None:
    first, second = (draw_view(open_palm(world, 0), world, others, np.random.default_rng(8)) for _ in range(2))
    for mine, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(mine, other)

"""What the spot network learns from: palms of its size wherever they lie, with fingers or without, and what is none."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from experiments.weights.spot_views import IGNORED, NONE, OTHER, PALM, SIDE, Sources, SpotView, draw_spot_view
from experiments.weights.train_spot import sources_of, spot_loss
from experiments.weights.training import Options
from palmbench.hands.spotting import KINDS, PALM_SIZE, STRIDE

CELLS = SIDE // STRIDE


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Sources:
    return sources_of(Options(tmp_path_factory.mktemp("data"), 5, 1, steps=1, minutes=1, batch=4, processes=1))


@pytest.fixture(scope="module")
def views(sources: Sources) -> list[SpotView]:
    random = np.random.default_rng(3)
    return [draw_spot_view(sources, random) for _ in range(200)]


def test_views_show_everything(views: list[SpotView]) -> None:
    assert all((view.image.shape, view.image.dtype) == ((SIDE, SIDE, 3), np.uint8) for view in views)
    assert all((view.cells.shape, view.cells.dtype) == ((CELLS, CELLS), np.uint8) for view in views)
    for kind, least in ((NONE, 60), (PALM, 40), (OTHER, 8)):
        assert sum((view.cells == kind).any() and not (view.cells > kind).all() for view in views) >= least
    assert {int(kind) for view in views for kind in np.unique(view.cells)} == {NONE, PALM, OTHER, IGNORED}


def test_a_palm_is_answered_for_in_its_middle_alone(views: list[SpotView]) -> None:
    for view in views:
        told = ((view.cells == PALM) | (view.cells == OTHER)).astype(np.uint8)
        count, patches = cv2.connectedComponents(told, connectivity=4)
        for patch in range(1, count):  # one palm may lie before another
            rows, columns = np.nonzero(patches == patch)
            assert max(np.ptp(rows), np.ptp(columns)) * STRIDE < PALM_SIZE
            # About it is a ring in which a cell may say what it likes.
            around = view.cells[max(0, rows.min() - 1) : rows.max() + 2, max(0, columns.min() - 1) : columns.max() + 2]
            assert not (around == NONE).any()


def test_some_pictures_end_near_their_palm(views: list[SpotView]) -> None:
    ended = [view for view in views if (view.image == 128).all(axis=2).mean() > 0.3]
    assert sum((view.cells == PALM).any() for view in ended) >= 3


def test_the_same_draws_give_the_same_views(sources: Sources) -> None:
    one, again = (draw_spot_view(sources, np.random.default_rng(8)) for _ in range(2))
    np.testing.assert_array_equal(one.image, again.image)
    np.testing.assert_array_equal(one.cells, again.cells)


def test_what_is_held_out_is_not_drawn(sources: Sources) -> None:
    assert sources.palms == range(4)  # one identity of five is kept
    assert sources.hands.stop < len(sources.others.photos)


def test_the_loss_is_of_what_is_answered_for() -> None:
    cells = torch.full((1, CELLS, CELLS), NONE, dtype=torch.uint8)
    cells[0, :4] = IGNORED
    cells[0, 10, 10] = PALM
    right = torch.zeros(1, len(KINDS), CELLS, CELLS)
    right[:, NONE] = 20
    right[0, :, 10, 10] = torch.tensor([0.0, 20.0, 0.0])
    assert float(spot_loss(right, cells)) < 1e-3
    missed = right.clone()
    missed[0, :, 10, 10] = torch.tensor([20.0, 0.0, 0.0])
    assert float(spot_loss(missed, cells)) > 10
    ignored = right.clone()
    ignored[0, :, 0, 0] = torch.tensor([0.0, 20.0, 0.0])
    assert float(spot_loss(ignored, cells)) == float(spot_loss(right, cells))
    alarmed = right.clone()
    alarmed[0, :, 20, 20] = torch.tensor([0.0, 20.0, 0.0])
    assert float(spot_loss(alarmed, cells)) > 5

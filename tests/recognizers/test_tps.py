"""Thin-plate splines bend a grid so that the control points are met, and nothing else is bent without need."""

import numpy as np
import pytest
import torch

from recognizers.networks.hand_landmarks import PALM_TARGETS
from recognizers.networks.tps import affine_basis, read_grid, thin_plate_basis, thin_plate_grid


def bent(seed: int) -> torch.Tensor:
    return PALM_TARGETS + 0.2 * torch.randn(9, 2, generator=torch.Generator().manual_seed(seed))


def reference(targets: np.ndarray, points: np.ndarray, place: np.ndarray) -> np.ndarray:
    """One place of the spline, from the published system of equations with logarithms of squared distances."""
    k = len(targets)
    system = np.zeros((k + 3, k + 3))
    for i in range(k):
        for j in range(k):
            squared = ((targets[i] - targets[j]) ** 2).sum()
            system[i, j] = squared * np.log(squared) if i != j else 0
        system[i, k:] = system[k:, i] = (1, *targets[i])
    weights = np.linalg.solve(system, np.vstack([points, np.zeros((3, 2))]))
    squared = ((place - targets) ** 2).sum(axis=1)
    bending = np.array([value * np.log(value) if value > 0 else 0 for value in squared])
    return np.concatenate([bending, (1, *place)]) @ weights


def test_the_control_points_are_met():
    # The targets are the pixels of a 3 x 3 grid, column by column.
    grid = thin_plate_grid(thin_plate_basis(PALM_TARGETS, 3, 3), bent(0)).view(3, 3, 2)
    torch.testing.assert_close(grid.transpose(0, 1).reshape(9, 2), bent(0), atol=1e-5, rtol=0)


def test_every_place_is_that_of_the_published_equations():
    grid = thin_plate_grid(thin_plate_basis(PALM_TARGETS, 5, 9), bent(1)).view(5, 9, 2)
    targets, points = PALM_TARGETS.double().numpy(), bent(1).double().numpy()
    for row, y in enumerate(np.linspace(-1, 1, 5)):
        for column, x in enumerate(np.linspace(-1, 1, 9)):
            expected = reference(targets, points, np.array([x, y]))
            np.testing.assert_allclose(grid[row, column].numpy(), expected, atol=1e-5)


def test_points_that_an_affine_map_explains_bend_nothing():
    turn, shift = torch.tensor([(0.5, 0.3), (-0.2, 0.7)]), torch.tensor([0.1, -0.2])
    points = torch.stack([PALM_TARGETS, PALM_TARGETS @ turn + shift])
    plain, moved = thin_plate_grid(thin_plate_basis(PALM_TARGETS, 7, 4), points)
    torch.testing.assert_close(plain[:4, 0], torch.linspace(-1, 1, 4), atol=1e-5, rtol=0)
    torch.testing.assert_close(moved, plain @ turn + shift, atol=1e-5, rtol=0)


def test_an_affine_map_is_that_of_least_squares():
    points = bent(3)
    grid = thin_plate_grid(affine_basis(PALM_TARGETS, 5, 7), points).view(5, 7, 2).double().numpy()
    targets = np.c_[np.ones(9), PALM_TARGETS.numpy()].astype(np.float64)
    fitted = np.linalg.lstsq(targets, points.numpy().astype(np.float64), rcond=None)[0]
    for row, y in enumerate(np.linspace(-1, 1, 5)):
        for column, x in enumerate(np.linspace(-1, 1, 7)):
            np.testing.assert_allclose(grid[row, column], [1, x, y] @ fitted, atol=1e-5)


def test_the_regular_grid_reads_the_image_itself():
    images = torch.rand(2, 3, 6, 8)
    grid = thin_plate_grid(thin_plate_basis(PALM_TARGETS, 6, 8), PALM_TARGETS.expand(2, 1, 9, 2))
    torch.testing.assert_close(read_grid(images, grid, 6, 8), images, atol=1e-5, rtol=0)


def test_crops_come_image_by_image_and_are_black_outside():
    images = torch.tensor([1.0, 2.0]).view(2, 1, 1, 1).expand(2, 1, 4, 4)
    inside, outside = 0.5 * PALM_TARGETS, 0.5 * PALM_TARGETS + 4
    grids = thin_plate_grid(thin_plate_basis(PALM_TARGETS, 3, 2), torch.stack([inside, outside]).expand(2, 2, 9, 2))
    crops = read_grid(images, grids, 3, 2)
    assert crops.shape == (4, 1, 3, 2)
    assert [crop.unique().tolist() for crop in crops] == [[pytest.approx(1)], [0], [pytest.approx(2)], [0]]

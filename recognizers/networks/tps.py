"""Thin-plate splines and affine maps: lay a regular grid so that fixed target points land on points of an image.

Splines are as in EE-PRnet (Matkowski, Chai and Kong, TIFS 2020): U(r) = r^2 log r^2, no smoothing, and an output grid
that includes its corners. Coordinates are (x, y) in [-1, 1] over pixel centres, as `grid_sample(align_corners=True)`
reads them.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

VERSION = 1


def thin_plate_basis(targets: Tensor, height: int, width: int) -> Tensor:
    """Share of each control point in each place of an output grid.

    The spline is linear in the points that it meets, so that one matrix serves every image.

    Parameters
    ----------
    targets : (k, 2) float
        Where the control points lie in the output, (x, y) in [-1, 1]; not all on one line, no two alike.
    height, width : int
        Of the output.

    Returns
    -------
    (height * width, k) float32
        Places row by row; each row sums to 1.
    """
    targets = targets.double()
    k = len(targets)
    places = _places(height, width)
    system = torch.zeros(k + 3, k + 3, dtype=torch.float64)
    system[:k] = _terms(targets, targets)
    system[k:, :k] = system[:k, k:].T
    return torch.linalg.solve(system, _terms(places, targets).T)[:k].T.float().contiguous()


def affine_basis(targets: Tensor, height: int, width: int) -> Tensor:
    """The same for the affine map of least squares, which need not meet the points; parameters as above."""
    straight = [_terms(places, targets)[:, len(targets) :] for places in (_places(height, width), targets.double())]
    return (straight[0] @ torch.linalg.pinv(straight[1])).float().contiguous()


def thin_plate_grid(basis: Tensor, points: Tensor) -> Tensor:
    """Where in an image each place of the output is read.

    Parameters
    ----------
    basis : (height * width, k) float
        Of `thin_plate_basis` or `affine_basis`.
    points : (..., k, 2) float
        Where the control points lie in the image, (x, y) in [-1, 1].

    Returns
    -------
    (..., height * width, 2) float
    """
    return basis @ points


def read_grid(images: Tensor, grids: Tensor, height: int, width: int) -> Tensor:
    """Images read at grids, bilinear; 0 outside of an image.

    Parameters
    ----------
    images : (n, channels, rows, columns) float
    grids : (n, crops, height * width, 2) float
        Several crops an image.
    height, width : int
        Of a crop.

    Returns
    -------
    (n * crops, channels, height, width) float
        The crops of the first image, then those of the second, and so on.
    """
    n, crops = grids.shape[:2]
    # One above the other: the image is read where it lies, not copied for each crop.
    read = functional.grid_sample(images, grids.reshape(n, crops * height, width, 2), align_corners=True)
    return read.reshape(n, -1, crops, height, width).transpose(1, 2).flatten(0, 1)


def _places(height: int, width: int) -> Tensor:
    down, across = (torch.linspace(-1, 1, side, dtype=torch.float64) for side in (height, width))
    return torch.cartesian_prod(down, across).flip(1)


def _terms(places: Tensor, targets: Tensor) -> Tensor:
    squared = (places[:, None] - targets[None]).square().sum(dim=2)
    bent = torch.where(squared > 0, squared * squared.clamp(min=torch.finfo(squared.dtype).tiny).log(), 0.0)
    return torch.cat([bent, torch.ones_like(places[:, :1]), places], dim=1)

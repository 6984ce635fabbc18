"""The sliding means behind SSIM, on the processor with OpenCV or on a graphics card with torch, in double precision.

The formulas in `similarity.py` are written once, for arrays of either kind; what differs is here. The two agree to
about 1e-12, so that the device is recorded with a result and never changes it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np

if TYPE_CHECKING:
    import torch

VERSION = 1
UNIFORM_SIDE = 7
GAUSSIAN = np.exp(-((np.arange(11) - 5.0) ** 2) / (2 * 1.5**2))
GAUSSIAN /= GAUSSIAN.sum()

# A float64 plane of shape (height, width): an ndarray, or a torch tensor on the device.
Plane = Any


class Filters(NamedTuple):
    """Operations on planes, which are float64 arrays of shape (height, width) on one device.

    Attributes
    ----------
    planes : callable
        From a uint8 HWC image to its planes.
    region : callable
        From a bool mask to the same mask on the device.
    uniform, gaussian : callable
        Means of each of some planes over 7 x 7 equal weights, or over 11 x 11 Gaussian ones of sigma 1.5; only where
        the window lies within the plane, so 6 or 10 shorter on each axis.
    reflect : callable
        A plane with so many pixels more on every side, mirrored about its outermost pixels.
    repeat_before : callable
        A plane with one row more above and one column more on the left, copies of the first.
    halve : callable
        Means of 2 x 2 pixels; an odd last row or column is dropped.
    host : callable
        A bool vector as an ndarray.
    """

    planes: Callable[[np.ndarray], list[Plane]]
    region: Callable[[np.ndarray], Any]
    uniform: Callable[[Sequence[Plane]], Sequence[Plane]]
    gaussian: Callable[[Sequence[Plane]], Sequence[Plane]]
    reflect: Callable[[Plane, int], Plane]
    repeat_before: Callable[[Plane], Plane]
    halve: Callable[[Plane], Plane]
    host: Callable[[Any], np.ndarray]


def filters_on(device: str) -> Filters:
    """OpenCV's filters for "cpu", torch's for any other device."""
    return OPENCV if device == "cpu" else torch_filters(device)


def _opencv_planes(image: np.ndarray) -> list[np.ndarray]:
    return [np.ascontiguousarray(image[..., channel], np.float64) for channel in range(image.shape[2])]


def _opencv_uniform(planes: Sequence[np.ndarray]) -> list[np.ndarray]:
    side, edge = (UNIFORM_SIDE, UNIFORM_SIDE), UNIFORM_SIDE // 2
    return [cv2.boxFilter(plane, cv2.CV_64F, side)[edge:-edge, edge:-edge] for plane in planes]


def _opencv_gaussian(planes: Sequence[np.ndarray]) -> list[np.ndarray]:
    edge = len(GAUSSIAN) // 2
    return [cv2.sepFilter2D(plane, cv2.CV_64F, GAUSSIAN, GAUSSIAN)[edge:-edge, edge:-edge] for plane in planes]


def _opencv_halve(plane: np.ndarray) -> np.ndarray:
    height, width = plane.shape[0] // 2, plane.shape[1] // 2
    # At exactly one half OpenCV's area filter is the mean of 2 x 2 pixels.
    return cv2.resize(plane[: 2 * height, : 2 * width], (width, height), interpolation=cv2.INTER_AREA)


OPENCV = Filters(
    planes=_opencv_planes,
    region=lambda mask: mask,
    uniform=_opencv_uniform,
    gaussian=_opencv_gaussian,
    reflect=lambda plane, edge: cv2.copyMakeBorder(plane, edge, edge, edge, edge, cv2.BORDER_REFLECT_101),
    repeat_before=lambda plane: cv2.copyMakeBorder(plane, 1, 0, 1, 0, cv2.BORDER_REPLICATE),
    halve=_opencv_halve,
    host=np.asarray,
)


@lru_cache(maxsize=4)
def torch_filters(device: str) -> Filters:
    """The same filters on torch tensors of a device."""
    import torch
    from torch.nn import functional

    gaussian_weights = torch.from_numpy(GAUSSIAN).to(device)
    uniform_weights = torch.full((UNIFORM_SIDE,), 1 / UNIFORM_SIDE, dtype=torch.float64, device=device)

    def separable(planes: Sequence[torch.Tensor], weights: torch.Tensor) -> list[torch.Tensor]:
        stack = torch.stack(list(planes))[:, None]
        columns = functional.conv2d(stack, weights[None, None, :, None])
        return list(functional.conv2d(columns, weights[None, None, None])[:, 0])

    def pad(plane: torch.Tensor, edges: Sequence[int], mode: str) -> torch.Tensor:
        return functional.pad(plane[None, None], list(edges), mode=mode)[0, 0]

    return Filters(
        planes=lambda image: list(
            torch.from_numpy(np.ascontiguousarray(image)).to(device).permute(2, 0, 1).double().contiguous()
        ),
        region=lambda mask: torch.from_numpy(np.ascontiguousarray(mask)).to(device),
        uniform=lambda planes: separable(planes, uniform_weights),
        gaussian=lambda planes: separable(planes, gaussian_weights),
        reflect=lambda plane, edge: pad(plane, (edge,) * 4, "reflect"),
        repeat_before=lambda plane: pad(plane, (1, 0, 1, 0), "replicate"),
        halve=lambda plane: functional.avg_pool2d(plane[None, None], 2)[0, 0],
        host=lambda vector: vector.cpu().numpy(),
    )

"""Images through a network: in single precision, in memory of a bound, the same whatever they share a batch with."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from recognizers.networks.precision import single_precision


def through(
    describe: Callable[[Tensor], Tensor], images: np.ndarray, shape: tuple[int, ...], device: str, block: int
) -> np.ndarray:
    """What a network makes of each image.

    Parameters
    ----------
    describe : callable
        The network: a batch of images on the device to as many results.
    images : ndarray, (n, ...)
        In any order in memory; on a CPU they go one at a time, so that no batch can change a result.
    shape : tuple of int
        Of one result.
    device : str
    block : int
        Images at a time on another device.

    Returns
    -------
    (n, *shape) float32
    """
    step = 1 if device == "cpu" else block
    results = np.empty((len(images), *shape), np.float32)
    with torch.inference_mode(), single_precision(device):
        for start in range(0, len(images), step):
            # Rows in their order: torch takes no mirrored array, and sums a transposed one otherwise.
            batch = torch.from_numpy(images[start : start + step].copy())
            results[start : start + step] = describe(batch.to(device)).cpu().numpy()
    return results

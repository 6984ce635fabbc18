"""Kernel distance of two sets of features, the distance in KID."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from palmbench.scoring import Interval, jackknife_interval

VERSION = 1
SUBSETS = 100
SUBSET_SIZE = 1000
SUBSET_SEED = 2020  # torch-fidelity's; any would do, so long as it never changes


class KernelDistance(NamedTuple):
    """Mean and population standard deviation over subsets, and how many images a subset holds."""

    value: float
    std: float
    subset_size: int


def kernel_distance(
    features_a: np.ndarray,
    features_b: np.ndarray,
    subsets: int = SUBSETS,
    subset_size: int = SUBSET_SIZE,
    seed: int = SUBSET_SEED,
) -> KernelDistance:
    """Unbiased squared maximum mean discrepancy under the kernel (x . y / n_features + 1)^3, averaged over subsets.

    It is KID only on the 2048 pool features of FID's own Inception network. Unlike a Fréchet distance its expectation
    does not depend on the number of images; being unbiased it may fall below 0.

    Parameters
    ----------
    features_a, features_b : ndarray of shape (n_samples, n_features)
        One row an image, at least two rows each.
    subsets : int
        Random subsets of each side, drawn without replacement.
    subset_size : int
        Images in a subset; with fewer on a side, that many, where torchmetrics refuses.
    seed : int
        Of the subsets' generator: the same features always give the same number.

    Raises
    ------
    ValueError
        If a set has fewer than two rows, or their widths differ.

    References
    ----------
    Bińkowski et al., Demystifying MMD GANs, 2018.
    """
    a, b = np.asarray(features_a, np.float64), np.asarray(features_b, np.float64)
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        raise ValueError(f"expected two sets of features of one width, got shapes {a.shape} and {b.shape}")
    size = min(subset_size, len(a), len(b))
    if size < 2:
        raise ValueError("a kernel distance needs at least two images on each side")
    # Each pair's kernel is worked out once, whatever number of subsets it is part of.
    within_a, within_b, between = _kernel(a, a), _kernel(b, b), _kernel(a, b)
    random = np.random.default_rng(seed)
    found = []
    for _ in range(subsets):
        rows = random.choice(len(a), size, replace=False)
        columns = random.choice(len(b), size, replace=False)
        same = _off_diagonal(within_a, rows) + _off_diagonal(within_b, columns)
        across = float(between[np.ix_(rows, columns)].sum())
        found.append(same / (size * (size - 1)) - 2 * across / size**2)
    return KernelDistance(float(np.mean(found)), float(np.std(found)), size)


def kernel_interval(
    features_a: np.ndarray, features_b: np.ndarray, distance: float, persons: Sequence[str]
) -> Interval:
    """95 % interval of the kernel distance of n photos to n others of the same persons.

    Parameters
    ----------
    features_a, features_b : ndarray of shape (n, n_features)
        Row i of both shows a palm of `persons[i]`.
    distance : float
        What `kernel_distance` says of them.
    """
    a, b = np.asarray(features_a, np.float64), np.asarray(features_b, np.float64)
    within_a, within_b, between = _kernel(a, a), _kernel(b, b), _kernel(a, b)

    def without(kept: np.ndarray) -> float:
        rows = np.flatnonzero(kept)
        n = len(rows)
        same = _off_diagonal(within_a, rows) + _off_diagonal(within_b, rows)
        return same / (n * (n - 1)) - 2 * float(between[np.ix_(rows, rows)].sum()) / n**2

    return jackknife_interval(without, distance, persons)


def _kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (a @ b.T / a.shape[1] + 1) ** 3


def _off_diagonal(kernel: np.ndarray, chosen: np.ndarray) -> float:
    block = kernel[np.ix_(chosen, chosen)]
    return float(block.sum() - np.trace(block))

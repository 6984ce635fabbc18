"""Fréchet distance of two sets of features, the distance in FID."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from palmbench.scoring import Interval, jackknife_interval

VERSION = 1


def frechet_distance(features_a: np.ndarray, features_b: np.ndarray) -> float:
    """Fréchet distance of the Gaussians fitted to two sets of features.

    |m_a - m_b|^2 + tr(C_a) + tr(C_b) - 2 tr((C_a C_b)^(1/2)). The last trace is the sum of the singular values of
    A B^T, where A^T A = C_a and B^T B = C_b: no matrix square root, and exact for fewer samples than dimensions,
    where the covariances are singular. It is FID only on the 2048 pool features of FID's own Inception network.

    Parameters
    ----------
    features_a, features_b : ndarray of shape (n_samples, n_features)
        One row an image, at least two rows each.

    Raises
    ------
    ValueError
        If a set has fewer than two rows, or their widths differ.

    References
    ----------
    Heusel et al., GANs trained by a two time-scale update rule converge to a local Nash equilibrium, 2017.
    """
    a, b = np.asarray(features_a, np.float64), np.asarray(features_b, np.float64)
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        raise ValueError(f"expected two sets of features of one width, got shapes {a.shape} and {b.shape}")
    if min(len(a), len(b)) < 2:
        raise ValueError("a Fréchet distance needs at least two images on each side")
    root_a, root_b = _covariance_root(a), _covariance_root(b)
    overlap = np.linalg.svd(root_a @ root_b.T, compute_uv=False).sum()
    return max(0.0, _distance(a, b, root_a, root_b, overlap))


def frechet_interval(
    features_a: np.ndarray, features_b: np.ndarray, distance: float, persons: Sequence[str]
) -> Interval:
    """95 % interval of the Fréchet distance of n photos to n others of the same persons; its lower end is 0 at least.

    Parameters
    ----------
    features_a, features_b : ndarray of shape (n, n_features)
        Row i of both shows a palm of `persons[i]`.
    distance : float
        What `frechet_distance` says of them.
    """
    a, b = np.asarray(features_a, np.float64), np.asarray(features_b, np.float64)

    def without(kept: np.ndarray) -> float:
        root_a, root_b = _covariance_root(a[kept]), _covariance_root(b[kept])
        overlap = root_a @ root_b.T
        # Five times as fast as singular values, and exact to a millionth, which is plenty for a spread.
        squares = np.linalg.eigvalsh(overlap.T @ overlap)
        return _distance(a[kept], b[kept], root_a, root_b, np.sqrt(np.maximum(squares, 0)).sum())

    lo, hi = jackknife_interval(without, distance, persons)
    return Interval(max(0.0, lo), hi) if lo == lo else Interval(lo, hi)


def _distance(a: np.ndarray, b: np.ndarray, root_a: np.ndarray, root_b: np.ndarray, overlap: float) -> float:
    shift = a.mean(axis=0) - b.mean(axis=0)
    return float(shift @ shift + np.square(root_a).sum() + np.square(root_b).sum() - 2 * overlap)


def _covariance_root(features: np.ndarray) -> np.ndarray:
    centred = (features - features.mean(axis=0)) / np.sqrt(len(features) - 1)
    return np.asarray(np.linalg.qr(centred, mode="r")) if centred.shape[0] > centred.shape[1] else centred

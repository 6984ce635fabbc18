"""Distances between all de-identified photos and all originals, on whichever features this machine has."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from palmbench.quality.frechet import frechet_distance, frechet_interval
from palmbench.quality.kernel import kernel_distance, kernel_interval
from palmbench.scoring import Number

# Which distances are drawn from which features; the first is the Fréchet distance.
SET_METRICS = {"inception": ("fid", "kid"), "hand": ("fd_hand",)}


def set_distances(
    features: str,
    originals: Sequence[np.ndarray],
    deidentified: Sequence[np.ndarray],
    persons: Sequence[str],
    failed: int = 0,
) -> dict[str, Number]:
    """FID and KID, or the Fréchet distance on hand features, of de-identified photos against their originals.

    Parameters
    ----------
    features : {"inception", "hand"}
        What the features are of: they give the distances their names.
    originals, deidentified : n arrays of shape (n_features,) each
        Below two there is no distance, and its value is None.
    persons : n str
        Whose palm each photo shows: groups of persons are left out in turn for the interval, which three persons have.
    failed : int
        Photos that have no features.

    Returns
    -------
    dict of str to Number
        `std` is over the kernel distance's subsets, `n` photos a side; `note` says when there are too few of them.
    """
    names, n = SET_METRICS[features], len(originals)
    if n < 2:
        return dict.fromkeys(names, Number.of(None, n=n, failed=failed))
    a, b = np.stack(originals), np.stack(deidentified)
    frechet = frechet_distance(a, b)
    spread = frechet_interval(a, b, frechet, persons)
    distances = {names[0]: Number.of(frechet, spread, n, failed, note=few_images(n, a.shape[1]))}
    for name in names[1:]:
        kernel = kernel_distance(a, b)
        # One subset that is everything has no spread.
        std = kernel.std if kernel.subset_size < n else None
        distances[name] = Number.of(kernel.value, kernel_interval(a, b, kernel.value, persons), n, failed, std)
    return distances


def few_images(n: int, dimensions: int) -> str | None:
    """What to say of a Fréchet distance of n images a side, or None when there are enough."""
    if n >= dimensions:
        return None
    return (
        f"{n} images a side for {dimensions} features: a Fréchet distance of so few is biased upwards "
        "and compares only with others of the same number"
    )

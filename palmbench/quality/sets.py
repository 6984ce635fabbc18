"""Distances between all de-identified photos and all originals, on whichever features this machine has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from palmbench.quality.frechet import frechet_distance, frechet_interval
from palmbench.quality.kernel import kernel_distance, kernel_interval
from palmbench.scoring import Interval

# Which distances are drawn from which features; the first is the Fréchet distance.
SET_METRICS = {"inception": ("fid", "kid"), "hand": ("fd_hand",)}
_UNKNOWN = Interval(float("nan"), float("nan"))


class SetDistance(NamedTuple):
    """A distance, its deviation over subsets where it has one, images a side, its interval, what to mind in reading it.

    The interval is NaN at both ends with fewer than three identities.
    """

    value: float | None
    std: float | None
    n: int
    interval: Interval
    note: str | None


def set_distances(
    features: str, originals: Sequence[np.ndarray], deidentified: Sequence[np.ndarray], identities: Sequence[str]
) -> dict[str, SetDistance]:
    """FID and KID, or the Fréchet distance on hand features, of de-identified photos against their originals.

    Parameters
    ----------
    features : {"inception", "hand"}
        What the features are of: they give the distances their names.
    originals, deidentified : n arrays of shape (n_features,) each
        Below two there is no distance, and its value is None.
    identities : n str
        Whose palm each photo shows: groups of palms are left out in turn for the interval.
    """
    names, n = SET_METRICS[features], len(originals)
    if n < 2:
        return dict.fromkeys(names, SetDistance(None, None, n, _UNKNOWN, None))
    a, b = np.stack(originals), np.stack(deidentified)
    note = few_images(n, a.shape[1])
    frechet = frechet_distance(a, b)
    distances = {names[0]: SetDistance(frechet, None, n, frechet_interval(a, b, frechet, identities), note)}
    for name in names[1:]:
        kernel = kernel_distance(a, b)
        # One subset that is everything has no spread.
        std = kernel.std if kernel.subset_size < n else None
        distances[name] = SetDistance(kernel.value, std, n, kernel_interval(a, b, kernel.value, identities), None)
    return distances


def few_images(n: int, dimensions: int) -> str | None:
    """What to say of a Fréchet distance of n images a side, or None when there are enough."""
    if n >= dimensions:
        return None
    return (
        f"{n} images a side for {dimensions} features: a Fréchet distance of so few is biased upwards "
        "and compares only with others of the same number"
    )

"""What several distances of each photo say in every draw of identities.

A row holds the distances of one photo, which all count as often as the photo's identity was drawn; for one distance a
photo see `palmbench.scoring.intervals.replicate_rates`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from palmbench.scoring import Replicates

VERSION = 1


class Moments(NamedTuple):
    """Mean and population variance in each draw, (n_replicates,) each."""

    mean: np.ndarray
    variance: np.ndarray


def moments(weights: np.ndarray, values: np.ndarray) -> Moments:
    """Moments of numbers in each draw.

    Parameters
    ----------
    weights : ndarray of shape (n_replicates, n_photos)
        How often each photo counts.
    values : ndarray of shape (n_photos,) or (n_photos, n_columns)
        NaN is left out.
    """
    rows = values.reshape(len(values), -1)
    known = np.isfinite(rows)
    # About the overall mean, so that nothing cancels.
    centre = float(rows[known].mean()) if known.any() else 0.0
    apart = np.where(known, rows - centre, 0.0)
    count = weights @ known.sum(axis=1).astype(np.float64)
    shift = _ratio(weights @ apart.sum(axis=1), count)
    square = _ratio(weights @ (apart**2).sum(axis=1), count)
    return Moments(centre + shift, np.maximum(square - shift**2, 0.0))


def accepted_shares(drawn: Replicates, weights: np.ndarray, distances: np.ndarray) -> np.ndarray:
    """Share of distances at or below each draw's own threshold, a fraction, (n_replicates,); NaN are left out.

    Parameters
    ----------
    drawn : Replicates
        Of the originals.
    weights, distances : ndarray
        As for `moments`.
    """
    rows = distances.reshape(len(distances), -1)
    counted = (~np.isnan(rows)).sum(axis=1)
    accepted = np.array(
        [weight @ (rows <= threshold).sum(axis=1) for weight, threshold in zip(weights, drawn.threshold, strict=True)],
        np.float64,
    )
    shares = _ratio(accepted, weights @ counted.astype(np.float64))
    return np.where(np.isnan(drawn.threshold), np.nan, shares)


def deid_ratios(drawn: Replicates, weights: np.ndarray, distances: np.ndarray) -> np.ndarray:
    """DIR (equation 4 of the paper) in each draw, a fraction, (n_replicates,); arguments as for `accepted_shares`."""
    mean, variance = moments(weights, distances)
    shift = _ratio(mean - drawn.genuine_mean, np.sqrt((drawn.genuine_variance + variance) / 2))
    spread = np.sqrt((drawn.genuine_variance + drawn.impostor_variance) / 2)
    return _ratio(shift, _ratio(drawn.impostor_mean - drawn.genuine_mean, spread))


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    return np.divide(above, below, out=np.full(np.shape(above), np.nan), where=np.asarray(below) != 0)

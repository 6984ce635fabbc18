"""Rank-1 identification: whether the nearest template of a gallery is one of the probe's own identity."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

VERSION = 1
_ROWS_PER_BLOCK = 1024


class Nearest(NamedTuple):
    """Distances of probes to the nearest gallery template of their identity, and to the nearest of another.

    Attributes
    ----------
    mate, stranger : (n_probe,) float
        Infinite where the gallery holds none, or the probe failed.
    """

    mate: np.ndarray
    stranger: np.ndarray

    @property
    def hits(self) -> np.ndarray:
        """Rank-1 identifications, (n_probe,) bool.

        The nearest template of the right identity must be strictly closer than every one of a wrong identity: a tie
        is an error, so that a method which makes all templates alike gains nothing by the gallery's order. A probe
        that failed or has no mate in the gallery is no hit; failed gallery templates are passed over.
        """
        return np.asarray(self.mate < self.stranger)


def nearest(
    distances: np.ndarray, probe_ids: ArrayLike, gallery_ids: ArrayLike, left_out: ArrayLike | None = None
) -> Nearest:
    """The nearest gallery template of each probe's identity, and the nearest of another.

    Parameters
    ----------
    distances : (n_probe, n_gallery) float
        Matching distances, NaN where either side failed.
    probe_ids, gallery_ids : (n_probe,), (n_gallery,) array_like
        Identities.
    left_out : (n_probe,) array_like of int, optional
        For each probe a place in the gallery that is passed over, such as that of the photo it was made from.

    Raises
    ------
    ValueError
        If the lengths disagree.
    """
    distances, probe_ids, gallery_ids = np.asarray(distances), np.asarray(probe_ids), np.asarray(gallery_ids)
    if distances.shape != (len(probe_ids), len(gallery_ids)):
        raise ValueError(f"distances {distances.shape} for {len(probe_ids)} probes and {len(gallery_ids)} in gallery")
    found = Nearest(*np.full((2, len(probe_ids)), np.inf, distances.dtype))
    for start in range(0, len(probe_ids), _ROWS_PER_BLOCK):
        block = slice(start, start + _ROWS_PER_BLOCK)
        mated = probe_ids[block, None] == gallery_ids[None, :]
        known = ~np.isnan(distances[block])
        found.stranger[block] = np.min(distances[block], axis=1, where=~mated & known, initial=np.inf)
        if left_out is not None:
            np.put_along_axis(known, np.asarray(left_out)[block, None], False, axis=1)
        found.mate[block] = np.min(distances[block], axis=1, where=mated & known, initial=np.inf)
    return found

"""Distances between photos of some persons, averaged over outputs of a photo and over photos of a palm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from palmbench.datasets.sample import Sample
from palmbench.scoring.trials import Trials, askable, trials_of


class Photos(NamedTuple):
    """Distances between photos of one group, and what each shows.

    Attributes
    ----------
    distances : (n_probes, n_gallery) float64
        NaN where either has no template.
    probe_palms, gallery_palms, gallery_persons : (n,) str
    probe_numbers, gallery_numbers : (n,) int
        Which photo of its palm each is or was made from; of several that are averaged, which lot.
    """

    distances: np.ndarray
    probe_palms: np.ndarray
    gallery_palms: np.ndarray
    gallery_persons: np.ndarray
    probe_numbers: np.ndarray
    gallery_numbers: np.ndarray

    def trials(self) -> Trials:
        """Distances to palms; a probe is never compared with the photo that it was made from."""
        return trials_of(
            self.distances,
            self.probe_palms,
            self.gallery_palms,
            self.gallery_persons,
            self.probe_numbers,
            self.gallery_numbers,
        )


def in_lots(distances: np.ndarray, samples: Sequence[Sample], lot: int) -> Photos:
    """Rows of so many photos of a palm averaged.

    What is left of a palm's photos is no probe, and neither is the only lot of a palm.
    """
    palms = np.array([sample.identity for sample in samples])
    persons = np.array([sample.person for sample in samples])
    lots = numbers_of(samples) // lot
    shown, which = palms, lots
    if lot > 1:
        of_lot = {each: np.flatnonzero((palms == each[0]) & (lots == each[1]))
                  for each in dict.fromkeys(zip(palms.tolist(), lots.tolist(), strict=True))}  # fmt: skip
        rows = {each: found for each, found in of_lot.items() if len(found) == lot}
        distances = np.stack([mean_of_known(distances[row]) for row in rows.values()])
        shown, which = (np.array(each) for each in zip(*rows, strict=True))
    asked = askable(shown, palms, which, lots)
    return Photos(distances[asked], shown[asked], palms, persons, which[asked], lots)


def numbers_of(samples: Sequence[Sample]) -> np.ndarray:
    """Which photo of its palm each is, from 0, in the order of the samples."""
    seen: dict[str, int] = {}
    numbers = np.empty(len(samples), np.int64)
    for place, sample in enumerate(samples):
        numbers[place] = seen[sample.identity] = seen.get(sample.identity, -1) + 1
    return numbers


def mean_of_known(distances: np.ndarray) -> np.ndarray:
    """Mean along the first axis, float64, of what is there: what failed leaves the word to the others."""
    known = ~np.isnan(distances)
    count = known.sum(axis=0)
    sums = np.where(known, distances, 0).sum(axis=0, dtype=np.float64)
    return np.divide(sums, count, out=np.full(count.shape, np.nan), where=count > 0)

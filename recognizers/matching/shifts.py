"""What a comparison of bit-plane templates is: the shifts tried, the measure, and its exact denominators."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import numpy as np

VERSION = 1
ROWS = 32
MAX_REACH = 4


class ShiftSearch(NamedTuple):
    """Which shifts are tried, which planes must share one, and what is counted at a shift.

    Attributes
    ----------
    reach : int
        Largest shift in code pixels, in both directions and along both axes; at most 4.
    planes : int
        Consecutive bit planes that move together; each such group takes the shift that suits it best.
    measure : {"hamming", "area"}
        "hamming": the share of differing bits. "area": planes mark classes, one class a pixel; the share of
        pixels of one template whose class the other has neither at that pixel nor above, below, left or right
        of it, whichever template it is smaller for.
    """

    reach: int
    planes: int
    measure: Literal["hamming", "area"] = "hamming"


class Job(NamedTuple):
    """A comparison in the terms of the engines.

    At one shift, a group's score is its count times the weight of that overlap; the group keeps the smallest. The
    distance is the sum over groups (the least of them where `area`), divided by the denominator.

    Attributes
    ----------
    probes, gallery : (n, planes, 32), (m, planes, 32) uint32
        Bit planes.
    planes : int
        Planes in a group.
    weights : (reach + 1, reach + 1) float64
        Factor of a count for a shift of |rows|, |columns|. Integers: products and sums stay below 2^53, hence exact.
    denominator : float
        Largest score.
    area : bool
        Count bits set in both, not bits that differ.
    """

    probes: np.ndarray
    gallery: np.ndarray
    planes: int
    weights: np.ndarray
    denominator: float
    area: bool

    @property
    def reach(self) -> int:
        """Largest shift."""
        return len(self.weights) - 1


def prepare(a: np.ndarray, b: np.ndarray, search: ShiftSearch) -> Job:
    """Turn templates and a search into a job.

    Parameters
    ----------
    a, b : (n, planes, 32), (m, planes, 32) uint32
        Bit planes of 32 x 32, a word a row, column c in bit c.
    search : ShiftSearch
        Shifts and measure.

    Raises
    ------
    ValueError
        If shapes disagree, planes do not divide into groups, or the reach is beyond 4.
    """
    if a.ndim != 3 or a.shape[1:] != b.shape[1:] or a.shape[-1] != ROWS or a.shape[1] % search.planes:
        raise ValueError(f"templates of shapes {a.shape} and {b.shape} cannot be compared by {search}")
    if not 0 <= search.reach <= MAX_REACH:
        raise ValueError(f"the reach of the shift search must be 0 to {MAX_REACH}, not {search.reach}")
    # The common multiple L of all overlap lengths gives counts over different overlaps one denominator, L^2.
    overlaps = [ROWS - shift for shift in range(search.reach + 1)]
    common = math.lcm(*overlaps)
    weights = np.array(
        [[common // height * (common // width) for width in overlaps] for height in overlaps], np.float64
    )
    if search.measure == "hamming":
        return Job(a, b, search.planes, weights, float(a.shape[1] * common**2), area=False)
    if a.shape[1] != search.planes:
        raise ValueError(f"templates of {a.shape[1]} planes are not one group of classes, as {search} asks")
    # Two groups: pixels of a that find nothing in b's areas, pixels of b that find nothing in a's.
    probes = np.concatenate([a, ~_areas(a)], axis=1)
    gallery = np.concatenate([~_areas(b), b], axis=1)
    return Job(probes, gallery, search.planes, weights, float(common**2), area=True)


def _areas(planes: np.ndarray) -> np.ndarray:
    """Pixels that have a bit at themselves or at one of their four neighbours."""
    areas = planes | planes << np.uint32(1) | planes >> np.uint32(1)
    areas[..., 1:] |= planes[..., :-1]
    areas[..., :-1] |= planes[..., 1:]
    return areas

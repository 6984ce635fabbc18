"""Distances of bit-plane templates over shifts: how far those reach, what is counted at each, the loop over them."""

from __future__ import annotations

import math
import sys
from typing import Any, Literal, NamedTuple

import numpy as np

from recognizers.common.jit import compiled, run_all
from recognizers.matching.popcount import LANES, ROWS, keep_fewer_common, keep_fewer_differing

__all__ = ["MAX_REACH", "ROWS", "Job", "ShiftSearch", "distances", "pairwise", "prepare"]

VERSION = 1
MAX_REACH = 4
_ROWS_PER_TASK = 32
ROWS_PER_GPU_BLOCK = 1024
_ALL = np.uint32(0xFFFFFFFF)
# Pairs times words times shifts: some tenths of a second of one core, and some seconds.
LARGE, HUGE = 2**33, 2**36


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


def distances(a: np.ndarray, b: np.ndarray, search: ShiftSearch, threads: int | None = 1) -> np.ndarray:
    """Distances of every template of `a` to every template of `b`.

    For a group of planes and a shift, D is the share of differing bits within the overlap. The group's distance
    is the smallest D; the distance is the mean over groups. (For the other measure see `ShiftSearch`.) Counts are
    kept over one common denominator, in integers, and divided once: the result is the exact fraction, rounded. It
    is symmetric, and 0 for identical templates.

    A large job runs on a GPU where torch sees one, with the same result to the bit.

    Parameters
    ----------
    a, b : (n, planes, 32), (m, planes, 32) uint32
        Bit planes of 32 x 32, a word a row, column c in bit c.
    search : ShiftSearch
        Shifts and measure.
    threads : int or None
        Threads; None takes all processors. Cannot change the result.

    Returns
    -------
    (n, m) float32
        Distances in [0, 1].

    Raises
    ------
    ValueError
        If shapes disagree, planes do not divide into groups, or the reach is beyond 4.
    """
    job = prepare(a, b, search)
    if _belongs_on_gpu(job, len(a) * len(b)):
        from recognizers.matching import gpu

        return gpu.distances(job, "cuda")
    out = np.empty((len(a), len(b)), np.float32)
    probes, tiles = _rows(job.probes), _tiles(job.gallery)
    tasks = (
        (probes[start : start + _ROWS_PER_TASK], tiles, job.weights, job.planes, job.area, job.denominator,
         out[start : start + _ROWS_PER_TASK])
        for start in range(0, len(a), _ROWS_PER_TASK)
    )  # fmt: skip
    run_all(_matrix, tasks, threads)
    return out


def pairwise(templates: np.ndarray, search: ShiftSearch, threads: int | None = 1) -> np.ndarray:
    """Distances of all unordered pairs, each computed once.

    Parameters are those of `distances`.

    Returns
    -------
    (n * (n - 1) / 2,) float32
        In scipy's condensed order: (0, 1), (0, 2), ..., (1, 2), ...; bit for bit the upper triangle of
        ``distances(templates, templates, search)``.
    """
    job = prepare(templates, templates, search)
    n = len(templates)
    out = np.empty(n * (n - 1) // 2, np.float32)
    if _belongs_on_gpu(job, len(out)):
        _condensed_on_gpu(job, out)
        return out
    probes, tiles = _rows(job.probes), _tiles(job.gallery)
    tasks = (
        (probes, tiles, job.weights, job.planes, job.area, job.denominator, start, min(start + _ROWS_PER_TASK, n), out)
        for start in range(0, n, _ROWS_PER_TASK)
    )
    run_all(_condensed, tasks, threads)
    return out


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


def _belongs_on_gpu(job: Job, pairs: int) -> bool:
    work = pairs * job.probes.shape[1] * ROWS * (2 * job.reach + 1) ** 2
    # Importing torch takes seconds: where nobody has, a job must be worth it.
    if work < (LARGE if "torch" in sys.modules else HUGE):
        return False
    import torch

    return torch.cuda.is_available()


def _condensed_on_gpu(job: Job, out: np.ndarray) -> None:
    from recognizers.matching import gpu

    n, filled = len(job.probes), 0
    for start in range(0, n, ROWS_PER_GPU_BLOCK):
        rows = job.probes[start : start + ROWS_PER_GPU_BLOCK]
        block = gpu.distances(job._replace(probes=rows, gallery=job.gallery[start:]), "cuda")
        for i in range(len(rows)):
            out[filled : filled + n - start - i - 1] = block[i, i + 1 :]
            filled += n - start - i - 1


def _rows(templates: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(templates).reshape(len(templates), templates.shape[1] * ROWS)


def _tiles(templates: np.ndarray) -> np.ndarray:
    rows = _rows(templates)
    rows = np.concatenate([rows, np.zeros((-len(rows) % LANES, rows.shape[1]), np.uint32)])
    return np.ascontiguousarray(rows.reshape(-1, LANES, rows.shape[1]).transpose(0, 2, 1))


@compiled
def _matrix(
    probes: np.ndarray,
    tiles: np.ndarray,
    weights: np.ndarray,
    planes: Any,
    area: Any,
    denominator: Any,
    out: np.ndarray,
) -> None:
    shifted = np.empty((2 * weights.shape[0] - 1, probes.shape[1]), np.uint32)
    best, total = np.empty(LANES), np.empty(LANES)
    for i in range(len(probes)):
        _shift(probes[i], shifted)
        for t in range(len(tiles)):
            _compare(shifted, tiles[t], weights, planes, area, best, total)
            for j in range(t * LANES, min((t + 1) * LANES, out.shape[1])):
                out[i, j] = total[j - t * LANES] / denominator


@compiled
def _condensed(
    probes: np.ndarray,
    tiles: np.ndarray,
    weights: np.ndarray,
    planes: Any,
    area: Any,
    denominator: Any,
    start: Any,
    stop: Any,
    out: np.ndarray,
) -> None:
    shifted = np.empty((2 * weights.shape[0] - 1, probes.shape[1]), np.uint32)
    best, total = np.empty(LANES), np.empty(LANES)
    n = len(probes)
    for i in range(start, stop):
        _shift(probes[i], shifted)
        origin = i * n - i * (i + 1) // 2 - i - 1
        for t in range((i + 1) // LANES, len(tiles)):
            _compare(shifted, tiles[t], weights, planes, area, best, total)
            for j in range(max(i + 1, t * LANES), min((t + 1) * LANES, n)):
                out[origin + j] = total[j - t * LANES] / denominator


@compiled
def _shift(
    probe: np.ndarray,
    shifted: np.ndarray,
) -> None:
    reach = len(shifted) // 2
    for w in range(len(probe)):
        for s in range(reach + 1):
            shifted[reach + s, w] = probe[w] << np.uint32(s)
            shifted[reach - s, w] = probe[w] >> np.uint32(s)


@compiled
def _compare(
    shifted: np.ndarray,
    tile: np.ndarray,
    weights: np.ndarray,
    planes: Any,
    area: Any,
    best: np.ndarray,
    total: np.ndarray,
) -> None:
    reach = len(shifted) // 2
    total[:] = np.inf if area else 0.0
    for group in range(0, len(tile), planes * ROWS):
        best[:] = np.inf
        for across in range(-reach, reach + 1):
            probe = shifted[reach + across]
            columns = np.uint32(_ALL << np.uint32(across) if across >= 0 else _ALL >> np.uint32(-across))
            for down in range(-reach, reach + 1):
                i, j, rows = group + max(0, -down), group + max(0, down), ROWS - abs(down)
                weight = weights[abs(down), abs(across)]
                if area:
                    keep_fewer_common(probe, i, tile, j, rows, planes, columns, weight, best)
                else:
                    keep_fewer_differing(probe, i, tile, j, rows, planes, columns, weight, best)
        for lane in range(LANES):
            total[lane] = min(total[lane], best[lane]) if area else total[lane] + best[lane]

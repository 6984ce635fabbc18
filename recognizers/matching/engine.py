"""Distances of bit-plane templates over a range of shifts."""

from __future__ import annotations

import sys

import numpy as np

from recognizers.common.jit import compiled, run_all
from recognizers.matching.popcount import LANES, keep_fewer_common, keep_fewer_differing
from recognizers.matching.shifts import ROWS, Job, ShiftSearch, prepare

__all__ = ["ShiftSearch", "distances", "pairwise"]

VERSION = 1
_ROWS_PER_TASK = 32
_ROWS_PER_GPU_BLOCK = 1024
_ALL = np.uint32(0xFFFFFFFF)
# Pairs times words times shifts: some tenths of a second of one core, and some seconds.
_LARGE, _HUGE = 2**33, 2**36


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


def _belongs_on_gpu(job: Job, pairs: int) -> bool:
    work = pairs * job.probes.shape[1] * ROWS * (2 * job.reach + 1) ** 2
    # Importing torch takes seconds: where nobody has, a job must be worth it.
    if work < (_LARGE if "torch" in sys.modules else _HUGE):
        return False
    import torch

    return torch.cuda.is_available()


def _condensed_on_gpu(job: Job, out: np.ndarray) -> None:
    from recognizers.matching import gpu

    n, filled = len(job.probes), 0
    for start in range(0, n, _ROWS_PER_GPU_BLOCK):
        rows = job.probes[start : start + _ROWS_PER_GPU_BLOCK]
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
def _matrix(probes, tiles, weights, planes, area, denominator, out):
    shifted = np.empty((2 * weights.shape[0] - 1, probes.shape[1]), np.uint32)
    best, total = np.empty(LANES), np.empty(LANES)
    for i in range(len(probes)):
        _shift(probes[i], shifted)
        for t in range(len(tiles)):
            _compare(shifted, tiles[t], weights, planes, area, best, total)
            for j in range(t * LANES, min((t + 1) * LANES, out.shape[1])):
                out[i, j] = total[j - t * LANES] / denominator


@compiled
def _condensed(probes, tiles, weights, planes, area, denominator, start, stop, out):
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
def _shift(probe, shifted):
    reach = len(shifted) // 2
    for w in range(len(probe)):
        for s in range(reach + 1):
            shifted[reach + s, w] = probe[w] << np.uint32(s)
            shifted[reach - s, w] = probe[w] >> np.uint32(s)


@compiled
def _compare(shifted, tile, weights, planes, area, best, total):
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

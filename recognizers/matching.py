"""Hamming distances of bit-plane templates over a range of shifts."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from palmbench.jit import compiled, run_all
from recognizers.popcount import LANES, keep_smaller

ROWS = 32
MAX_REACH = 4
_ROWS_PER_TASK = 32
_ALL = np.uint32(0xFFFFFFFF)


class ShiftSearch(NamedTuple):
    """Which shifts are tried, and which planes must share one.

    Attributes
    ----------
    reach : int
        Largest shift in code pixels, in both directions and along both axes; at most 4.
    planes : int
        Consecutive bit planes that move together; each such group takes the shift that suits it best.
    """

    reach: int
    planes: int


def distances(a: np.ndarray, b: np.ndarray, search: ShiftSearch, threads: int | None = 1) -> np.ndarray:
    """Distances of every template of `a` to every template of `b`.

    For a group of planes and a shift, D is the share of differing bits within the overlap. The group's distance
    is the smallest D; the distance is the mean over groups. Counts are kept over one common denominator,
    in integers, and divided once: the result is the exact fraction, rounded. It is symmetric, and 0 for
    identical templates.

    Parameters
    ----------
    a, b : (n, planes, 32), (m, planes, 32) uint32
        Bit planes of 32 x 32, a word a row, column c in bit c.
    search : ShiftSearch
        Shifts.
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
    weights, denominator = _weights(a, b, search)
    out = np.empty((len(a), len(b)), np.float32)
    probes, tiles = _rows(a), _tiles(b)
    tasks = (
        (probes[start : start + _ROWS_PER_TASK], tiles, weights, search.planes, denominator,
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
    weights, denominator = _weights(templates, templates, search)
    n = len(templates)
    out = np.empty(n * (n - 1) // 2, np.float32)
    probes, tiles = _rows(templates), _tiles(templates)
    tasks = (
        (probes, tiles, weights, search.planes, denominator, start, min(start + _ROWS_PER_TASK, n), out)
        for start in range(0, n, _ROWS_PER_TASK)
    )
    run_all(_condensed, tasks, threads)
    return out


def _weights(a: np.ndarray, b: np.ndarray, search: ShiftSearch) -> tuple[np.ndarray, float]:
    # L is a common multiple of all overlap lengths, so a count over an overlap of S pixels is
    # count * (L^2 / S) / L^2. With a reach of 4 every number stays an integer below 2^53.
    if a.shape[1:] != b.shape[1:] or a.shape[-1] != ROWS or a.shape[1] % search.planes:
        raise ValueError(f"templates of shapes {a.shape} and {b.shape} cannot be compared by {search}")
    if not 0 <= search.reach <= MAX_REACH:
        raise ValueError(f"the reach of the shift search must be 0 to {MAX_REACH}, not {search.reach}")
    overlaps = [ROWS - shift for shift in range(search.reach + 1)]
    common = math.lcm(*overlaps)
    weights = np.array([[common // height * (common // width) for width in overlaps] for height in overlaps])
    return weights.astype(np.float64), float(a.shape[1] * common**2)


def _rows(templates: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(templates).reshape(len(templates), templates.shape[1] * ROWS)


def _tiles(templates: np.ndarray) -> np.ndarray:
    rows = _rows(templates)
    rows = np.concatenate([rows, np.zeros((-len(rows) % LANES, rows.shape[1]), np.uint32)])
    return np.ascontiguousarray(rows.reshape(-1, LANES, rows.shape[1]).transpose(0, 2, 1))


@compiled
def _matrix(probes, tiles, weights, planes, denominator, out):
    shifted = np.empty((2 * weights.shape[0] - 1, probes.shape[1]), np.uint32)
    best, total = np.empty(LANES), np.empty(LANES)
    for i in range(len(probes)):
        _shift(probes[i], shifted)
        for t in range(len(tiles)):
            _compare(shifted, tiles[t], weights, planes, best, total)
            for j in range(t * LANES, min((t + 1) * LANES, out.shape[1])):
                out[i, j] = total[j - t * LANES] / denominator


@compiled
def _condensed(probes, tiles, weights, planes, denominator, start, stop, out):
    shifted = np.empty((2 * weights.shape[0] - 1, probes.shape[1]), np.uint32)
    best, total = np.empty(LANES), np.empty(LANES)
    n = len(probes)
    for i in range(start, stop):
        _shift(probes[i], shifted)
        origin = i * n - i * (i + 1) // 2 - i - 1
        for t in range((i + 1) // LANES, len(tiles)):
            _compare(shifted, tiles[t], weights, planes, best, total)
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
def _compare(shifted, tile, weights, planes, best, total):
    reach = len(shifted) // 2
    total[:] = 0.0
    for group in range(0, len(tile), planes * ROWS):
        best[:] = np.inf
        for across in range(-reach, reach + 1):
            columns = _ALL << np.uint32(across) if across >= 0 else _ALL >> np.uint32(-across)
            for down in range(-reach, reach + 1):
                keep_smaller(
                    shifted[reach + across],
                    group + max(0, -down),
                    tile,
                    group + max(0, down),
                    ROWS - abs(down),
                    planes,
                    np.uint32(columns),
                    weights[abs(down), abs(across)],
                    best,
                )
        for lane in range(LANES):
            total[lane] += best[lane]

"""Runs that differ in nothing but their seed, as one line of a table: the mean, and how far seeds move it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from statistics import fmean, stdev
from typing import Any, NamedTuple

from palmbench.config.schema import RunConfig
from palmbench.scoring.number import Number


class OverSeeds(NamedTuple):
    """Records with those of several seeds merged, and what to say of seeds that are not there."""

    records: list[Mapping[str, Any]]
    notes: list[str]


def over_seeds(runs: Iterable[tuple[RunConfig, Mapping[str, Any] | None]]) -> OverSeeds:
    """One record for each setting, whatever seeds it was run with.

    Parameters
    ----------
    runs : iterable of (RunConfig, mapping or None)
        Each point with the contents of its `metrics.json`; None where it has not run.

    Returns
    -------
    OverSeeds
        A setting with one seed keeps its record. Of several seeds, `value` is the mean and `seed_std` the standard
        deviation between them (n - 1 below the line), with `seeds` of them. `lo` to `hi` is the widest that the seeds'
        own intervals span, since photos and not only seeds might have been others; `failed` is the most of any seed.
        A number that is missing with one seed is missing.
    """
    groups: dict[str, dict[int, Mapping[str, Any] | None]] = {}
    for point, record in runs:
        groups.setdefault(repr(replace(point, seed=0)), {})[point.seed] = record
    records: list[Mapping[str, Any]] = []
    notes: dict[str, None] = {}
    for group in groups.values():
        done = {seed: record for seed, record in group.items() if record is not None}
        if not done:
            continue
        records.append(_merged(list(done.values())) if len(group) > 1 else next(iter(done.values())))
        if len(group) > 1:
            notes[f"Means over {_listed(sorted(done))}{_without(group, done)}."] = None
    return OverSeeds(records, list(notes))


def _merged(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    metrics = {name: _mean([record["metrics"][name] for record in records]) for name in records[0]["metrics"]}
    return {**records[0], "metrics": metrics}


def _mean(numbers: Sequence[Number]) -> Number:
    """One number of several seeds; one that is missing or infinite with a seed is as with that seed."""
    seeds, failed = len(numbers), max(number.failed for number in numbers)
    values = [number.value for number in numbers if number.value is not None]
    missing = [number for number in numbers if number.value is None]
    infinite = [number for number in numbers if number.value is not None and math.isinf(number.value)]
    if apart := missing or infinite:
        return replace(apart[0], failed=failed, seeds=seeds)
    stds = [number.std for number in numbers if number.std is not None]
    los = [number.lo for number in numbers if number.lo is not None]
    his = [number.hi for number in numbers if number.hi is not None]
    return replace(
        numbers[0],
        value=fmean(values),
        # Of as many photos with every seed: the deviation within seeds, on the whole.
        std=math.sqrt(fmean(std**2 for std in stds)) if len(stds) == seeds else None,
        lo=min(los) if len(los) == seeds else None,
        hi=max(his) if len(his) == seeds else None,
        failed=failed,
        seeds=seeds,
        seed_std=stdev(values) if seeds > 1 else None,
    )


def _listed(seeds: Sequence[int]) -> str:
    return f"{len(seeds)} run seeds ({', '.join(map(str, seeds))})" if len(seeds) > 1 else f"run seed {seeds[0]} alone"


def _without(group: Mapping[int, Any], done: Mapping[int, Any]) -> str:
    absent = sorted(set(group) - set(done))
    return f"; not run with seed {', '.join(map(str, absent))}" if absent else ""

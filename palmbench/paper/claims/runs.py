"""Finished runs as evidence: every number with its values when persons are resampled, shared within a data set."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import recognizers
from palmbench.engine.pipeline import Pipeline
from palmbench.engine.records import read_record
from palmbench.engine.run import on_finished
from palmbench.paper.claims.evidence import Measured
from palmbench.paper.claims.terms import Quantity
from palmbench.paper.diversity import subject_of, summary_path
from palmbench.report.rows import recognizer_name
from palmbench.scoring import Interval, Replicates, bootstrap, share_interval
from palmbench.scoring.bootstrap import ReplicateRates, moments, replicate_rates
from palmbench.scoring.intervals import interval
from palmbench.scoring.metric_table import (
    METRICS,
)
from palmbench.scoring.number import Number
from palmbench.stages.quality import Quality
from palmbench.stages.usability import Usability

REPLICATES = 1000
_SEED = 20250408  # one for all runs: differences between two settings are paired
# What runs here is smaller than what the paper had, and stands in for it under its own name.
_STANDS_IN = {"mtcc": ("mtcc",), "ccnet": ("ccnet", "ccnet-compact"), "eehnet": ("eehnet", "eehnet-compact")}


class Place(NamedTuple):
    """Which run: data set, method, fusion, alpha and recognizer as tables name them."""

    dataset: str
    method: str
    fusion: str
    alpha: float | None
    recognizer: str


class Runs:
    """Numbers of finished runs.

    Parameters
    ----------
    records : iterable of (Pipeline, mapping)
        Each finished point with the contents of its `metrics.json`.
    settings : sequence of str
        The user's, without the data set, for the command that would compute the diversity.
    """

    def __init__(self, records: Iterable[tuple[Pipeline, Mapping[str, Any]]], settings: Sequence[str] = ()) -> None:
        self._runs: dict[Place, _Run] = {}
        originals: dict[tuple[str, str], _Originals] = {}
        for pipeline, record in records:
            point = record["point"]
            alpha = None if point.get("alpha") is None else round(float(point["alpha"]), 12)
            name = recognizer_name(point)
            place = Place(point["dataset"], point["method"], point.get("fusion") or "", alpha, name)
            shared = originals.setdefault((point["dataset"], name), _Originals(pipeline))
            self._runs.setdefault(place, _Run(pipeline, record["metrics"], shared, point["dataset"], settings))

    @property
    def stand_ins(self) -> list[str]:
        """Sentences about recognizers that are not the paper's own."""
        names = sorted({place.recognizer for place in self._runs})
        return [
            f"{theirs.upper().replace('NET', 'Net')} is {name}{recognizers.origin(theirs)} here."
            for name in names
            for theirs, known in _STANDS_IN.items()
            if name in known[1:] or (name == theirs and recognizers.origin(theirs))
        ]

    @property
    def persons(self) -> dict[str, int]:
        """Number of persons of each data set: what is resampled."""
        return {
            place.dataset: len({sample.person for sample in run.pipeline.samples}) for place, run in self._runs.items()
        }

    def number(self, quantity: Quantity) -> Measured:
        run = self._find(quantity)
        if run is None:
            seen = f" with {quantity.recognizer}" if quantity.recognizer else ""
            return Measured(None, missing=f"{quantity.setting.label} on {quantity.dataset}{seen} was not computed")
        return run.number(quantity.metric)

    def _find(self, quantity: Quantity) -> _Run | None:
        setting = quantity.setting
        wanted = (quantity.dataset, setting.method, setting.fusion, setting.alpha)
        names = _STANDS_IN.get(quantity.recognizer, (quantity.recognizer,))
        for place, run in self._runs.items():
            if place[:4] == wanted and (not quantity.recognizer or place.recognizer in names):
                return run
        return None


@dataclass(frozen=True)
class _Originals:
    """What the runs of one recognizer on one data set share."""

    pipeline: Pipeline

    @cached_property
    def replicates(self) -> Replicates:
        samples = self.pipeline.samples
        distances = on_finished(
            self.pipeline, lambda outcome, store: self.pipeline.comparison(outcome).between_originals(samples, store)
        )
        identities, persons = [each.identity for each in samples], [each.person for each in samples]
        return bootstrap(distances, identities, np.random.default_rng(_SEED), persons, REPLICATES)


@dataclass(frozen=True)
class _Run:
    pipeline: Pipeline
    metrics: Mapping[str, Number]
    originals: _Originals
    dataset: str
    settings: Sequence[str]

    def number(self, metric: str) -> Measured:
        if metric.startswith("diversity"):
            return self._diversity(metric)
        found = self.metrics.get(metric)
        if found is None:
            return Measured(None, missing=f"{metric} was not measured")
        if found.value is None:
            return Measured(None, missing=f"{metric} needs {found.missing or 'samples that did not fail'}")
        replicates = self._replicates(metric)
        if replicates is None:
            return _measured(found)
        bounds = interval(replicates)
        if METRICS[metric].counts_failures:
            persons = len({sample.person for sample in self.pipeline.samples})
            share = share_interval(Interval(bounds.lo / 100, bounds.hi / 100), persons)
            bounds = Interval(100 * share.lo, 100 * share.hi)
        return Measured(found.value, *bounds, replicates, self.dataset, found.n)

    def _replicates(self, metric: str) -> np.ndarray | None:
        """Values of a metric over the draws; None for one that does not come from numbers of single photos."""
        drawn = self.originals.replicates
        if metric in ("rr", "dir", "acc_nn"):
            return 100 * getattr(self._rates, metric)
        if metric == "acc_cls":
            samples = self.pipeline.samples
            found = on_finished(
                self.pipeline, lambda outcome, store: self.pipeline.comparison(outcome).classify(samples, store)
            ).identities
            if found is None:
                return None
            hits = [one == sample.identity for one, sample in zip(found, samples, strict=True)]
            return 100 * moments(drawn.weights, np.array(hits, float)).mean
        kind = METRICS[metric]
        if kind.family == "recognition" or kind.basis == "sets":
            return None
        stage = self.pipeline.usability if kind.family == "usability" else self.pipeline.quality
        return moments(drawn.weights, self._by_photo(stage, metric)).mean

    @cached_property
    def _rates(self) -> ReplicateRates:
        scores = on_finished(
            self.pipeline,
            lambda outcome, store: self.pipeline.comparison(outcome).against_originals(self.pipeline.samples, store),
        )
        return replicate_rates(self.originals.replicates, scores.own, scores.hits)

    def _by_photo(self, stage: Quality | Usability, metric: str) -> np.ndarray:
        found = on_finished(self.pipeline, lambda outcome, store: self.pipeline.artefacts(stage, outcome, store))
        return np.array([found.get(sample.id, {}).get(metric, math.nan) for sample in self.pipeline.samples])

    def _diversity(self, metric: str) -> Measured:
        config = self.pipeline.config
        path = summary_path(Path(config.results_dir), self.pipeline)
        summary = read_record(path, subject_of(self.pipeline))
        if summary is None:
            words = " ".join([f"dataset={config.dataset.name}", *self.settings])
            return Measured(None, missing=f"`palmbench diversity {words}` has not run")
        found = Number.from_json(summary.content["metrics"][metric.removeprefix("diversity_")])
        if found.value is None:
            return Measured(None, missing="the photos under several seeds have no operating point")
        return _measured(found)


def _measured(number: Number) -> Measured:
    """A number that comes with an interval of its own, or none, and without draws."""
    lo, hi = (math.nan if end is None else end for end in (number.lo, number.hi))
    return Measured(number.value, lo, hi, n=number.n)

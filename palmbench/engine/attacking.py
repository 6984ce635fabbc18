"""Attacks carried out: what is missing is computed, measured, and left as a record under a key of its own."""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from palmbench.base.board import Board
from palmbench.base.store import Store, pack_arrays
from palmbench.engine.attack_photos import Photos
from palmbench.engine.attack_pipeline import AttackPipeline, Wanted
from palmbench.engine.attack_record import (
    DRAWS,
    REPLICATES,
    Attacked,
    attacked,
    finished,
    record_key,
    record_path,
    write_settings,
)
from palmbench.engine.executor import Executor
from palmbench.engine.flow import Flow
from palmbench.engine.open_executor import of_this_machine
from palmbench.engine.provenance import checkout
from palmbench.engine.records import METRICS, write_record
from palmbench.engine.resume import Failure
from palmbench.engine.sweep import METRICS_FORMAT
from palmbench.scoring import Number
from palmbench.scoring.identification import ranks_of
from palmbench.scoring.intervals import Interval, share_interval
from palmbench.scoring.leak import Calibration, Leak, measure_leak
from palmbench.scoring.leak_table import LEAKS
from palmbench.scoring.metric_table import Metric
from palmbench.scoring.replicated import mean_of, person_weights
from palmbench.scoring.shares import BOOTSTRAP_SEED
from palmbench.scoring.singling_out import singling_out
from palmbench.scoring.trials import Trials
from recognizers.common.cache_keys import KEY_VERSION
from recognizers.common.errors import Lost, no_exit
from recognizers.common.writing import json_bytes, require_writable

VERSION = 1


class Tried(NamedTuple):
    """What came of attacks: their results by point and attack in the order asked for, and what failed."""

    attacked: list[list[Attacked]]
    failures: list[Failure]


def try_attacks(pipelines: Sequence[Sequence[AttackPipeline]]) -> Tried:
    """Carry out every attack that has no record.

    Parameters
    ----------
    pipelines : sequence of sequence of AttackPipeline
        By point, its attacks.

    Raises
    ------
    RequestError
        If data or weights are missing, or a matcher cannot be made.
    """
    every = [each for of_point in pipelines for each in of_point]
    require_writable(Path(every[0].run.config.results_dir))
    with Executor(of_this_machine(every[0].run.config.executor, "palmbench attack")) as executor:
        for number, each in enumerate(every):
            if not finished(each):
                print(f"[{number + 1}/{len(every)}] {_words(each)}", file=sys.stderr)
                _attack(each, executor)
    found = [[attacked(each) for each in of_point] for of_point in pipelines]
    failures = dict.fromkeys(
        Failure(**failure) for of_point in found for each in of_point for failure in each.content["failures"]
    )
    return Tried(found, list(failures))


def _attack(pipeline: AttackPipeline, executor: Executor) -> None:
    write_settings(pipeline)
    store = Store.of(pipeline.run.config.results_dir)
    seen: set[str] = set()
    while True:
        parts = pipeline.parts(store)
        try:
            Flow(executor, Board()).run(parts.values())
            failures = list(dict.fromkeys(each for part in parts.values() for each in part.all_failures()))
            measure(pipeline, {wanted: part.passed() for wanted, part in parts.items()}, store, failures)
            return
        except Lost as error:
            if not seen.isdisjoint(error.places):
                raise
            seen.update(error.places)
            print(f"Damaged or gone, and made again: {error.named}", file=sys.stderr)


def measure(
    pipeline: AttackPipeline, passed: Mapping[Wanted, frozenset[str]], store: Store, failures: Sequence[Failure]
) -> None:
    """Measure an attack whose templates are in a store, and write its record.

    Parameters
    ----------
    pipeline : AttackPipeline
    passed : mapping
        Of what the attack wants, ids of the samples that have a template.
    store : Store
    failures : sequence of Failure

    Raises
    ------
    Lost
        If a template is not there any more, or is damaged.
    """
    attack = pipeline.trial.attack
    with no_exit(f"attack={attack.name}"):
        shown, others = (pipeline.photos(group, passed, store) for group in ("evaluated", "validation"))
        correlation = pipeline.output_correlation(passed, store)
    trials, chosen_on = shown.trials(), others.trials()
    weights = person_weights(int(trials.people.max()) + 1, np.random.default_rng(BOOTSTRAP_SEED), REPLICATES)
    # The scale of scores is other persons', their false match rates are these persons': hardly any is of a mated pair.
    calibration = Calibration.of(chosen_on, trials.distances[trials.strangers])
    leaks = measure_leak(trials, weights, calibration, np.random.default_rng(BOOTSTRAP_SEED), attack.size)
    leaks["singling_out"] = _singled_out(shown, trials, weights)
    nobody = np.zeros((0, int(chosen_on.people.max()) + 1), np.int32)
    validation = measure_leak(
        chosen_on, nobody, Calibration.of(chosen_on), np.random.default_rng(BOOTSTRAP_SEED), permutations=0
    )
    validation["singling_out"] = _singled_out(others, chosen_on, nobody)
    numbers = {name: _number(name, leaks[name], trials) for name in LEAKS}
    metrics = {
        "format": METRICS_FORMAT,
        "point": _point(pipeline),
        "metrics": {name: number.to_json() for name, number in numbers.items()},
        "by_chance": {name: _chance(name, leaks[name]).to_json() for name in LEAKS},
    }
    values = {name: _scale(name) * leak.found.value for name, leak in validation.items()}
    content = {
        "key": record_key(pipeline),
        "key_version": KEY_VERSION,
        "point": _point(pipeline),
        "attack": asdict(attack),
        "trained": attack.trained,
        "knowledge": attack.knowledge,
        "people": {name: len(group) for name, group in pipeline.people._asdict().items()},
        "people_digest": pipeline.people.digest,
        "gallery": ranks_of(trials).largest if attack.size is None else attack.size,
        "validation": {name: None if np.isnan(value) else value for name, value in values.items()},
        "output_correlation": None if np.isnan(correlation) else correlation,
        "photos": pipeline.run.photos,
        "failures": [failure._asdict() for failure in failures],
        "written": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "checkout": code._asdict() if (code := checkout()) else None,
        "python": platform.python_version(),
    }
    draws = pack_arrays(**{name: _scale(name) * leaks[name].found.draws for name in LEAKS})
    write_record(record_path(pipeline), content, {METRICS: json_bytes(metrics), DRAWS: draws})


def _singled_out(photos: Photos, trials: Trials, weights: np.ndarray) -> Leak:
    found = singling_out(photos.distances, photos.gallery_palms, photos.gallery_numbers, photos.probe_numbers)
    return Leak(mean_of(found.shares, trials.persons, weights), found.by_chance, np.empty(0))


def with_bounds(number: Number, measure: Metric, bounds: Interval, persons: int) -> Number:
    """A number with an interval in its measure's unit; the exact one of a share that nothing moved from 0 or 100 %."""
    if measure.unit == "%":
        bounds = Interval(*(100 * end for end in share_interval(Interval(*(end / 100 for end in bounds)), persons)))
    return Number.of(number.value, bounds, number.n, number.failed)


def _number(name: str, leak: Leak, trials: Trials) -> Number:
    failed = int(np.isnan(trials.mated).sum())
    if np.isnan(leak.found.value):
        return Number.lacking(_LACKING[name], failed)
    scale = _scale(name)
    number = Number.of(scale * leak.found.value, n=len(trials.own), failed=failed)
    lo, hi = leak.found.interval()
    return with_bounds(number, LEAKS[name], Interval(scale * lo, scale * hi), len(np.unique(trials.persons)))


def _scale(name: str) -> float:
    return 100.0 if LEAKS[name].unit == "%" else 1.0


_LACKING = {
    "rank_1": "a template and as many palms in the gallery",
    "mean_disclosure": "a template and as many palms in the gallery",
    "tar_fmr100": "100 strangers' comparisons",
    "tar_fmr1000": "1000 strangers' comparisons",
    "eer": "mated and strangers' comparisons",
    "min_cllr": "mated and strangers' comparisons",
    "d_sys": "20 mated comparisons",
    "singling_out": "three photos a palm",
    "lid": "a probe",
    "lid_worst": "a probe",
}


def _chance(name: str, leak: Leak) -> Number:
    defined = leak.null[np.isfinite(leak.null)]
    ends = np.quantile(defined, [0.025, 0.975]) if len(defined) else None
    percent = Number.percent if LEAKS[name].unit == "%" else Number.of
    return percent(leak.by_chance, ends)


def _point(pipeline: AttackPipeline) -> dict[str, Any]:
    return {**pipeline.run.point, "attack": pipeline.trial.attack.called}


def _words(pipeline: AttackPipeline) -> str:
    point = pipeline.run.point
    method = f"{point['method']} {point['setting']}".strip()
    return f"{method} on {point['dataset']}, attacked by {pipeline.trial.attack.called} ({point['recognizer']})"

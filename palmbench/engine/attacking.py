"""An attack measured: from the templates that lie in a store to a record under a key of its own."""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from palmbench.base.store import Store, pack_arrays
from palmbench.engine.attack_photos import Photos
from palmbench.engine.attack_pipeline import AttackPipeline, Wanted
from palmbench.engine.attack_record import (
    BIT_WEIGHTS,
    DRAWS,
    REPLICATES,
    record_key,
    record_path,
)
from palmbench.engine.provenance import checkout
from palmbench.engine.records import METRICS, write_record
from palmbench.engine.resume import Failure
from palmbench.engine.sweep import METRICS_FORMAT
from palmbench.scoring import Number
from palmbench.scoring.identification import rank_1_by_chance, ranks_of
from palmbench.scoring.intervals import Interval, share_interval
from palmbench.scoring.leak import Calibration, Leak, measure_leak, rank_1_curve
from palmbench.scoring.leak_table import LEAKS
from palmbench.scoring.metric_table import Metric
from palmbench.scoring.replicated import mean_of, person_weights
from palmbench.scoring.shares import BOOTSTRAP_SEED
from palmbench.scoring.singling_out import singling_out
from palmbench.scoring.trials import Trials
from recognizers.common.cache_keys import KEY_VERSION
from recognizers.common.errors import no_exit
from recognizers.common.writing import json_bytes

VERSION = 6
_SIZES = 24  # galleries of which the record has the rank-1 rate, at most


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
    curve = _curve(trials, weights)
    metrics = {
        "format": METRICS_FORMAT,
        "point": _point(pipeline),
        "metrics": {name: number.to_json() for name, number in numbers.items()},
        "by_chance": {name: _chance(name, leaks[name]).to_json() for name in LEAKS},
        "rank_1_curve": {size: number.to_json() for size, number in curve.items()},
        "rank_1_curve_by_chance": {size: 100 * float(rank_1_by_chance(trials, size).mean()) for size in curve},
    }
    values = {name: _scale(name) * leak.found.value for name, leak in validation.items()}
    content = {
        "key": record_key(pipeline),
        "key_version": KEY_VERSION,
        "point": _point(pipeline),
        "attack": asdict(attack),
        "trained": attack.trained,
        "knowledge": attack.knowledge,
        "versions": {**attack.versions(), "attacking": VERSION},
        "people": {name: len(group) for name, group in pipeline.people._asdict().items()},
        "people_digest": pipeline.people.digest,
        "persons_asked": len(np.unique(trials.persons)),
        "training_errors": pipeline.errors,
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
    files = {METRICS: json_bytes(metrics), DRAWS: draws}
    if (worth := pipeline.bit_weights(passed, store)) is not None:
        files[BIT_WEIGHTS] = pack_arrays(weights=worth)
    write_record(record_path(pipeline), content, files)


def _curve(trials: Trials, weights: np.ndarray) -> dict[int, Number]:
    """Rank-1 rate by palms in the gallery, from two to as many as there are, about as many times more each time."""
    ranks = ranks_of(trials)
    if ranks.largest < 2:
        return {}
    sizes = sorted({round(size) for size in np.geomspace(2, ranks.largest, _SIZES).tolist()})
    n, failed, persons = len(trials.own), int((ranks.closer < 0).sum()), len(np.unique(trials.persons))
    found = {}
    for size, rate in zip(sizes, rank_1_curve(trials, weights, sizes), strict=True):
        lo, hi = rate.interval()
        number = Number.of(100 * rate.value, n=n, failed=failed)
        found[size] = with_bounds(number, LEAKS["rank_1"], Interval(100 * lo, 100 * hi), persons)
    return found


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
    "singling_out": "three photos a palm, or three lots of them",
    "lid": "photos of validation persons that were compared",
    "lid_worst": "photos of validation persons that were compared",
}


def _chance(name: str, leak: Leak) -> Number:
    defined = leak.null[np.isfinite(leak.null)]
    ends = np.quantile(defined, [0.025, 0.975]) if len(defined) else None
    percent = Number.percent if LEAKS[name].unit == "%" else Number.of
    return percent(leak.by_chance, ends)


def _point(pipeline: AttackPipeline) -> dict[str, Any]:
    return {**pipeline.run.point, "attack": pipeline.trial.attack.called}

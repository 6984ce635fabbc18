"""A disclosure measured: from the readings that lie in a store to a record under a key of its own."""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from palmbench.base.store import Store, pack_arrays
from palmbench.disclosures import Disclosed, Draws, Shown, Side
from palmbench.engine.attack_pipeline import Wanted
from palmbench.engine.attack_record import DRAWS, REPLICATES, record_key, record_path
from palmbench.engine.attacking import with_bounds
from palmbench.engine.disclosure_pipeline import DisclosurePipeline
from palmbench.engine.provenance import checkout
from palmbench.engine.records import METRICS, write_record
from palmbench.engine.resume import Failure
from palmbench.engine.sweep import METRICS_FORMAT
from palmbench.scoring import Number
from palmbench.scoring.disclosure_table import DISCLOSED
from palmbench.scoring.intervals import Interval
from palmbench.scoring.replicated import person_weights
from palmbench.scoring.shares import BOOTSTRAP_SEED
from palmbench.stages.compare import distances_of
from recognizers.common.cache_keys import KEY_VERSION
from recognizers.common.errors import no_exit
from recognizers.common.writing import json_bytes
from recognizers.output_checks import Matcher

VERSION = 2


def measure_disclosure(
    pipeline: DisclosurePipeline, passed: Mapping[Wanted, frozenset[str]], store: Store, failures: Sequence[Failure]
) -> None:
    """Measure a disclosure whose readings are in a store, and write its record; arguments as of `attacking.measure`.

    Raises
    ------
    Lost
        If a reading is not there any more, or is damaged.
    """
    disclosure, shown = pipeline.trial.disclosure, pipeline.shown(passed, store)
    persons = len(pipeline.people.evaluated)
    draws = Draws(
        person_weights(persons, np.random.default_rng(BOOTSTRAP_SEED), REPLICATES),
        np.random.default_rng(BOOTSTRAP_SEED),
        _comparing(pipeline.matcher()),
    )
    with no_exit(f"disclosure={disclosure.name}"):
        found = disclosure.tell(shown, draws)
    failed = len(pipeline.samples("evaluated")) - _in_all(shown)
    point = {**pipeline.run.point, "disclosure": pipeline.called}
    metrics = {
        "format": METRICS_FORMAT,
        "point": point,
        "metrics": {name: _number(name, found[name], failed, persons).to_json() for name in disclosure.measures},
        "by_chance": {name: _chance(found[name]).to_json() for name in disclosure.measures},
    }
    content = {
        "key": record_key(pipeline),
        "key_version": KEY_VERSION,
        "point": point,
        "disclosure": asdict(disclosure),
        "knowledge": disclosure.knowledge,
        "people": {name: len(group) for name, group in pipeline.people._asdict().items()},
        "people_digest": pipeline.people.digest,
        "photos": pipeline.run.photos,
        "failures": [failure._asdict() for failure in failures],
        "written": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "checkout": code._asdict() if (code := checkout()) else None,
        "python": platform.python_version(),
    }
    replicates = pack_arrays(**{name: 100 * found[name].leak.found.draws for name in disclosure.measures})
    write_record(record_path(pipeline), content, {METRICS: json_bytes(metrics), DRAWS: replicates})


def _comparing(matcher: Matcher | None) -> Any:
    if matcher is None:
        return None

    def compare(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return distances_of(matcher, a, np.ones(len(a), bool), b, np.ones(len(b), bool))

    return compare


def _in_all(shown: Mapping[Side, Shown]) -> int:
    """Evaluated photos that have a reading on every side."""
    photos = [set(each.photos.tolist()) for side, each in shown.items() if side.group == "evaluated"]
    return len(set.intersection(*photos))


def _number(name: str, disclosed: Disclosed, failed: int, persons: int) -> Number:
    found = disclosed.leak.found
    if np.isnan(found.value):
        return Number.lacking(disclosed.lacking, failed)
    lo, hi = found.interval()
    number = Number.of(100 * found.value, n=disclosed.n, failed=failed)
    if disclosed.persons is not None:
        persons = disclosed.persons
    return replace(with_bounds(number, DISCLOSED[name], Interval(100 * lo, 100 * hi), persons), note=disclosed.note)


def _chance(disclosed: Disclosed) -> Number:
    null = disclosed.leak.null
    defined = null[np.isfinite(null)]
    return Number.percent(disclosed.leak.by_chance, np.quantile(defined, [0.025, 0.975]) if len(defined) else None)

"""A sweep: every point that has no finished run is computed, one after the other, and leaves its run's files."""

from __future__ import annotations

import json
import platform
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

import numpy as np

from palmbench.base.store import Store
from palmbench.config.schema import RunConfig
from palmbench.engine.engine import Counts, Engine
from palmbench.engine.executor import Executor
from palmbench.engine.pace import MEASURE, Kind, Spent
from palmbench.engine.pipeline import Measured, Outcome, Pipeline
from palmbench.engine.provenance import checkout
from palmbench.engine.records import METRICS, RECORD, SCORES, table_file, write_record
from palmbench.engine.resume import Failure
from palmbench.engine.run import ERRORS, Account, Run, describe
from palmbench.stages.enrol import require_weights
from recognizers.common.cache_keys import KEY_VERSION
from recognizers.common.writing import json_bytes, require_writable

METRICS_FORMAT = 1
_PACKAGES = (
    "palmbench",
    "torch",
    "diffusers",
    "transformers",
    "numpy",
    "opencv-python-headless",
)


class Swept(NamedTuple):
    """What came of a sweep.

    Attributes
    ----------
    pipelines : list of Pipeline
        Of the points, in their order.
    counts : dict of str to Counts
        By a stage's name, over all points.
    failures : list of Failure
    finished : int
        Points that were finished before.
    seconds : float
    """

    pipelines: list[Pipeline]
    counts: dict[str, Counts]
    failures: list[Failure]
    finished: int
    seconds: float


def sweep(
    points: Sequence[RunConfig], begun: Callable[[Sequence[Pipeline]], Callable[[Pipeline, Run], None]] | None = None
) -> Swept:
    """Compute every point that has no finished run.

    Parameters
    ----------
    points : sequence of RunConfig
        As `palmbench.config.compose.compose_points` gives them.
    begun : callable, optional
        Is given all points before the first is computed, and answers with what to do with each finished run.

    Raises
    ------
    RequestError
        If a data set, weights or a setting is not to be had; before anything is computed.
    """
    pipelines = [Pipeline.of(point) for point in points]
    for note in dict.fromkeys(note for pipeline in pipelines for note in pipeline.dataset.notes):
        print(note, file=sys.stderr)
    for pipeline in pipelines:
        if not Run.of(pipeline).finished:
            require_writable(Path(pipeline.config.results_dir))
            require_weights(pipeline.config.recognizer)
    swept = Swept(pipelines, {stage.name: Counts() for each in pipelines for stage, _ in each.steps}, [], 0, 0.0)
    began = time.monotonic()
    finish = begun(pipelines) if begun else None
    with Executor(points[0].executor) as executor:
        for number, pipeline in enumerate(pipelines, 1):
            run = Run.of(pipeline)
            account = run.account if run.finished else None
            if account is not None:
                swept = swept._replace(finished=swept.finished + 1)
                failures = list(account.failures)
                for name, kept in account.items.items():
                    swept.counts.setdefault(name, Counts()).add(reused=kept)
                for failure in failures:
                    swept.counts.setdefault(failure.stage, Counts()).add(failed=1)
            else:
                print(f"[{number}/{len(pipelines)}] {describe(pipeline.point)}: {pipeline.extent}", file=sys.stderr)
                engine = Engine(Store.of(pipeline.config.results_dir), executor)
                failures = _compute(pipeline, run, engine)
                for name, counts in engine.counts.items():
                    swept.counts[name].add(**asdict(counts))
            swept.failures.extend(failures)
            if finish:
                finish(pipeline, run)
    return swept._replace(seconds=time.monotonic() - began)


def outstanding(points: Sequence[RunConfig]) -> list[RunConfig]:
    """The points that have to be run: those without a record, or all where a tracker is to see the whole sweep."""
    tracked = any(point.tracker.name != "none" for point in points)
    return [point for point in points if tracked or Run.of(point).result is None]


def _compute(pipeline: Pipeline, run: Run, engine: Engine) -> list[Failure]:
    run.write_config(pipeline.config)
    measuring = Counts()

    def measured(outcome: Outcome) -> tuple[Outcome, Measured]:
        began = time.monotonic()
        found = pipeline.measure(engine, outcome)
        measuring.add(computed=len(pipeline.samples), seconds=time.monotonic() - began)
        return outcome, found

    outcome, found = pipeline.with_artefacts(engine, measured)
    numbers = {name: number.to_json() for name, number in found.metrics.items()}
    metrics = {"format": METRICS_FORMAT, "point": pipeline.point, "metrics": numbers}
    files = {METRICS: json_bytes(metrics), SCORES: _scores(pipeline, found), ERRORS: _errors(outcome.failures)}
    content = {
        "key": run.key,
        "key_version": KEY_VERSION,
        **_account(pipeline, engine, outcome, measuring).plain(),
    }
    write_record(run.folder / RECORD, content, files)
    return outcome.failures


def _account(pipeline: Pipeline, engine: Engine, outcome: Outcome, measuring: Counts) -> Account:
    kinds = {stage.name: Kind.of(stage, pipeline.config) for stage, _ in pipeline.steps}
    kinds[MEASURE] = Kind.of_measuring(pipeline.enrol.settings, len(pipeline.samples))
    counts = {**engine.counts, MEASURE: measuring}
    return Account(
        point=pipeline.point,
        items={name: len(samples) for name, samples in outcome.passed.items()},
        stages={name: Spent(each.computed, round(each.seconds, 3), kinds[name]) for name, each in counts.items()},
        failures=tuple(outcome.failures),
        device=engine.executor.device,
        workers=engine.executor.workers,
        batch_size=engine.executor.batch_size,
        written=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        method={
            **pipeline.config.method.declaration(pipeline.config.region).plain(),
            "unmet": list(pipeline.unmet(outcome)),
        },
        photos=pipeline.photos,
        checkout=checkout(),
        python=platform.python_version(),
        packages={name: _version(name) for name in _PACKAGES},
    )


def _scores(pipeline: Pipeline, measured: Measured) -> bytes:
    """Each photo against its own original in full ("self"), the other sets as distinct distances and their counts."""
    import pandas as pd

    scores, sets = measured.scores, measured.sets
    own = pd.DataFrame(
        {
            "set": "self",
            "sample": [sample.id for sample in pipeline.samples],
            "identity": [sample.identity for sample in pipeline.samples],
            "distance": scores.own.astype(np.float64),
            "nearest_mate": scores.mate.astype(np.float64),
            "nearest_stranger": scores.stranger.astype(np.float64),
            "count": 1,
        }
    )
    distributions = {
        "genuine": measured.recognition.genuine,
        "impostor": measured.recognition.impostor,
        "mated": sets.mated,
        "non_mated": sets.non_mated,
        "inter_deidentified": sets.inter_deid,
    }
    pairs = [
        pd.DataFrame({"set": name, "distance": found.values, "count": found.counts})
        for name, found in distributions.items()
        if found.size
    ]
    return table_file(pd.concat([own, *pairs], ignore_index=True))


def _errors(failures: Sequence[Failure]) -> bytes:
    lines = (json.dumps(failure._asdict(), sort_keys=True, ensure_ascii=False) + "\n" for failure in failures)
    return "".join(lines).encode()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None

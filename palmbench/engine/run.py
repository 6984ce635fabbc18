"""Runs the points of a sweep: plan them all, compute what is missing, write each run's record."""

from __future__ import annotations

import json
import platform
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

import recognizers
from palmbench.base.status import DONE, SAMPLES_FAILED
from palmbench.base.store import Store
from palmbench.config.schema import RunConfig, plain_values
from palmbench.engine.engine import Counts, Engine, Failure
from palmbench.engine.executor import Executor
from palmbench.engine.pipeline import Measured, Outcome, Pipeline
from palmbench.engine.provenance import checkout
from palmbench.engine.publish import Publisher
from palmbench.engine.records import (
    METRICS,
    RECORD,
    SCORES,
    Record,
    read_record,
    require_record,
    table_file,
    write_record,
)
from palmbench.scoring.metrics import HEADLINE
from palmbench.stages.enrol import require_weights
from recognizers.common.errors import Lost
from recognizers.common.keys import KEY_VERSION
from recognizers.common.writing import json_bytes, require_writable, write_bytes

Result = TypeVar("Result")

METRICS_FORMAT = 1
_FAILURES_SHOWN = 5
_PACKAGES = (
    "palmbench",
    "torch",
    "diffusers",
    "transformers",
    "numpy",
    "opencv-python-headless",
)


def run(points: Sequence[RunConfig], ablations: Sequence[str] = ()) -> int:
    """Compute every point that has no finished record, give all to their trackers, and say what was done.

    Parameters
    ----------
    points : sequence of RunConfig
        As `palmbench.config.compose.compose_points` gives them.
    ablations : sequence of str
        Names of the ablations that they come from, for trackers.

    Returns
    -------
    int
        0, or 3 if samples failed.

    Raises
    ------
    RequestError
        If a data set, weights or a setting is not to be had; before anything is computed.
    """
    pipelines = [Pipeline.of(point) for point in points]
    for note in dict.fromkeys(note for pipeline in pipelines for note in pipeline.dataset.notes):
        print(note, file=sys.stderr)
    for pipeline in pipelines:
        if finished_record(pipeline) is None:
            require_writable(Path(pipeline.config.results_dir))
            require_weights(pipeline.config.recognizer)
    failed: list[Failure] = []
    finished = 0
    began = time.monotonic()
    totals = {stage.title: Counts() for pipeline in pipelines for stage, _ in pipeline.steps}
    publisher = Publisher.of(pipelines, ablations)
    with Executor(points[0].executor) as executor:
        for number, pipeline in enumerate(pipelines, 1):
            record = finished_record(pipeline)
            if record is not None:
                finished += 1
                failures = failures_of(record)
                for title, kept in record.content["items"].items():
                    totals.setdefault(title, Counts()).add(reused=kept)
                for failure in failures:
                    totals.setdefault(failure.stage, Counts()).add(failed=1)
            else:
                print(f"[{number}/{len(pipelines)}] {describe(pipeline)}", file=sys.stderr)
                engine = Engine(store_of(pipeline), executor)
                failures = _run_point(pipeline, engine)
                for title, counts in engine.counts.items():
                    totals[title].add(**asdict(counts))
            failed += failures
            publisher.publish(pipeline, run_folder(pipeline))
    _summarise(pipelines, totals, finished, failed, time.monotonic() - began)
    return SAMPLES_FAILED if failed else DONE


def record_of(point: RunConfig) -> dict[str, Any] | None:
    """Contents of a point's `metrics.json`, or None when it has not been computed."""
    pipeline = Pipeline.of(point)
    record = complete_record(pipeline)
    # One key can have two names: weights by word or by folder, photos as a data set or as a plain folder.
    return None if record is None else {**record.metrics, "point": pipeline.point}


def outstanding(points: Sequence[RunConfig]) -> list[RunConfig]:
    """The points that have to be run: those without a record, or all where a tracker is to see the whole sweep."""
    tracked = any(point.tracker.name != "none" for point in points)
    return [point for point in points if tracked or record_of(point) is None]


def finished_record(pipeline: Pipeline) -> Record | None:
    """A point's record if nothing is left to do for it; a failure that may pass leaves something to do."""
    record = complete_record(pipeline)
    return record if record and all(failure.lasting for failure in failures_of(record)) else None


def complete_record(pipeline: Pipeline) -> Record | None:
    """A point's record, whatever failed; None where it was not measured, or its files are not those of the record."""
    return read_record(run_folder(pipeline) / RECORD, pipeline.key)


def failures_of(record: Record) -> list[Failure]:
    """What failed in a run."""
    return [Failure(**failure) for failure in record.content["failures"]]


def on_finished(pipeline: Pipeline, work: Callable[[Outcome, Store], Result]) -> Result:
    """What some work on the artefacts of a measured point gives; those that the store has lost since are made again.

    Raises
    ------
    Lost
        If the point was not measured, or an artefact is lost a second time.
    """
    record = require_record(run_folder(pipeline) / RECORD, pipeline.key)
    outcome, store = pipeline.outcome_of(failures_of(record)), store_of(pipeline)
    try:
        return work(outcome, store)
    except Lost:
        with Executor(pipeline.config.executor) as executor:
            return pipeline.with_artefacts(Engine(store, executor), lambda _: work(outcome, store))


def store_of(pipeline: Pipeline) -> Store:
    """The store that a point's artefacts are in: `<results_dir>/store`."""
    return Store(Path(pipeline.config.results_dir) / "store")


def run_folder(pipeline: Pipeline) -> Path:
    """Folder of a point's record: `<results_dir>/runs/<key>`."""
    return Path(pipeline.config.results_dir) / "runs" / pipeline.key


def describe(pipeline: Pipeline) -> str:
    """A point in a line."""
    point = pipeline.point
    how = f" {point['setting']}" if point["setting"] else ""
    how += f" region {point['region']}" if "region" in point else ""
    photos = f"{len(pipeline.samples)} photos of {len({sample.identity for sample in pipeline.samples})} palms"
    attack = f"{point['recognizer']}{recognizers.origin(point['recognizer'])} {point['variant']}"
    return f"{point['method']}{how} on {point['dataset']} ({photos}), {attack}"


def _run_point(pipeline: Pipeline, engine: Engine) -> list[Failure]:
    outcome, measured = pipeline.with_artefacts(engine, lambda outcome: (outcome, pipeline.measure(engine, outcome)))
    folder = run_folder(pipeline)
    _write_config(folder / "config.yaml", pipeline.config)
    metrics = {
        "format": METRICS_FORMAT,
        "point": pipeline.point,
        "metrics": {name: number.to_json() for name, number in measured.metrics.items()},
    }
    files = {
        METRICS: json_bytes(metrics),
        SCORES: _scores(pipeline, measured),
        "errors.jsonl": _errors(outcome.failures),
    }
    write_record(folder / RECORD, _record(pipeline, engine, outcome), files)
    return outcome.failures


def _record(pipeline: Pipeline, engine: Engine, outcome: Outcome) -> dict[str, Any]:
    found = checkout()
    return {
        "key": pipeline.key,
        "key_version": KEY_VERSION,
        "point": pipeline.point,
        "items": {title: len(samples) for title, samples in outcome.passed.items()},
        "stages": {
            title: {"computed": counts.computed, "seconds": round(counts.seconds, 3)}
            for title, counts in engine.counts.items()
        },
        "failures": [failure._asdict() for failure in outcome.failures],
        "device": engine.executor.device,
        "workers": engine.executor.workers,
        "batch_size": engine.executor.batch_size,
        "written": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "checkout": found._asdict() if found else None,
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in _PACKAGES},
    }


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


def _write_config(path: Path, config: RunConfig) -> None:
    from omegaconf import OmegaConf

    write_bytes(path, OmegaConf.to_yaml(OmegaConf.create(plain_values(config))).encode())


def _summarise(
    pipelines: Sequence[Pipeline],
    counts: dict[str, Counts],
    finished: int,
    failed: Sequence[Failure],
    seconds: float,
) -> None:
    print(f"\n{'stage':<36} {'reused':>8} {'computed':>9} {'failed':>7}")
    for title, count in counts.items():
        print(f"{title:<36} {count.reused:>8} {count.computed:>9} {count.failed:>7}")
    reused, computed = (sum(getattr(count, name) for count in counts.values()) for name in ("reused", "computed"))
    print(f"{reused} reused, {computed} computed, {len(failed)} failed in {seconds:.0f} s", end="")
    print(f"; {finished} of {len(pipelines)} points were finished before\n" if finished else "\n")
    for pipeline in pipelines:
        print(f"{describe(pipeline)}\n    {_headline(pipeline)}\n    {run_folder(pipeline)}")
    different = list(dict.fromkeys(failed))  # points of a sweep share the failures of their originals
    for failure in different[:_FAILURES_SHOWN]:
        print(f"failed: {failure.sample} at {failure.stage}: {failure.reason}")
    if len(different) > _FAILURES_SHOWN:
        print(f"... and {len(different) - _FAILURES_SHOWN} more, listed in errors.jsonl of each run")


def _headline(pipeline: Pipeline) -> str:
    record = complete_record(pipeline)
    if record is None:
        return "its record has been changed or removed since; the same command measures it again"
    metrics = record.metrics["metrics"]
    shown = ((name, metrics[name].value) for name in HEADLINE)
    values = "  ".join(f"{name} {'-' if value is None else f'{value:.4g}'}" for name, value in shown)
    lacking = metrics["rr"].missing
    return f"{values}  ({lacking} is missing)" if lacking else values


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None

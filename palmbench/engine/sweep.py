"""A sweep: every point that has no finished run is computed and leaves its run's files.

A point need not end before the next begins, and what points share is computed once. A point is measured as soon as
its last artefact is there, while others are computed; what is said of points is said in their order.
"""

from __future__ import annotations

import json
import platform
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

import numpy as np

from palmbench.base.board import Board
from palmbench.config.schema import RunConfig
from palmbench.datasets.sample import Sample
from palmbench.engine.executor import Executor
from palmbench.engine.flow import Flow
from palmbench.engine.graph import Counts, Part
from palmbench.engine.measuring import Measuring
from palmbench.engine.open_executor import open_executor
from palmbench.engine.pace import MEASURE, Kind, Spent
from palmbench.engine.pipeline import Outcome, Pipeline
from palmbench.engine.provenance import checkout
from palmbench.engine.records import METRICS, RECORD, SCORES, table_file, write_record
from palmbench.engine.resume import Failure
from palmbench.engine.run import ERRORS, Account, Run, describe
from palmbench.scoring import ScoreSets
from palmbench.stages.compare import DeidScores
from palmbench.stages.enrol import require_weights
from palmbench.stages.measure import Recognition
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
        If a data set, weights or a setting is not to be had; before anything is computed, but where embedded weights
        are damaged.
    """
    pipelines = [Pipeline.of(point) for point in points]
    for note in dict.fromkeys(note for pipeline in pipelines for note in pipeline.dataset.notes):
        print(note, file=sys.stderr)
    for pipeline in pipelines:
        if not Run.of(pipeline).finished:
            require_writable(Path(pipeline.config.results_dir))
            # Embedded ones lie beside the code, and to read a network takes seconds in which nobody computes.
            if pipeline.config.recognizer.options.get("weights") != "embedded":
                require_weights(pipeline.config.recognizer)
    began = time.monotonic()
    finish = begun(pipelines) if begun else None
    parts = [pipeline.part() for pipeline in pipelines if not Run.of(pipeline).finished]
    with open_executor(points[0].executor, points[0].results_dir, parts) as executor:
        ends = list(_Sweep(pipelines, executor, finish).run())
    counts = {stage.name: Counts() for each in pipelines for stage, _ in each.steps}
    for end in ends:
        for name, each in end.counts.items():
            counts.setdefault(name, Counts()).add(**asdict(each))
    failures = [failure for end in ends for failure in end.failures]
    return Swept(pipelines, counts, failures, sum(end.before for end in ends), time.monotonic() - began)


def outstanding(points: Sequence[RunConfig]) -> list[RunConfig]:
    """The points that have to be run: those without a record, or all where a tracker is to see the whole sweep."""
    tracked = any(point.tracker.name != "none" for point in points)
    return [point for point in points if tracked or Run.of(point).result is None]


class _End(NamedTuple):
    """What came of a point; `before` if it was finished before this sweep."""

    counts: dict[str, Counts]
    failures: list[Failure]
    before: bool


@dataclass
class _Sweep:
    """Points on their way: computed as there is room, measured as they are complete, published in their order."""

    pipelines: Sequence[Pipeline]
    executor: Executor
    finish: Callable[[Pipeline, Run], None] | None
    ends: dict[int, _End] = field(default_factory=dict)
    under_way: dict[int, tuple[int, Part]] = field(default_factory=dict)
    published: int = 0
    board: Board = field(default_factory=Board)

    def run(self) -> list[_End]:
        """Compute, measure and publish; what came of each point, in their order."""
        flow = Flow(self.executor, self.board)
        measuring = Measuring(self._measure, at_once=self.executor.inline)

        def settled() -> list[Part]:
            needless = []
            for part, lost in measuring.done():
                if lost is None:
                    needless.append(part)
                else:
                    flow.lose(part, lost.places)
            self._publish()
            return needless

        flow.run(self._parts(), measuring.put, settled)
        self._publish()
        return [self.ends[number] for number in range(len(self.pipelines))]

    def _parts(self) -> Iterator[Part]:
        """The points that have no finished run, as they are begun."""
        for number, pipeline in enumerate(self.pipelines):
            run = Run.of(pipeline)
            account = run.account if run.finished else None
            if account is not None:
                counts = {name: Counts(reused=kept) for name, kept in account.items.items()}
                for failure in account.failures:
                    counts.setdefault(failure.stage, Counts()).add(failed=1)
                self.ends[number] = _End(counts, list(account.failures), before=True)
                continue
            of = f"[{number + 1}/{len(self.pipelines)}]"
            print(f"{of} {describe(pipeline.point)}: {pipeline.extent}", file=sys.stderr)
            run.write_config(pipeline.config)
            self.board.later = len(self.pipelines) - number - 1
            part = pipeline.part()
            self.under_way[id(part)] = number, part
            yield part

    def _measure(self, part: Part) -> None:
        number, _ = self.under_way[id(part)]
        pipeline = self.pipelines[number]
        began = time.monotonic()
        outcome, run = pipeline.outcome_in(part), Run.of(pipeline)
        found = pipeline.measure(outcome, self.executor.workers)
        spent = Counts(computed=len(pipeline.samples), seconds=time.monotonic() - began)
        numbers = {name: number.to_json() for name, number in found.metrics.items()}
        metrics = {"format": METRICS_FORMAT, "point": pipeline.point, "metrics": numbers}
        files = {
            METRICS: json_bytes(metrics),
            SCORES: scores_file(pipeline.samples, found.recognition, found.scores, found.sets),
            ERRORS: _errors(outcome.failures),
        }
        counts = part.counts()
        for name, (times, seconds) in self.executor.made_elsewhere(part.digest).items():
            made = min(times, counts[name].reused)  # what was lost was made twice
            counts[name].add(-made, made, seconds=seconds)
        account = _account(pipeline, self.executor, outcome, {**counts, MEASURE: spent})
        content = {"key": run.key, "key_version": KEY_VERSION, **account.plain()}
        write_record(run.folder / RECORD, content, files)
        self.ends[number] = _End(counts, outcome.failures, before=False)
        del self.under_way[id(part)]

    def _publish(self) -> None:
        """Tell of the points that are finished, as far as all before them are."""
        while self.published < len(self.pipelines) and self.published in self.ends:
            pipeline = self.pipelines[self.published]
            self.published += 1
            if self.finish:
                self.finish(pipeline, Run.of(pipeline))


def _account(pipeline: Pipeline, executor: Executor, outcome: Outcome, counts: dict[str, Counts]) -> Account:
    kinds = {stage.name: Kind.of(stage, pipeline.config) for stage, _ in pipeline.steps}
    kinds[MEASURE] = Kind.of_measuring(pipeline.enrol.settings, len(pipeline.samples))
    means = executor.means
    return Account(
        point=pipeline.point,
        items={name: len(samples) for name, samples in outcome.passed.items()},
        stages={name: Spent(each.computed, round(each.seconds, 3), kinds[name]) for name, each in counts.items()},
        failures=tuple(outcome.failures),
        device=means.device,
        workers=means.workers,
        batch_size=executor.batch_size,
        memory=means.memory,
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


def scores_file(samples: Sequence[Sample], recognition: Recognition, scores: DeidScores, sets: ScoreSets) -> bytes:
    """Each photo against its own original in full ("self"), the other sets as distinct distances and their counts."""
    import pandas as pd

    own = pd.DataFrame(
        {
            "set": "self",
            "sample": [sample.id for sample in samples],
            "identity": [sample.identity for sample in samples],
            "distance": scores.own.astype(np.float64),
            "nearest_mate": scores.mate.astype(np.float64),
            "nearest_stranger": scores.stranger.astype(np.float64),
            "count": 1,
        }
    )
    distributions = {
        "genuine": recognition.genuine,
        "impostor": recognition.impostor,
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

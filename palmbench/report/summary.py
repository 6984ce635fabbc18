"""What a command that ran points ends with: what was done, and the numbers that it was run for, in one table."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from itertools import accumulate

import recognizers
from palmbench.engine.pipeline import Pipeline
from palmbench.engine.resume import Failure
from palmbench.engine.run import Run
from palmbench.engine.sweep import Swept
from palmbench.report.plain_table import aligned, column_of, width_of
from palmbench.report.tracking_groups import Sweep
from palmbench.scoring.metric_table import (
    HEADLINE,
    METRICS,
)

WIDTH = 100
UNMET = " *"  # behind the name of a method whose formal guarantee does not hold of the run
_FAILURES_SHOWN = 5
# Tables of the paper that an ablation's points are rows of, see conf/ablation.
_TABLES = {"roi": "5", "fusion": "5 6 7", "alpha": "5 6 7", "baselines": "5 6 7"}


def print_summary(swept: Swept, ablations: Sequence[str] = (), settings: Sequence[str] = ()) -> None:
    """Print what a sweep did, its numbers, and what failed."""
    titles = {stage.name: stage.title for pipeline in swept.pipelines for stage, _ in pipeline.steps}
    print(f"\n{'stage':<36} {'reused':>8} {'computed':>9} {'failed':>7}")
    for name, count in swept.counts.items():
        print(f"{titles[name]:<36} {count.reused:>8} {count.computed:>9} {count.failed:>7}")
    counts = swept.counts.values()
    reused, computed = sum(each.reused for each in counts), sum(each.computed for each in counts)
    print(f"{reused} reused, {computed} computed, {len(swept.failures)} failed in {swept.seconds:.0f} s", end="")
    print(f"; {swept.finished} of {len(swept.pipelines)} points were finished before" if swept.finished else "")
    for line in result_lines(swept.pipelines):
        print(line)
    folder = swept.pipelines[0].config.results_dir
    print(f"\nAll numbers: {Run.of(swept.pipelines[0]).folder if len(swept.pipelines) == 1 else f'{folder}/runs'}")
    if tables := max((_TABLES.get(name, "") for name in ablations), key=len, default=""):
        datasets = dict.fromkeys(pipeline.config.dataset.name for pipeline in swept.pipelines)
        words = [f"dataset={','.join(datasets)}", *(word for word in settings if not word.startswith("dataset="))]
        print(f"As the paper's tables:\n  palmbench table {tables} {shlex.join(words)}")
    for line in failure_lines(swept.failures, titles):
        print(line)


def result_lines(pipelines: Sequence[Pipeline]) -> list[str]:
    """The points as plain text: one table a data set and recognizer, no wider than `WIDTH` where names allow it.

    Rows are methods with their settings, columns the metrics that a run is told by, with their 95 % intervals in
    brackets; columns that find no room are left out, the last first, and named below.
    """
    sweep = Sweep(tuple(pipelines))
    groups: dict[str, list[Pipeline]] = {}
    for pipeline in pipelines:
        groups.setdefault(_attack(pipeline), []).append(pipeline)
    lines: list[str] = []
    notes: list[str] = []
    left_out: dict[str, None] = {}
    for title, group in groups.items():
        methods = {pipeline.config.method.called for pipeline in group}
        # One method at several settings is named once, and its settings have the room.
        shared = f"{methods.pop()} " if len(methods) == 1 and len(group) > 1 else ""
        names, measured = [], []
        for pipeline in group:
            name, run = sweep.name_of(pipeline).removeprefix(shared), Run.of(pipeline)
            result, account = run.result, run.account
            unmet = account.method.get("unmet", ()) if account else ()
            if unmet:
                name += UNMET
                notes.append(f"{name}: its guarantee does not hold of this run: {'; '.join(unmet)}.")
            names.append(name)
            measured.append(result["metrics"] if result else {})
            if result is None:
                notes.append(f"{name}: its record was changed or removed since; the same command measures it again")
            elif lacking := measured[-1]["rr"].missing:
                notes.append(f"{name}: {lacking} is missing, and so are the rates that need one")
        columns = [column_of(METRICS[metric], [each.get(metric) for each in measured]) for metric in HEADLINE]
        room = WIDTH - max(map(len, names))
        shown = max(1, sum(width <= room for width in accumulate(2 + width_of(column) for column in columns)))
        left_out |= dict.fromkeys(METRICS[metric].label for metric in HEADLINE[shown:])
        lines += ["", title, *aligned([shared.strip() or "method", *names], columns[:shown])]
    if left_out:
        notes.insert(0, f"Left out, for want of room: {', '.join(left_out)}.")
    return [*lines, *notes]


def _attack(pipeline: Pipeline) -> str:
    point = pipeline.point
    name = f"{point['recognizer']}{recognizers.origin(point['recognizer'])} {point['variant']}".strip()
    persons = len({sample.person for sample in pipeline.samples})
    brackets = f"in brackets 95 % intervals over {persons} person{'s' * (persons > 1)}"
    return f"{point['dataset']}, {pipeline.extent}, attacked by {name}; {brackets}"


def failure_lines(failures: Sequence[Failure], titles: Mapping[str, str]) -> list[str]:
    """What failed and why, a few by name; `titles` are those of stages by their names."""
    different = list(dict.fromkeys(failures))  # points of a sweep share the failures of their originals
    lines = [f"failed: {each.sample} at {titles[each.stage]}: {each.reason}" for each in different[:_FAILURES_SHOWN]]
    if len(different) > _FAILURES_SHOWN:
        lines.append(f"... and {len(different) - _FAILURES_SHOWN} more, listed in errors.jsonl of each run")
    return lines

"""What a command that ran points ends with: what was done, and the numbers that it was run for, in one table."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

import recognizers
from palmbench.engine.engine import Failure
from palmbench.engine.pipeline import Pipeline
from palmbench.engine.run import Run
from palmbench.engine.sweep import Swept
from palmbench.report.publish import Sweep
from palmbench.scoring import Number

WIDTH = 100
# Metric, heading, and decimals of the value and of its interval.
_COLUMNS = (
    ("rr", "RR %", 1, 0),
    ("dir", "DIR %", 0, 0),
    ("acc_nn", "rank-1 %", 1, 0),
    ("ssim", "SSIM", 3, 3),
    ("keypoints_2d", "keypoints %", 2, 2),
)
_NOTHING = "-"
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
        print(f"As the paper's tables: palmbench table {tables} {shlex.join(words)}")
    for line in _failure_lines(swept.failures, titles):
        print(line)


def result_lines(pipelines: Sequence[Pipeline]) -> list[str]:
    """The points as plain text: one table a data set and recognizer, no wider than `WIDTH` where numbers allow it.

    Rows are methods with their settings, columns the metrics that a run is told by, with their 95 % intervals in
    brackets; columns that find no room are left out, the last first.
    """
    sweep = Sweep(tuple(pipelines))
    groups: dict[str, list[Pipeline]] = {}
    for pipeline in pipelines:
        groups.setdefault(_attack(pipeline), []).append(pipeline)
    lines: list[str] = []
    notes: list[str] = []
    for title, group in groups.items():
        methods = {pipeline.config.method.name for pipeline in group}
        # One method at several settings is named once, and its settings have the room.
        shared = f"{methods.pop()} " if len(methods) == 1 and len(group) > 1 else ""
        rows = [[shared.strip() or "method", *(heading for _, heading, *_ in _COLUMNS)]]
        for pipeline in group:
            name, result = sweep.name_of(pipeline).removeprefix(shared), Run.of(pipeline).result
            metrics = result["metrics"] if result else {}
            rows.append([name, *(_cell(metrics.get(metric), *how) for metric, _, *how in _COLUMNS)])
            if result is None:
                notes.append(f"{name}: its record was changed or removed since; the same command measures it again")
            elif lacking := metrics["rr"].missing:
                notes.append(f"{name}: {lacking} is missing, and so are the rates that need one")
        lines += ["", title, *_aligned(rows)]
    return [*lines, *notes]


def _attack(pipeline: Pipeline) -> str:
    point = pipeline.point
    name = f"{point['recognizer']}{recognizers.origin(point['recognizer'])} {point['variant']}".strip()
    return f"{point['dataset']}, {pipeline.extent}, attacked by {name}; 95 % intervals in brackets"


def _cell(number: Number | None, decimals: int, of_ends: int) -> str:
    if number is None or number.value is None:
        return _NOTHING
    value = f"{number.value:.{decimals}f}"
    if number.lo is None or number.hi is None:
        return value
    return f"{value} [{number.lo:.{of_ends}f},{number.hi:.{of_ends}f}]"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    while len(widths) > 2 and sum(widths) + 2 * (len(widths) - 1) > WIDTH:
        widths.pop()
    lines = []
    for first, *numbers in rows:
        cells = [text.rjust(width) for text, width in zip(numbers, widths[1:], strict=False)]
        lines.append("  ".join([first.ljust(widths[0]), *cells]).rstrip())
    return lines


def _failure_lines(failures: Sequence[Failure], titles: Mapping[str, str]) -> list[str]:
    different = list(dict.fromkeys(failures))  # points of a sweep share the failures of their originals
    lines = [f"failed: {each.sample} at {titles[each.stage]}: {each.reason}" for each in different[:_FAILURES_SHOWN]]
    if len(different) > _FAILURES_SHOWN:
        lines.append(f"... and {len(different) - _FAILURES_SHOWN} more, listed in errors.jsonl of each run")
    return lines

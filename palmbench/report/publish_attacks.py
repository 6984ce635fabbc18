"""What of attacks is tracked: one run for the attack matrix of a data set, with its numbers, rows and figures."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from palmbench.base.plain_files import read_object
from palmbench.report.rows import to_csv
from palmbench.report.tables import Table
from palmbench.report.tracking_groups import Sweep
from palmbench.tracking import Arrived, Findings, TrackedRun, hand_over, open_tracker
from palmbench.tracking.tracker import TableRow, harmless
from recognizers.common.cache_keys import digest
from recognizers.common.writing import write_json

if TYPE_CHECKING:
    from palmbench.engine.pipeline import Pipeline

_DIGITS = 8


def publish_attacks(runs: Sequence[Pipeline], table: Table, paths: Sequence[Path]) -> None:
    """Track the attack matrix of a data set, unless the tracker of the points has it; nothing is raised.

    Parameters
    ----------
    runs : sequence of Pipeline
        The points on the data set that were attacked.
    table : Table
        The matrix.
    paths : sequence of Path
        What was drawn: PNG are logged as pictures, `tradeoff-*.csv` as a table.
    """
    name = runs[0].config.tracker.name
    if name != "none":
        harmless(f"{name} was not given the attack matrix", lambda: _publish(runs, table, paths))


def findings_of(table: Table, paths: Sequence[Path]) -> Findings:
    """The matrix for a tracker: numbers of each method's worst case by name, every number as a row, and the figures."""
    summary = {
        f"{row.cell.method}/{row.cell.metric}": row.value
        for row in table.rows
        if row.cell.recognizer.startswith("worst case")
    }
    tables = {"attacks": _rows(to_csv(table.rows))}
    for path in paths:
        if path.suffix == ".csv" and path.name.startswith("tradeoff-"):
            tables["tradeoff"] = _rows(path.read_text(encoding="utf-8"))
    return Findings(summary, tables, {path.stem.partition("-")[0]: path for path in paths if path.suffix == ".png"})


def _publish(runs: Sequence[Pipeline], table: Table, paths: Sequence[Path]) -> None:
    config, results = runs[0].config.tracker, Path(runs[0].config.results_dir)
    findings, sweep = findings_of(table, paths), Sweep(tuple(runs))
    dataset = runs[0].config.dataset.name
    attacks = list(dict.fromkeys(column.metric.label for column in table.columns))
    tracked = TrackedRun(
        id=f"attacks-{digest('attacks', keys=sorted(each.key for each in runs))[:24]}-{sweep.group[-_DIGITS:]}",
        name=f"{dataset} attacks",
        group=sweep.group,
        tags=(dataset, "attacks"),
        config={"dataset": dataset, "methods": [sweep.name_of(each) for each in runs], "columns": attacks},
    )
    contents = digest(
        "tracked attacks", project=config.project, mode=config.mode, name=tracked.name,
        rows=[{name: repr(value) for name, value in row.items()} for rows in findings.tables.values() for row in rows],
    )  # fmt: skip
    receipt = results / config.name / "tracked" / f"{tracked.id}.json"
    if (read_object(receipt) or {}).get("contents") == contents:
        print(f"tracker={config.name} has the attack matrix already; it is not written again", file=sys.stderr)
        return
    tracker = open_tracker(config, results)
    if tracker is not None and hand_over(tracker, config.name, tracked, findings) is Arrived.ALL:
        write_json(receipt, {"contents": contents, "group": tracked.group, "name": tracked.name, "mode": config.mode})


def _rows(text: str) -> list[TableRow]:
    """Rows of a CSV file, its numbers as such; columns that hold any text hold texts."""
    lines = list(csv.DictReader(io.StringIO(text)))
    numeric = {name for name in (lines[0] if lines else {}) if all(_is_number(line[name]) for line in lines)}
    return [
        {name: (float(value) if value else None) if name in numeric else value for name, value in line.items()}
        for line in lines
    ]


def _is_number(text: str) -> bool:
    try:
        float(text or 0)
    except ValueError:
        return False
    return True

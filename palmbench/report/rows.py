"""Tidy rows: one number each, with all that says what it is a number of."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from palmbench.report.names import same
from palmbench.report.paper import Cell, PaperValue, paper_values
from palmbench.scoring.metric_table import METRICS
from palmbench.scoring.number import Number
from recognizers.common.errors import RequestError

COLUMNS = (
    "dataset", "method", "fusion", "alpha", "recognizer", "metric", "value", "std", "lo", "hi", "n", "failed", "paper",
)  # fmt: skip
SEED_COLUMNS = ("seeds", "seed_std")
_PAPER_VARIANTS = {"mtcc": "yan", "ccnet": "full", "eehnet": "full"}


@dataclass(frozen=True, kw_only=True)
class Row(Number):
    """One number of one run; percentages where the paper has them.

    Attributes
    ----------
    cell : Cell
        What it is of. Image quality and usability have no recognizer, baselines no fusion and no alpha.
    paper : PaperValue or None
        The paper's number for the same cell.
    """

    cell: Cell
    paper: PaperValue | None = None


def rows_of(records: Iterable[Mapping[str, Any]], paper: Mapping[Cell, PaperValue] | None = None) -> list[Row]:
    """Rows of the runs' `metrics.json`, the paper's numbers attached.

    Parameters
    ----------
    records : iterable of mapping
        Contents of `runs/<key>/metrics.json` as `Run.result` gives them, in the order of the rows. Runs that differ
        only in the recognizer measure the same image quality: it is kept once.
    paper : mapping, optional
        The paper's numbers; those of `results/paper` unless given.

    Raises
    ------
    RequestError
        If two runs have different numbers for one recognizer on one data set, and nothing in their points tells why.
    """
    numbers = paper_values() if paper is None else paper
    rows: dict[Cell, Row] = {}
    for record in records:
        point = record["point"]
        for metric, number in record["metrics"].items():
            cell = _cell(point, metric)
            row = Row(**vars(number), cell=cell, paper=numbers.get(cell))
            if not same(rows.setdefault(cell, row), row) and cell.recognizer:
                raise RequestError(
                    f"Two runs of {cell.method} on {cell.dataset}, {cell.recognizer}, differ in {metric} and would be "
                    "one row; take their settings one by one."
                )
    return list(rows.values())


def recognizer_name(point: Mapping[str, Any]) -> str:
    """A recognizer as tables name it: its name, and its variant unless that is the one the paper used."""
    name, variant = point.get("recognizer") or "", point.get("variant")
    return name if not variant or _PAPER_VARIANTS.get(name, variant) == variant else f"{name}-{variant}"


def to_csv(rows: Iterable[Row]) -> str:
    """The rows as CSV with the columns `COLUMNS`; an empty field is a number that there is not.

    Where several run seeds were merged, `SEED_COLUMNS` follow.
    """
    rows = list(rows)
    merged = any(row.seeds > 1 for row in rows)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*COLUMNS, *(SEED_COLUMNS if merged else ())])
    for row in rows:
        numbers = (row.cell.alpha, row.value, row.std, row.lo, row.hi, row.paper.value if row.paper else None)
        alpha, value, std, lo, hi, paper = map(_plain, numbers)
        what = (row.cell.dataset, row.cell.method, row.cell.fusion, alpha, row.cell.recognizer, row.cell.metric)
        seeds = [row.seeds, _plain(row.seed_std)] if merged else []
        writer.writerow([*what, value, std, lo, hi, row.n, row.failed, paper, *seeds])
    return text.getvalue()


def _cell(point: Mapping[str, Any], metric: str) -> Cell:
    alpha = point.get("alpha")
    return Cell(
        dataset=point["dataset"],
        method=point["method"],
        fusion=point.get("fusion") or "",
        alpha=None if alpha is None else round(float(alpha), 12),
        recognizer=recognizer_name(point) if METRICS[metric].family == "recognition" else "",
        metric=metric,
    )


def _plain(value: float | None) -> str:
    return "" if value is None else format(value, ".10g")

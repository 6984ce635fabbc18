"""Tidy rows: one number each, with all that says what it is a number of."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from palmbench.report.labels import RECOGNITION_METRICS
from palmbench.report.paper import Cell, PaperValue, paper_values

COLUMNS = (
    "dataset", "method", "fusion", "alpha", "recognizer", "metric", "value", "std", "lo", "hi", "n", "failed", "paper",
)  # fmt: skip
SEED_COLUMNS = ("seeds", "seed_std")
_PAPER_VARIANTS = {"mtcc": "yan", "ccnet": "full", "eehnet": "full"}


@dataclass(frozen=True)
class Row:
    """One number of one run.

    Attributes
    ----------
    cell : Cell
        What it is of. Image quality and usability have no recognizer, baselines no fusion and no alpha.
    value, std, lo, hi : float or None
        Value, population standard deviation over images, and ends of the 95 % interval; percentages where the
        paper has them. A value of None was not measured, and `missing` says what would be needed.
    n, failed : int
        Samples that the number is over, and samples that failed.
    paper : PaperValue or None
        The paper's number for the same cell.
    note : str or None
        What to mind in reading the number.
    seeds : int
        Run seeds that it is the mean of.
    seed_std : float or None
        Standard deviation between them; None for a single one.
    """

    cell: Cell
    value: float | None
    std: float | None
    lo: float | None
    hi: float | None
    n: int
    failed: int
    missing: str | None = None
    paper: PaperValue | None = None
    note: str | None = None
    seeds: int = 1
    seed_std: float | None = None


def rows_of(records: Iterable[Mapping[str, Any]], paper: Mapping[Cell, PaperValue] | None = None) -> list[Row]:
    """Rows of the runs' `metrics.json`, the paper's numbers attached.

    Parameters
    ----------
    records : iterable of mapping
        Contents of `runs/<key>/metrics.json`, in the order of the rows. Runs that differ only in the recognizer
        measure the same image quality: it is kept once.
    paper : mapping, optional
        The paper's numbers; those of `results/paper` unless given.
    """
    numbers = paper_values() if paper is None else paper
    rows: dict[Cell, Row] = {}
    for record in records:
        point = record["point"]
        for metric, found in record["metrics"].items():
            cell = _cell(point, metric)
            if cell not in rows:
                rows[cell] = Row(
                    cell,
                    value=_number(found.get("value")),
                    std=_number(found.get("std")),
                    lo=_number(found.get("lo")),
                    hi=_number(found.get("hi")),
                    n=int(found.get("n") or 0),
                    failed=int(found.get("failed") or 0),
                    missing=found.get("missing"),
                    paper=numbers.get(cell),
                    note=found.get("note"),
                    seeds=int(found.get("seeds") or 1),
                    seed_std=_number(found.get("seed_std")),
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
        recognizer=recognizer_name(point) if metric in RECOGNITION_METRICS else "",
        metric=metric,
    )


def _number(value: Any) -> float | None:
    # JSON has no infinity; a strict writer stores the PSNR of untouched photos as text.
    number = None if value is None else float(value)
    return None if number is None or math.isnan(number) else number


def _plain(value: float | None) -> str:
    return "" if value is None else format(value, ".10g")

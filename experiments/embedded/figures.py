"""A figure and its bound, and the report that figures are kept in."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from palmbench.base.outputs import put_result

COLUMNS = ("section", "figure", "value", "unit", "low", "high", "holds", "n", "timed", "note", "world")
HEADINGS = ("figure", "value", "bound", "holds", "n", "note")
_WORDS = {True: "yes", False: "NO", None: ""}


class Figure(NamedTuple):
    """One measured number beside what it must be.

    Attributes
    ----------
    name : str
    value : float
        NaN if it was left out; then `note` says why.
    unit : str
        As written after the number, such as "%" or "ms".
    low, high : float or None
        Least and greatest value that is allowed, both included; None where there is no such bound.
    n : int
        Photos, pairs or files that the value is over.
    note : str
    timed : bool
        Whether the value depends on the machine. All others depend on code, weights and options only.
    """

    name: str
    value: float
    unit: str = ""
    low: float | None = None
    high: float | None = None
    n: int = 0
    note: str = ""
    timed: bool = False

    @property
    def holds(self) -> bool | None:
        """Whether the value keeps its bound; None without one."""
        if self.low is None and self.high is None:
            return None
        return (self.low is None or self.value >= self.low) and (self.high is None or self.value <= self.high)

    @property
    def bound(self) -> str:
        """The bound in words, empty without one."""
        if self.low is not None and self.high is not None:
            return f"{self.low:.4g} to {self.high:.4g}"
        if self.low is not None:
            return f">= {self.low:.4g}"
        return f"<= {self.high:.4g}" if self.high is not None else ""

    @property
    def texts(self) -> tuple[str, ...]:
        """The figure as the cells of a table row, in the order of `HEADINGS`."""
        value = "-" if math.isnan(self.value) else f"{self.value:.4g} {self.unit}".strip()
        note = "; ".join(part for part in ("timed" if self.timed else "", self.note) if part)
        return (self.name, value, self.bound, _WORDS[self.holds], str(self.n) if self.n else "", note)


class Row(NamedTuple):
    """A figure, the section that it belongs to, and the digest of the world that it was measured in."""

    section: str
    figure: Figure
    world: str


def line(texts: Sequence[str]) -> str:
    """Cells of a table row as a line of a terminal."""
    name, value, bound, holds, n, note = texts
    return f"{name:<60} {value:>13} {bound:>14} {holds:<5} {n:>7}  {note}".rstrip()


def summary(figures: Iterable[Figure]) -> str:
    """How many figures hold, in a sentence."""
    figures = list(figures)
    bound = [figure.holds for figure in figures if figure.holds is not None]
    left_out = sum(math.isnan(figure.value) and figure.holds is None for figure in figures)
    return f"{sum(bound)} of {len(bound)} hold" + (f", {left_out} left out" if left_out else "")


def to_csv(rows: Iterable[Row]) -> str:
    """Rows as CSV with the columns `COLUMNS`; numbers in full."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for section, figure, world in rows:
        bounds = ["" if bound is None else repr(float(bound)) for bound in (figure.low, figure.high)]
        holds = _WORDS[figure.holds].lower()
        cells = [section, figure.name, repr(float(figure.value)), figure.unit, *bounds, holds, figure.n]
        writer.writerow([*cells, int(figure.timed), figure.note, world])
    return text.getvalue()


def from_csv(text: str) -> list[Row]:
    """Rows of `to_csv`."""
    rows = []
    for cells in csv.DictReader(io.StringIO(text)):
        low, high = (float(cells[name]) if cells[name] else None for name in ("low", "high"))
        figure = Figure(
            cells["figure"],
            float(cells["value"]),
            cells["unit"],
            low,
            high,
            int(cells["n"]),
            cells["note"],
            cells["timed"] == "1",
        )
        rows.append(Row(cells["section"], figure, cells["world"]))
    return rows


def to_markdown(rows: Sequence[Row]) -> str:
    """Rows as a Markdown table a section, the summary first."""
    parts = [f"{summary(row.figure for row in rows)}.\n"]
    for section in dict.fromkeys(row.section for row in rows):
        lines = [
            f"**{section}**",
            "",
            _markdown_row(HEADINGS),
            _markdown_row([":--", "--:", "--:", ":--", "--:", ":--"]),
        ]
        lines += [_markdown_row(row.figure.texts) for row in rows if row.section == section]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _markdown_row(texts: Sequence[str]) -> str:
    return f"| {' | '.join(text.replace('|', chr(92) + '|') for text in texts)} |"


def keep(path: Path, section: str, figures: Sequence[Figure], world: str, order: Sequence[str]) -> None:
    """Put a section's figures into the report at `path` (.csv) and beside it (.md), each written at once.

    Sections that an earlier run measured in the same world stay; those of another world are dropped.

    Parameters
    ----------
    path : Path
        The CSV file.
    section : str
    figures : sequence of Figure
    world : str
        Digest of whatever the figures depend on.
    order : sequence of str
        All sections, in the order of the report.
    """
    before = from_csv(path.read_text(encoding="utf-8")) if path.is_file() else []
    kept = [row for row in before if row.world == world and row.section != section and row.section in order]
    rows = sorted(
        [*kept, *(Row(section, figure, world) for figure in figures)], key=lambda row: order.index(row.section)
    )
    put_result(path, to_csv(rows).encode())
    put_result(path.with_suffix(".md"), to_markdown(rows).encode())

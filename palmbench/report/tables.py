"""The arrangement of a table: which number stands where, as plain data for the writers of Markdown and LaTeX."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from palmbench.report.labels import dataset_label
from palmbench.report.paper import Cell
from palmbench.report.rows import Row
from palmbench.scoring.metric_table import (
    METRICS,
    Metric,
)

NOTHING = "–"
SYNTHETIC = "Synthetic hands, not the paper's data."


class Setting(NamedTuple):
    """One way to de-identify, as a row of a table; baselines have neither fusion nor alpha."""

    label: str
    method: str
    fusion: str = ""
    alpha: float | None = None


class RecognizerColumns(NamedTuple):
    """The columns of one recognizer: its name in the tidy rows, its heading, and its metrics."""

    name: str
    label: str
    metrics: tuple[str, ...]


@dataclass(frozen=True)
class TableSpec:
    """A table, most often one of the paper.

    Attributes
    ----------
    number : int or None
        In the paper; None of a table that is not in it.
    caption : str
    axis : {"dataset", "setting"}
        What a segment is: every setting on one data set, or a group of settings on the table's one data set.
    segments : tuple of tuple of Setting
        Settings between two rules, in order. On the axis "dataset" there is one such tuple, repeated for each.
    groups : tuple of RecognizerColumns
        Columns. A recognizer without a single row is left out, so a table may list those yet to come; one that has
        rows and is not listed follows with the metrics of the first. A group with the name "" holds metrics that no
        recognizer has a part in.
    also : tuple of str
        Metrics that the CSV holds besides those in the columns.
    attacks : tuple of str
        Recognizers whose runs the table is drawn from, unless the user says otherwise.
    """

    number: int | None
    caption: str
    axis: Literal["dataset", "setting"]
    segments: tuple[tuple[Setting, ...], ...]
    groups: tuple[RecognizerColumns, ...]
    also: tuple[str, ...] = ()
    attacks: tuple[str, ...] = ("mtcc",)


class Entry(NamedTuple):
    """One number in its place; `row` is None where nothing was computed, and a remark follows it in parentheses."""

    row: Row | None
    metric: Metric
    best: bool = False
    remark: str = ""

    @property
    def value(self) -> float | None:
        return self.row.value if self.row else None


class Line(NamedTuple):
    """A line of the table: data set and setting, its entries, and the samples they are over.

    `place` is what its cells have in common: data set, method, fusion and alpha.
    """

    dataset: str
    setting: str
    entries: tuple[Entry, ...]
    n: str
    failed: str
    place: tuple[str, str, str, float | None]


class Column(NamedTuple):
    """A column of numbers: the recognizer it belongs to (or ""), and its metric."""

    group: str
    metric: Metric


@dataclass(frozen=True)
class Table:
    """A table ready to be written: segments of lines, columns, caption, and notes to print below it.

    `intervals` says whether they are printed; the rows have them in any case.
    """

    number: int | None
    caption: str
    axis: str
    columns: tuple[Column, ...]
    segments: tuple[tuple[Line, ...], ...]
    notes: tuple[str, ...]
    rows: tuple[Row, ...]
    intervals: bool = True

    @property
    def title(self) -> str:
        """As `Table 5.`; empty of a table that is not the paper's."""
        return "" if self.number is None else f"Table {self.number}."


def arrange(
    spec: TableSpec,
    rows: Iterable[Row],
    datasets: Sequence[str],
    notes: Sequence[str] = (),
    intervals: bool = True,
) -> Table:
    """Put rows in their places.

    Parameters
    ----------
    spec : TableSpec
    rows : iterable of Row
        May hold more than the table shows, and less: what is absent is printed as a dash.
    datasets : sequence of str
        Data sets of the table, in order; on the axis "setting" exactly one.
    notes : sequence of str
        Sentences to print before the notes that the arrangement makes.
    intervals : bool
        Whether intervals are printed.

    Returns
    -------
    Table
        In each segment the best value of a column is marked, ties in print included, where there are two or more;
        of DIR, whose ideal is 100 %, the nearest to it. What `may_be_best` rules out is not.
    """
    found = {row.cell: row for row in rows}
    groups = _present(spec, found)
    columns = [(group, metric) for group in groups for metric in group.metrics if _has_column(metric, group, found)]
    if spec.axis == "dataset":
        plan = [[(dataset, setting) for setting in spec.segments[0]] for dataset in datasets]
    else:
        plan = [[(datasets[0], setting) for setting in segment] for segment in spec.segments]
    segments = tuple(_with_best([_line(found, *place, columns) for place in segment]) for segment in plan)
    shown = _rows_of_table(found, [place for segment in plan for place in segment], groups, spec.also)
    caption = spec.caption if spec.axis == "dataset" else f"{spec.caption} Data set: {dataset_label(datasets[0])}."
    if "synth" in datasets:
        whose = "" if set(datasets) == {"synth"} else f"{dataset_label('synth')}: "
        caption = f"{caption} {whose}{SYNTHETIC}"
    return Table(
        number=spec.number,
        caption=caption,
        axis=spec.axis,
        columns=tuple(Column(group.label, METRICS[metric]) for group, metric in columns),
        segments=segments,
        notes=(*notes, *_notes(segments, shown, {group.name: group.label for group in groups}, intervals)),
        rows=tuple(shown),
        intervals=intervals,
    )


def may_be_best(row: Row) -> bool:
    """Whether a number is a merit: one of photos that all failed is not, however good it looks.

    A rejection rate of 100 % because no photo has a hand any more says nothing of the method.
    """
    scored = row.n - row.failed if METRICS[row.cell.metric].counts_failures else row.n
    return row.value is not None and scored > 0


def number_text(value: float | None, decimals: int) -> str:
    """A number as printed: fixed decimals, ∞, or a dash."""
    if value is None:
        return NOTHING
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    return f"{value:.{decimals}f}"


def entry_texts(entry: Entry, intervals: bool = True) -> tuple[str, str]:
    """Our number with its spread or interval, and the paper's with ours less it.

    The first may be empty of meaning ("–"), the second absent (""). A remark stands in the place of the paper's number.
    """
    row, decimals = entry.row, entry.metric.decimals
    if row is None or row.value is None:
        ours = NOTHING
    elif row.std is not None:
        ours = f"{number_text(row.value, decimals)} ± {number_text(row.std, decimals)}"
    elif intervals and row.lo is not None and row.hi is not None:
        ours = f"{number_text(row.value, decimals)} [{number_text(row.lo, decimals)}, {number_text(row.hi, decimals)}]"
    else:
        ours = number_text(row.value, decimals)
    if row is not None and row.value is not None and row.seed_std is not None:
        ours += f", {seed_text(row.seed_std, decimals)}"
    if row is None or row.paper is None:
        return ours, entry.remark
    theirs = number_text(row.paper.value, decimals)
    if row.paper.std is not None:
        theirs += f" ± {number_text(row.paper.std, decimals)}"
    if row.value is not None:
        theirs += f"; {difference_text(row.value, row.paper.value, decimals)}"
    return ours, theirs


def seed_text(deviation: float, decimals: int) -> str:
    """Standard deviation between run seeds."""
    return f"σ {number_text(deviation, decimals)}"


def difference_text(ours: float, papers: float, decimals: int) -> str:
    """Ours less the paper's number, with its sign."""
    difference = round(ours - papers, decimals) + 0.0  # no negative zero
    return f"{difference:+.{decimals}f}" if math.isfinite(difference) else number_text(difference, decimals)


def _present(spec: TableSpec, found: dict[Cell, Row]) -> list[RecognizerColumns]:
    """The groups of columns that there is something to put into."""
    present = {cell.recognizer: None for cell in found}
    groups = [group for group in spec.groups if not group.name or group.name in present]
    if all(group.name for group in spec.groups):
        listed = {group.name for group in spec.groups}
        metrics = spec.groups[0].metrics
        groups += [RecognizerColumns(name, name, metrics) for name in present if name and name not in listed]
    return groups or list(spec.groups[:1])


def _has_column(metric: str, group: RecognizerColumns, found: dict[Cell, Row]) -> bool:
    """Whether a metric is printed: a column of dashes is, unless the metric is optional or another one stands in."""

    def numbers(of: str) -> bool:
        rows = [row for cell, row in found.items() if (cell.recognizer, cell.metric) == (group.name, of)]
        return any(row.value is not None or row.paper is not None for row in rows)

    stand_ins = (name for name, other in METRICS.items() if other.stands_in_for == metric)
    return numbers(metric) or not (METRICS[metric].optional or any(map(numbers, stand_ins)))


def _line(found: dict[Cell, Row], dataset: str, setting: Setting, columns: list[tuple[RecognizerColumns, str]]) -> Line:
    place = (dataset, setting.method, setting.fusion, setting.alpha)
    entries = tuple(Entry(found.get(Cell(*place, group.name, metric)), METRICS[metric]) for group, metric in columns)
    measured = [entry.row for entry in entries if entry.row is not None and entry.row.value is not None]
    sizes = sorted({row.n for row in measured})
    n = NOTHING if not sizes else str(sizes[0]) if len(sizes) == 1 else f"{sizes[0]}–{sizes[-1]}"
    failed = str(max(row.failed for row in measured)) if measured else NOTHING
    return Line(dataset_label(dataset), setting.label, entries, n, failed, place)


def _with_best(lines: list[Line]) -> tuple[Line, ...]:
    marked = [list(line.entries) for line in lines]
    for column in range(len(marked[0]) if marked else 0):
        metric = marked[0][column].metric
        printed = {
            index: round(value, metric.decimals)
            for index, entries in enumerate(marked)
            if (row := entries[column].row) is not None and (value := row.value) is not None and may_be_best(row)
        }
        if len(printed) > 1:
            best = min(map(metric.badness, printed.values()))
            for index, value in printed.items():
                if metric.badness(value) == best:
                    marked[index][column] = marked[index][column]._replace(best=True)
    return tuple(line._replace(entries=tuple(entries)) for line, entries in zip(lines, marked, strict=True))


def _rows_of_table(
    found: dict[Cell, Row],
    places: list[tuple[str, Setting]],
    groups: list[RecognizerColumns],
    also: tuple[str, ...],
) -> list[Row]:
    cells = (
        Cell(dataset, setting.method, setting.fusion, setting.alpha, group.name, metric)
        for dataset, setting in places
        for group in groups
        for metric in (*group.metrics, *also)
    )
    return [found[cell] for cell in cells if cell in found]


def _notes(
    segments: Sequence[Sequence[Line]], rows: Sequence[Row], groups: Mapping[str, str], intervals: bool
) -> list[str]:
    lines = [line for segment in segments for line in segment]
    texts = [entry_texts(entry, intervals) for line in lines for entry in line.entries]
    notes = []
    if any("[" in ours for ours, _ in texts):
        notes.append("In brackets: 95 % intervals, over persons.")
    if any("σ" in ours for ours, _ in texts):
        notes.append("After σ: standard deviation between run seeds; intervals span those of the seeds.")
    metrics = [entry.metric for line in lines for entry in line.entries]
    ideals = {metric.label: metric.ideal for metric in metrics if metric.ideal}
    notes += [f"Of {name} the nearest to {ideal:g} % is the best." for name, ideal in ideals.items()]
    if any("±" in ours for ours, _ in texts):
        notes.append("After ±: standard deviation over images; the CSV holds the intervals.")
    if any(theirs for _, theirs in texts):
        notes.append("In parentheses: the paper's number, and ours less it.")
    notes += _not_measured(rows, groups)
    remarks = {(METRICS[row.cell.metric].label, row.note): None for row in rows if row.note}
    notes += [f"{name}: {remark}." for name, remark in remarks]
    return notes + _not_computed(lines, {row.cell for row in rows}, groups)


def _not_measured(rows: Sequence[Row], groups: Mapping[str, str]) -> list[str]:
    """A sentence for each thing that is wanting: which metrics it takes away, and of which recognizers."""
    wanting: dict[str, dict[str, dict[str, None]]] = {}
    for row in rows:
        if row.value is None and row.missing:
            found = wanting.setdefault(row.missing, {}).setdefault(row.cell.metric, {})
            found[groups.get(row.cell.recognizer, "")] = None
    attacks = {label for name, label in groups.items() if name}
    notes = []
    for what, metrics in wanting.items():
        names = []
        for metric, whose in metrics.items():
            if metric.removesuffix("_without_failures") in metrics and metric.endswith("_without_failures"):
                continue  # it goes with the rate that it is a part of
            everyone = "" in whose or (attacks <= set(whose) and len(attacks) > 1)
            name = METRICS[metric].label
            names.append(name if everyone else f"{name} with {', '.join(whose)}")
        notes.append(f"Not measured for want of {what}: {'; '.join(names)}.")
    return notes


def _not_computed(lines: Sequence[Line], cells: Iterable[Cell], groups: Mapping[str, str]) -> list[str]:
    """Lines without any run, and recognizers that have no run for a line that others have."""
    absent = [f"{line.setting} ({line.dataset})" for line in lines if not _computed(line)]
    notes = [f"Not computed: {', '.join(absent)}."] if absent else []
    there = {(cell.recognizer, cell.dataset, cell.method, cell.fusion, cell.alpha) for cell in cells}
    for name, label in groups.items():
        without = [
            f"{line.setting} ({line.dataset})" for line in lines if _computed(line) and (name, *line.place) not in there
        ]
        if without:
            notes.append(f"Not computed with {label}: {', '.join(without)}.")
    return notes


def _computed(line: Line) -> bool:
    return any(entry.row is not None for entry in line.entries)

"""What photos disclose beside identity: a short table of a method, and methods side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from palmbench.engine.attack_record import Disclosure
from palmbench.report.attack_table import CHANCE
from palmbench.report.labels import dataset_label
from palmbench.report.paper import Cell
from palmbench.report.plain_table import aligned, column_of
from palmbench.report.rows import Row
from palmbench.report.tables import NOTHING, SYNTHETIC, Column, Entry, Line, Table
from palmbench.scoring.disclosure_table import DISCLOSED
from palmbench.scoring.metric_table import Metric
from palmbench.scoring.number import Number

_SHARE = Metric("share", "found", "", False, "recognition", "%", 1, failures="")


def disclosure_lines(disclosed: Sequence[Disclosure]) -> list[str]:
    """What one point discloses beside identity as plain text: a line a number, beside what a guess gets.

    Parameters
    ----------
    disclosed : sequence of Disclosure
        At least one.
    """
    content = disclosed[0].content
    point, people = content["point"], content["people"]
    rows = [(each, name) for each in disclosed for name in each.numbers]
    found, guess = ([side(each)[name] for each, name in rows] for side in (_numbers, _by_chance))
    names = [f"{each.called}: {DISCLOSED[name].heading}" for each, name in rows]
    knows = ["knows", *(str(each.content["knowledge"]) for each, _ in rows)]
    columns = [knows, _column("found", found), _column(CHANCE, guess)]
    title = (
        f"{point['method']} {point['setting']}".strip()
        + f" on {point['dataset']}, beside identity: {people['evaluated']} persons evaluated"
    )
    notes = [f"{name.rsplit(' ', 1)[0]}: wants {number.missing}." for name, number in zip(names, found, strict=True)
             if number.value is None]  # fmt: skip
    notes += dict.fromkeys(f"{each.called}: {note}." for each, name in rows if (note := each.numbers[name].note))
    return ["", title, *aligned(["disclosure", *names], columns), *notes]


def disclosure_matrix(
    methods: Mapping[str, Sequence[Disclosure]], dataset: str, left_out: tuple[str, ...] = ()
) -> Table:
    """Methods against disclosures as a table; the rows, for the CSV, have what a guess gets as well.

    Parameters
    ----------
    methods : mapping of str to sequence of Disclosure
        By a method with its settings, what it discloses on the data set.
    dataset : str
    left_out : tuple of str
        What could not be looked for, and why, a sentence each.
    """
    places = dict.fromkeys((each.called, name) for found in methods.values() for each in found for name in each.numbers)
    lines, rows = [], []
    for method, found in methods.items():
        own = _rows(found, dataset, method)
        rows += own
        cells = {(row.cell.recognizer, row.cell.metric): row for row in own}
        n = [row.n for row in own if row.value is not None and row.n]
        entries = tuple(Entry(cells.get(place), DISCLOSED[place[1]]) for place in places)
        failed = str(max((row.failed for row in own), default=0))
        span = "–".join(map(str, dict.fromkeys((min(n), max(n))))) if n else NOTHING
        lines.append(Line(dataset_label(dataset), method, entries, span, failed, (dataset, method, "", None)))
    synthetic = f" {SYNTHETIC}" if dataset == "synth" else ""
    return Table(
        number=None,
        caption="What photos disclose beside identity, %. The arrow points to better privacy, and at what is kept to "
        f"better utility. Data set: {dataset_label(dataset)}.{synthetic}",
        axis="setting",
        columns=tuple(
            Column("", replace(DISCLOSED[name], label=f"{called}: {DISCLOSED[name].label}")) for called, name in places
        ),
        segments=(tuple(lines),),
        notes=("In brackets: 95 % intervals over persons.", *left_out),
        rows=tuple(rows),
    )


def _rows(found: Sequence[Disclosure], dataset: str, method: str) -> list[Row]:
    sides = ((_numbers, ""), (_by_chance, f"{CHANCE}: "))
    return [
        Row(**vars(number), cell=Cell(dataset, method, "", None, before + each.called, name))
        for numbers, before in sides
        for each in found
        for name, number in numbers(each).items()
    ]


def _numbers(each: Disclosure) -> dict[str, Number]:
    return each.numbers


def _by_chance(each: Disclosure) -> dict[str, Number]:
    return each.by_chance


def _column(label: str, numbers: Sequence[Number]) -> list[str]:
    # Each line has an arrow of its own.
    first, *cells = column_of(replace(_SHARE, label=label), numbers)
    return ["\n".join([*first.splitlines()[:-1], "%"]), *cells]

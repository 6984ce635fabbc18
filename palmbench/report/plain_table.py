"""Tables of numbers as plain text: columns under headings of several lines, intervals in brackets."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from itertools import zip_longest

from palmbench.report.tables import NOTHING, number_text
from palmbench.scoring.metric_table import Metric
from palmbench.scoring.number import Number


def column_of(metric: Metric, numbers: Sequence[Number | None]) -> list[str]:
    """A metric's numbers below its heading: the label, broken where the numbers are shorter, and unit and arrow."""
    decimals = _decimals(metric, [number for number in numbers if number])
    cells = [_cell(number, decimals) for number in numbers]
    unit = f"{metric.unit} {metric.heading[-1]}".strip()
    room = max(map(len, [*cells, unit, *metric.label.split()]))
    return ["\n".join([*textwrap.wrap(metric.label, room), unit]), *cells]


def _decimals(metric: Metric, numbers: Sequence[Number]) -> int:
    """As many as the narrowest interval of a column leaves a meaning, at most those of the metric."""
    ends = [(number.lo, number.hi) for number in numbers]
    margin = min((hi - lo for lo, hi in ends if lo is not None and hi is not None and lo < hi), default=0.0) / 2
    return min(metric.decimals, max(0, -math.floor(math.log10(margin)))) if margin else metric.decimals


def _cell(number: Number | None, decimals: int) -> str:
    if number is None:
        return NOTHING
    # Plus zero, lest a small negative number be printed as -0.
    value, *ends = (
        number_text(None if each is None else round(each, decimals) + 0.0, decimals)
        for each in (number.value, number.lo, number.hi)
    )
    return value if number.lo is None else f"{value} [{','.join(ends)}]"


def width_of(column: Sequence[str]) -> int:
    """Characters of the widest line of a column."""
    return max(len(line) for cell in column for line in cell.splitlines())


def aligned(names: Sequence[str], columns: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a table: names on the left, their heading first, and columns with theirs."""
    # Headings of several lines end on the same one.
    heads = list(zip_longest(*(reversed(column[0].splitlines()) for column in columns), fillvalue=""))
    rows = [*reversed(heads), *zip(*(column[1:] for column in columns), strict=True)]
    first = [*[""] * (len(rows) - len(names)), *names]
    wide, widths = max(map(len, names)), [width_of(column) for column in columns]
    return [
        "  ".join([name.ljust(wide), *(text.rjust(width) for text, width in zip(row, widths, strict=True))]).rstrip()
        for name, row in zip(first, rows, strict=True)
    ]

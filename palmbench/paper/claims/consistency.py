"""Whether the paper's tables agree with one another, and its rates with the sizes of its data sets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from palmbench.report.paper import read_table

# The ablation's row α=0.1 is the setting of Tables II to IV.
_PAIRS = ((2, 5), (3, 6), (4, 7))
_RATE_TABLES, _RATES = (2, 5), ("rr", "acc")
_WHERE = ("dataset", "method", "fusion", "alpha", "recognizer", "metric")
_HALF_DIGIT = 0.005 + 1e-9


class Check(NamedTuple):
    """One check of the paper against itself: what it says, whether it does, and what was found."""

    statement: str
    agrees: bool
    found: str


def checks(folder: Path) -> Iterator[Check]:
    """All checks on a folder with the tidy copies table1.csv to table7.csv."""
    tables = {number: read_table(folder, number) for number in range(1, 8)}
    for first, second in _PAIRS:
        yield _same(first, tables[first], second, tables[second])
    for row in tables[1]:
        rates = sorted(
            {
                float(rate["value"])
                for number in _RATE_TABLES
                for rate in tables[number]
                if rate["dataset"] == row["dataset"] and rate["metric"] in _RATES
            }
        )
        yield _counts(row["name"], int(row["samples"]), rates)


def sizes(rates: Sequence[float], most: int) -> list[int]:
    """Numbers of photos, up to `most`, of which every rate (in percent, two decimals) can be a whole count."""
    return [
        size
        for size in range(1, most + 1)
        if all(abs(100 * round(rate * size / 100) / size - rate) <= _HALF_DIGIT for rate in rates)
    ]


def _counts(name: str, samples: int, rates: Sequence[float]) -> Check:
    statement = f"{name}'s rejection rates and accuracies are counts over its {samples} photos (Tables I, II, V)"
    fitting = sizes(rates, samples)
    if samples in fitting:
        return Check(statement, True, f"{len(rates)} rates fit")
    if fitting:
        return Check(statement, False, f"they fit {fitting[-1]} photos at most")
    return Check(statement, False, "they fit no number of photos up to that: not all are over the same photos")


def _same(first: int, one: list[dict[str, str]], second: int, other: list[dict[str, str]]) -> Check:
    values = {_where(row): _number(row) for row in one}
    shared = [row for row in other if _where(row) in values]
    different = [row for row in shared if values[_where(row)] != _number(row)]
    statement = f"Tables {first} and {second} give the same numbers for their common setting"
    found = f"{len(shared) - len(different)} of {len(shared)} are equal"
    return Check(statement, not different, found)


def _where(row: dict[str, str]) -> tuple[str, ...]:
    return tuple(row[name] for name in _WHERE)


def _number(row: dict[str, str]) -> tuple[float, str]:
    return float(row["value"]), row["std"]

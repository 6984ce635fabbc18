"""The paper's own numbers, from the tidy copies of its tables."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from palmbench.base.paths import paper_dir

TABLES = (2, 3, 4, 5, 6, 7)

# The paper has one "Acc."; its numbers tell which kind (see `results/paper`): a hand-crafted code and a feature
# network score by the nearest original, CCNet by the classifier it was trained with.
_ACCURACY = {"mtcc": "acc_nn", "ccnet": "acc_cls", "eehnet": "acc_nn"}


class Cell(NamedTuple):
    """What a number is of: one row of the tidy tables without its value."""

    dataset: str
    method: str
    fusion: str
    alpha: float | None
    recognizer: str
    metric: str


class PaperValue(NamedTuple):
    """A number as printed in the paper, and its standard deviation where it gives one."""

    value: float
    std: float | None


@lru_cache(maxsize=1)
def paper_values() -> Mapping[Cell, PaperValue]:
    """Every number of Tables II to VII, by what it is of; metrics under palmbench's names."""
    return read_paper(paper_dir())


def read_paper(folder: Path) -> dict[Cell, PaperValue]:
    """The numbers in `folder`/table2.csv to table7.csv; tables that are not there are left out."""
    values: dict[Cell, PaperValue] = {}
    for number in TABLES:
        for row in read_table(folder, number):
            metric = _ACCURACY[row["recognizer"]] if row["metric"] == "acc" else row["metric"]
            alpha = float(row["alpha"]) if row["alpha"] else None
            cell = Cell(row["dataset"], row["method"], row["fusion"], alpha, row["recognizer"], metric)
            values[cell] = PaperValue(float(row["value"]), float(row["std"]) if row["std"] else None)
    return values


def read_table(folder: Path, number: int) -> list[dict[str, str]]:
    """The rows of `folder`/table<number>.csv as they are written; none where it is not there."""
    path = folder / f"table{number}.csv"
    if not path.is_file():
        return []
    with open(path, encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))

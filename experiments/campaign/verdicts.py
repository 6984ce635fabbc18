"""What became of a command in trouble: it ended right, silently wrong, with a traceback, or not at all."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from palmbench.base.status import CANNOT, DONE, SAMPLES_FAILED

MEMORY = 4096  # MiB that no command of a campaign has reason to take


class Verdict(Enum):
    """The columns of the campaign's table."""

    RIGHT = "right"
    WRONG = "silently wrong"
    TRACEBACK = "tracebacks"
    HANG = "hangs"


class Ended(NamedTuple):
    """How one command ended.

    `status` is None when it ran past the time limit, and negative when a signal ended it; `said` is all of stdout and
    stderr, and None when neither could be heard; `peak` is the most memory that it took, in MiB.
    """

    status: int | None
    said: str | None
    peak: float = 0


class Trial(NamedTuple):
    """One piece of trouble: what was done, what became of it, and why that is not right."""

    name: str
    verdict: Verdict
    why: str = ""


class Numbers(NamedTuple):
    """What a results folder holds of lasting value: the files of each run, by path, and the rows of its table."""

    files: dict[str, bytes]
    rows: frozenset[tuple[str, ...]]


def numbers(results: Path) -> Numbers:
    """`metrics.json` and `scores.parquet` of every run below `results`, and the rows of Table 2 if it was written."""
    files = {
        path.relative_to(results).as_posix(): path.read_bytes()
        for name in ("metrics.json", "scores.parquet")
        for path in results.glob(f"runs/*/{name}")
        if path.is_file()
    }
    table = results / "tables" / "table2.csv"
    rows = csv.reader(table.read_text(encoding="utf-8").splitlines()) if table.is_file() else ()
    return Numbers(files, frozenset(map(tuple, rows)))


def told(ends: Iterable[Ended]) -> tuple[Verdict, str]:
    """The first of some commands that did not end by itself with a status of the program's, and with a word if not 0.

    Status 1, a defect by the program's own account, counts as a traceback; so does a death by a signal. More memory
    than `MEMORY` counts as a hang: it stops a machine just the same.
    """
    for end in ends:
        if end.status is None:
            return Verdict.HANG, "ran past the time limit"
        if end.peak > MEMORY:
            return Verdict.HANG, f"took {end.peak:.0f} MiB"
        if end.status not in (DONE, CANNOT, SAMPLES_FAILED) or "Traceback (most recent call last)" in (end.said or ""):
            return Verdict.TRACEBACK, f"status {end.status}: {_tail(end.said)}"
        if end.status != DONE and end.said is not None and not end.said.strip():
            return Verdict.TRACEBACK, f"status {end.status} without a word"
    return Verdict.RIGHT, ""


def judged(name: str, ends: Sequence[Ended], expected: Numbers, found: Numbers) -> Trial:
    """The verdict on commands of which the last leaves `found`, where an undisturbed run leaves `expected`.

    A last command that reports failure has told so, whatever it leaves; one that reports success must have left every
    file and every row of the table as expected.
    """
    verdict, why = told(ends)
    if verdict is not Verdict.RIGHT or ends[-1].status != DONE:
        return Trial(name, verdict, why)
    paths = sorted(expected.files.keys() | found.files.keys())
    if differing := [path for path in paths if found.files.get(path) != expected.files.get(path)]:
        return Trial(name, Verdict.WRONG, f"status 0, and other contents in {', '.join(differing)}")
    if others := sorted(found.rows ^ expected.rows):
        return Trial(name, Verdict.WRONG, f"status 0, and a row of the table differs: {','.join(others[0])}")
    return Trial(name, Verdict.RIGHT)


def judged_table(name: str, end: Ended, expected: Numbers, found: Numbers) -> Trial:
    """The verdict on a table of files that may be damaged: rows may be missing, which shows, but never be others."""
    verdict, why = told([end])
    if verdict is Verdict.RIGHT and (others := sorted(found.rows - expected.rows)):
        return Trial(name, Verdict.WRONG, f"a row of the table is {','.join(others[0])}")
    return Trial(name, verdict, why)


def _tail(said: str | None) -> str:
    return " / ".join((said or "").strip().splitlines()[-2:])[-300:]

"""`palmbench table N`: from the store to results/tables, computing first what is missing if asked to."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from palmbench.base.status import CANNOT
from palmbench.paper.gather import gather_table
from palmbench.paper.overrides import Request, read_request
from palmbench.paper.tables import TABLES
from palmbench.report.latex import to_latex
from palmbench.report.markdown import to_markdown
from palmbench.report.rows import to_csv
from palmbench.report.tables import Table
from recognizers.common.errors import RequestError


def table_command(numbers: Sequence[int], settings: Sequence[str], run: bool = False, intervals: bool = True) -> int:
    """Draw tables of the paper from finished runs, print them, and write them below `results_dir`/tables.

    Parameters
    ----------
    numbers : sequence of int
        Tables of the paper, 2 to 7.
    settings : sequence of str
        Settings for every run behind the tables, as `key=value`. `dataset=` picks the data sets; without it Tables
        II to IV take the synthetic hands and every set of the paper that is present, and Tables V to VII take IITD,
        for which the synthetic hands stand in. `recognizer=` picks the attacks in the same way; one whose weights
        are not there is left out, and a note says so.
    run : bool
        Compute what is missing first.
    intervals : bool
        Print them; the CSV has them in any case.

    Returns
    -------
    int
        Exit status: 0 done, 2 if a table has not a single finished run, 3 if samples failed in a run made here.

    Raises
    ------
    RequestError
        If there is no such table, or a setting is not understood.
    """
    for number in numbers:
        if number not in TABLES:
            raise RequestError(f"There is no table {number} to compute; there are {', '.join(map(str, TABLES))}.")
    request = read_request("A table", settings, seeds=True)
    return max((_draw(number, request, run, intervals) for number in numbers), default=0)


def write_table(table: Table, folder: Path, name: str) -> list[Path]:
    """Write NAME.csv, .md and .tex into `folder`, each at once; equal tables give equal bytes."""
    from palmbench.base.outputs import put_result

    texts = {"csv": to_csv(table.rows), "md": to_markdown(table), "tex": to_latex(table)}
    paths = []
    for suffix, text in texts.items():
        paths.append(folder / f"{name}.{suffix}")
        put_result(paths[-1], text.encode("utf-8"))
    return paths


def _draw(number: int, request: Request, run: bool, intervals: bool) -> int:
    gathered = gather_table(number, request, run, intervals)
    if gathered.table is None:
        command = " ".join(["palmbench table", str(number), "--run", *request.texts])
        count = len(gathered.points)
        print(f"palmbench: none of the {count} runs of table {number} is there; `{command}` computes them.",
              file=sys.stderr)  # fmt: skip
        return max(gathered.status, CANNOT)
    try:
        paths = write_table(gathered.table, Path(request.results_dir) / "tables", f"table{number}")
    finally:  # a store that others share may be there to read only
        print(to_markdown(gathered.table))
    print("\n".join(map(str, paths)))
    return gathered.status

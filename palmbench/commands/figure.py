"""`palmbench figure N`: from the store to results/figures, computing first what is missing if asked to."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from palmbench.base.status import CANNOT, DONE
from palmbench.paper.draw import draw_figure, figure_spec
from palmbench.paper.overrides import read_request


def figure_command(numbers: Sequence[int], settings: Sequence[str], run: bool = False) -> int:
    """Draw figures of the paper from what the store holds, and write them below `results_dir`/figures.

    Parameters
    ----------
    numbers : sequence of int
        Figures of the paper, 4 to 7.
    settings : sequence of str
        Settings for every run behind the figures, as `key=value`; see `palmbench.commands.table.table_command`.
    run : bool
        Compute what is missing first: for the figures of photos those that are shown, for Figure 5 whole runs.

    Returns
    -------
    int
        Exit status: 0 done, 2 if there is nothing to draw, 3 if samples failed.

    Raises
    ------
    RequestError
        If there is no such figure, a setting is not understood, or no data set's card allows its photos.
    """
    from palmbench.report.figures.style import write_figure

    methods = [name for number in numbers for name in figure_spec(number).methods]
    request = read_request("A figure", settings, methods)
    status = DONE
    for figure in (draw_figure(number, request, run) for number in numbers):
        if figure.drawing is None:
            print(f"palmbench: {' '.join(figure.notes)}", file=sys.stderr)
            status = max(status, figure.status, CANNOT)
            continue
        paths = write_figure(figure.drawing, f"figure{figure.number}", Path(request.results_dir) / "figures")
        print(f"Figure {figure.number}. {figure.caption}\n")
        print("\n".join(f"- {note}" for note in figure.notes), end="\n\n")
        print("\n".join(map(str, paths)))
        status = max(status, figure.status)
    return status

"""`palmbench report`: tables, figures, contact sheets, provenance and errors on one page, from the store."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from palmbench.base.outputs import put_result
from palmbench.paper.overrides import read_request
from palmbench.paper.page import compose_page, gather_results
from recognizers.common.errors import RequestError


def report_command(settings: Sequence[str], run: bool = False) -> int:
    """Write `results_dir`/report/index.html, a page that needs neither the network nor another file.

    Parameters
    ----------
    settings : sequence of str
        Settings for every run behind the page, as `key=value`; see `palmbench.commands.table.table_command`.
    run : bool
        Compute what is missing first.

    Returns
    -------
    int
        Exit status: 0 done, 3 if samples failed in a run made here.

    Raises
    ------
    RequestError
        If a setting is not understood, or the store has nothing to show.
    """
    request = read_request("The report", settings, seeds=True)
    results = gather_results(request, run)
    if not results.anything:
        again = " ".join(["palmbench report --run", *request.texts])
        raise RequestError(f"There is nothing to report: no run is finished; `{again}` computes them.")
    path = Path(request.results_dir) / "report" / "index.html"
    put_result(path, compose_page(results).encode("utf-8"))
    print(path)
    return results.status

"""`palmbench claims`: the paper's findings on finished runs, or on the paper's own tables."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

from palmbench.base.outputs import put_result
from palmbench.paper.claims.check import Checked, check_printed, check_runs
from palmbench.paper.claims.writing import counted, to_csv, to_markdown
from palmbench.paper.overrides import read_request
from recognizers.common.errors import RequestError
from recognizers.common.writing import write_json


def claims_command(settings: Sequence[str], run: bool = False, paper: bool = False) -> int:
    """Judge the paper's findings, print them, and write them below `results_dir`/tables.

    Parameters
    ----------
    settings : sequence of str
        Settings of every run, as `key=value`, with the meaning they have for `palmbench table`, several data sets
        among them; see `palmbench.paper.claims.check.check_runs`.
    run : bool
        Compute what is missing first.
    paper : bool
        Judge the paper's own tables instead of runs; the only setting is `results_dir` then.

    Returns
    -------
    int
        Exit status: 0 if anything was judged, 2 if there is not a single finished run, 3 if samples failed in a run
        made here.

    Raises
    ------
    RequestError
        If a setting is not understood, has no meaning here, or gives several runs where a claim is about one.
    """
    request = read_request("A claim", settings)
    folder = Path(request.results_dir) / "tables"
    if paper:
        if strange := [word.text for word in request.words if word.key != "results_dir"]:
            raise RequestError(f"{strange[0]}: the paper's tables are printed; only results_dir= has a meaning here.")
        checked = check_printed()
        _write(folder / "claims-paper.md", checked, printed=True)
        return checked.status
    checked = check_runs(request, run)
    if not checked.findings:
        print(f"palmbench: {' '.join(checked.notes)}", file=sys.stderr)
        return checked.status
    _write(folder / "claims.md", checked, printed=False)
    # When the claims were judged and with which settings, for the report.
    written = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    write_json(folder / "claims.json", {"written": written, "settings": sorted(request.texts)})
    return checked.status


def _write(path: Path, checked: Checked, printed: bool) -> None:
    findings = checked.findings
    text = to_markdown(findings, checked.title, checked.notes, printed)
    contents = {path: text, path.with_suffix(".csv"): to_csv(findings, printed)}
    try:
        for place, content in contents.items():
            put_result(place, content.encode("utf-8"))
    finally:  # a folder that others share may be there to read only
        print(text)
    print("\n".join(map(str, contents)))
    print(counted(findings, printed))

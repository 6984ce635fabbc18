"""`palmbench runs`: what a folder of results holds, a line for each run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from palmbench.base.status import DONE
from palmbench.commands.arguments import Parser, folders_of

if TYPE_CHECKING:
    from palmbench.engine.run import Account, Run


def runs_command(words: list[str]) -> int:
    """List the runs of a folder of results; the exit status.

    Raises
    ------
    RequestError
        If a word is not understood, or there is no such folder.
    """
    parser = Parser("runs", "The runs of a folder of results: point, when, rejection rate, failures, size.")
    parser.add_argument("settings", nargs="*", metavar="results_dir=FOLDER", help="default: results")
    parser.add_argument("--json", action="store_true", help="all that is known of each, one JSON object a line")
    parsed = parser.parse(words)
    if parsed is None:
        return DONE
    from palmbench.engine.run import Run

    folder = folders_of("runs", parsed.settings).results
    runs = Run.all(folder)
    if parsed.json:
        for run in runs:
            print(json.dumps(_plain(run), ensure_ascii=False))
        return DONE
    if not runs:
        print(f"There is no run in {folder} yet; `palmbench` makes one, and `palmbench ls` says of what.")
        return DONE
    unfinished = 0
    for run in runs:
        account = run.account
        unfinished += account is None
        print(_unfinished(run) if account is None else _line(run, account))
    size = sum(run.size for run in runs)
    said = f"{len(runs)} run{'' if len(runs) == 1 else 's'} in {folder / 'runs'}, {size_text(size)}"
    print(said + (f", {unfinished} unfinished: the same command goes on" if unfinished else ""))
    return DONE


def size_text(size: int) -> str:
    """A size as people read it, in powers of 1000."""
    number = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if unit == "B" or number >= 10 else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} TB"


def _line(run: Run, account: Account) -> str:
    from palmbench.engine.run import describe

    result = run.result
    rr = result["metrics"]["rr"].value if result else None
    headline = "no RR" if rr is None else f"RR {rr:.1f} %"
    when = account.written.replace("T", " ").rstrip("Z")[:16]
    failures = f"  {len(account.failures)} failed" if account.failures else ""
    return f"{run.key[:8]}  {when}  {size_text(run.size):>7}  {headline:>10}  {describe(account.point)}{failures}"


def _unfinished(run: Run) -> str:
    from palmbench.engine.run import config_text

    return f"{run.key[:8]}  {'unfinished':<16}  {size_text(run.size):>7}  {'':>10}  {config_text(run)}"


def _plain(run: Run) -> dict[str, Any]:
    account, result = run.account, run.result
    whole = {"key": run.key, "folder": str(Path(run.folder)), "bytes": run.size, "finished": run.finished}
    if account is None or result is None:
        return whole
    return {
        **whole,
        **account.plain(),
        "metrics": {name: number.to_json() for name, number in result["metrics"].items()},
    }

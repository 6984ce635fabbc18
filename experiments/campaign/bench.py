"""palmbench's command line, run in a process with limits, and the small run that the campaign disturbs."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from experiments.campaign.verdicts import Ended, Numbers, numbers
from palmbench.base.status import DONE
from recognizers.common.errors import RequestError

_SMALL = ("dataset.identities=3", "dataset.samples=2", "executor.workers=1", "executor.devices=cpu")


class Bench(NamedTuple):
    """A palmbench to try: its interpreter, a folder to work in, and the seconds that a command may take."""

    python: str
    folder: Path
    limit: float

    @property
    def results(self) -> Path:
        """Where the small run leaves its results; always the same path, for it might be in them."""
        return self.folder / "results"

    def __call__(
        self,
        *words: str,
        environment: Mapping[str, str] | None = None,
        kill_after: float | None = None,
        full: tuple[str, ...] = (),
    ) -> Ended:
        """Run `palmbench WORDS`, and tell how it ended.

        Parameters
        ----------
        environment
            Variables besides those of this process.
        kill_after
            Seconds after which the command is killed as by `kill -9`.
        full
            Of "stdout" and "stderr" those that go to a full device.
        """
        heard = self.folder / "heard.txt"
        with heard.open("wb") as stream, open("/dev/full", "wb") as device:
            process = subprocess.Popen(
                [self.python, "-m", "palmbench", *words],
                cwd=self.folder,
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=device if "stdout" in full else stream,
                stderr=device if "stderr" in full else stream,
                start_new_session=True,
            )
        status, peak = _awaited(process, self.limit if kill_after is None else kill_after)
        said = heard.read_text(encoding="utf-8", errors="replace")
        return Ended(status, None if "stderr" in full else said, peak)

    def run(self, results: Path | None = None, *more: str, **how: object) -> Ended:
        """The small run, two methods on six rendered photos, into `results`."""
        return self("method=mask,blur", *_SMALL, f"results_dir={results or self.results}", *more, **how)  # type: ignore[arg-type]

    def table(self, **how: object) -> Ended:
        """Table 2 of the small run, written anew."""
        shutil.rmtree(self.results / "tables", ignore_errors=True)
        return self("table", "2", *_SMALL[:2], f"results_dir={self.results}", **how)  # type: ignore[arg-type]


class Undisturbed(NamedTuple):
    """The small run as it is when nothing happens: a copy of its results, their numbers, and its seconds."""

    copy: Path
    numbers: Numbers
    seconds: float

    def restore(self, bench: Bench) -> None:
        """Put the results back where the run left them."""
        shutil.rmtree(bench.results, ignore_errors=True)
        shutil.copytree(self.copy, bench.results)


def undisturbed(bench: Bench) -> Undisturbed:
    """Run and tabulate once without trouble.

    Raises
    ------
    RequestError
        If even that fails.
    """
    began = time.monotonic()
    run = bench.run()
    seconds = time.monotonic() - began
    table = bench.table()
    found = numbers(bench.results)
    if (run.status, table.status) != (DONE, DONE) or len(found.files) != 4:
        raise RequestError(f"The undisturbed run of {bench.python} failed: {run.said}{table.said}")
    copy = bench.folder / "undisturbed"
    shutil.copytree(bench.results, copy)
    return Undisturbed(copy, found, seconds)


def _awaited(process: subprocess.Popen[bytes], seconds: float) -> tuple[int | None, float]:
    """Exit status (None: killed at the end of `seconds`) and peak memory in MiB; nothing of its session survives."""
    end, status = time.monotonic() + seconds, None
    while True:
        reaped, raw, usage = os.wait4(process.pid, os.WNOHANG)
        if reaped:
            status = os.waitstatus_to_exitcode(raw)
            break
        if time.monotonic() >= end:
            os.killpg(process.pid, signal.SIGKILL)
            *_, usage = os.wait4(process.pid, 0)
            break
        time.sleep(0.02)
    process.returncode = -signal.SIGKILL if status is None else status
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    return status, usage.ru_maxrss / 1024

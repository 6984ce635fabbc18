"""Runs as tests make them: what the command printed, and where a point's run lies."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import NamedTuple

from palmbench.config.schema import RunConfig
from palmbench.engine.run import Run
from palmbench.report.running import run_points


class Told(NamedTuple):
    """A command that was run: its status and what it printed."""

    status: int
    out: str
    err: str


def done(*points: RunConfig) -> Told:
    """Some points, run in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = run_points(points)
    return Told(status, out.getvalue(), err.getvalue())


def folder(of: RunConfig) -> Path:
    """Where the run of a point lies."""
    return Run.of(of).folder

"""Progress: one living line on a terminal, a few plain ones in a log."""

from __future__ import annotations

import io

import pytest

from palmbench.base import progress as module
from palmbench.base.progress import Progress, Transfer


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


def work(progress: Progress, clock: list[float], items: int) -> None:
    for _ in range(items):
        clock[0] += 1
        progress.advance(1, 0)
    progress.finish()


def squeezed(line: str) -> str:
    return " ".join(line.split())


def test_a_log_gets_a_line_now_and_then(clock: list[float]) -> None:
    log = io.StringIO()
    work(Progress("de-identify", 30, 5, 1, log), clock, 24)
    lines = log.getvalue().splitlines()
    assert "\r" not in log.getvalue() and "\x1b" not in log.getvalue()
    assert len(lines) == 4  # at 0, 11, 22 and 24 seconds
    assert squeezed(lines[0]) == "de-identify 6/30 5 reused, 0 computed, 1 failed"
    assert squeezed(lines[1]) == "de-identify 17/30 5 reused, 11 computed, 1 failed (1.0/s, 0:13 left)"
    assert squeezed(lines[-1]) == "de-identify 30/30 5 reused, 24 computed, 1 failed (1.0/s in 0:24)"


def test_a_terminal_gets_one_line_that_never_wraps(clock: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    terminal = Terminal()
    progress = Progress("find hands in de-identified photos", 30, 5, 1, terminal)
    work(progress, clock, 24)
    text = terminal.getvalue()
    assert text.count("\n") == 1 and text.endswith("(1.0/s in 0:24)\n")
    living = text.split("\r\x1b[K")[1:-1]
    assert len(living) == 25
    assert max(map(len, living)) == 59


def test_nothing_to_do_is_one_line(clock: list[float]) -> None:
    log = io.StringIO()
    work(Progress("enrol originals", 6, 6, 0, log), clock, 0)
    assert squeezed(log.getvalue()) == "enrol originals 6/6 6 reused, 0 computed, 0 failed"


def test_a_transfer_tells_megabytes_pace_and_what_was_there_before(clock: list[float]) -> None:
    log = io.StringIO()
    transfer = Transfer("vgg16.pth", 60_000_000, 10_000_000, log)
    for _ in range(25):
        clock[0] += 1
        transfer.advance(2_000_000)
    transfer.finish()
    lines = [squeezed(line) for line in log.getvalue().splitlines()]
    assert lines == [
        "vgg16.pth 10.0/60.0 MB, 10.0 kept from before",
        "vgg16.pth 32.0/60.0 MB, 10.0 kept from before (2.0 MB/s, 0:14 left)",
        "vgg16.pth 54.0/60.0 MB, 10.0 kept from before (2.0 MB/s, 0:03 left)",
        "vgg16.pth 60.0/60.0 MB, 10.0 kept from before (2.0 MB/s in 0:25)",
    ]


def test_a_transfer_of_unknown_length_tells_what_came(clock: list[float]) -> None:
    terminal = Terminal()
    transfer = Transfer("page", None, stream=terminal)
    clock[0] += 1
    transfer.advance(500_000)
    transfer.finish()
    assert squeezed(terminal.getvalue().split("\r\x1b[K")[-1]) == "page 0.5 MB (0.5 MB/s in 0:01)"

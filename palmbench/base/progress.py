"""Progress of long steps: one living line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import shutil
import sys
import time
from typing import TextIO

_PLAIN_INTERVAL = 10.0
_LIVE_INTERVAL = 0.2


class _Line:
    """Where progress is written: one living line on a terminal, now and then a plain one elsewhere."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream or sys.stderr
        self._live = self._stream.isatty()
        self._shown = time.monotonic()

    def due(self) -> bool:
        """Whether it is time for another look; answers True once an interval."""
        now = time.monotonic()
        if now - self._shown <= (_LIVE_INTERVAL if self._live else _PLAIN_INTERVAL):
            return False
        self._shown = now
        return True

    def show(self, text: str, final: bool) -> None:
        if self._live:
            # A line that wraps cannot be taken back, so the living one stays within the terminal.
            self._stream.write(f"\r\x1b[K{text}\n" if final else f"\r\x1b[K{text[: columns() - 1]}")
        else:
            self._stream.write(text + "\n")
        self._stream.flush()


class Progress:
    """Counts the items of one step and says how it goes: done, rate, time left; reused, computed, failed.

    Parameters
    ----------
    title : str
        What the step does.
    total : int
        Items of the step.
    reused, failed : int
        Items that need no work, because their result or their failure is known.
    """

    def __init__(self, title: str, total: int, reused: int, failed: int, stream: TextIO | None = None) -> None:
        self.title, self.total, self.reused, self.failed, self.computed = title, total, reused, failed, 0
        self._line = _Line(stream)
        self._began = time.monotonic()
        if self._todo():
            self._show(final=False)

    def advance(self, computed: int, failed: int) -> None:
        """Some more items are done."""
        self.computed += computed
        self.failed += failed
        if self._line.due():
            self._show(final=False)

    def finish(self) -> None:
        """The step is over, or has been stopped."""
        self._show(final=True)

    def _todo(self) -> int:
        return self.total - self.reused - self.computed - self.failed

    def _show(self, final: bool) -> None:
        done = self.total - self._todo()
        counts = f"{self.reused} reused, {self.computed} computed, {self.failed} failed"
        pace = self._pace()
        self._line.show(f"{self.title:<34} {done:>5}/{self.total:<5} {counts}{pace}", final)

    def _pace(self) -> str:
        spent = time.monotonic() - self._began
        if not self.computed or spent < 0.5:
            return ""
        rate = self.computed / spent
        left = f", {clock(self._todo() / rate)} left" if self._todo() else f" in {clock(spent)}"
        return f"  ({rate:.1f}/s{left})"


class Transfer:
    """Counts the bytes of a file on its way and says how it goes: megabytes done, rate, time left.

    Parameters
    ----------
    title : str
        Name of the file.
    total : int or None
        Its size in bytes, None if nobody said.
    done : int
        Bytes that were here before.
    """

    def __init__(self, title: str, total: int | None, done: int = 0, stream: TextIO | None = None) -> None:
        self.title, self.total, self.done, self._before = title, total, done, done
        self._line = _Line(stream)
        self._began = time.monotonic()
        self._show(final=False)

    def advance(self, count: int) -> None:
        """Some more bytes are here."""
        self.done += count
        if self._line.due():
            self._show(final=False)

    def finish(self) -> None:
        """The file is whole, or the transfer has been stopped."""
        self._show(final=True)

    def _show(self, final: bool) -> None:
        of = f"/{self.total / 1e6:.1f}" if self.total else ""
        resumed = f", {self._before / 1e6:.1f} kept from before" if self._before else ""
        self._line.show(f"{self.title:<34} {self.done / 1e6:.1f}{of} MB{resumed}{self._pace()}", final)

    def _pace(self) -> str:
        spent, here = time.monotonic() - self._began, self.done - self._before
        if not here or spent < 0.5:
            return ""
        left = (
            f", {clock((self.total - self.done) / here * spent)} left" if self.total and self.total > self.done else ""
        )
        return f"  ({here / spent / 1e6:.1f} MB/s{left or f' in {clock(spent)}'})"


def columns() -> int:
    """Width of the terminal, in characters."""
    return shutil.get_terminal_size().columns


def clock(seconds: float) -> str:
    """Seconds as minutes and seconds, 2:07."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"

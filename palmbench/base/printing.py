"""What a command prints never takes its result with it: not an encoding, a full device, nor a reader that has gone."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO


class Outlet:
    """A text stream that gives up printing where it cannot be written, so that the work behind it goes on.

    Attributes
    ----------
    lost : OSError or None
        Why nothing is printed any more.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.lost: OSError | None = None
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")

    def write(self, text: str) -> int:
        self._attempt(lambda: self._stream.write(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        self._attempt(lambda: self._stream.writelines(lines))

    def flush(self) -> None:
        self._attempt(self._stream.flush)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def _attempt(self, output: Callable[[], object]) -> None:
        try:
            output()
        except OSError as error:
            self.lost = self.lost or error
            # What is left in buffers, and what libraries print past Python, has to go somewhere.
            with contextlib.suppress(OSError), open(os.devnull, "wb") as nowhere:
                os.dup2(nowhere.fileno(), self._stream.fileno())


class Printed:
    """Standard output and standard error of one command."""

    def __init__(self, out: Outlet, err: Outlet) -> None:
        self._out, self._err = out, err

    def complaint(self) -> str | None:
        """What could not be printed, as a sentence, once all is flushed; None where all was, or a reader had enough."""
        self._out.flush()
        self._err.flush()
        for name, outlet in (("output", self._out), ("error", self._err)):
            if outlet.lost is not None and outlet.lost.errno != errno.EPIPE:
                reason = outlet.lost.strerror or str(outlet.lost)
                return f"standard {name} cannot be written ({reason}); only what was to be printed is lost."
        return None


@contextmanager
def printing() -> Iterator[Printed]:
    """Standard output and standard error as `Outlet`s for a while, whatever they were, even closed."""
    _open_standard_files()
    with contextlib.ExitStack() as stack:
        streams = [
            stream or stack.enter_context(open(os.devnull, "w", encoding="utf-8"))
            for stream in (sys.stdout, sys.stderr)
        ]
        out, err = map(Outlet, streams)
        stack.enter_context(contextlib.redirect_stdout(out))
        stack.enter_context(contextlib.redirect_stderr(err))
        yield Printed(out, err)


def _open_standard_files() -> None:
    """Files 0 to 2 are open, so that none that is opened later becomes what processes believe to be their output."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)

"""Points measured one after the other, beside the process's other work."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator

from palmbench.engine.graph import Part
from recognizers.common.errors import Lost


class Measuring:
    """Measures parts that are complete, one at a time.

    Parameters
    ----------
    measure : callable
        Measures a part.
    at_once : bool
        Whether to measure in the calling thread, where no other process could go on meanwhile.
    """

    def __init__(self, measure: Callable[[Part], None], at_once: bool) -> None:
        self._measure, self._at_once = measure, at_once
        self._parts: queue.SimpleQueue[Part] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[tuple[Part, BaseException | None]] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def put(self, part: Part) -> None:
        """Have a part measured."""
        if self._at_once:
            self._done.put((part, self._outcome(part)))
            return
        self._parts.put(part)
        if self._thread is None:
            # Whoever is interrupted does not wait for it: what it writes, it writes whole or not at all.
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()

    def done(self) -> Iterator[tuple[Part, Lost | None]]:
        """The parts that have been measured since, and what could not be because artefacts were lost.

        Raises whatever else measuring a part has raised.
        """
        while not self._done.empty():
            part, error = self._done.get()
            if error is not None and not isinstance(error, Lost):
                raise error
            yield part, error

    def _run(self) -> None:
        while True:
            part = self._parts.get()
            self._done.put((part, self._outcome(part)))

    def _outcome(self, part: Part) -> BaseException | None:
        try:
            self._measure(part)
        except Exception as error:
            return error
        return None

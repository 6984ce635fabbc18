"""Progress of stages that are under way at the same time: living lines on a terminal, plain ones now and then in a log.

A line a stage, then one for all: seconds left, and how busy the devices are.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from palmbench.base.progress import clock, columns

if TYPE_CHECKING:
    from rich.live import Live

_FIRST, _MOST = 10.0, 300.0  # seconds between looks in a log: twice as many each time
_LIVE = 0.2


@dataclass
class _Stage:
    title: str
    total: int = 0
    reused: int = 0
    computed: int = 0
    failed: int = 0
    lane: str = ""
    seconds: float = 0.0
    began: float | None = None
    ended: float = 0.0
    shown: bool = False

    @property
    def todo(self) -> int:
        return self.total - self.reused - self.computed - self.failed

    @property
    def under_way(self) -> bool:
        return self.todo > 0 and self.began is not None

    @property
    def left(self) -> float | None:
        """Seconds of a lane; None where nobody knows yet."""
        if not self.todo:
            return 0.0
        return self.seconds / self.computed * self.todo if self.computed else None

    def short_line(self) -> str:
        """What has room on a terminal."""
        spent = self.ended - (self.began or self.ended)
        rate = f"{self.computed / spent:8.1f}/s" if self.computed and spent >= 0.5 else ""
        failed = f"  {self.failed} failed" if self.failed else ""
        return f"{self.title:<34} {self.total - self.todo:>5}/{self.total:<5}{rate}{failed}"

    def line(self) -> str:
        done = self.total - self.todo
        counts = f"{self.reused} reused, {self.computed} computed, {self.failed} failed"
        return f"{self.title:<34} {done:>5}/{self.total:<5} {counts}{self._pace()}"

    def _pace(self) -> str:
        spent = self.ended - (self.began or self.ended)
        if not self.computed or spent < 0.5:
            return ""
        return f"  ({self.computed / spent:.1f}/s{'' if self.todo else f' in {clock(spent)}'})"


class Board:
    """Counts the artefacts of stages and says how it goes.

    Parameters
    ----------
    stream : TextIO, optional
        Standard error unless given.
    counted : str
        What `later` counts, in the singular.

    Attributes
    ----------
    later : int
        Points, or attacks, of which nothing is counted yet.
    """

    def __init__(self, stream: TextIO | None = None, counted: str = "point") -> None:
        self._stream, self._counted = stream or sys.stderr, counted
        self._stages: dict[str, _Stage] = {}
        self._began = self._looked = time.monotonic()
        self._pause = _FIRST
        self._busy = 0.0
        self._load = ""
        self._live: Live | None = None
        self.later = 0

    def add(self, name: str, title: str, total: int, reused: int = 0, failed: int = 0) -> None:
        """Some more artefacts of a stage are wanted, of which some are there, or known to be none."""
        stage = self._stages.setdefault(name, _Stage(title))
        stage.total += total
        stage.reused += reused
        stage.failed += failed

    def advance(self, name: str, computed: int = 0, failed: int = 0, reused: int = 0) -> None:
        """Some more are made, or have failed; `reused` are there by it for others that wanted the same."""
        stage = self._stages[name]
        stage.computed += computed
        stage.reused += reused
        stage.failed += failed

    def spent(self, name: str, seconds: float, lane: str) -> None:
        """A stage has just had so many seconds of a lane, all of whose workers could have worked on it."""
        stage = self._stages[name]
        stage.lane = lane
        now = time.monotonic()
        stage.began = now - seconds if stage.began is None else stage.began
        stage.ended = now
        stage.seconds += seconds

    def show(self, busy: float, devices: int, last: bool) -> None:
        """Show where it is time to.

        Parameters
        ----------
        busy : float
            Seconds that devices have computed, all together.
        devices : int
        last : bool
            Whether no more will be wanted than is known of.
        """
        if last:
            for stage in self._stages.values():
                if not stage.todo:
                    self._say_once(stage)
        now = time.monotonic()
        if now - self._looked < (_LIVE if self._stream.isatty() else self._pause):
            return
        if devices:
            share = (busy - self._busy) / (now - self._looked) / devices
            self._load = f", device{'s' if devices > 1 else ''} {min(share, 1):.0%} busy"
        self._busy, self._looked = busy, now
        under_way = [stage for stage in self._stages.values() if stage.under_way]
        if under_way and self._stream.isatty():
            self._draw([*(stage.short_line() for stage in under_way), self._all()])
        elif under_way:
            self._pause = min(2 * self._pause, _MOST)
            self._stream.write("".join(f"{line}\n" for line in (*(stage.line() for stage in under_way), self._all())))
            self._stream.flush()

    def finish(self) -> None:
        """It is over, or has been stopped."""
        if self._live is not None:
            self._live.stop()
            self._live = None
        for stage in self._stages.values():
            self._say_once(stage)

    def _all(self) -> str:
        stages = self._stages.values()
        total, todo = sum(stage.total for stage in stages), sum(stage.todo for stage in stages)
        seconds: dict[str, float] = {}
        known = all(stage.left is not None for stage in stages)
        for stage in stages:
            seconds[stage.lane] = seconds.get(stage.lane, 0.0) + (stage.left or 0.0)
        computed, spent = sum(stage.computed for stage in stages), time.monotonic() - self._began
        rate = f"{computed / spent:8.1f}/s" if computed else ""
        left = f", {clock(max(seconds.values()))} left" if known else ""
        later = f", then {self.later} more {self._counted}{'s' if self.later > 1 else ''}" if self.later else ""
        return f"{'all stages':<34} {total - todo:>5}/{total:<5}{rate}{left}{later}{self._load}"

    def _say_once(self, stage: _Stage) -> None:
        if not stage.shown:
            stage.shown = True
            if self._live is not None:
                self._live.console.print(stage.line(), soft_wrap=True, markup=False)
                return
            self._stream.write(stage.line() + "\n")
            self._stream.flush()

    def _draw(self, lines: list[str]) -> None:
        from rich.console import Console
        from rich.live import Live
        from rich.text import Text

        if self._live is None:
            console = Console(file=self._stream, highlight=False)
            self._live = Live(console=console, auto_refresh=False, transient=True, redirect_stdout=False)
            self._live.start()
        wide = columns() - 1
        self._live.update(Text("\n".join(line[:wide] for line in lines)), refresh=True)

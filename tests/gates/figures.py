"""A figure and its bound."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

HEADINGS = ("figure", "value", "bound", "holds", "n", "note")
_WORDS = {True: "yes", False: "NO", None: ""}


class Figure(NamedTuple):
    """One measured number beside what it must be.

    Attributes
    ----------
    name : str
    value : float
        NaN if it was left out; then `note` says why.
    unit : str
        As written after the number, such as "%" or "ms".
    low, high : float or None
        Least and greatest value that is allowed, both included; None where there is no such bound.
    n : int
        Photos, pairs or files that the value is over.
    note : str
    timed : bool
        Whether the value depends on the machine. All others depend on code and weights only.
    """

    name: str
    value: float
    unit: str = ""
    low: float | None = None
    high: float | None = None
    n: int = 0
    note: str = ""
    timed: bool = False

    @property
    def holds(self) -> bool | None:
        """Whether the value keeps its bound; None without one."""
        if self.low is None and self.high is None:
            return None
        return (self.low is None or self.value >= self.low) and (self.high is None or self.value <= self.high)

    @property
    def bound(self) -> str:
        """The bound in words, empty without one."""
        if self.low is not None and self.high is not None:
            return f"{self.low:.4g} to {self.high:.4g}"
        if self.low is not None:
            return f">= {self.low:.4g}"
        return f"<= {self.high:.4g}" if self.high is not None else ""

    @property
    def texts(self) -> tuple[str, ...]:
        """The figure as the cells of a table row, in the order of `HEADINGS`."""
        value = "-" if math.isnan(self.value) else f"{self.value:.4g} {self.unit}".strip()
        note = "; ".join(part for part in ("timed" if self.timed else "", self.note) if part)
        return (self.name, value, self.bound, _WORDS[self.holds], str(self.n) if self.n else "", note)


def line(texts: Sequence[str]) -> str:
    """Cells of a table row as a line of a terminal."""
    name, value, bound, holds, n, note = texts
    return f"{name:<60} {value:>13} {bound:>14} {holds:<5} {n:>7}  {note}".rstrip()


Keep = Callable[[Iterable[Figure]], None]  # prints figures and fails with those that miss their bounds

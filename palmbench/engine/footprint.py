"""How much memory a command wants: what earlier runs of the same kind held at most, or built-in figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

# GiB that a process held at most where nothing else is known: measured on 64-bit Linux with photos of the default size.
_MAIN, _WORKER = 0.75, 0.75
_OF_TOOL = {"diffusion": 0.35, "sdedit": 0.35, "adversarial": 0.35, "ccnet": 0.2, "eehnet": 0.2}
_OF_A_PAIR = 40 / 2**30  # of two photos, while their distances are measured
_KIND = ("dataset", "method", "recognizer", "variant")


class Point(NamedTuple):
    """A point: what tables call it, and its photos."""

    called: Mapping[str, Any]
    photos: int

    @property
    def measuring(self) -> float:
        """GiB that its pairs want."""
        return self.photos * (self.photos - 1) / 2 * _OF_A_PAIR


class Wanted(NamedTuple):
    """GiB that all processes hold at most, together, and how that is known: "recorded" or "built in"."""

    gib: float
    source: str


class Footprints:
    """What earlier runs held.

    Parameters
    ----------
    earlier : iterable of (Point, mapping)
        The newest first, with its `Account.memory`.
    """

    def __init__(self, earlier: Iterable[tuple[Point, Mapping[str, int]]]) -> None:
        self._earlier = list(earlier)

    def wanted(self, points: Sequence[Point], workers: int, devices: int) -> Wanted:
        """What a command of some points wants; with one worker and no device one process does everything."""
        alone = workers == 1 and not devices
        lanes = {"main": 1} if alone else {"main": 1, "cpu": workers} | ({"device": devices} if devices else {})
        recorded = [self._recorded(point, lanes) for point in points]
        if known := [gib for gib in recorded if gib is not None]:
            return Wanted(max(known), "recorded")
        tools = {str(point.called[kind]) for point in points for kind in ("method", "recognizer")}
        worker = _WORKER + sum(_OF_TOOL.get(tool, 0.0) for tool in tools)
        processes = worker if alone else _MAIN + (workers + devices) * worker
        return Wanted(processes + max(point.measuring for point in points), "built in")

    def _recorded(self, point: Point, lanes: Mapping[str, int]) -> float | None:
        """GiB of the newest run of the kind whose processes were of the same lanes."""
        for earlier, held in self._earlier:
            if set(held) == set(lanes) and all(earlier.called.get(name) == point.called[name] for name in _KIND):
                bytes_held = sum(held[lane] * width for lane, width in lanes.items())
                return bytes_held / 2**30 + max(0.0, point.measuring - earlier.measuring)
        return None

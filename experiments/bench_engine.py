"""How busy the engine keeps devices and processors: stages of known cost, measured against what cannot be beaten.

    python -m experiments.bench_engine [--photos 200] [--workers N] [--seconds 0.25] [--cost 0.02]

A painter that sleeps takes a device's place in a process of its own, between stages that sleep in the pool of worker
processes: before it one that reads the photo, after it three that look at what was painted. No run can take less than
the larger of the device's time and the processors' time over their number; it is printed beside what the run took,
without the start of the processes, which is printed by itself.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import ClassVar, NamedTuple

from palmbench.base.board import Board
from palmbench.base.device import turn
from palmbench.base.store import Store
from palmbench.config.executors import ExecutorConfig
from palmbench.datasets.sample import Sample
from palmbench.engine.executor import LANES, Executor
from palmbench.engine.flow import Flow
from palmbench.engine.graph import Part, Step
from recognizers.common.cache_keys import digest

BOUND = 1.1  # times what cannot be beaten
SPEED_UP = 1.9  # of two devices


@dataclass(frozen=True)
class Sleeping:
    """A stage that takes so many seconds a photo and makes nothing of it."""

    name: str
    seconds: float
    after: Sleeping | None = None
    on_device: bool = False
    suffix: str = ".txt"
    settings: ClassVar[dict[str, str]] = {}

    @property
    def title(self) -> str:
        return self.name

    def key(self, sample: Sample) -> str:
        return digest("sleeping", photo=sample.digest, name=self.name)

    def compute(self, samples: Sequence[Sample], store: Store, device: str) -> list[bytes]:
        for sample in samples:
            if self.after:
                self.after.load(sample, store)
        if self.on_device:
            with turn():
                time.sleep(self.seconds * len(samples))
        else:
            time.sleep(self.seconds * len(samples))
        return [sample.id.encode() for sample in samples]

    def load(self, sample: Sample, store: Store) -> bytes:
        return store.load(self.name, self.key(sample), self.suffix, bytes)


class Took(NamedTuple):
    """A run: seconds of it, the least that there could be, and what was spent on starting processes before."""

    seconds: float
    least: float
    starting: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 if a bound is broken."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments.bench_engine",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--photos", type=int, default=200)
    parser.add_argument("--workers", type=int, default=2, help="processes beside those of devices")
    parser.add_argument("--seconds", type=float, default=0.25, help="of the painter, a photo")
    parser.add_argument("--cost", type=float, default=0.02, help="seconds of each of the four other stages, a photo")
    wanted = parser.parse_args(arguments)
    print(
        f"{wanted.photos} photos, a painter of {wanted.seconds:g} s, four stages of {wanted.cost:g} s in "
        f"{wanted.workers} worker processes; seconds, beside the least that there could be"
    )
    kept = True
    one = _shown("one device", took(wanted.photos, 1, wanted.workers, wanted.seconds, wanted.cost))
    kept &= one.seconds <= BOUND * one.least
    two = _shown("two devices", took(wanted.photos, 2, wanted.workers, wanted.seconds, wanted.cost))
    kept &= one.seconds / two.seconds >= SPEED_UP
    print(f"two devices are {one.seconds / two.seconds:.2f} times as fast as one (at least {SPEED_UP})")
    # Here the processors are what there is too little of.
    slow = _shown("slow stages", took(wanted.photos, 1, wanted.workers, wanted.seconds / 10, wanted.seconds / 2))
    kept &= slow.seconds <= BOUND * slow.least
    print(f"every bound is kept: at most {BOUND} times the least" if kept else "a bound is broken")
    return 0 if kept else 1


def took(photos: int, devices: int, workers: int, painter: float, cost: float) -> Took:
    """Run it once, in a store of its own."""
    samples = [Sample(f"{i:05d}", f"{i}", f"{i}", "left", f"{i:032d}") for i in range(photos)]
    read = Sleeping("read", cost)
    paint = Sleeping("paint", painter, read, on_device=True)
    after = [Sleeping(name, cost, paint) for name in ("find again", "compare", "look")]
    steps = [Step(read, None), Step(paint, read), *(Step(stage, paint) for stage in after)]
    config = ExecutorConfig(devices=tuple(f"cpu:{place}" for place in range(devices)), workers=workers)
    least = max(photos * painter / devices, photos * cost * 4 / workers)
    with tempfile.TemporaryDirectory() as folder, Executor(config) as executor:
        began = time.monotonic()
        _start(executor)
        ready = time.monotonic()
        Flow(executor, Board(StringIO())).run([Part(steps, samples, Store(Path(folder)))])
        return Took(time.monotonic() - ready, least, ready - began)


def _start(executor: Executor) -> None:
    """Have every process ready."""
    left = 0
    for lane in LANES:
        for _ in range(executor.width(lane)):
            executor.submit(time.sleep, 0.1, lane, alone=True)
            left += 1
    while left:
        left -= len(executor.wait())


def _shown(what: str, run: Took) -> Took:
    print(
        f"{what:<12} {run.seconds:7.2f} s  least {run.least:7.2f} s  {run.seconds / run.least:5.3f} times"
        f"  (and {run.starting:.1f} s until the processes had started)",
        flush=True,
    )
    return run


if __name__ == "__main__":
    sys.exit(main())

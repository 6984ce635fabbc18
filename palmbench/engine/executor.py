"""Where tasks are computed: worker processes of one thread each, and one process for each accelerator beside them.

A worker computes a sample the same way whatever the number of workers, the batch or the machine's cores: every
library is held to one thread, and the parallelism is over samples. With one worker and no accelerator there is no
process but this one.

Who runs a graph of tasks needs to know of an executor how wide its lanes are, whether a lane takes a task, and what
comes back; only the executor knows of processes.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from multiprocessing.connection import wait
from typing import Any, Literal, NamedTuple, TypeVar

from palmbench.base.memory import peak
from palmbench.config.executors import ExecutorConfig
from palmbench.engine.devices import environment, found, require_names
from palmbench.engine.workers import AnyWorker, Call, Worker, done, limit_threads
from palmbench.engine.workers import leave_with as leave_with
from recognizers.common.errors import RequestError

Task = TypeVar("Task")
Answer = TypeVar("Answer")
Lane = Literal["cpu", "device"]
LANES: tuple[Lane, ...] = ("device", "cpu")

# While one thread has the device's turn, the others read, put together and write.
_DEVICE_HANDS = 4
_CPU_AHEAD = 2  # tasks in a worker's hands, so that it never waits for its next


class Came(NamedTuple):
    """An answer to a task, by the number that `submit` gave it, and the seconds that a worker of its lane spent."""

    number: int
    answer: Any
    seconds: float


class Means(NamedTuple):
    """What something was computed with, as records tell it.

    Attributes
    ----------
    device : str
        Every device, with commas between them; "cpu" without any.
    workers : int
        Processes that computed at the same time on processors.
    memory : dict of str to int
        See `Executor.peaks`.
    """

    device: str
    workers: int
    memory: dict[str, int]


class Died(NamedTuple):
    """A task that a worker had when it died, why it died, and whether it may have been working on that task."""

    number: int
    reason: str
    begun: bool


class Executor:
    """Runs tasks and yields their answers as they come.

    Parameters
    ----------
    config : ExecutorConfig
        `devices` "auto" takes every CUDA device that there is; `workers` None takes one process a core.

    Raises
    ------
    RequestError
        If a device is not one that can be, by its name; whether it is there is said on first use.
    """

    def __init__(self, config: ExecutorConfig) -> None:
        self._config = config
        self._devices: tuple[str, ...] | None = None
        self._pools: dict[Lane, list[AnyWorker]] = {"cpu": [], "device": []}
        self._here: deque[Call] = deque()
        self._numbers = 0
        self._wanted: set[int] = set()  # calls whose answers somebody waits for
        self._stillborn = 0
        require_names(config.devices)

    @property
    def devices(self) -> tuple[str, ...]:
        """What a worker process beside those on the CPU is for, such as ("cuda:0", "cuda:1"); empty without any."""
        if self._devices is None:
            self._devices = found(self._config.devices)
        return self._devices

    @property
    def device(self) -> str:
        """What a worker for a device calls it, "cpu" or "cuda": each sees its own device alone."""
        return self.devices[0].partition(":")[0] if self.devices else "cpu"

    def take_first_device(self) -> str:
        """Make the first of the devices that of this process, for work that is not shared; what to call it."""
        if self.device == "cuda":
            import torch

            torch.cuda.set_device(self.devices[0])
        return self.device

    @property
    def workers(self) -> int:
        """Processes that work at the same time on a CPU."""
        return self._config.workers or available_cores()

    @property
    def batch_size(self) -> int:
        """Samples a task should hold."""
        return self._config.batch_size

    @property
    def inline(self) -> bool:
        """Whether this process does the work itself."""
        return self.workers == 1 and not self.devices

    def width(self, lane: Lane) -> int:
        """How many tasks of a lane are computed at the same time."""
        return len(self.devices) if lane == "device" else self.workers

    def takes(self, lane: Lane, alone: bool = False) -> bool:
        """Whether a task of the lane would be begun soon; `alone`, in a worker that has no other until it is done."""
        if self.inline:
            return not self._here
        pool = self._pools[lane]
        if len(pool) < self.width(lane) or self.idle(lane):
            return True
        return not alone and any(self._free(worker, lane) for worker in pool)

    def idle(self, lane: Lane) -> bool:
        """Whether a worker of the lane has nothing to do."""
        if self.inline:
            return not self._here
        pool = self._pools[lane]
        return len(pool) < self.width(lane) or any(not worker.in_hand for worker in pool)

    def submit(self, work: Callable[[Task], Any], task: Task, lane: Lane = "cpu", alone: bool = False) -> int:
        """Have a task computed, in a lane that takes one; its number, see `wait`."""
        self._numbers += 1
        call = Call(self._numbers, work, task, alone)
        self._wanted.add(call.number)
        if self.inline:
            self._here.append(call)
            return call.number
        self._give(call, lane)
        return call.number

    def wait(self, seconds: float | None = None) -> list[Came | Died]:
        """What has come, after so many seconds at most; without a limit it is something.

        Raises
        ------
        RequestError
            If workers die again and again before they have begun. What a task's work raises is raised here.
        """
        if self.inline:
            return self._work_here()
        came: list[Came | Died] = []
        while not came:
            for lane, worker in self._listen(seconds):
                came += self._heard(lane, worker)
            if seconds is not None:
                break
        return came

    def map(
        self,
        work: Callable[[Task], Answer],
        tasks: Sequence[Task],
        died: Callable[[Task, str], Answer] | None = None,
    ) -> Iterator[Answer]:
        """Answers of `work` to the tasks, in the order in which they are ready; on the devices where there are any.

        A task whose worker dies is tried once more by itself.

        Parameters
        ----------
        work : callable
        tasks : sequence
        died : callable, optional
            What to answer for a task with which a worker died twice, of why it did.

        Raises
        ------
        RequestError
            If a worker died twice with a task, and `died` is not given. What `work` raises is raised here.
        """
        lane: Lane = "device" if self.devices else "cpu"
        queue, suspects, left = deque(tasks), deque[Task](), len(tasks)
        in_hand: dict[int, tuple[Task, bool]] = {}
        try:
            while left:
                while suspects and self.takes(lane, alone=True):
                    task = suspects.popleft()
                    in_hand[self.submit(work, task, lane, alone=True)] = task, True
                # A short queue: nothing is made ready for tasks that nobody may want any more. On a device none at
                # all: not any work may share it.
                while queue and (self.idle(lane) if self.devices else self.takes(lane)):
                    task = queue.popleft()
                    in_hand[self.submit(work, task, lane)] = task, False
                for event in self.wait():
                    task, alone = in_hand.pop(event.number)
                    if isinstance(event, Came):
                        left -= 1
                        yield event.answer
                    elif not event.begun:
                        (suspects if alone else queue).appendleft(task)
                    elif not alone:
                        suspects.append(task)
                    elif died is None:
                        raise RequestError(event.reason)
                    else:
                        left -= 1
                        yield died(task, event.reason)
        finally:
            self.forget()

    def forget(self) -> None:
        """Nobody waits for what is in hand any more."""
        self._wanted.clear()
        self._here.clear()

    def busy(self) -> float:
        """Seconds that devices have computed, all together, as far as their workers have said."""
        return sum(worker.busy for worker in self._pools["device"])

    def peaks(self) -> dict[str, int]:
        """Bytes of memory that this process ("main") and a worker of each lane have held at most, as far as known."""
        workers = {lane: max((worker.peak for worker in pool), default=0) for lane, pool in self._pools.items()}
        return {"main": peak(), **{str(lane): most for lane, most in workers.items() if most}}

    @property
    def means(self) -> Means:
        """What tasks are computed with."""
        return Means(",".join(self.devices) or "cpu", self.workers, self.peaks())

    def made_elsewhere(self, part: str) -> Mapping[str, tuple[int, float]]:
        """What was made of a part, by its digest, before this was asked: artefacts, and seconds of all, by stage."""
        return {}

    def close(self) -> None:
        """End the worker processes when they have done what they have in hand."""
        everyone = self._take_all()
        for worker in everyone:
            worker.bid_farewell()
        for worker in everyone:
            worker.join()

    def stop(self) -> None:
        """End the worker processes at once, whatever they have in hand."""
        for worker in self._take_all():
            worker.kill()

    def __enter__(self) -> Executor:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: Any) -> None:
        if kind is None:
            self.close()
        else:
            self.stop()

    def _take_all(self) -> list[AnyWorker]:
        everyone = [worker for pool in self._pools.values() for worker in pool]
        self._pools = {"cpu": [], "device": []}
        self.forget()
        return everyone

    def _work_here(self) -> list[Came | Died]:
        limit_threads()
        if not self._here:
            return []
        call = self._here.popleft()
        began = time.monotonic()
        answer = done(call.work, call.task)
        return [Came(call.number, answer, time.monotonic() - began)]

    def _heard(self, lane: Lane, worker: AnyWorker) -> list[Came | Died]:
        """What a worker has to say, or what became of it."""
        replies, alive = worker.replies()
        self._stillborn = 0 if worker.ready else self._stillborn
        came: list[Came | Died] = []
        for call, reply in replies:
            if call.number in self._wanted:
                self._wanted.discard(call.number)
                came.append(Came(call.number, reply.told(), reply.seconds))
        return came if alive else came + self._bury(lane, worker)

    def _listen(self, seconds: float | None) -> Iterator[tuple[Lane, AnyWorker]]:
        """Workers that have something to say, or are gone, after so many seconds at most."""
        everyone = {each.pipe: (lane, each) for lane in LANES for each in self._pools[lane] if isinstance(each, Worker)}
        for pipe in wait(list(everyone), seconds):
            yield everyone[pipe]  # type: ignore[index]

    def _give(self, call: Call, lane: Lane) -> None:
        """Give a call to whoever has least in hand, or to one more process where nobody else would begin it now."""
        pool = self._pools[lane]
        least = self._least_busy(call, lane)
        if least is None or (least.in_hand and len(pool) < self.width(lane)):
            least = self._start(lane, len(pool))
            pool.append(least)
        least.give(call)

    def _least_busy(self, call: Call, lane: Lane) -> AnyWorker | None:
        pool = self._pools[lane]
        free = [worker for worker in pool if (not worker.in_hand if call.alone else self._free(worker, lane))]
        return min(free, key=lambda worker: len(worker.in_hand), default=None)

    def _free(self, worker: AnyWorker, lane: Lane) -> bool:
        most = worker.hands if lane == "device" else _CPU_AHEAD
        return len(worker.in_hand) < most and not any(call.alone for call in worker.in_hand.values())

    def _start(self, lane: Lane, place: int) -> Worker:
        if lane == "device":
            return Worker(_DEVICE_HANDS, environment(self.devices[place]))
        return Worker(environment=environment("") if self.device == "cuda" else None)

    def _bury(self, lane: Lane, worker: AnyWorker) -> list[Came | Died]:
        """Put another worker in the place of one that died; what the other had in hand."""
        begun = {call.number for call in worker.begun()}
        reason = worker.why_gone()
        worker.kill()
        self._replace(lane, worker, reason)
        lost = [call for call in worker.in_hand.values() if call.number in self._wanted]
        self._wanted -= {call.number for call in lost}
        return [Died(call.number, reason, call.number in begun) for call in lost]

    def _replace(self, lane: Lane, worker: AnyWorker, reason: str) -> None:
        self._stillborn += not worker.ready
        if self._stillborn > self.width(lane):
            raise RequestError(reason)
        pool = self._pools[lane]
        place = pool.index(worker)
        pool[place] = self._start(lane, place)


def available_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

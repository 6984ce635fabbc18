"""Where stages run: this process beside an accelerator, or worker processes of one thread each on a CPU.

A worker computes a sample the same way whatever the number of workers, the batch or the machine's cores: every
library is held to one thread, and the parallelism is over samples.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Any, TypeVar

from palmbench.errors import RequestError
from palmbench.schema import ExecutorConfig

Task = TypeVar("Task")
Answer = TypeVar("Answer")

_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


class Executor:
    """Runs tasks and yields their answers as they come.

    Parameters
    ----------
    config : ExecutorConfig
        `device` "auto" takes CUDA when there is one; `workers` None takes one process a core.
    """

    def __init__(self, config: ExecutorConfig) -> None:
        self._config = config
        self._pool: ProcessPoolExecutor | None = None
        self._device: str | None = None

    @property
    def device(self) -> str:
        """Where stages compute, "cpu" or "cuda"."""
        if self._device is None:
            self._device = "cuda" if self._config.device != "cpu" and _has_cuda() else "cpu"
            if self._config.device == "cuda" and self._device != "cuda":
                raise RequestError(
                    "executor.device=cuda, but torch finds no CUDA device here; use executor.device=cpu."
                )
        return self._device

    @property
    def workers(self) -> int:
        """Processes that work at the same time on a CPU."""
        return self._config.workers or available_cores()

    @property
    def batch_size(self) -> int:
        """Samples a task should hold."""
        return self._config.batch_size

    def map(self, work: Callable[[Task], Answer], tasks: Sequence[Task]) -> Iterator[Answer]:
        """Answers of `work` to the tasks, in the order in which they are ready.

        Raises
        ------
        RequestError
            If a worker process was killed, most likely for want of memory.
        """
        if self.device == "cuda" or self.workers == 1:
            _limit_threads()
            for task in tasks:
                yield work(task)
            return
        try:
            yield from self._spread(work, tasks)
        except BrokenProcessPool as error:
            self.close()
            raise RequestError(
                "A worker process was killed, most likely for want of memory. What it had finished is kept: run the "
                "same command again, with fewer processes (executor.workers=1) if it happens again."
            ) from error

    def close(self) -> None:
        """End the worker processes."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None

    def __enter__(self) -> Executor:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def _spread(self, work: Callable[[Task], Answer], tasks: Sequence[Task]) -> Iterator[Answer]:
        if self._pool is None:
            with _environment(dict.fromkeys(_ONE_THREAD, "1")):
                self._pool = ProcessPoolExecutor(
                    self.workers, mp_context=get_context("spawn"), initializer=_start_worker, initargs=(os.getpid(),)
                )
        pending: set[Future[Answer]] = set()
        queue = iter(tasks)
        with _environment(dict.fromkeys(_ONE_THREAD, "1")):
            while True:
                # A short queue keeps an interrupt from waiting for tasks that nobody wants any more.
                for task in queue:
                    pending.add(self._pool.submit(work, task))
                    if len(pending) >= 2 * self.workers:
                        break
                if not pending:
                    return
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()


def available_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _environment:
    """Environment variables for the time of a block; worker processes inherit them at their start."""

    def __init__(self, values: dict[str, str]) -> None:
        self._values = values
        self._before: dict[str, str | None] = {}

    def __enter__(self) -> None:
        self._before = {name: os.environ.get(name) for name in self._values}
        os.environ.update(self._values)

    def __exit__(self, *_: Any) -> None:
        for name, value in self._before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _start_worker(parent: int) -> None:
    _limit_threads()
    leave_with(parent)


def leave_with(parent: int) -> None:
    """End this process when the process `parent` is gone, however it went: a killed parent cannot say goodbye."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _limit_threads() -> None:
    import cv2
    import torch

    cv2.setNumThreads(1)
    torch.set_num_threads(1)


def _has_cuda() -> bool:
    import torch

    return torch.cuda.is_available()

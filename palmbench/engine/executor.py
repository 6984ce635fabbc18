"""Where stages run: this process beside an accelerator, or worker processes of one thread each on a CPU.

A worker computes a sample the same way whatever the number of workers, the batch or the machine's cores: every
library is held to one thread, and the parallelism is over samples.

An interrupt (Ctrl-C) is the business of the process that was asked: workers hear nothing of it, and are ended by it.
"""

from __future__ import annotations

import os
import pickle
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from palmbench.config.schema import ExecutorConfig
from recognizers.common.errors import RequestError, no_exit

Task = TypeVar("Task")
Answer = TypeVar("Answer")

_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
_LAST_WORDS = 5.0  # seconds for the others to end in, once one has died


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
        self._lifeline: Connection | None = None
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
            If a worker process died: by which signal or with which status. What `work` raises is raised here.
        """
        if self.device == "cuda" or self.workers == 1:
            _limit_threads()
            for task in tasks:
                yield _done(work, task)
            return
        try:
            yield from self._spread(work, tasks)
        except BrokenProcessPool as error:
            reason = self._why_broken()
            self.stop()
            raise RequestError(reason) from error

    def close(self) -> None:
        """End the worker processes when they have done what they have in hand."""
        if self._pool is not None and self._lifeline is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._lifeline.close()
            self._pool = self._lifeline = None

    def stop(self) -> None:
        """End the worker processes at once, whatever they have in hand."""
        if self._lifeline is not None:
            self._lifeline.close()
        self.close()

    def __enter__(self) -> Executor:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: Any) -> None:
        if kind is None:
            self.close()
        else:
            self.stop()

    def _spread(self, work: Callable[[Task], Answer], tasks: Sequence[Task]) -> Iterator[Answer]:
        pool = self._pool or self._open()
        pending: set[Future[Answer]] = set()
        queue = iter(tasks)
        while True:
            # A short queue: nothing is made ready for tasks that nobody may want any more.
            for task in queue:
                with _single_threaded_and_uninterrupted():
                    pending.add(pool.submit(_answer, work, task))
                if len(pending) >= 2 * self.workers:
                    break
            if not pending:
                return
            done, pending = wait(pending, return_when=FIRST_COMPLETED)
            for future in done:
                yield future.result()

    def _open(self) -> ProcessPoolExecutor:
        context = get_context("spawn")
        far_end, self._lifeline = context.Pipe(duplex=False)
        self._pool = ProcessPoolExecutor(
            self.workers, mp_context=context, initializer=_start_worker, initargs=(far_end,)
        )
        return self._pool

    def _why_broken(self) -> str:
        """What the first worker died of, as a sentence; the pool ends the others by SIGTERM."""
        assert self._pool is not None
        processes, end = list(self._pool._processes.values()), time.monotonic() + _LAST_WORDS
        # Who died first may be told last: the pool's own thread waits for them at the same time.
        while None in (codes := [process.exitcode for process in processes]) and time.monotonic() < end:
            time.sleep(0.02)
        code = next((each for each in codes if each not in (None, -signal.SIGTERM)), -signal.SIGTERM)
        kept = "What it had finished is kept: run the same command again"
        if code == -signal.SIGKILL:
            return (
                f"A worker process was killed, most likely for want of memory. {kept}, with fewer processes "
                "(executor.workers=1) if it happens again."
            )
        how = f"by signal {-code} ({signal.strsignal(-code)})" if code < 0 else f"with status {code}"
        return (
            f"A worker process ended {how} in the middle of its work. {kept}; if it happens again, with "
            "PYTHONFAULTHANDLER=1 in the environment and executor.workers=1 it says where."
        )


def available_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def _single_threaded_and_uninterrupted() -> Iterator[None]:
    """Processes that start in this block hold every library to one thread, and never hear of an interrupt.

    They inherit both, so that neither comes too late for what they import before their first line runs.
    """
    before = {name: os.environ.get(name) for name in _ONE_THREAD}
    os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))
    masked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        signal.pthread_sigmask(signal.SIG_SETMASK, masked)


_trouble: BaseException | None = None  # of this worker's start


def _start_worker(lifeline: Connection) -> None:
    global _trouble
    # First of all: what follows takes seconds.
    leave_with(lifeline)
    try:
        _limit_threads()
    except Exception as error:
        _trouble = error  # raised here it would be a worker that died, and nobody knew of what


def _done(work: Callable[[Task], Answer], task: Task) -> Answer:
    with no_exit("A step of the work"):
        return work(task)


def _answer(work: Callable[[Task], Answer], task: Task) -> Answer:
    """What a worker sends back; an error that would not survive the way is one that says the same."""
    if _trouble is not None:
        raise _trouble
    try:
        return _done(work, task)
    except Exception as error:
        try:
            pickle.loads(pickle.dumps(error))
        except Exception:
            raise RuntimeError(f"{type(error).__name__}: {error}") from error
        raise


def leave_with(lifeline: Connection) -> None:
    """End this process, whatever it does, when the other end of a pipe is closed.

    Who holds that end closes it on purpose, or by being gone: a killed parent cannot say goodbye.

    Parameters
    ----------
    lifeline : Connection
        Reading end of a pipe whose other end no other process holds, and nobody writes to.
    """

    def watch() -> None:
        lifeline.poll(None)
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

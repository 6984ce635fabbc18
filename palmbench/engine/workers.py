"""Worker processes: each computes what it is given, in one thread or a few, and hears nothing of an interrupt.

A worker ends when the other end of its pipe is closed, on purpose or because the process that held it is gone.
"""

from __future__ import annotations

import os
import pickle
import queue
import signal
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection
from typing import Any, NamedTuple, Protocol

from palmbench.base import device
from palmbench.base.memory import peak
from recognizers.common.errors import no_exit

ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
_LAST_WORDS = 5.0  # seconds for a process that has gone to say of what


class Call(NamedTuple):
    """Some work on a task, by number; `alone` where nothing else may be in the worker's hands."""

    number: int
    work: Callable[[Any], Any]
    task: Any
    alone: bool = False

    def packed(self) -> bytes:
        """The work and the task, as they are sent."""
        return pickle.dumps((self.work, self.task), pickle.HIGHEST_PROTOCOL)


class Reply(NamedTuple):
    """What a worker sends back.

    Attributes
    ----------
    number : int or None
        Of the call; None once, when the worker is ready for its first.
    answer : Any
    error : Exception or None
        What the work raised.
    where : str
        Where it was raised, as a traceback.
    seconds : float
        Of this task; of tasks that overlap, since the last one before it ended.
    busy : float
        Seconds that its device has computed since it began, see `palmbench.base.device.turn`.
    peak : int
        Bytes of memory that it has held at most.
    """

    number: int | None
    answer: Any
    error: Exception | None
    where: str
    seconds: float
    busy: float
    peak: int

    def told(self) -> Any:
        """The answer; an error is raised."""
        if self.error is not None:
            raise self.error from _Elsewhere(self.where)
        return self.answer


class _Elsewhere(Exception):
    """Where in another process an error was raised."""

    def __str__(self) -> str:
        return f"\n{self.args[0]}"


class AnyWorker(Protocol):
    """A worker, wherever it is, as the process sees it that it works for; see `Worker`."""

    hands: int
    in_hand: dict[int, Call]
    ready: bool
    busy: float
    peak: int

    def give(self, call: Call) -> None: ...

    def replies(self) -> tuple[list[tuple[Call, Reply]], bool]: ...

    def begun(self) -> list[Call]: ...

    def bid_farewell(self) -> None: ...

    def join(self) -> None: ...

    def kill(self) -> None: ...

    def why_gone(self) -> str: ...


class Worker:
    """A worker process, as the process sees it that it works for.

    Parameters
    ----------
    hands : int
        Tasks that it works on at the same time, in threads.
    environment : mapping of str to str
        What else than the usual stands in its environment.

    Attributes
    ----------
    in_hand : dict of int to Call
        Calls without a reply, in their order.
    ready : bool
        Whether it has come so far as to take its first call.
    busy : float
    peak : int
        As of its last reply.
    """

    def __init__(self, hands: int = 1, environment: Mapping[str, str] | None = None) -> None:
        self.hands = hands
        self.in_hand: dict[int, Call] = {}
        self.ready = False
        self.busy = 0.0
        self.peak = 0
        self._unsent: deque[tuple[int, bytes]] = deque()
        context = get_context("spawn")
        self.pipe, far_end = context.Pipe()
        self.process = context.Process(target=_serve, args=(far_end, hands), daemon=True)
        with _single_threaded_and_uninterrupted(environment or {}):
            self.process.start()
        far_end.close()

    def give(self, call: Call) -> None:
        """Hand it a call; one that has died meanwhile is found out by `replies`."""
        packed = call.packed()
        self.in_hand[call.number] = call
        # One that is still starting does not read yet, and who sends it much would wait for it.
        self._unsent.append((call.number, packed))
        if self.ready:
            self._send()

    def _send(self) -> None:
        with suppress(OSError):
            while self._unsent:
                self.pipe.send(self._unsent.popleft())

    def replies(self) -> tuple[list[tuple[Call, Reply]], bool]:
        """What it has sent, and whether it lives."""
        found = []
        try:
            while self.pipe.poll():
                reply: Reply = pickle.loads(self.pipe.recv_bytes())
                self.busy, self.peak = reply.busy, reply.peak
                if reply.number is not None:
                    found.append((self.in_hand.pop(reply.number), reply))
                elif not self.ready:
                    self.ready = True
                    self._send()
        except (EOFError, OSError):
            return found, False
        return found, True

    def begun(self) -> list[Call]:
        """The calls that it may be working on."""
        return list(self.in_hand.values())[: self.hands] if self.ready else []

    def bid_farewell(self) -> None:
        """Have it end when it has done what it has in hand; see `join`."""
        with suppress(OSError):
            self.pipe.send(None)

    def join(self) -> None:
        """Wait for its end."""
        self.process.join()
        self.pipe.close()

    def kill(self) -> None:
        """End it at once."""
        self.pipe.close()
        self.process.kill()
        self.process.join()

    def why_gone(self) -> str:
        """What it died of, as sentences."""
        self.process.join(_LAST_WORDS)
        code = self.process.exitcode
        kept = "What it had finished is kept: run the same command again"
        if code is None or code == -signal.SIGKILL:
            return (
                f"A worker process was killed, most likely for want of memory. {kept}, with fewer processes "
                "(executor.workers=1) if it happens again."
            )
        how = f"by signal {-code} ({signal.strsignal(-code)})" if code < 0 else f"with status {code}"
        return (
            f"A worker process ended {how} in the middle of its work. {kept}; if it happens again, with "
            "PYTHONFAULTHANDLER=1 in the environment and executor.workers=1 it says where."
        )


def done(work: Callable[[Any], Any], task: Any) -> Any:
    """The answer of some work, which may not end the program."""
    with no_exit("A step of the work"):
        return work(task)


def limit_threads() -> None:
    """Hold every library of this process to one thread."""
    import cv2
    import torch

    cv2.setNumThreads(1)
    torch.set_num_threads(1)


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


@contextmanager
def _single_threaded_and_uninterrupted(environment: Mapping[str, str]) -> Iterator[None]:
    """Processes that start in this block hold every library to one thread, and never hear of an interrupt.

    They inherit both, so that neither comes too late for what they import before their first line runs.
    """
    # Started with the first process otherwise, and it would let interrupts through again before that one is there.
    resource_tracker.ensure_running()
    changed = {**dict.fromkeys(ONE_THREAD, "1"), **environment}
    before = {name: os.environ.get(name) for name in changed}
    os.environ.update(changed)
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


def _serve(pipe: Connection, hands: int) -> None:
    """What a worker process does."""
    calls: queue.SimpleQueue[tuple[int, bytes] | None] = queue.SimpleQueue()
    # First of all: what follows takes seconds.
    threading.Thread(target=_receive, args=(pipe, calls), daemon=True).start()
    replies, sending = Replies(), threading.Lock()
    try:
        limit_threads()
    except Exception as error:
        replies.trouble = error  # raised here it would be a worker that died, and nobody knew of what
    pipe.send_bytes(replies.packed(None, None, None, time.monotonic()))

    def work_on() -> None:
        while (call := calls.get()) is not None:
            reply = replies.to(*call)
            with sending:
                pipe.send_bytes(reply)
        calls.put(None)

    others = [threading.Thread(target=work_on) for _ in range(hands - 1)]
    for other in others:
        other.start()
    work_on()
    for other in others:
        other.join()


def _receive(pipe: Connection, calls: queue.SimpleQueue[Any]) -> None:
    # At all times: who sends must not wait for what is being worked on.
    while True:
        try:
            call = pipe.recv()
        except (EOFError, OSError):
            os._exit(1)
        calls.put(call)


class Replies:
    """What a worker answers to calls, as it is sent.

    Attributes
    ----------
    trouble : Exception or None
        What every call is answered with, where the worker could not begin.
    """

    def __init__(self) -> None:
        self.trouble: Exception | None = None
        self._lock = threading.Lock()
        self._last = 0.0

    def to(self, number: int, packed: bytes) -> bytes:
        """The reply to a call, by number, of some work and a task in one pickle."""
        began = time.monotonic()
        answer, error = None, self.trouble
        if error is None:
            try:
                answer = done(*pickle.loads(packed))
            except Exception as raised:
                error = raised
        return self.packed(number, answer, error, began)

    def packed(self, number: int | None, answer: Any, error: Exception | None, began: float) -> bytes:
        """A reply of what came of a call that began at a time of the monotonic clock."""
        with self._lock:
            now = time.monotonic()
            spent, self._last = now - max(began, self._last), now
        where = "".join(traceback.format_exception(error)) if error else ""
        told = _sendable(error) if error else None
        reply = Reply(number, answer, told, where, spent, device.busy_seconds(), peak())
        try:
            return pickle.dumps(reply, pickle.HIGHEST_PROTOCOL)
        except Exception as unsendable:  # an answer that nobody could receive
            why = RuntimeError(f"{type(unsendable).__name__}: {unsendable}")
            return pickle.dumps(reply._replace(answer=None, error=why))


def _sendable(error: Exception) -> Exception:
    """An error that survives the way back, and says the same."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error

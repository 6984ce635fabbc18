"""The near end of a worker: starts the other environment's process, asks it, and outlives its death."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import signal
import struct
import subprocess
import tempfile
import threading
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

from palmbench.hands.external.environment import PACKAGES, SCRIPT, clean_environment
from recognizers.common.errors import RequestError, SampleError
from recognizers.common.path_settings import require_temporary_folder

_TRIES = 2  # at a photo that ends the worker
_LOST_IN_A_ROW = 3  # photos that ended it: then it is not the photos
_LONGEST_ANSWER = 1 << 24  # bytes: what tells of a longer one is no answer
_LONGEST_WORDS = 300  # characters of what a process said that are passed on
_FAR = 1e9  # of a joint from the origin, in whichever unit: millimetres are the smallest
LAST_BREATH = 5.0  # seconds for a process to end that has stopped answering by itself


class Finding(NamedTuple):
    """A hand as an external detector tells of it.

    Attributes
    ----------
    keypoints : ndarray of shape (21, 2), float64
        Pixels of the photo, pixel centres at integers.
    space : ndarray of shape (21, 3), float64
        To the right, down, and away from the camera, in any unit.
    score : float
        In [0, 1].
    side : {"left", "right"} or None
        Which hand it is by its looks; None where the detector does not say.
    sure : float
        How sure of that it is, in [0, 1].
    """

    keypoints: np.ndarray
    space: np.ndarray
    score: float
    side: str | None = None
    sure: float = 0.0


class Worker:
    """A detector's process in another environment. It starts at the first photo and ends with this process.

    Parameters
    ----------
    name : str
        Key of `environment.PACKAGES`.
    python : Path
        The other environment's interpreter.
    options : mapping
        What `worker.py` opens the detector with.
    version : str
        Of the package, as it was described; another one at the start is refused.
    start_limit, photo_limit : float
        Seconds after which a start, and an answer, are given up.
    """

    def __init__(
        self,
        name: str,
        python: Path,
        options: Mapping[str, Any],
        version: str,
        start_limit: float = 300.0,
        photo_limit: float = 120.0,
    ) -> None:
        self._name, self._python, self._version = name, python, version
        self._options = json.dumps(dict(options))
        self._start_limit, self._photo_limit = start_limit, photo_limit
        self._title = PACKAGES[name].title
        self._process: _Process | None = None
        self._lost = 0
        _open_workers.add(self)

    def ask(self, photo: np.ndarray) -> list[Finding]:
        """The hands of a photo (uint8, height x width x 3, RGB), the most confident first.

        Raises
        ------
        SampleError
            If the detector fails at this photo, or its process is lost at it twice.
        RequestError
            If the process cannot be started, or is lost at one photo after the other.
        """
        reason = ""
        for _ in range(_TRIES):
            process = self._process or self._start()
            try:
                answer = process.exchange(photo, self._photo_limit)
            except _Lost as lost:
                reason = str(lost)
                self.close()
                continue
            self._lost = 0
            return self._findings(answer, photo)
        self._lost += 1
        if self._lost >= _LOST_IN_A_ROW:
            raise RequestError(f"{self._title} was lost at {self._lost} photos in a row, each tried twice: {reason}.")
        raise SampleError(f"{self._title} was lost twice at this photo: {reason}")

    def close(self) -> None:
        """End the process; the next photo starts another."""
        if self._process is not None:
            self._process.end()
            self._process = None

    def _start(self) -> _Process:
        process = _Process([str(self._python), "-I", str(SCRIPT), self._name, self._options])
        try:
            answer = process.answer(self._start_limit)
        except _Lost as lost:
            process.end()
            raise RequestError(f"{self._title} cannot be started with {self._python}: {lost}.") from lost
        if "ready" not in answer:
            process.end()
            reason = _short(answer.get("broken", "its first answer is not a greeting"))
            raise RequestError(f"{self._title} cannot be started with {self._python}: {reason}")
        if answer["ready"] != self._version:
            process.end()
            changed = f"changed from {self._version} to {_short(answer['ready'])} while it was in use"
            raise RequestError(f"{self._title} in {self._python} {changed}; run the same command again.")
        self._process = process
        return process

    def _findings(self, answer: Mapping[str, Any], photo: np.ndarray) -> list[Finding]:
        if "failed" in answer:
            raise SampleError(f"{self._title} failed at this photo: {_short(answer['failed'])}")
        if not isinstance(answer.get("hands"), list):
            raise SampleError(f"{self._title} answered without a list of hands")
        try:
            found = [_finding(hand) for hand in answer["hands"]]
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            reason = _short(f"{type(error).__name__}: {error}")
            raise SampleError(f"{self._title} gave a hand that cannot be read ({reason})") from error
        height, width = photo.shape[:2]
        reach = max(height, width)
        for hand in found:
            if hand.keypoints.shape != (21, 2) or hand.space.shape != (21, 3):
                raise SampleError(f"{self._title} gave a hand without 21 keypoints in the picture and in space")
            if not (np.isfinite(hand.keypoints).all() and np.isfinite(hand.space).all()):
                raise SampleError(f"{self._title} gave a hand whose keypoints are not numbers")
            if (hand.keypoints < -reach).any() or (hand.keypoints > (width + reach, height + reach)).any():
                raise SampleError(f"{self._title} gave a hand whose keypoints lie far outside the photo")
            if (np.abs(hand.space) > _FAR).any():
                raise SampleError(f"{self._title} gave a hand whose joints in space lie beyond all measure")
            if not 0 <= hand.score <= 1:
                raise SampleError(f"{self._title} gave a hand whose confidence is not from 0 to 1, but {hand.score:g}")
        return sorted(found, key=lambda hand: -hand.score)


def _finding(hand: Mapping[str, Any]) -> Finding:
    keypoints, space = (np.array(hand[name], np.float64) for name in ("keypoints", "space"))
    side = hand.get("side")
    if side not in ("left", "right", None):
        raise ValueError(f"its side is {side!r}")
    return Finding(keypoints, space, float(hand["score"]), side, float(hand.get("sure", 0.0)))


def _short(said: Any) -> str:
    """What another process said, as part of one sentence."""
    return " ".join(str(said).split())[:_LONGEST_WORDS]


class _Lost(Exception):
    """The process died, or is to be ended because it did not answer in time, or not in the words agreed on."""


class _Process:
    def __init__(self, command: list[str]) -> None:
        require_temporary_folder()
        # A file and not a pipe: a pipe that nobody empties stops the process that fills it.
        self._said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        quiet = {"GLOG_minloglevel": "2", "TF_CPP_MIN_LOG_LEVEL": "3"}
        try:
            self._popen = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._said,
                env={**quiet, **clean_environment()},
                start_new_session=True,
            )
        except OSError as error:
            self._said.close()
            raise RequestError(f"The interpreter {command[0]} cannot be started ({error.strerror}).") from error

    def exchange(self, photo: np.ndarray, limit: float) -> dict[str, Any]:
        photo = np.ascontiguousarray(photo, np.uint8)
        words = json.dumps({"shape": photo.shape}).encode()
        return self._within(limit, struct.pack(">II", len(words), photo.nbytes) + words, photo)

    def answer(self, limit: float) -> dict[str, Any]:
        return self._within(limit)

    def end(self) -> None:
        self._kill()
        for stream in (self._popen.stdin, self._popen.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        self._popen.wait()
        self._said.close()

    def _within(self, limit: float, head: bytes = b"", photo: np.ndarray | None = None) -> dict[str, Any]:
        late = threading.Event()

        def give_up() -> None:
            late.set()
            self._kill()

        # Killing the process ends whatever this thread waits for, writing or reading.
        timer = threading.Timer(limit, give_up)
        timer.daemon = True
        timer.start()
        try:
            answer = self._talk(head, photo)
        finally:
            timer.cancel()
        if answer is None:
            raise _Lost(f"no answer within {limit:g} s" if late.is_set() else self._last_words())
        return answer

    def _talk(self, head: bytes, photo: np.ndarray | None) -> dict[str, Any] | None:
        to, of = self._popen.stdin, self._popen.stdout
        assert to is not None and of is not None
        try:
            if photo is not None:
                to.write(head)
                to.write(photo.data)
                to.flush()
            lengths = of.read(8)
            if len(lengths) < 8:
                return None
            length, payload = struct.unpack(">II", lengths)
            if length > _LONGEST_ANSWER or payload:
                raise _Lost("it answered with something else than a message")
            words = of.read(length)
        except OSError:
            return None
        if len(words) < length:
            return None
        try:
            answer = json.loads(words)
        except (ValueError, RecursionError) as error:
            raise _Lost("it answered with something else than JSON") from error
        if not isinstance(answer, dict):
            raise _Lost("it answered with something else than a JSON object")
        return answer

    def _last_words(self) -> str:
        try:
            status = self._popen.wait(LAST_BREATH)
        except subprocess.TimeoutExpired:
            return "it closed its end of the pipe"
        how = f"ended by signal {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
        self._said.seek(0, os.SEEK_END)
        self._said.seek(max(0, self._said.tell() - 4096))
        said = self._said.read().decode(errors="replace").strip().splitlines()
        return f"{how}; it said: {said[-1][:200]}" if said else how

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._popen.pid, signal.SIGKILL)


_open_workers: weakref.WeakSet[Worker] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    for worker in list(_open_workers):
        worker.close()

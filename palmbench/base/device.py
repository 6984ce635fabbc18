"""Where networks compute: the device as a caller from Python names it, and whose turn it is on one."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from recognizers.common.errors import RequestError


def torch_device(name: str) -> str:
    """The name of a torch device that is there; RequestError for another word, or CUDA where there is none."""
    import torch

    try:
        kind = torch.device(name).type
    except (RuntimeError, TypeError) as error:
        raise RequestError(f"device must be one of torch's, such as cpu or cuda, not {name!r}.") from error
    if kind == "cuda" and not torch.cuda.is_available():
        raise RequestError(f"device={name}, but torch finds no CUDA device here; use device='cpu'.")
    return name


class _Turns:
    """One at a time on the device of this process, and for how long in all."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.depth = 0
        self.began = self.seconds = 0.0


_turns = _Turns()


@contextmanager
def turn() -> Iterator[None]:
    """The device of this process for one thread: the others of the process read and write their photos meanwhile."""
    with _turns.lock:
        _turns.depth += 1
        if _turns.depth == 1:
            _turns.began = time.monotonic()
        try:
            yield
        finally:
            _turns.depth -= 1
            if not _turns.depth:
                _turns.seconds += time.monotonic() - _turns.began


def busy_seconds() -> float:
    """How long the device of this process has been in use, all turns together."""
    return _turns.seconds

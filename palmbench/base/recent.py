"""Pictures that this process decoded lately: several stages look at each photo, one after another."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import NamedTuple

import numpy as np


class _Kept(NamedTuple):
    mark: tuple[int, ...]
    picture: np.ndarray


class Recent:
    """Pictures by the files that they were decoded from, those used last, as long as the files stay as they were.

    Parameters
    ----------
    most : int
        Bytes of pixels that are kept at most; a larger picture is not.
    """

    def __init__(self, most: int) -> None:
        self._most, self._size = most, 0
        self._kept: OrderedDict[Path, _Kept] = OrderedDict()
        self._lock = Lock()

    def get(self, path: Path, decode: Callable[[], np.ndarray]) -> np.ndarray:
        """The picture of a file, the caller's own to change; errors as of `decode`, which is asked where it is new."""
        mark = _mark(path)
        with self._lock:
            kept = self._kept.get(path)
            if kept is not None and kept.mark == mark:
                self._kept.move_to_end(path)
                return kept.picture.copy()
        picture = decode()
        if mark is not None:
            self._keep(path, _Kept(mark, picture.copy()))
        return picture

    def _keep(self, path: Path, new: _Kept) -> None:
        if new.picture.nbytes > self._most:
            return
        with self._lock:
            self._drop(path)
            self._kept[path] = new
            self._size += new.picture.nbytes
            while self._size > self._most:
                self._drop(next(iter(self._kept)))

    def _drop(self, path: Path) -> None:
        if (kept := self._kept.pop(path, None)) is not None:
            self._size -= kept.picture.nbytes


def _mark(path: Path) -> tuple[int, ...] | None:
    """What changes when a file is replaced or written to; None where there is none."""
    try:
        about = os.stat(path)
    except OSError:
        return None
    return about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns


# Some 290 photos of 640 x 480, or 46 of two megapixels: what the tasks of a few batches have in hand.
RECENT = Recent(256 * 2**20)

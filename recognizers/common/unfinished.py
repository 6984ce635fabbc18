"""Files and folders being written: named by the machine, locked by the process, and removed when that is dead."""

from __future__ import annotations

import contextlib
import fcntl
import os
import platform
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

SUFFIX = ".part"
_OURS = ".palmbench-"
# Locks of another machine may not be seen here; nothing is written for as long as that.
_DEAD_ELSEWHERE = 24 * 3600.0


class Unfinished(NamedTuple):
    """A file or folder that is being written, and a descriptor of it that holds its lock."""

    path: Path
    descriptor: int


@contextmanager
def begun(folder: Path) -> Iterator[Unfinished]:
    """A new file in a folder, with the permissions that the umask leaves; removed unless it is renamed in the block."""
    part = _begin(folder, _new_file)
    try:
        yield part
    finally:
        with contextlib.suppress(OSError):
            part.path.unlink(missing_ok=True)
        os.close(part.descriptor)


@contextmanager
def begun_folder(folder: Path) -> Iterator[Path]:
    """A new folder in a folder, with the permissions that the umask leaves; removed unless renamed in the block."""
    part = _begin(folder, _new_folder)
    try:
        yield part.path
    finally:
        shutil.rmtree(part.path, ignore_errors=True)
        os.close(part.descriptor)


def path_in(folder: Path) -> Path:
    """A path for something unfinished in a folder; not of its later name, which may be as long as names can be."""
    return folder / f"{_OURS}{_machine()}-{secrets.token_hex(8)}{SUFFIX}"


@lru_cache(maxsize=4096)
def clear_once(folder: Path) -> None:
    """`clear`, but a process that writes many files into a folder looks once."""
    clear(folder)


def clear(folder: Path) -> None:
    """Remove what dead processes left unfinished in a folder; what others are writing there stays."""
    with contextlib.suppress(OSError):
        for entry in list(os.scandir(folder)):
            if entry.name.startswith(_OURS) and entry.name.endswith(SUFFIX):
                with contextlib.suppress(OSError):
                    _remove_if_dead(Path(entry.path))


def _new_file(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)


def _new_folder(path: Path) -> int:
    path.mkdir()
    return os.open(path, os.O_RDONLY)


def _begin(folder: Path, make: Callable[[Path], int]) -> Unfinished:
    while True:
        path = path_in(folder)
        descriptor = make(path)
        # Some file systems have no locks: their unfinished files are never taken for dead.
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        # Another process may have taken it for dead before it had its lock.
        if path.exists():
            return Unfinished(path, descriptor)
        os.close(descriptor)


def _remove_if_dead(path: Path) -> None:
    here = path.name.startswith(f"{_OURS}{_machine()}-")
    if not here and time.time() - path.stat().st_mtime < _DEAD_ELSEWHERE:
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    finally:
        os.close(descriptor)


@lru_cache(maxsize=1)
def _machine() -> str:
    return re.sub(r"[^A-Za-z0-9]", "", platform.node())[:32] or "machine"

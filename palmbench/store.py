"""The store: plain files under keys, written whole or not at all, and believed only as they were written.

An artefact of a stage lies at `<root>/<stage>/<first two digits>/<key><suffix>`. It is written to a temporary name in
the same folder and renamed, so that a reader sees all of it or nothing, a killed process leaves no half
file behind a good name, and two processes that do the same work do no harm. It bears a seal, see `palmbench.seal`,
which is checked when it is read.
"""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from palmbench import seal, unfinished
from palmbench.errors import Damaged, Lost, RequestError
from palmbench.plain_files import read_plain

Parsed = TypeVar("Parsed")


@dataclass(frozen=True)
class Store:
    """A folder of artefacts.

    Attributes
    ----------
    root : Path
        Made on the first write.
    """

    root: Path

    def path(self, stage: str, key: str, suffix: str) -> Path:
        """Where an artefact lies, whether it is there or not."""
        return self.root / stage / key[:2] / f"{key}{suffix}"

    def has(self, stage: str, key: str, suffix: str) -> bool:
        """Whether an artefact is there and bears its seal; what is in it is checked when it is read."""
        name = f"{stage}/{key}{suffix}"
        path = self.path(stage, key, suffix)
        if not path.is_file():
            return False
        try:
            with open(path, "rb") as stream:
                stream.seek(-seal.seal_length(name), os.SEEK_END)
                return seal.bears(name, stream.read())
        except OSError:
            return False

    def read(self, stage: str, key: str, suffix: str) -> bytes:
        """Contents of an artefact, as they were written.

        Raises
        ------
        Lost
            When it is absent or cannot be read.
        Damaged
            When it is not what was written; it is removed, so that it counts as missing from then on.
        """
        path = self.path(stage, key, suffix)
        try:
            data = read_plain(path)
        except OSError as error:
            raise Lost(str(path)) from error
        try:
            return seal.unsealed(f"{stage}/{key}{suffix}", data)
        except ValueError as error:
            with contextlib.suppress(OSError):
                path.unlink()
            raise Damaged(str(path)) from error

    def load(self, stage: str, key: str, suffix: str, parse: Callable[[bytes], Parsed]) -> Parsed:
        """An artefact as `parse` makes it out of its bytes; errors as of `read`."""
        return parse(self.read(stage, key, suffix))

    def write(self, stage: str, key: str, suffix: str, data: bytes) -> None:
        """Write an artefact, whole or not at all."""
        write_bytes(self.path(stage, key, suffix), seal.sealed(f"{stage}/{key}{suffix}", data))


def if_there(load: Callable[[], Parsed]) -> Parsed | None:
    """What `load` reads from a store, or None where it is not there; what is damaged is not there, and that is said."""
    try:
        return load()
    except Damaged as error:
        print(f"{error.places[0]} is not what was stored there, and is not used.", file=sys.stderr)
    except Lost:
        pass
    return None


RESULTS = "choose another place with results_dir=FOLDER"


@contextmanager
def atomic(path: Path, choice: str = RESULTS) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place when the block ends well, and vanishes otherwise.

    What takes the place is on the disk by then, and has the permissions that the user's umask leaves. Temporary files
    that killed processes left in the folder are removed by the way.

    Parameters
    ----------
    path : Path
    choice : str
        How the user gets another place, for the sentence about a full disk.

    Raises
    ------
    RequestError
        If the disk is full or the folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.clear_once(path.parent)
        with unfinished.begun(path.parent) as part:
            yield part.path
            os.fsync(part.descriptor)
            part.path.replace(path)
        _flush_folder(path.parent)
    except OSError as error:
        raise cannot_write(path, error, choice) from error


def _flush_folder(folder: Path) -> None:
    # Not every file system can: the rename then lasts as well as that system makes it.
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def require_room_for(file: Path, choice: str) -> None:
    """Make sure that a file can be written, or replaced, at the end of the work; its folder is made.

    Raises
    ------
    RequestError
        If not; better before the work than after it.
    """
    if file.is_dir():
        raise cannot_write(file, IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR)), choice)
    require_writable(file.parent, choice)


def require_writable(folder: Path, choice: str = RESULTS) -> None:
    """Make a folder where it is missing, and make sure that files can be written there.

    Raises
    ------
    RequestError
        If not; better before the work than after it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as trial:
            trial.write(b"whatever")
    except OSError as error:
        raise cannot_write(folder, error, choice) from error


def write_bytes(path: Path, data: bytes, choice: str = RESULTS) -> None:
    """Write a file, whole or not at all; see `atomic`."""
    with atomic(path, choice) as part:
        part.write_bytes(data)


def write_json(path: Path, content: Any, choice: str = RESULTS) -> None:
    """Write a JSON file with sorted keys, whole or not at all; see `atomic`."""
    write_bytes(path, json_bytes(content), choice)


def json_bytes(content: Any) -> bytes:
    """JSON with sorted keys, the same bytes for the same content."""
    return (json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n").encode()


def pack_arrays(**arrays: np.ndarray) -> bytes:
    """Arrays as an uncompressed npz in memory."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def unpack_arrays(data: bytes) -> dict[str, np.ndarray]:
    """Arrays of `pack_arrays`."""
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def cannot_write(path: Path, error: OSError, choice: str = RESULTS) -> RequestError:
    """The sentence for a file or folder that `error` kept from being written; `choice` as for `atomic`."""
    reason, mend = error.strerror or str(error), "check its permissions"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        mend = "free some space there"
    elif error.errno in (errno.EEXIST, errno.ENOTDIR, errno.EISDIR):
        there = next((each for each in (path, *path.parents) if each.exists()), path)
        reason = f"{'it' if there == path else there} is a {'folder' if there.is_dir() else 'file'}"
        mend = "move that"
    return RequestError(f"{path} cannot be written: {reason}; {mend}, or {choice}.")

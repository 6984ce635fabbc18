"""The store: plain files under keys, written whole or not at all.

An artefact of a stage lies at `<root>/<stage>/<first two digits>/<key><suffix>`. It is written to a temporary name in
the same folder and renamed, so that a reader sees all of it or nothing, a killed process leaves no half
file behind a good name, and two processes that do the same work do no harm.
"""

from __future__ import annotations

import errno
import io
import json
import os
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from palmbench.errors import RequestError

Parsed = TypeVar("Parsed")
_PARQUET_END = b"PAR1"


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
        """Whether an artefact is there. An empty file is none: a machine that lost power can leave one."""
        try:
            return self.path(stage, key, suffix).stat().st_size > 0
        except OSError:
            return False

    def read(self, stage: str, key: str, suffix: str) -> bytes:
        """Contents of an artefact. Raises FileNotFoundError when it is absent."""
        return self.path(stage, key, suffix).read_bytes()

    def load(self, stage: str, key: str, suffix: str, parse: Callable[[bytes], Parsed]) -> Parsed:
        """An artefact as `parse` makes it out of its bytes.

        Raises
        ------
        FileNotFoundError
            When it is absent.
        RequestError
            If the file is not what was written: a disk or a copy has lost part of it.
        """
        data = self.read(stage, key, suffix)
        try:
            return parse(data)
        except (ValueError, KeyError, EOFError, OSError, zipfile.BadZipFile) as error:
            path = self.path(stage, key, suffix)
            raise RequestError(f"{path} is damaged; delete it, and the same command makes it again.") from error

    def write(self, stage: str, key: str, suffix: str, data: bytes) -> None:
        """Write an artefact, whole or not at all."""
        write_bytes(self.path(stage, key, suffix), data)


RESULTS = "choose another place with results_dir=FOLDER"


@contextmanager
def atomic(path: Path, choice: str = RESULTS) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place when the block ends well, and vanishes otherwise.

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
    part: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        os.close(handle)
        part = Path(name)
        yield part
        os.chmod(part, 0o644)
        part.replace(path)
    except OSError as error:
        raise cannot_write(path, error, choice) from error
    finally:
        if part is not None:
            part.unlink(missing_ok=True)


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


def whole_parquet(path: Path) -> bool:
    """Whether a Parquet file is there and has its end, without which nothing of it can be read."""
    try:
        with open(path, "rb") as stream:
            stream.seek(-len(_PARQUET_END), os.SEEK_END)
            return stream.read() == _PARQUET_END
    except OSError:
        return False


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

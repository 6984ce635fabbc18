"""Files written whole or not at all, by a rename; or a sentence on why they cannot be."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from recognizers.common import unfinished
from recognizers.common.errors import RequestError

RESULTS = "choose another place with results_dir=FOLDER"


@contextmanager
def atomic(path: Path, choice: str = RESULTS, lasting: bool = True) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place when the block ends well, and vanishes otherwise.

    What takes the place has the permissions that the user's umask leaves. Temporary files that killed processes left
    in the folder are removed too.

    Parameters
    ----------
    path : Path
    choice : str
        How the user gets another place, for the sentence about a full disk.
    lasting : bool
        Whether it is on the disk by the time it takes the place, so that it outlasts a loss of power. Else that may
        leave nothing or zeros: for what is sealed, and made again where the seal is broken.

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
            if lasting:
                os.fsync(part.descriptor)
            part.path.replace(path)
        if lasting:
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


def write_bytes(path: Path, data: bytes, choice: str = RESULTS, lasting: bool = True) -> None:
    """Write a file, whole or not at all; see `atomic`."""
    with atomic(path, choice, lasting) as part:
        part.write_bytes(data)


def write_json(path: Path, content: Any, choice: str = RESULTS) -> None:
    """Write a JSON file with sorted keys, whole or not at all; see `atomic`."""
    write_bytes(path, json_bytes(content), choice)


def json_bytes(content: Any) -> bytes:
    """JSON with sorted keys, the same bytes for the same content."""
    return (json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n").encode()


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

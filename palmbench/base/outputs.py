"""Files that a command writes where its user says: nothing that lies there is lost to them.

A new file is created under its name or not at all, whatever appears there meanwhile. Only what a command was sure that
it may replace, and that nobody has touched since, is replaced.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from recognizers.common import unfinished
from recognizers.common.errors import RequestError
from recognizers.common.writing import RESULTS, cannot_write, require_writable, write_bytes

_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)
_MAKER = "made_by"
_HEAD = 1024
_NOTHING = "nothing"
_BEGINNINGS = {
    "png": b"\x89png\r\n\x1a\n",
    "jpeg": b"\xff\xd8\xff",
    "pdf": b"%pdf-",
    "html": b"<!doctype html",
    "json": b"{",
}


class InTheWay(RequestError):
    """Something lies where a file was to be written, and is not to be replaced."""


class Stamp(NamedTuple):
    """A file as it was seen; another one, or the same with other contents, has another stamp."""

    device: int
    inode: int
    size: int
    modified: int
    changed: int


def stamp(path: Path) -> Stamp | None:
    """Stamp of what lies at a path, of a link itself; None if nothing does."""
    try:
        found = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return Stamp(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def is_plain_file(path: Path) -> bool:
    """Whether a file lies there: no folder, no link, no device, no pipe."""
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False


def put(path: Path, data: bytes, choice: str, instead_of: Stamp | None = None) -> None:
    """Write a file, whole or not at all, in place of nothing or of one known file.

    Parameters
    ----------
    path : Path
        Its folder is made.
    data : bytes
    choice : str
        How the user gets another place, for the sentences.
    instead_of : Stamp, optional
        Of the file that may be replaced.

    Raises
    ------
    InTheWay
        If something else lies there.
    RequestError
        If the file cannot be written; its cause is the OSError.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with unfinished.begun(path.parent) as part:
            part.path.write_bytes(data)
            os.fsync(part.descriptor)
            if instead_of is not None and stamp(path) == instead_of:
                part.path.replace(path)
            else:
                _link(part.path, path)
    except FileExistsError as error:
        if not os.path.lexists(path):  # a file lies where its folder should be
            raise cannot_write(path, error, choice) from error
        raise InTheWay(
            f"{path} has appeared there meanwhile, or has changed, and is not replaced; move it, or {choice}."
        ) from error
    except OSError as error:
        raise cannot_write(path, error, choice) from error


def put_result(path: Path, data: bytes) -> None:
    """Write a table, a figure or a page, in place of an earlier one or of nothing.

    Raises
    ------
    InTheWay
        If something of another kind lies there: whatever it is, this program did not make it.
    RequestError
        If the file cannot be written.
    """
    if os.path.lexists(path) and _kind_of(path) not in (_kind(data[:_HEAD]), _NOTHING):
        raise InTheWay(f"{path} is there, and this command did not write it; move it, or {RESULTS}.")
    write_bytes(path, data)


@contextmanager
def whole_folder(out: Path, choice: str) -> Iterator[Path]:
    """A hidden folder beside `out` that takes its place when the block ends well, and vanishes otherwise.

    Parameters
    ----------
    out : Path
        Is not there, or an empty folder.
    choice : str
        How the user gets another place, for the sentences.

    Raises
    ------
    InTheWay
        If something lies there.
    RequestError
        If it cannot be written.
    """
    place = Path(os.path.realpath(out))  # an empty folder behind a link is one to be filled
    taken = InTheWay(f"{out} is there and not empty; {choice}, or remove it.")
    try:
        if stamp(place) is not None and (not place.is_dir() or any(place.iterdir())):
            raise taken
        if place == Path.cwd():  # it would vanish from below the shell that stands in it
            raise InTheWay(f"{out} is the folder that you stand in; {choice}.")
        place.parent.mkdir(parents=True, exist_ok=True)
        unfinished.clear(place.parent)
        with unfinished.begun_folder(place.parent) as part:
            yield part
            try:
                part.replace(place)  # takes the place of an empty folder, and of nothing else
            except OSError as error:
                raise taken if os.path.lexists(place) else error from error
    except OSError as error:
        raise cannot_write(out, error, choice) from error


def replaceable_account(path: Path, maker: str, choice: str, force: str | None = None) -> Stamp | None:
    """Make sure, before the work, that an account in JSON can be written at its end.

    Parameters
    ----------
    path : Path
    maker : str
        The command whose accounts may be replaced.
    choice : str
        How the user gets another place, for the sentences.
    force : str, optional
        The flag without which not even such an account is replaced, if it was not given.

    Returns
    -------
    Stamp or None
        For `put_account`.

    Raises
    ------
    RequestError
        If not.
    """
    if not os.path.lexists(path):
        require_writable(path.parent, choice)
        return None
    if path.is_dir():
        raise cannot_write(path, IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR)), choice)
    seen = stamp(path)
    if not is_plain_file(path) or not _made_by(path, maker):
        raise InTheWay(f"{path} is there and was not made by `{maker}`; move it, or {choice}.")
    if force:
        raise InTheWay(f"{path} is there already; {choice}, or replace it with {force}.")
    require_writable(path.parent, choice)
    return seen


def put_account(path: Path, content: dict[str, Any], maker: str, choice: str, instead_of: Stamp | None = None) -> None:
    """Write an account in JSON that says which command made it; see `put`."""
    text = json.dumps({_MAKER: maker, **content}, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    # What is not text in a name becomes an escape of JSON.
    put(path, (text + "\n").encode("utf-8", "backslashreplace"), choice, instead_of)


def _kind_of(path: Path) -> str:
    if not is_plain_file(path):
        return "no file"
    try:
        with open(path, "rb") as stream:
            return _kind(stream.read(_HEAD))
    except OSError as error:
        raise cannot_write(path, error) from error


def _kind(head: bytes) -> str:
    """What a file is, by its first bytes."""
    if not head:
        return _NOTHING
    known = next((kind for kind, beginning in _BEGINNINGS.items() if head.lower().startswith(beginning)), None)
    return known or ("binary" if b"\0" in head else "text")


def _made_by(path: Path, maker: str) -> bool:
    try:
        if not path.stat().st_size:
            return False
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError, MemoryError):
        return False
    return isinstance(content, dict) and content.get(_MAKER) == maker


def _link(part: Path, path: Path) -> None:
    """Give a file its name, if the name is free."""
    try:
        os.link(part, path)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # A disk without hard links: the name is taken first, by an empty file.
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        part.replace(path)

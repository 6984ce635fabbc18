"""What makes a folder of results resumable: a line a result, of what it was made from; and a lock on the folder."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

from palmbench.photos.files import shown
from recognizers.common.errors import RequestError

NAME = ".palmbench-deid"
_NO_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)


class Entry(NamedTuple):
    """A result.

    Attributes
    ----------
    result : str
        Its path below the folder, with slashes; what is not text in it as lone surrogates, as Python reads names.
    key : str
        Of what it was made from.
    sha256 : str
        Of its bytes.
    hidden : bool
        False where it was written although a palm in it shows.
    """

    result: str
    key: str
    sha256: str
    hidden: bool = True


class Ledger:
    """The list of finished results in their folder.

    It holds no photo's name that the folder does not have, no seed and no setting, only digests; without it the folder
    is as complete, but a second run cannot tell its own results from other files.

    Parameters
    ----------
    folder : Path
        Need not exist.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Make the folder, and keep other runs out of it; a killed process lets go of it.

        Raises
        ------
        RequestError
            If another run is writing there, or the folder cannot be written.
        """
        with self._opened() as stream:
            if not self._locked(stream):
                raise RequestError(
                    f"Another deid is writing into {shown(self.folder)}; wait for it, or choose another OUT."
                )
            try:
                yield
            finally:
                if not os.fstat(stream.fileno()).st_size:
                    (self.folder / NAME).unlink(missing_ok=True)  # nothing was made, and no trace stays

    def entries(self) -> dict[tuple[str, str], Entry]:
        """Lines by a result's name and digest. Half a line, as a full disk leaves, says nothing."""
        try:
            data = (self.folder / NAME).read_bytes()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise self._unusable(error.strerror or str(error)) from error
        if data and not data.startswith(b"\n"):
            raise self._unusable("deid did not make it")
        return {(entry.result, entry.sha256): entry for line in data.split(b"\n") if (entry := _parsed(line))}

    def add(self, output: Path, key: str, data: bytes, hidden: bool = True) -> None:
        """Say what a result is made from, before it is put in its place: so no result is without its line."""
        entry = Entry(self.name_of(output), key, hashlib.sha256(data).hexdigest(), hidden)
        # The line break comes first: what a full disk cut short does not spoil the next line.
        line = "\n" + json.dumps(entry._asdict(), sort_keys=True)
        try:
            with self._opened() as stream:
                stream.write(line.encode("ascii"))
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            raise self._unusable(error.strerror or str(error)) from error

    def name_of(self, output: Path) -> str:
        """A result's name in the list."""
        return output.relative_to(self.folder).as_posix()

    def _opened(self) -> BinaryIO:
        path = self.folder / NAME
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            # Not through a link: what it leads to is somebody's file.
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666)
        except OSError as error:
            raise self._unusable(error.strerror or str(error)) from error
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise self._unusable("it is not a file")
        return os.fdopen(handle, "ab")

    def _locked(self, stream: BinaryIO) -> bool:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise self._unusable(error.strerror or str(error)) from error
            print(f"palmbench: {shown(self.folder)} knows no locks: let no other deid write there.", file=sys.stderr)
        try:
            # A run that made nothing may have removed what was opened here.
            return os.path.samestat(os.fstat(stream.fileno()), os.stat(self.folder / NAME))
        except FileNotFoundError:
            return False

    def _unusable(self, reason: str) -> RequestError:
        return RequestError(
            f"{shown(self.folder / NAME)}, the list of results, cannot be read and written: {reason}; mend that, or "
            "choose another OUT."
        )


def _parsed(line: bytes) -> Entry | None:
    try:
        entry = Entry(**json.loads(line))
    except (ValueError, TypeError, RecursionError):
        return None
    return entry if all(isinstance(value, str) for value in entry[:3]) and isinstance(entry.hidden, bool) else None

"""Files whose digest is part of a key: read as they were when it was taken, or not at all.

A number stands under the digest of the weights and the photo that it was made from. So what is read is what was
digested: contents are taken once, into memory that nobody else can change, and their digest is that of these very
bytes. A file that was replaced or written over since, even with its old time, or is just being written, ends the run.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from recognizers.common.cache_keys import KEY_LENGTH, bytes_digest, file_digest
from recognizers.common.errors import RequestError

_BLOCK = 1 << 20


class Pinned(NamedTuple):
    """A file and the digest, 32 hexadecimal digits, of the contents that it is to have."""

    path: Path
    digest: str

    @classmethod
    def now(cls, path: Path) -> Pinned:
        """A file with the contents that it has now; it is read only if it is not known already.

        Raises
        ------
        RequestError
            If it cannot be read.
        """
        try:
            status = path.stat()
            # The time of the last change of anything, which nobody can set back, tells a file put in another's place.
            seen = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
            return cls(path, _digest(path.resolve(), seen))
        except OSError as error:
            raise _unreadable(path, error) from error

    def read(self) -> bytes:
        """The contents of a file that is small enough to be held twice.

        Raises
        ------
        RequestError
            If they are others by now, or cannot be read.
        """
        try:
            data = self.path.read_bytes()
        except OSError as error:
            raise _unreadable(self.path, error) from error
        if bytes_digest(data) != self.digest:
            raise changed(self.path)
        return data

    def require_same(self) -> None:
        """Make sure that what was read of the file meanwhile, such as its header, was of these contents."""
        if Pinned.now(self.path) != self:
            raise changed(self.path)


@contextmanager
def copied(path: Path, digest: str | None = None) -> Iterator[Path]:
    """A file's contents in memory, under a path of this process alone that every library can open.

    Mapping the file itself would be cheaper and wrong: a training that saves over it would change a network in use.
    The memory is let go of with the block, but for what a library has mapped of it: tensors need no second copy.

    Parameters
    ----------
    path : Path
    digest : str, optional
        Of the contents that the file is to have; None takes what is there.

    Raises
    ------
    RequestError
        If they are others by now, or cannot be read.
    """
    memory = os.memfd_create("palmbench")
    try:
        try:
            sha = hashlib.sha256()
            with open(path, "rb") as source, open(memory, "wb", closefd=False) as target:
                while block := source.read(_BLOCK):
                    sha.update(block)
                    target.write(block)
        except OSError as error:
            raise _unreadable(path, error) from error
        if digest not in (None, sha.hexdigest()[:KEY_LENGTH]):
            raise changed(path)
        yield Path(f"/proc/self/fd/{memory}")
    finally:
        os.close(memory)


def changed(path: Path) -> RequestError:
    """What ends a run that meets other contents than its keys were made of."""
    return RequestError(f"{path} changed while the run was under way; run the same command again.")


@lru_cache(maxsize=1 << 16)
def _digest(path: Path, seen: tuple[int, ...]) -> str:
    # What was seen is not part of the digest: it only keeps a stale one from being answered.
    return file_digest(path)


def _unreadable(path: Path, error: OSError) -> RequestError:
    return RequestError(f"{path} cannot be read: {error.strerror or error}; mend that, or name another file.")

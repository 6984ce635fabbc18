"""The store: plain files under keys, written whole or not at all, and believed only as they were written.

An artefact of a stage lies at `<root>/<stage>/<first two digits>/<key><suffix>`. It is written to a temporary name in
the same folder and renamed, so that a reader sees all of it or nothing, a killed process leaves no half
file behind a good name, and two processes that do the same work do no harm. It bears a seal, see
`recognizers.common.seal`, which is checked when it is read: what a loss of power leaves half written is made again.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from palmbench.base.images import decode_png
from palmbench.base.plain_files import read_plain
from palmbench.base.recent import RECENT
from recognizers.common import seal
from recognizers.common.errors import Damaged, Lost
from recognizers.common.writing import write_bytes

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

    @classmethod
    def of(cls, results_dir: str | Path) -> Store:
        """The store of a folder of results: `<results_dir>/store`."""
        return cls(Path(results_dir) / "store")

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

    def picture(self, stage: str, key: str, suffix: str) -> np.ndarray:
        """The picture of an artefact that is a PNG, as `decode_png` makes it of its bytes; errors as of `read`."""
        return RECENT.get(self.path(stage, key, suffix), lambda: self.load(stage, key, suffix, decode_png))

    def write(self, stage: str, key: str, suffix: str, data: bytes) -> None:
        """Write an artefact, whole or not at all."""
        write_bytes(self.path(stage, key, suffix), seal.sealed(f"{stage}/{key}{suffix}", data), lasting=False)


def if_there(load: Callable[[], Parsed]) -> Parsed | None:
    """What `load` reads from a store, or None where it is not there; what is damaged is not there, and that is said."""
    try:
        return load()
    except Damaged as error:
        print(f"{error.places[0]} is not what was stored there, and is not used.", file=sys.stderr)
    except Lost:
        pass
    return None


def pack_arrays(**arrays: np.ndarray) -> bytes:
    """Arrays as an uncompressed npz in memory."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def unpack_arrays(data: bytes) -> dict[str, np.ndarray]:
    """Arrays of `pack_arrays`."""
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}

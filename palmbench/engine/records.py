"""A run's folder: what was measured, and a record that knows every other file of it by its SHA-256.

The record is written last. Where it is whole and its files are those that it names, the run is finished; where one was
lost, changed, or taken from another run, there is no record, that is said, and the run is measured again.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from palmbench.base.plain_files import read_plain
from palmbench.scoring.number import Number
from recognizers.common.errors import Damaged, Lost
from recognizers.common.seal import sealed_record, sha256, unsealed_record
from recognizers.common.writing import write_bytes, write_json

if TYPE_CHECKING:
    import pandas as pd

# Of every record and of the files beside it: another field, a removed or a renamed one raises it.
FORMAT = 6
RECORD, METRICS, SCORES = "record.json", "metrics.json", "scores.parquet"


@dataclass(frozen=True)
class Record:
    """A finished piece of work as it was written.

    Attributes
    ----------
    path : Path
        Of the record.
    content : mapping
        What it says.
    """

    path: Path
    content: Mapping[str, Any]

    @property
    def metrics(self) -> dict[str, Any]:
        """Contents of `metrics.json`, its "metrics" as `Number` by name; errors as of `read`."""
        content = json.loads(self.read(METRICS))
        return {**content, "metrics": {name: Number.from_json(each) for name, each in content["metrics"].items()}}

    def table(self, name: str) -> pd.DataFrame:
        """A table that `table_file` made and that was written with the record; errors as of `read`."""
        import pandas

        return pandas.read_parquet(io.BytesIO(self.read(name)))

    def read(self, name: str) -> bytes:
        """A file that was written with the record.

        Raises
        ------
        Lost, Damaged
            If it has vanished or was changed since the record was read.
        """
        path = self.path.parent / name
        try:
            data = read_plain(path)
        except OSError as error:
            raise Lost(str(path)) from error
        if sha256(data) != self.content["files"][name]:
            raise Damaged(str(path))
        return data


def write_record(path: Path, content: Mapping[str, Any], files: Mapping[str, bytes]) -> None:
    """Write files, and then the record that names them.

    Parameters
    ----------
    path : Path
        Of the record.
    content : mapping
        Plain JSON values, the `key` among them.
    files : mapping of str to bytes
        By name, in the record's folder.

    Raises
    ------
    RequestError
        If the disk is full or the folder cannot be written.
    """
    # A process that is killed here must not leave a record beside files that are not its own.
    with contextlib.suppress(OSError):
        path.unlink()
    for name, data in files.items():
        write_bytes(path.parent / name, data)
    named = {name: sha256(data) for name, data in files.items()}
    write_json(path, sealed_record({"format": FORMAT, **content, "files": named}))


class Unusable(NamedTuple):
    """A record, or a file of one, that is there and is not believed, and why."""

    path: Path
    why: str


def read_record(path: Path, key: str) -> Record | None:
    """The record of a key, or None where there is none.

    A record that is damaged, of another key or of another version, or one of whose files is not as it was written, is
    none; that is said.
    """
    found = record_or_why_not(path, key)
    if isinstance(found, Unusable):
        _say(found)
        return None
    return found


def record_or_why_not(path: Path, key: str) -> Record | Unusable | None:
    """As `read_record`, with nothing said."""
    try:
        data = read_plain(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        return Unusable(path, error.strerror or str(error))
    try:
        content = unsealed_record(data)
    except ValueError:
        return Unusable(path, "not as it was written")
    if (content.get("format"), content.get("key")) != (FORMAT, key):
        return Unusable(path, "of other settings or another version")
    for name, written in content["files"].items():
        if _current_sha256(path.parent / name) != written:
            return Unusable(path.parent / name, "not as it was written with its record")
    return Record(path, content)


def table_file(table: pd.DataFrame) -> bytes:
    """A table as a Parquet file."""
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    return buffer.getvalue()


def _current_sha256(path: Path) -> str | None:
    try:
        found = path.stat()
        return _sha256(path, found.st_ino, found.st_mtime_ns, found.st_size)
    except OSError:
        return None


@lru_cache(maxsize=4096)
def _sha256(path: Path, *version: int) -> str:
    # What is drawn together asks for the same runs again and again: a file that stays the same is read once.
    return sha256(read_plain(path))


def say_unusable(unusable: Sequence[Unusable]) -> None:
    """Say which records of a place are not used, those of one reason in one line."""
    for why in dict.fromkeys(each.why for each in unusable):
        first, *others = (each for each in unusable if each.why == why)
        if others:
            places = f"{first.path} and {len(others)} more"
            _print_once(f"{places} are not used ({why}); the same runs again make them anew.")
        else:
            _say(first)


def _say(unusable: Unusable) -> None:
    _print_once(f"{unusable.path} is not used ({unusable.why}); the same run again makes it anew.")


@lru_cache(maxsize=1024)
def _print_once(sentence: str) -> None:
    print(sentence, file=sys.stderr)

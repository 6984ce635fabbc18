"""What makes a folder of results resumable: a line a result, of what it was made from."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import NamedTuple

from palmbench.errors import RequestError
from palmbench.photos.files import shown

NAME = ".palmbench-deid"


class Entry(NamedTuple):
    """A result.

    Attributes
    ----------
    result : str
        Its file's name below the folder.
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

    def entries(self) -> dict[str, Entry]:
        """The last line on each result. Half a line, as a full disk leaves, says nothing."""
        try:
            lines = (self.folder / NAME).read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return {}
        except (OSError, UnicodeDecodeError) as error:
            raise RequestError(f"{self.folder / NAME} cannot be read ({error}); remove it and use --force.") from error
        entries = {}
        for line in lines:
            try:
                entry = Entry(**json.loads(line))
            except (ValueError, TypeError):
                continue
            entries[entry.result] = entry
        return entries

    def add(self, output: Path, key: str, data: bytes, hidden: bool = True) -> None:
        """Say what a result is made from, before it is put in its place: so no result is without its line."""
        entry = Entry(self.name_of(output), key, hashlib.sha256(data).hexdigest(), hidden)
        # The line break comes first: what a full disk cut short does not spoil the next line.
        line = "\n" + json.dumps(entry._asdict(), ensure_ascii=False, sort_keys=True)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with open(self.folder / NAME, "ab") as stream:
                stream.write(line.encode())
        except OSError as error:
            raise RequestError(
                f"{self.folder / NAME} cannot be written: {error.strerror or error}; mend that, or choose another OUT."
            ) from error

    def name_of(self, output: Path) -> str:
        """A result's name in the list."""
        return shown(output.relative_to(self.folder))


def same_bytes(path: Path, sha256: str) -> bool:
    """Whether a file has these contents."""
    return hashlib.sha256(path.read_bytes()).hexdigest() == sha256

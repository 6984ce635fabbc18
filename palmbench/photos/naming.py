"""What results are called: as their photos, but where two would have one name, or a name would be too long."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Sequence
from itertools import count as counting
from pathlib import Path
from typing import NamedTuple

LONGEST = 255  # bytes of a name, on all usual disks


class Wish(NamedTuple):
    """A result's usual path, and whether its name is its photo's own."""

    path: Path
    own: bool


class Names(NamedTuple):
    """Paths of a photo's results, and why they are not called as usual, if they are not."""

    paths: tuple[Path, ...]
    reason: str | None


def result_names(wishes: Sequence[Wish], count: int = 1) -> list[Names]:
    """Distinct names for the results of several photos.

    A photo whose result is called like it keeps its name; of others the first does, and the next are numbered from 2.
    Names that differ in case, or in how an accent is composed, are one: on some disks they are one file.

    Parameters
    ----------
    wishes : sequence of Wish
    count : int
        Results of each photo; with more than one they are numbered -1, -2 ...

    Returns
    -------
    list of Names
        One for each wish.
    """
    taken = {_one(folder) for wish in wishes for folder in wish.path.parents}  # no file has a folder's name
    found: dict[int, Names] = {}

    def take(place: int, number: int) -> bool:
        path = wishes[place].path
        paths = _numbered(path, number, count)
        if any(_one(each) in taken for each in paths):
            return False
        taken.update(map(_one, paths))
        reason = None
        if number > 1:
            reason = "as another result has the usual name"
        elif paths != _numbered(path, 1, count, longest=None):
            reason = f"as names hold {LONGEST} bytes"
        found[place] = Names(paths, reason)
        return True

    order = sorted(range(len(wishes)), key=lambda place: not wishes[place].own)
    late = [place for place in order if not take(place, 1)]
    after: dict[str, int] = {}
    for place in late:
        key = _one(wishes[place].path)
        after[key] = next(number for number in counting(after.get(key, 1) + 1) if take(place, number))
    return [found[place] for place in range(len(wishes))]


def _numbered(path: Path, number: int, count: int, longest: int | None = LONGEST) -> tuple[Path, ...]:
    marks = [f"-{number}" if number > 1 else ""]
    if count > 1:
        digits = len(str(count))
        marks = [f"{marks[0]}-{k:0{digits}d}" for k in range(1, count + 1)]
    return tuple(path.with_name(f"{_cut(path.stem, mark + path.suffix, longest)}{mark}{path.suffix}") for mark in marks)


def _cut(stem: str, end: str, longest: int | None) -> str:
    """As many of a name's characters as leave room for its end."""
    data = os.fsencode(stem)
    room = len(data) if longest is None else longest - len(os.fsencode(end))
    while 0 < room < len(data) and data[room] & 0xC0 == 0x80:  # not within a character
        room -= 1
    return os.fsdecode(data[:room])


def _one(path: Path) -> str:
    return unicodedata.normalize("NFC", str(path).casefold())

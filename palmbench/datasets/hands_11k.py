"""11K Hands: which of its photos show a palm, and whose, stands in HandInfo.csv."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import NamedTuple

from palmbench.datasets.layout import PhotoLabel, padded
from palmbench.datasets.manifest import read_cells
from recognizers.common.errors import RequestError

NAMES = ("handinfo.csv", "handinfo.txt")
PHOTO = r"(?:^|/)hand_\d{7}\.jpe?g$"
_COLUMNS = ("id", "aspectofhand", "imagename")


class HandInfo(NamedTuple):
    """Places of the palmar photos, and names of the others, by lower-case name without its ending."""

    palmar: dict[str, PhotoLabel]
    dorsal: frozenset[str]


def read_hand_info(file: Path) -> HandInfo:
    """Read the table that comes with 11K Hands; upper and lower case of its headings do not matter.

    Raises
    ------
    RequestError
        If a column is missing, or an aspect is not palmar or dorsal, left or right.
    """
    cells = list(read_cells(file))
    header = ["".join(name.split()).lower() for name in cells[0][1]] if cells else []
    if lacking := [name for name in _COLUMNS if name not in header]:
        raise RequestError(
            f"{file}, line 1: there is no column {' and no column '.join(lacking)}; this is not the table of 11K Hands."
        )
    palmar: dict[str, PhotoLabel] = {}
    dorsal = set()
    for line, values in cells[1:]:
        said = dict(zip(header, values, strict=False))
        subject, aspect, image = (said.get(name, "").strip() for name in _COLUMNS)
        face, _, side = aspect.lower().partition(" ")
        if face not in ("palmar", "dorsal") or side not in ("left", "right") or not subject or not image:
            raise RequestError(
                f"{file}, line {line}: id, aspectOfHand and imageName must be such as 0, palmar left and "
                f"Hand_0000002.jpg, not {subject or '(empty)'}, {aspect or '(empty)'} and {image or '(empty)'}."
            )
        stem = PurePosixPath(image).stem.lower()
        if face == "dorsal":
            dorsal.add(stem)
        else:
            person, number = padded(subject), stem.rpartition("_")[2]
            palmar[stem] = PhotoLabel(f"{person}_{side}", person, side, padded(number), number=number)
    return HandInfo(palmar, frozenset(dorsal))

"""Data sets that a CSV file describes: one line a photo, paths relative to the file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from palmbench.datasets.layout import PhotoLabel
from recognizers.common.did_you_mean import did_you_mean
from recognizers.common.errors import RequestError

NAME = "manifest.csv"
NEEDED = ("path", "identity")
COLUMNS = (*NEEDED, "person", "side", "session", "sample")
_UNREAD = ("profile", "note", "notes", "comment")
_SIDES = {"left": "left", "l": "left", "right": "right", "r": "right", "": ""}
_SHOWN = 8


class Row(NamedTuple):
    """A photo of a table: its line, its path in its plainest form, and what the line says of it."""

    line: int
    path: str
    label: PhotoLabel


class Table(NamedTuple):
    """Lines of a CSV file by column, and whatever is worth a remark."""

    rows: tuple[Row, ...]
    remarks: tuple[str, ...]


def read_manifest(file: Path) -> Table:
    """Read a manifest.

    The columns `path` and `identity` are needed; `person`, `side` (left or right), `session` and `sample` (number of
    the photo within the palm's session) may be there or be empty. Commas, semicolons and tabs part cells; a byte order
    mark is taken as such.

    Raises
    ------
    RequestError
        If the file cannot be read as such a table: what is wrong, and in which lines.
    """
    if not file.is_file():
        raise RequestError(
            f"there is no manifest {file}. Name one with dataset.root=FILE.csv: a line a photo, and the columns "
            f"{' and '.join(NEEDED)} at least."
        )
    cells = list(read_cells(file))
    if not cells:
        raise RequestError(f"{file} is empty. Its first line must name the columns: {', '.join(COLUMNS)}.")
    header = [name.strip().lower() for name in cells[0][1]]
    remarks = _check_header(file, header)
    problems: list[str] = []
    rows: list[Row] = []
    untold: dict[str, int] = {}
    for line, values in cells[1:]:
        if len(values) != len(header):
            problems.append(f"line {line} has {len(values)} cells, and the first line {len(header)}")
            continue
        said = {name: value.strip() for name, value in zip(header, values, strict=True)}
        said["path"] = _plain(said["path"], file.parent)
        wrong = _wrong(said)
        problems += [f"line {line}: {problem}" for problem in wrong]
        if not wrong:
            rows.append(Row(line, said["path"], _label(said)))
            if not said.get("person"):
                untold.setdefault(said["identity"], line)
    problems += [
        f"line {row.line}: person {row.label.person} is called like the identity of line {untold[row.label.person]}, "
        "whose person is not told"
        for row in rows
        if row.label.person in untold and row.label.identity != row.label.person
    ]
    problems += _contradictions(rows)
    if problems:
        raise RequestError(f"{file} cannot be read as it stands: {_listed(problems)}.")
    if not rows:
        raise RequestError(f"{file} names no photo: there is nothing below its first line.")
    return Table(tuple(rows), tuple(remarks))


def read_cells(file: Path) -> Iterator[tuple[int, list[str]]]:
    """Lines of a CSV file that are not blank: number of the line, cells.

    Raises
    ------
    RequestError
        If the file is not there, not UTF-8, or a quote is not closed.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise RequestError(f"{file} cannot be read: {error.strerror or error}.") from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise RequestError(f"{file}, line {line}: not UTF-8; save the table as CSV in UTF-8.") from error
    first = text.lstrip("\r\n").partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for values in reader:
            if any(value.strip() for value in values):
                yield reader.line_num, values
    except csv.Error as error:
        raise RequestError(f"{file}, line {reader.line_num}: not a line of a CSV file ({error}).") from error


def _check_header(file: Path, header: list[str]) -> list[str]:
    """Remarks on columns that are not read."""
    if twice := sorted({name for name in header if header.count(name) > 1}):
        raise RequestError(f"{file}, line 1: the column {twice[0] or 'without a name'} is there twice.")
    remarks = []
    for name in header:
        if name in COLUMNS or name in _UNREAD:
            continue
        meant = did_you_mean(name, [column for column in COLUMNS if column not in header])
        if meant:
            # Left out, a misspelt column would change who is compared with whom.
            raise RequestError(f"{file}, line 1: there is no column {name or '(empty)'}{meant}")
        remarks.append(f"the column {name or '(empty)'} is not read; columns are {', '.join(COLUMNS)}.")
    if lacking := [name for name in NEEDED if name not in header]:
        raise RequestError(
            f"{file}, line 1: there is no column {' and no column '.join(lacking)}; the first line must name the "
            f"columns, {', '.join(NEEDED)} and, where known, {', '.join(COLUMNS[len(NEEDED) :])}."
        )
    return remarks


def _plain(path: str, folder: Path) -> str:
    """A path with single slashes, and relative where it lies below the table's folder.

    So a photo has one name, and one seed, however and on whichever machine the table was written.
    """
    plain = PurePosixPath(path.replace("\\", "/"))
    if not path:
        return ""
    return str(plain.relative_to(folder.absolute()) if plain.is_relative_to(folder.absolute()) else plain)


def _wrong(said: dict[str, str]) -> list[str]:
    wrong = [f"{name} is empty" for name in NEEDED if not said[name]]
    if said.get("side", "").lower() not in _SIDES:
        wrong.append(f"side must be left, right or empty, not {said['side']}")
    return wrong


def _label(said: dict[str, str]) -> PhotoLabel:
    session, sample = said.get("session", ""), said.get("sample", "")
    # Without a number it is the path that tells one photo from another, whatever the order of the lines.
    photo = "_".join(filter(None, [session, sample])) if sample else PurePosixPath(said["path"]).with_suffix("")
    return PhotoLabel(
        identity=said["identity"],
        person=said.get("person") or said["identity"],
        side=_SIDES[said.get("side", "").lower()],
        photo=str(photo).replace("/", "_"),
        session=session,
        number=sample,
    )


def _contradictions(rows: Sequence[Row]) -> list[str]:
    problems = []
    paths: dict[str, int] = {}
    photos: dict[tuple[str, str], int] = {}
    owners: dict[str, Row] = {}
    for row in rows:
        label = row.label
        if (line := paths.setdefault(row.path, row.line)) != row.line:
            problems.append(f"line {row.line}: {row.path} stands in line {line} already")
        elif (line := photos.setdefault((label.identity, label.photo), row.line)) != row.line:
            problems.append(
                f"line {row.line}: identity {label.identity} has a photo {label.photo} in line {line} already"
            )
        if (owner := owners.setdefault(label.identity, row)).label.person != label.person:
            problems.append(
                f"line {row.line}: identity {label.identity} is of person {label.person}, "
                f"and in line {owner.line} of {owner.label.person}"
            )
    return problems


def _listed(problems: list[str]) -> str:
    rest = len(problems) - _SHOWN
    return "; ".join(problems[:_SHOWN]) + (f"; and {rest} more" if rest > 0 else "")

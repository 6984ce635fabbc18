"""Which photos are meant, and where the result of each goes: by names and by the first bytes of files."""

from __future__ import annotations

import os
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, NoReturn

from palmbench.base.photo_kinds import HEAD
from palmbench.photos.formats import FORMATS, OWN_SUFFIXES, SUFFIXES, format_of
from palmbench.photos.naming import Wish, result_names
from recognizers.common.did_you_mean import did_you_mean
from recognizers.common.errors import RequestError

_SHOWN = 3
_NO_SIGNS = ("Cc", "Zl", "Zp")  # what steers a terminal or ends a line


class Job(NamedTuple):
    """One photo and its results.

    Attributes
    ----------
    source : Path
    name : str
        Of the photo for people, as `shown` spells it: relative to what was asked for, and no other photo's.
    outputs : tuple of Path
        One for each result.
    format : str
        A name of `FORMATS`.
    """

    source: Path
    name: str
    outputs: tuple[Path, ...]
    format: str


class Plan(NamedTuple):
    """What is to be done.

    Attributes
    ----------
    jobs : list of Job
    folder : Path or None
        Where the results of a run over several photos go; None if the result has a name of its own.
    others : dict of str to int
        What in folders was passed over, by suffix, or by what it is.
    renamed : tuple of str
        Sentences on results that are not called as usual.
    """

    jobs: list[Job]
    folder: Path | None
    others: dict[str, int]
    renamed: tuple[str, ...] = ()


def plan(inputs: Sequence[Path], out: Path, format_name: str | None = None, count: int = 1) -> Plan:
    """Photos and their results.

    Parameters
    ----------
    inputs : sequence of Path
        Photos, and folders of photos, which are searched wholly; names that begin with a dot are left out there, and
        counted. What a file there is, its suffix says, or if that is no photo's, its first bytes. A photo that is named
        twice is taken once.
    out : Path
        A file, if there is one photo and the name ends like an image's; else a folder, made when it is needed.
    format_name : str, optional
        Format of all results, a name of `FORMATS`; None takes that of each photo where it can be written.
    count : int
        Results for each photo; with more than one they are numbered.

    Raises
    ------
    RequestError
        If an input is missing, there is no photo, or a result would take the place of a photo or lie among the photos.
    """
    for path in inputs:
        _require_there(path)
    _require_folders(out)
    single = len(inputs) == 1 and os.path.isfile(inputs[0]) and not os.path.isdir(out)
    if single and out.suffix.lower() in SUFFIXES:
        return _single(inputs[0], out, format_name, count)
    if single and not os.path.lexists(out) and (meant := did_you_mean(out.suffix, OWN_SUFFIXES)):
        raise RequestError(
            f"{shown(out)}: no image is called {shown(out.suffix)}{meant} To have a folder of that name, make it first."
        )
    if os.path.lexists(out) and not os.path.isdir(out):
        raise RequestError(
            f"{shown(out)} is not a folder, and results need one, or a new file that is called like an image."
        )
    folders = [path for path in inputs if os.path.isdir(path)]
    _require_apart(folders, out)
    others: Counter[str] = Counter()
    photos = list(_once(_photos(inputs, others)))
    if not photos:
        places = ", ".join(map(shown, inputs))
        raise RequestError(f"There is no photo in {places}{_suffixes(others)}.")
    forms = [format_name or format_of(source, _head(source) or b"") or "png" for source, _ in photos]
    usual = [_usual(out / name, form) for (_, name), form in zip(photos, forms, strict=True)]
    found = result_names(usual, count)
    names = _distinct(photos)
    jobs = [
        Job(source, name, result.paths, form)
        for (source, _), name, result, form in zip(photos, names, found, forms, strict=True)
    ]
    _require_no_original(jobs)
    _require_outside(jobs, folders)
    renamed = tuple(
        f"the result of {job.name} is {shown(job.outputs[0].relative_to(out))}, {result.reason}"
        for job, result in zip(jobs, found, strict=True)
        if result.reason
    )
    return Plan(jobs, out, dict(others), renamed)


def shown(name: str | Path) -> str:
    """A name for people and reports: with slashes, and what is not text or no sign spelled out.

    Two names are never shown alike: a backslash of the name itself is doubled.
    """
    text = os.fsencode(Path(name).as_posix().replace("\\", "\\\\")).decode("utf-8", "backslashreplace")
    return "".join(_spelled(sign) if unicodedata.category(sign) in _NO_SIGNS else sign for sign in text)


def _spelled(sign: str) -> str:
    return f"\\x{ord(sign):02x}" if ord(sign) < 0x80 else f"\\u{ord(sign):04x}"


def _single(source: Path, out: Path, format_name: str | None, count: int) -> Plan:
    said = SUFFIXES[out.suffix.lower()]
    if out.suffix.lower() not in OWN_SUFFIXES:
        known = ", ".join(form.suffix for form in FORMATS.values())
        raise RequestError(f"{shown(out)}: {out.suffix} can be read and not written; end the name with one of {known}.")
    if format_name not in (None, said):
        raise RequestError(
            f"{shown(out)} names a {said} file, and --format {format_name} says something else; keep one."
        )
    (result,) = result_names([Wish(out, own=True)], count)
    job = Job(source, shown(source.name), result.paths, said)
    _require_no_original([job])
    renamed = (f"the result of {job.name} is {shown(job.outputs[0].name)}, {result.reason}",) if result.reason else ()
    return Plan([job], None, {}, renamed)


def _usual(result: Path, form: str) -> Wish:
    suffix = result.suffix.lower()
    if SUFFIXES.get(suffix) == form and suffix in OWN_SUFFIXES:
        return Wish(result, own=True)
    # Not with_suffix: the name may be as long as names can be, or end with a dot. What is no photo's suffix stays.
    stem = result.stem if suffix in SUFFIXES else result.name
    return Wish(result.parent / f"{stem}{FORMATS[form].suffix}", own=False)


def _require_there(path: Path) -> None:
    try:
        os.stat(path)
    except FileNotFoundError as error:
        raise RequestError(f"{shown(path)}: there is no such photo or folder.") from error
    except OSError as error:
        raise RequestError(
            f"{shown(path)} cannot be read: {error.strerror or error}; mend that, or leave it out."
        ) from error


def _require_folders(out: Path) -> None:
    """What OUT is to lie in has to be folders; a link that leads nowhere, or in a circle, is not one."""
    for folder in out.parents:
        if os.path.lexists(folder) and not os.path.isdir(folder):
            raise RequestError(
                f"{shown(folder)} is not a folder: {shown(out)} cannot be made there; choose another OUT."
            )


def _once(photos: Iterator[tuple[Path, str]]) -> Iterator[tuple[Path, str]]:
    seen: set[tuple[str, str]] = set()
    folders: dict[Path, str] = {}
    for source, name in photos:
        if source.parent not in folders:
            folders[source.parent] = os.path.realpath(source.parent)
        entry = folders[source.parent], source.name
        if entry not in seen:
            seen.add(entry)
            yield source, name


def _distinct(photos: Sequence[tuple[Path, str]]) -> list[str]:
    """Names for people; where two photos would be shown alike, with the folders that tell them apart."""
    names = [shown(name) for _, name in photos]
    parts = [Path(os.path.abspath(source)).parts for source, _ in photos]
    length = max(map(len, parts))
    for depth in range(1, length + 1):
        often = Counter(names)
        alike = [place for place, name in enumerate(names) if often[name] > 1]
        if not alike:
            break
        for place in alike:
            below = Path(photos[place][1]).parts
            names[place] = shown(Path(*parts[place][-len(below) - depth :]))
    return names


def _photos(inputs: Sequence[Path], others: Counter[str]) -> Iterator[tuple[Path, str]]:
    for path in inputs:
        if not os.path.isdir(path):
            if not os.path.isfile(path):  # to read a pipe is to wait for ever
                raise RequestError(f"{shown(path)} is neither a photo nor a folder; leave it out.")
            yield path, path.name
            continue
        for folder, inner, names in os.walk(path, onerror=_cannot_be_listed):
            others.update("name(s) with a leading dot" for name in (*inner, *names) if name.startswith("."))
            inner[:] = sorted(name for name in inner if not name.startswith("."))
            # A link may lead anywhere, to results or in a circle: it is told, and not followed.
            others.update("link(s) to a folder" for name in inner if os.path.islink(os.path.join(folder, name)))
            for name in sorted(names):
                source = Path(folder) / name
                if name.startswith("."):
                    continue
                if os.path.exists(source) and not os.path.isfile(source):
                    others["pipe(s) or device(s)"] += 1
                elif format_of(source, b""):  # also where it cannot be opened, which is told of each photo
                    yield source, str(source.relative_to(path))
                elif (head := _head(source)) is None:
                    others["file(s) that cannot be opened"] += 1
                elif format_of(source, head):
                    yield source, str(source.relative_to(path))
                else:
                    others[shown(source.suffix.lower()) if source.suffix else "without a suffix"] += 1


def _head(source: Path) -> bytes | None:
    """First bytes of a file; None if it cannot be opened."""
    try:
        with open(source, "rb") as stream:
            return stream.read(HEAD)
    except OSError:
        return None


def _cannot_be_listed(error: OSError) -> NoReturn:
    # A folder that is silently passed over is a folder of palms that nobody hides.
    raise RequestError(
        f"{shown(error.filename)} cannot be searched: {error.strerror}; mend that, or leave it out."
    ) from error


def _require_apart(folders: Sequence[Path], out: Path) -> None:
    for folder in folders:
        if _identity(out) == _identity(folder):
            raise RequestError(
                f"{shown(out)} is the folder of the photos: choose another one, so that no photo is replaced."
            )
        if _is_inside(out, folder):
            _lies_inside(out, folder)


def _require_outside(jobs: Sequence[Job], folders: Sequence[Path]) -> None:
    """No result may come to lie among the photos, whether they are below OUT or a link in OUT leads to them."""
    for place in {job.outputs[0].parent: None for job in jobs}:
        for folder in folders:
            if _is_inside(place, folder):
                _lies_inside(place, folder)


def _is_inside(place: Path, folder: Path) -> bool:
    real = Path(os.path.realpath(place))
    # A folder is what it is, not what it is called: disks may know no case, or be mounted twice.
    return any(_identity(each) == _identity(folder) for each in (real, *real.parents))


def _lies_inside(place: Path, folder: Path) -> NoReturn:
    raise RequestError(
        f"{shown(place)} lies inside {shown(folder)}: the next run would take results for photos. Choose a folder "
        "beside it."
    )


def _require_no_original(jobs: Sequence[Job]) -> None:
    """No result may be one of the photos, under whatever name: a link to a photo is that photo."""
    originals = {place: job.source for job in jobs if (place := _identity(job.source))}
    places = {os.path.realpath(job.source): job.source for job in jobs}
    for job in jobs:
        for output in job.outputs:
            original = originals.get(_identity(output) or (0, 0)) or places.get(os.path.realpath(output))
            if original is not None:
                raise RequestError(
                    f"{shown(output)} is the photo {shown(original)} itself: results never replace a photo."
                )


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _suffixes(others: Counter[str]) -> str:
    named = ", ".join(f"{n} {suffix}" for suffix, n in others.most_common(_SHOWN))
    return f" (only {named})" if named else ""

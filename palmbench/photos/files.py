"""Which photos are meant, and where the result of each goes; nothing is read or written here but names."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, NoReturn

from palmbench.errors import RequestError
from palmbench.photos.formats import FORMATS, OWN_SUFFIXES, SUFFIXES

_SHOWN = 3


class Job(NamedTuple):
    """One photo and its results.

    Attributes
    ----------
    source : Path
    name : str
        Of the photo, relative to what was asked for, with slashes.
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
    """

    jobs: list[Job]
    folder: Path | None
    others: dict[str, int]


def plan(inputs: Sequence[Path], out: Path, format_name: str | None = None, count: int = 1) -> Plan:
    """Photos and their results.

    Parameters
    ----------
    inputs : sequence of Path
        Photos, and folders of photos, which are searched wholly; names that begin with a dot are left out there.
    out : Path
        A file, if there is one photo and the name ends like an image's; else a folder, made when it is needed.
    format_name : str, optional
        Format of all results, a name of `FORMATS`; None takes that of each photo where it can be written.
    count : int
        Results for each photo; with more than one they are numbered.

    Raises
    ------
    RequestError
        If an input is missing, there is no photo, two photos have one result, or a result would take the place of a
        photo.
    """
    for path in inputs:
        if not path.exists():
            raise RequestError(f"{path}: there is no such photo or folder.")
    single = len(inputs) == 1 and inputs[0].is_file() and not out.is_dir() and out.suffix.lower() in SUFFIXES
    if single:
        return Plan([_single(inputs[0], out, format_name, count)], None, {})
    if out.exists() and not out.is_dir():
        raise RequestError(f"{out} is a file; the results of several photos need a folder.")
    _require_apart([path for path in inputs if path.is_dir()], out)
    others: Counter[str] = Counter()
    jobs = []
    for source, name in _photos(inputs, others):
        form = format_name or SUFFIXES.get(source.suffix.lower(), "png")
        kept = SUFFIXES.get(source.suffix.lower()) == form and source.suffix.lower() in OWN_SUFFIXES
        result = out / name if kept else (out / name).with_suffix(FORMATS[form].suffix)
        jobs.append(Job(source, shown(name), _numbered(result, count), form))
    if not jobs:
        places = ", ".join(map(str, inputs))
        raise RequestError(f"There is no photo in {places}{_suffixes(others)}.")
    _require_distinct(jobs)
    _require_no_original(jobs)
    return Plan(jobs, out, dict(others))


def shown(name: str | Path) -> str:
    """A relative name for people and reports: with slashes, and bytes that are no text spelled out."""
    return os.fsencode(Path(name).as_posix()).decode("utf-8", "backslashreplace")


def _single(source: Path, out: Path, format_name: str | None, count: int) -> Job:
    said = SUFFIXES[out.suffix.lower()]
    if out.suffix.lower() not in OWN_SUFFIXES:
        known = ", ".join(form.suffix for form in FORMATS.values())
        raise RequestError(f"{out}: {out.suffix} can be read and not written; end the name with one of {known}.")
    if format_name not in (None, said):
        raise RequestError(f"{out} names a {said} file, and --format {format_name} says something else; keep one.")
    job = Job(source, shown(source.name), _numbered(out, count), said)
    _require_no_original([job])
    return job


def _photos(inputs: Sequence[Path], others: Counter[str]) -> Iterator[tuple[Path, str]]:
    for path in inputs:
        if path.is_file():
            yield path, path.name
            continue
        for folder, inner, names in os.walk(path, onerror=_cannot_be_listed):
            inner[:] = sorted(name for name in inner if not name.startswith("."))
            # A link may lead anywhere, to results or in a circle: it is told, and not followed.
            others.update("link(s) to a folder" for name in inner if os.path.islink(os.path.join(folder, name)))
            for name in sorted(names):
                source = Path(folder) / name
                if name.startswith("."):
                    continue
                if source.exists() and not source.is_file():  # to read a pipe is to wait for ever
                    others["pipe(s) or device(s)"] += 1
                elif source.suffix.lower() in SUFFIXES:
                    yield source, str(source.relative_to(path))
                else:
                    others[source.suffix.lower() or "no suffix"] += 1


def _cannot_be_listed(error: OSError) -> NoReturn:
    # A folder that is silently passed over is a folder of palms that nobody hides.
    raise RequestError(f"{error.filename} cannot be searched: {error.strerror}; mend that, or leave it out.") from error


def _numbered(result: Path, count: int) -> tuple[Path, ...]:
    if count == 1:
        return (result,)
    digits = len(str(count))
    return tuple(result.with_name(f"{result.stem}-{k:0{digits}d}{result.suffix}") for k in range(1, count + 1))


def _require_apart(folders: Sequence[Path], out: Path) -> None:
    for folder in folders:
        if out.resolve() == folder.resolve():
            raise RequestError(f"{out} is the folder of the photos: choose another one, so that no photo is replaced.")
        if out.resolve().is_relative_to(folder.resolve()):
            raise RequestError(
                f"{out} lies inside {folder}: the next run would take results for photos. Choose a folder beside it."
            )


def _require_distinct(jobs: Sequence[Job]) -> None:
    owners: dict[str, Job] = {}
    for job in jobs:
        for output in job.outputs:
            # Names that differ in case alone are one file on some disks.
            other = owners.setdefault(str(output).casefold(), job)
            if other is not job:
                raise RequestError(
                    f"{other.source} and {job.source} would both become {output}: use two runs, with a folder each."
                )


def _require_no_original(jobs: Sequence[Job]) -> None:
    """No result may be one of the photos, under whatever name: a link to a photo is that photo."""
    originals = {place: job.source for job in jobs if (place := _identity(job.source))}
    places = {os.path.realpath(job.source): job.source for job in jobs}
    for job in jobs:
        for output in job.outputs:
            original = originals.get(_identity(output) or (0, 0)) or places.get(os.path.realpath(output))
            if original is not None:
                raise RequestError(f"{output} is the photo {original} itself: results never replace a photo.")


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _suffixes(others: Counter[str]) -> str:
    named = ", ".join(f"{n} {suffix}" for suffix, n in others.most_common(_SHOWN))
    return f" (only {named})" if named else ""

"""What lies where a run is to write: its own results of before, files that it may replace, or files in its way."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from palmbench.base.outputs import Stamp, is_plain_file, stamp
from palmbench.photos.deidentification import result_key
from palmbench.photos.files import Job, Plan, shown
from palmbench.photos.formats import SUFFIXES, begins_like_result
from palmbench.photos.ledger import NAME, Entry, Ledger
from palmbench.photos.reading import read_bytes
from recognizers.common.cache_keys import bytes_digest
from recognizers.common.errors import RequestError, SampleError


def results_there(
    job: Job, folder: Path | None, entries: Mapping[tuple[str, str], Entry], settings: dict[str, Any]
) -> dict[Path, Entry]:
    """Results of a photo that a run before has made of the same photo with the same settings.

    Raises
    ------
    RequestError
        If a file is in the way that is not such a result.
    """
    existing = [path for path in job.outputs if os.path.lexists(path)]
    if existing and folder is None:
        raise RequestError(f"{shown(existing[0])} is there already; choose another name, or replace it with --force.")
    there = {}
    for path in existing:
        entry = _entry(path, folder, entries) if folder else None
        if entry is None:
            raise RequestError(
                f"{shown(path)} is there and was not made by this command; move it, or replace it with --force."
            )
        if entry.key != _key(job, path, settings):
            raise RequestError(
                f"{shown(path)} was made of another photo or with other settings; choose another OUT, or make it again "
                "with --force."
            )
        there[path] = entry
    return there


def replaced(job: Job) -> dict[Path, Stamp]:
    """Files that results shall replace, as they are now.

    Raises
    ------
    RequestError
        If one is not an image: what is in the way of an image may be anything, and then somebody needs it.
    """
    found = {}
    for path in job.outputs:
        seen = stamp(path)
        if seen is None:
            continue
        if not is_plain_file(path) or (seen.size and not begins_like_result(_head(path))):
            raise RequestError(
                f"{shown(path)} is not an image, and --force replaces only images; move it, or choose another OUT."
            )
        found[path] = seen
    return found


def results_of_other_runs(found: Plan) -> int:
    """Results in OUT that this run neither made nor found again."""
    if found.folder is None:
        return 0
    own = {path for job in found.jobs for path in job.outputs}
    listed = {found.folder / name for name, _ in Ledger(found.folder).entries()}
    return sum(path.is_file() for path in listed - own)


def require_report_elsewhere(report: Path, found: Plan) -> None:
    """Refuse a file for the account that is a photo, a result, or the list of results."""
    taken = {os.path.realpath(path) for job in found.jobs for path in (job.source, *job.outputs)}
    if found.folder:
        taken.add(os.path.realpath(found.folder / NAME))
    if os.path.realpath(report) in taken or report.is_dir() or report.suffix.lower() in SUFFIXES:
        raise RequestError(
            f"--report {shown(report)} is a photo, a result, their list or a folder, or is called like one; "
            "give it a name of its own."
        )


def _entry(path: Path, folder: Path, entries: Mapping[tuple[str, str], Entry]) -> Entry | None:
    """What the list says of the very contents of a file; None if nothing."""
    if not is_plain_file(path):
        return None
    try:
        data = read_bytes(path, shown(path))
    except SampleError:
        return None
    return entries.get((Ledger(folder).name_of(path), hashlib.sha256(data).hexdigest()))


def _head(path: Path) -> bytes:
    try:
        with open(path, "rb") as stream:
            return stream.read(16)
    except OSError as error:
        raise RequestError(
            f"{shown(path)} cannot be read ({error.strerror or error}); move it, or choose another OUT."
        ) from error


def _key(job: Job, path: Path, settings: dict[str, Any]) -> str | None:
    """Key of the result at `path`; None if its photo cannot be read any more."""
    try:
        photo = bytes_digest(read_bytes(job.source, job.name))
    except SampleError:
        return None
    return result_key(settings, photo, job.outputs.index(path) + 1, job.format)

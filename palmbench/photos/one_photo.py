"""One photo: read, repaint, check, write. What cannot be hidden is not written unless that was asked for."""

from __future__ import annotations

import errno
import hashlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from palmbench.base.memory import is_want_of_memory
from palmbench.base.outputs import InTheWay, Stamp, put
from palmbench.photos.deidentification import Deidentification, load_tools, load_verifier, result_key
from palmbench.photos.files import Job, shown
from palmbench.photos.ledger import Entry, Ledger
from palmbench.photos.reading import decode, read_bytes
from palmbench.photos.repainting import Draft, PreparedPhoto
from palmbench.photos.report import PhotoAccount, ResultAccount
from palmbench.stages.stage import require_same
from recognizers.common.cache_keys import bytes_digest
from recognizers.common.errors import RequestError, SampleError

CHOICE = "choose another OUT"
_OF_ONE_RESULT = (
    *(errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL),
    *(errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENOENT, errno.ELOOP),
    *(errno.EACCES, errno.EPERM),
)
_EVENED = "transparency was made even within repainted palms, as it would have shown them"
_SHOWS = "a palm in it is not hidden, as the run said that wrote it"


class Task(NamedTuple):
    """A photo to be de-identified, as worker processes are given it.

    Attributes
    ----------
    job : Job
    there : dict of Path to Entry
        Results that a run before has made, and what it noted on each.
    replaces : dict of Path to Stamp
        Files that results may replace.
    deid : Deidentification
    settings : dict
        Of `deid`, for the results' keys.
    folder : Path or None
        Where the list of results is kept, if it is.
    device : str
        A torch device.
    """

    job: Job
    there: dict[Path, Entry]
    replaces: dict[Path, Stamp]
    deid: Deidentification
    settings: dict[str, Any]
    folder: Path | None
    device: str


def deidentify_photo(task: Task) -> PhotoAccount:
    """Make the results of one photo that are not there yet.

    Raises
    ------
    RequestError
        If no result can be written any more, as on a full disk; nothing of this one is left behind. Also if weights are
        others by now than the results' keys tell.
    """
    try:
        return _deidentified(task)
    except RequestError:
        raise
    except (Exception, SystemExit) as error:
        return PhotoAccount(task.job.name, failure=_failure(task.job.name, error))


def _failure(name: str, error: BaseException) -> str:
    """One photo that palmbench, or a recognizer from elsewhere, stumbles over does not take an album with it."""
    if isinstance(error, SampleError):
        return str(error)
    if is_want_of_memory(error):
        return f"{name}: there is not enough memory for it"
    text = " ".join(str(error).split())
    return f"{name}: palmbench failed on it ({type(error).__name__}: {text})"


def _deidentified(task: Task) -> PhotoAccount:
    job, deid = task.job, task.deid
    there = {
        path: ResultAccount(_name(task, path), "there", None if entry.hidden else _SHOWS)
        for path, entry in task.there.items()
    }
    if len(there) == len(job.outputs):
        return PhotoAccount(job.name, results=tuple(there[path] for path in job.outputs))
    source = read_bytes(job.source, job.name)
    photo = decode(source, Path(job.name))
    _require_keyed(task)
    prepared = PreparedPhoto(photo, source, job.format, deid, task.device)
    results: list[ResultAccount] = []
    evened = False
    templates: list[list[np.ndarray | None] | None] = []
    for number, path in enumerate(job.outputs, 1):
        if path in there:
            results.append(there[path])
            continue
        try:
            draft = prepared.draft(number)
        except RequestError:
            raise
        except (Exception, SystemExit) as error:  # the results before it are there all the same
            results.append(ResultAccount(_name(task, path), "not written", _failure(_name(task, path), error)))
            templates.append(None)
            continue
        key = result_key(task.settings, bytes_digest(source), number, job.format)
        results.append(_settle(task, path, key, draft))
        evened |= draft.evened and results[-1].sha256 is not None
        templates.append(draft.templates)
    verifier = prepared.verifier
    nearest = None
    if verifier and len(templates) > 1:
        nearest = tuple(
            verifier.nearest_pair([drawn[index] for drawn in templates if drawn]) for index in prepared.indices
        )
    notes = (*prepared.notes, *([_EVENED] if evened else []))
    return PhotoAccount(job.name, prepared.hands(), tuple(results), notes, None, nearest, prepared.overlooked)


def _require_keyed(task: Task) -> None:
    tools, verifier = load_tools(task.deid, task.device), load_verifier(task.deid, task.device)
    for name, settings in tools.settings().items():
        require_same(f"The {name}", settings, task.settings[name])
    if verifier:
        require_same(
            "The recognizer of the check", verifier.recognizer.settings(), task.settings["check"]["recognizer"]
        )


def _settle(task: Task, path: Path, key: str, draft: Draft) -> ResultAccount:
    """Write a result, or not."""
    state, reason, sha256 = "not written", draft.problem, None
    if draft.problem is None or draft.kept:
        try:
            _write(task, path, key, draft)
            state = "kept" if draft.problem else "written"
            sha256 = hashlib.sha256(draft.data).hexdigest()
        except InTheWay:
            reason = f"{_name(task, path)} has appeared in OUT since the run began, and is not replaced"
        except RequestError as error:
            # What stops one result only: a name, a folder that is a file or may not be written.
            cause = error.__cause__
            if not isinstance(cause, OSError) or cause.errno not in _OF_ONE_RESULT:
                raise
            reason = f"{_name(task, path)} cannot be written ({cause.strerror})"
    return ResultAccount(
        _name(task, path),
        state,  # type: ignore[arg-type]
        reason,
        tuple(draft.seeds),
        draft.tries,
        tuple(draft.distances) if draft.distances is not None else None,
        sha256,
    )


def _write(task: Task, path: Path, key: str, draft: Draft) -> None:
    if task.folder is not None:
        # A photo without a hand shows no palm that was to be hidden.
        Ledger(task.folder).add(path, key, draft.data, hidden=draft.problem is None or draft.bare)
    put(path, draft.data, CHOICE, task.replaces.get(path))


def _name(task: Task, path: Path) -> str:
    return shown(path.relative_to(task.folder) if task.folder else path.name)

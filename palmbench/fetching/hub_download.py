"""A hub's repository to a folder here. Large files come our way, so that a killed transfer can go on."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from palmbench.fetching.download import PATIENCE, Patience, Remote, download
from palmbench.fetching.hub_cache import (
    NotInRepository,
    Snapshot,
    cache_folder,
    cached,
    command_for,
    lacking,
    named,
    repository_folder,
)
from recognizers.common.errors import MissingWeights

_LARGE = 10_000_000  # bytes
_SHA256 = 64


def snapshot(
    repo: str,
    revision: str | None,
    patterns: Sequence[str],
    download: bool = True,
    command: str | None = None,
) -> Path:
    """Folder with files of a hub's repository; nothing is asked of the network when the cache holds them all.

    Parameters
    ----------
    repo, revision, patterns
        See `Snapshot`.
    download : bool
        Whether files that are not in the cache may be fetched.
    command : str, optional
        What the user can run to fetch them, for messages; by default the hub client's own command.

    Raises
    ------
    NotInRepository
        If the repository has no file for a pattern.
    MissingWeights
        If the files are not in the cache and cannot or may not be fetched; the message says why and what to do.
    """
    wanted = Snapshot(repo, revision, tuple(patterns))
    folder = cached(wanted)
    if folder is not None:
        return folder
    if download:
        return fetch(wanted, command=command)
    raise MissingWeights(f"{named(wanted)} is not in the local cache; to fetch it run {command_for(wanted, command)}.")


def fetch(
    wanted: Snapshot, folder: Path | None = None, command: str | None = None, patience: Patience = PATIENCE
) -> Path:
    """Fetch what is missing of a snapshot.

    The hub client starts a file again after it was killed, which with gigabytes hurts. So files that the hub knows by
    their sha256 are fetched by `download` to where the client would put them, resumed and checked; the client finds
    them there and does the rest.

    Parameters
    ----------
    wanted : Snapshot
    folder : Path, optional
        Where the files go, in the repository's layout; by default the hub client's cache.
    command : str, optional
        As in `snapshot`.
    patience : Patience

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    NotInRepository, MissingWeights
        As `snapshot`.
    """
    from huggingface_hub import HfApi, snapshot_download

    settings: dict[str, Any] = {"revision": wanted.revision, "allow_patterns": list(wanted.patterns)}
    if folder is not None:
        settings["local_dir"] = str(folder)
    try:
        with _no_endless_waiting(patience.timeout):
            HfApi().model_info(wanted.repo, revision=wanted.revision or "main", timeout=patience.timeout)
            plan = snapshot_download(wanted.repo, **settings, tqdm_class=_silent(), dry_run=True)
            plan = [file for file in plan if file.will_download]
            _must_have_room(wanted, sum(file.file_size or 0 for file in plan), folder)
            for file in plan:
                if (file.file_size or 0) >= _LARGE:
                    _fetch_large(wanted, file, folder, command_for(wanted, command), patience)
            path = Path(snapshot_download(wanted.repo, **settings))
    except (MissingWeights, AttributeError, NameError, TypeError):  # told already, or our own defect
        raise
    # The client's errors have no common base below Exception: its HTTP library's are among them.
    except Exception as error:
        raise MissingWeights(_reason(wanted, error, command_for(wanted, command))) from error
    absent = lacking(path, wanted.patterns)
    if absent:
        raise NotInRepository(f"{named(wanted)} has no {' and no '.join(absent)}: it is another kind of model.")
    return path


def _fetch_large(wanted: Snapshot, file: Any, folder: Path | None, again: str, patience: Patience) -> None:
    from huggingface_hub import get_hf_file_metadata, get_token, hf_hub_url
    from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]

    url = hf_hub_url(wanted.repo, file.filename, revision=file.commit_hash)
    digest = get_hf_file_metadata(url, token=get_token()).etag
    if digest is None or len(digest) != _SHA256:
        return  # not a file known by its sha256: the client's business
    place = repository_folder(wanted) / "blobs" / digest if folder is None else folder / file.filename
    remote = Remote(url, digest, Path(file.filename).name, build_hf_headers(token=get_token()))
    download(remote, place, again, patience)


@contextmanager
def _no_endless_waiting(timeout: float) -> Iterator[None]:
    """The client asks most of its questions without a time limit of its own; one that has a limit goes first."""
    from huggingface_hub import get_session

    session = get_session()
    before, session.timeout = session.timeout, timeout
    try:
        yield
    finally:
        session.timeout = before


def _silent() -> Any:
    """The client's progress bar, switched off."""
    from huggingface_hub.utils import tqdm  # type: ignore[attr-defined]

    class Silent(tqdm):
        def __init__(self, *arguments: Any, **settings: Any) -> None:
            super().__init__(*arguments, **{**settings, "disable": True})  # type: ignore[no-untyped-call]

    return Silent


def _must_have_room(wanted: Snapshot, needed: int, folder: Path | None) -> None:
    place = (cache_folder() if folder is None else folder).expanduser().resolve()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    if free < needed:
        raise MissingWeights(
            f"{named(wanted)} needs {needed / 1e9:.2f} GB more, and {place} has {free / 1e9:.2f} GB free. "
            "Make room, or let the cache lie elsewhere: set HF_HOME=FOLDER."
        )


def _reason(wanted: Snapshot, error: Exception, again: str) -> str:
    from huggingface_hub import constants, errors

    name, causes = named(wanted), _causes(error)
    answers = [getattr(each, "response", None) for each in causes]
    status = next((answer.status_code for answer in answers if answer is not None), None)

    def any_is(kind: type[BaseException]) -> bool:
        return any(isinstance(each, kind) for each in causes)

    if any_is(errors.GatedRepoError):
        return (
            f"{name} is gated: accept its terms on its page at the hub, log in with `hf auth login` (or set HF_TOKEN), "
            f"then run {again}."
        )
    if any_is(errors.RevisionNotFoundError):
        return f"{wanted.repo} has no revision {wanted.revision or 'main'} at the hub. Name another one."
    if any_is(errors.RepositoryNotFoundError):
        return (
            f"The hub knows no {wanted.repo}, or it is private. Check the spelling; for a private one log in with "
            f"`hf auth login` (or set HF_TOKEN), then run {again}."
        )
    if constants.HF_HUB_OFFLINE:
        return f"{name} is not in the local cache, and HF_HUB_OFFLINE forbids to fetch it. Unset that and run {again}."
    if any(isinstance(each, OSError) and each.errno in (errno.ENOSPC, errno.EDQUOT) for each in causes):
        return f"The disk is full; what came of {name} is kept. Make room and run {again}: it goes on from there."
    if status in (401, 403):
        return (
            f"The hub does not give {name} to this login (status {status}). Log in with `hf auth login` (or set "
            f"HF_TOKEN) as somebody who may read it, then run {again}."
        )
    if status is not None:
        return f"The hub answered with status {status} for {name}. Later run {again}; what has come already is kept."
    return (
        f"{name} is not in the local cache and could not be fetched ({type(causes[-1]).__name__}). Where "
        f"{constants.ENDPOINT} can be reached run {again}; what has come already is kept."
    )


def _causes(error: Exception) -> list[BaseException]:
    found: list[BaseException] = [error]
    while found[-1].__cause__ is not None:
        found.append(found[-1].__cause__)
    return found

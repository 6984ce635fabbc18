"""What of the catalogue is on this machine, where, and whether its contents are the published ones."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

from palmbench.fetching import hub_cache
from palmbench.fetching.catalogue import WebFile, Weights
from palmbench.fetching.download import PATIENCE, Patience, Remote, download
from palmbench.fetching.hub_cache import Snapshot
from palmbench.fetching.hub_download import fetch
from palmbench.fetching.torch_files import WeightFile, copies, fits, sha256_of, torch_cache
from recognizers.common.errors import MissingWeights

READY, PARTIAL, ABSENT, BY_HAND = "ready", "partial", "absent", "by hand"


class Availability(NamedTuple):
    """How an entry stands: READY, PARTIAL, ABSENT or BY_HAND; where it is, or how it is got."""

    state: str
    where: str


class Wrong(NamedTuple):
    """A file whose contents are not the published ones, and how that shows."""

    path: Path
    why: str


def find(weights: Weights) -> Availability:
    """Look for an entry in the usual places. Nothing is read but names and sizes, nothing asked of the network."""
    source = weights.source
    if isinstance(source, Snapshot):
        folder = hub_cache.cached(source)
        if folder is not None:
            return Availability(READY, str(folder))
        return Availability(PARTIAL if hub_cache.begun(source) else ABSENT, str(hub_cache.cache_folder()))
    if isinstance(source, WebFile):
        here = [path for path in copies(source.file) if path.is_file()]
        if here:
            return Availability(READY, str(here[0]))
        part = torch_cache() / f"{source.file.name}.part"
        came = part.stat().st_size if part.is_file() else 0
        return (
            Availability(PARTIAL, f"{part}, {came / 1e6:.1f} MB") if came else Availability(ABSENT, str(torch_cache()))
        )
    return Availability(BY_HAND, source.how)


def get(weights: Weights, folder: Path | None = None, patience: Patience = PATIENCE) -> Path:
    """Fetch what is missing of an entry, and fetch again what is wrong.

    Parameters
    ----------
    weights : Weights
    folder : Path, optional
        Where it goes instead of the usual place: a file there, or for a hub's repository a folder there of the
        entry's name.
    patience : Patience

    Returns
    -------
    Path
        The file or folder.

    Raises
    ------
    MissingWeights
        If it is not to be had; the message says why.
    """
    source, command = weights.source, f"palmbench weights fetch {weights.name}"
    command += f" --to {folder}" if folder else ""
    if isinstance(source, Snapshot):
        own = None if folder is None else folder / weights.name
        for wrong in _wrong_files(source, own):
            _remove(wrong.path)
        path = (None if own else hub_cache.cached(source)) or fetch(source, own, command, patience)
        for wrong in _wrong_files(source, own):
            _remove(wrong.path)
            raise MissingWeights(f"{wrong.path} came damaged and was deleted ({wrong.why}). Run `{command}` again.")
        return path
    if isinstance(source, WebFile):
        for path in copies(source.file) if folder is None else [folder / source.file.name]:
            if path.is_file() and fits(path, source.file.sha256):
                return path
        target = (folder or torch_cache()) / source.file.name
        return download(Remote(source.url, source.file.sha256, source.file.name), target, f"`{command}`", patience)
    raise MissingWeights(f"{weights.name} is not fetched by palmbench: {source.how}.")


def check(weights: Weights) -> list[Wrong]:
    """Read an entry's files and compare them with the published digests; those that differ.

    A file of the web has the beginning of its sha256 in its name. Of a hub's file the cache keeps the digest that the
    hub announced: sha256 of a large file, git's sha1 of a small one.
    """
    if isinstance(weights.source, WebFile):
        file = weights.source.file
        here = [path for path in copies(file) if path.is_file()]
        return [_differs(path, file) for path in here if not fits(path, file.sha256)]
    return _wrong_files(weights.source, None) if isinstance(weights.source, Snapshot) else []


def _wrong_files(snapshot: Snapshot, folder: Path | None) -> list[Wrong]:
    found = [(path, digest, _digest_like(digest, path)) for path, digest in hub_cache.announced(snapshot, folder)]
    return [
        Wrong(path, f"digest {digest}, not {announced}") for path, announced, digest in found if digest != announced
    ]


def _remove(path: Path) -> None:
    path.resolve().unlink()
    path.unlink(missing_ok=True)


def _differs(path: Path, file: WeightFile) -> Wrong:
    return Wrong(path, f"its sha256 is {sha256_of(path)}, and should begin with {file.sha256}")


def _digest_like(announced: str, path: Path) -> str:
    if len(announced) == 64:
        return sha256_of(path)
    if len(announced) == 40:
        content = path.read_bytes()
        return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    return announced  # a server of another kind names its files otherwise: nothing to compare with

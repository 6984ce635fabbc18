"""Data sets that lie in folders: a tolerant scanner that says what it left out."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from palmbench.datasets.cards import Card, read_card
from palmbench.datasets.layouts import IITD_ROI, IMAGE, LAYOUTS, Layout, Place
from palmbench.datasets.sample import Dataset, Sample
from palmbench.errors import RequestError
from palmbench.images import read_image
from palmbench.keys import file_digest
from palmbench.schema import FolderDatasetConfig

_CLUTTER = {"thumbs.db", ".ds_store", "desktop.ini"}


class Found(NamedTuple):
    """A photo: where it lies and what its path says."""

    path: str
    place: Place


@dataclass(frozen=True)
class FileSource:
    """Reads the photo of a sample; `paths` are relative to `root`."""

    root: Path
    paths: dict[str, str]

    def __call__(self, sample: Sample) -> np.ndarray:
        return read_image(self.root / self.paths[sample.id])


def dataset_root(config: FolderDatasetConfig, data_dir: str | Path) -> Path:
    """Folder of a data set's photos: its `root`, or `<data_dir>/<name>`."""
    return Path(config.root).expanduser() if config.root else Path(data_dir).expanduser() / config.name


def has_photos(name: str, root: Path) -> bool:
    """Whether a folder holds at least one photo of a data set; stops at the first."""
    return any(layout.match(path) for path, _ in _walk(root) for layout in LAYOUTS[name])


def open_folder(config: FolderDatasetConfig, data_dir: str | Path) -> Dataset:
    """Scan a data set's folder.

    Parameters
    ----------
    config : FolderDatasetConfig
        Which set, where, and how much of it.
    data_dir : str or Path
        Folder of the data sets, used when the configuration names no root.

    Returns
    -------
    Dataset
        Sorted naturally by palm, then photo; digests of all files are computed.

    Raises
    ------
    RequestError
        If there is no photo, only ROI crops, or two different files claim to be the same photo.
    """
    root = dataset_root(config, data_dir)
    card = None if config.name == "folder" else read_card(config.name)
    files = list(_walk(root))
    found = _matches(config.name, [path for path, size in files if size])
    if not found:
        raise RequestError(_why_none(config.name, root, card, [path for path, _ in files]))
    kept = _limited(sorted(found, key=_order), config.identities, config.samples)
    with ThreadPoolExecutor(min(8, (os.cpu_count() or 1) + 2)) as pool:
        digests = list(pool.map(lambda item: file_digest(root / item.path), kept))
    samples, paths = _samples(root, kept, digests)
    limited = config.identities is not None or config.samples is not None
    notes = _notes(files, found, card, len(kept) - len(samples), limited) + _shared_photos(samples)
    title = card.title if card else f"photos in {root.name}"
    return Dataset(config.name, title, card, samples, FileSource(root, paths), notes)


def _walk(root: Path) -> Iterator[tuple[str, int]]:
    """Paths below `root` with `/`, and sizes in bytes; links are followed once, clutter is left out."""
    seen = set()
    for folder, below, names in os.walk(root, followlinks=True):
        real = os.path.realpath(folder)
        if real in seen:
            below.clear()
            continue
        seen.add(real)
        below[:] = sorted(name for name in below if not name.startswith(".") and name != "__MACOSX")
        for name in sorted(names):
            if name.lower() in _CLUTTER or name.startswith("."):
                continue
            path = Path(folder, name)
            if path.is_file():
                yield path.relative_to(root).as_posix(), path.stat().st_size


def _matches(name: str, paths: list[str]) -> list[Found]:
    for layout in LAYOUTS[name]:
        if found := _fits(layout, paths):
            return found
    return []


def _fits(layout: Layout, paths: list[str]) -> list[Found]:
    return [Found(path, place) for path in paths if (place := layout.match(path)) is not None]


def _order(item: Found) -> tuple[list[tuple[int, int, str]], list[tuple[int, int, str]], str]:
    return _natural(item.place.identity), _natural(item.place.photo), item.path


def _natural(text: str) -> list[tuple[int, int, str]]:
    """Sort key by which 2 comes before 10, on every machine alike."""
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.split(r"(\d+)", text) if part]


def _limited(found: list[Found], identities: int | None, samples: int | None) -> list[Found]:
    counts: dict[str, int] = {}
    kept = []
    for item in found:
        identity = item.place.identity
        if identity not in counts and identities is not None and len(counts) == identities:
            continue
        counts[identity] = counts.get(identity, 0) + 1
        if samples is None or counts[identity] <= samples:
            kept.append(item)
    return kept


def _samples(root: Path, found: list[Found], digests: list[str]) -> tuple[tuple[Sample, ...], dict[str, str]]:
    """Samples and their paths by id. A second copy of the same bytes is dropped; other bytes are a contradiction."""
    samples: dict[str, Sample] = {}
    paths: dict[str, str] = {}
    for (path, place), digest in zip(found, digests, strict=True):
        key = f"{place.identity}_{place.photo}"
        if key not in samples:
            samples[key] = Sample(key, place.identity, place.person, place.side, digest)
            paths[key] = path
        elif samples[key].digest != digest:
            raise RequestError(
                f"two different files in {root} would both be sample {key}: {paths[key]} and {path}. "
                "Move one of them out of the folder."
            )
    return tuple(samples.values()), paths


def _notes(
    files: list[tuple[str, int]], found: list[Found], card: Card | None, copies: int, limited: bool
) -> tuple[str, ...]:
    notes = []
    if empty := [path for path, size in files if not size and re.search(IMAGE, path, re.IGNORECASE)]:
        notes.append(f"{len(empty)} empty files left out, such as {empty[0]}.")
    if copies:
        notes.append(f"{copies} second copies of the same photo left out.")
    if doubtful := [item.path for item in found if not item.place.agrees]:
        notes.append(f"{len(doubtful)} names contradict their folder, which is believed, such as {doubtful[0]}.")
    identities = len({item.place.identity for item in found})
    if card is not None and not limited and (identities, len(found) - copies) != (card.identities, card.samples):
        notes.append(
            f"{identities} palms and {len(found) - copies} photos; "
            f"the full set has {card.identities} and {card.samples}."
        )
    return tuple(notes)


def _shared_photos(samples: tuple[Sample, ...]) -> tuple[str, ...]:
    """A note if the same bytes are filed under two palms: one of them is mislabelled."""
    first: dict[str, Sample] = {}
    pairs = [
        (other, sample)
        for sample in samples
        if (other := first.setdefault(sample.digest, sample)).identity != sample.identity
    ]
    if not pairs:
        return ()
    return (f"{len(pairs)} photos are filed under two palms, such as {pairs[0][0].id} and {pairs[0][1].id}.",)


def _why_none(name: str, root: Path, card: Card | None, paths: list[str]) -> str:
    if card is None:
        state = "holds no photo in a sub-folder" if root.is_dir() else "is not a folder"
        return (
            f"dataset=folder: {root} {state}. Set dataset.root to a folder with one sub-folder per palm, "
            "each with the photos of that palm."
        )
    if name == "iitd" and any(map(IITD_ROI.search, paths)):
        return (
            f"dataset=iitd: {root} holds only the segmented ROIs, which cannot be de-identified: a method needs the "
            "whole hand to find the palm and to put it back. "
            f"Add the folders 'Left Hand' and 'Right Hand' of the original archive ({card.request})."
        )
    state = f"holds {len(paths)} files but no photo named as in {card.title}" if paths else "has no photos"
    if not root.is_dir():
        state = "does not exist"
    return (
        f"dataset={name}: the folder {root} {state}. Ask for {card.title} ({card.request}), "
        f"and unpack it so that there is a file such as {root / card.layout}."
    )

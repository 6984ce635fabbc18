"""Data sets that lie in folders: a tolerant scanner that says what it left out."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from palmbench.base.images import read_image
from palmbench.base.photo_files import contents
from palmbench.base.recent import RECENT
from palmbench.datasets.cards import Card, card_names, read_card
from palmbench.datasets.folder_scan import FoundPhoto, Scan, dataset_root, scan
from palmbench.datasets.palm_crops import only_crops
from palmbench.datasets.sample import Dataset, Sample
from palmbench.datasets.settings import FolderDatasetConfig
from palmbench.datasets.splits import describe_part, sample_id, take_part
from recognizers.common.cache_keys import file_digest
from recognizers.common.errors import RequestError
from recognizers.common.names import path_of, text_of
from recognizers.common.path_settings import typed

NO_PERSONS = (
    "It is not told which palms are one person's: pairs of somebody's left and right hand, if there are any, count as "
    "impostors."
)


@dataclass(frozen=True)
class FileSource:
    """Reads the photo of a sample; `paths` are relative to `root`, as text."""

    root: Path
    paths: dict[str, str]

    def __call__(self, sample: Sample) -> np.ndarray:
        """The photo; RequestError if the file is no longer what its digest was taken of."""
        path = self.root / path_of(self.paths[sample.id])
        return RECENT.get(path, lambda: read_image(path, contents(path, digest=sample.digest)))

    def name_of(self, sample: Sample) -> str:
        """See `Dataset.name_of`."""
        return self.paths[sample.id]


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
        If there is no photo, only crops of palms, two different files claim to be the same photo, or a table or a split
        cannot be read.
    """
    files = scan_with_photos(config, data_dir)
    card = card_of(config.name)
    notes = _notes(files, card, config)
    found = sorted(files.photos, key=natural_order)
    if config.split is not None:
        part = take_part(config.split, config.name, found)
        notes.append(describe_part(config.split, part, len(found)))
        found = part.photos
    kept = _limited(found, config.identities, config.samples)
    with ThreadPoolExecutor(min(8, (os.cpu_count() or 1) + 2)) as pool:
        digests = list(pool.map(lambda item: _digest(files.root / path_of(item.path)), kept))
    samples, paths = _samples(files.root, kept, digests)
    if copies := len(kept) - len(samples):
        notes.append(f"{copies} second copies of the same photo left out.")
    notes += _shared_photos(samples)
    if any("such as" in note for note in notes):
        where = f" {typed('dataset.root', config.root)}" if config.root else ""
        notes.append(f"`palmbench data check {config.name}{where}` lists them all.")
    title = card.title if card else f"photos in {text_of(files.root.name)}"
    return Dataset(config.name, title, card, samples, FileSource(files.root, paths), tuple(notes))


def _digest(path: Path) -> str:
    try:
        return file_digest(path)
    except OSError as error:
        raise RequestError(f"{path} cannot be read: {error.strerror or error}; mend that, or move it away.") from error


def scan_with_photos(config: FolderDatasetConfig, data_dir: str | Path) -> Scan:
    """What lies in a data set's folder, if there are photos of hands among it.

    Raises
    ------
    RequestError
        If there are none, or only crops of palms: what is missing, where to ask for it, and where to put it.
    """
    root = dataset_root(config, data_dir)
    files = scan(config.name, root)
    if not files.photos:
        raise RequestError(_why_none(config.name, root, card_of(config.name), files))
    if crops := only_crops(files):
        raise RequestError(_refusal(config.name, root, f"palm crops ({crops})", card_of(config.name)))
    return files


def card_of(name: str) -> Card | None:
    """The card of a data set, or None for photos of the user's own."""
    return read_card(name) if name in card_names() else None


def natural_order(item: FoundPhoto) -> tuple[list[tuple[int, int, str]], list[tuple[int, int, str]], str, str]:
    """Sort key: palm, then photo, by which 2 comes before 10 on every machine alike.

    Palms 1 and 01 would be equal, and then ids tell. So the order, on which some numbers depend, comes from ids alone,
    never from where files lie or in which order a table names them.
    """
    return _natural(item.label.identity), _natural(item.label.photo), sample_id(item), item.path


def _natural(text: str) -> list[tuple[int, int, str]]:
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.split(r"(\d+)", text) if part]


def _limited(found: Sequence[FoundPhoto], identities: int | None, samples: int | None) -> list[FoundPhoto]:
    counts: dict[str, int] = {}
    kept = []
    for item in found:
        identity = item.label.identity
        if identity not in counts and identities is not None and len(counts) == identities:
            continue
        counts[identity] = counts.get(identity, 0) + 1
        if samples is None or counts[identity] <= samples:
            kept.append(item)
    return kept


def _samples(root: Path, found: list[FoundPhoto], digests: list[str]) -> tuple[tuple[Sample, ...], dict[str, str]]:
    """Samples and their paths by id. A second copy of a palm's photo is dropped; anything else is a contradiction."""
    samples: dict[str, Sample] = {}
    paths: dict[str, str] = {}
    for item, digest in zip(found, digests, strict=True):
        key, label = sample_id(item), item.label
        if key not in samples:
            samples[key] = Sample(key, label.identity, label.person, label.side, digest)
            paths[key] = item.path
        elif (samples[key].identity, samples[key].digest) != (label.identity, digest):
            raise RequestError(
                f"two different photos in {root} would both be sample {key}: {paths[key]} and {item.path}. "
                "Move one of them out of the folder."
            )
    return tuple(samples.values()), paths


def _notes(files: Scan, card: Card | None, config: FolderDatasetConfig) -> list[str]:
    notes = list(files.remarks)
    if files.empty:
        notes.append(f"{len(files.empty)} empty files left out, such as {files.empty[0].path}.")
    if files.strays and not files.chosen:
        notes.append(f"{len(files.strays)} images are not understood and left out, such as {files.strays[0]}.")
    if files.absent:
        notes.append(f"{len(files.absent)} photos of the table are not there, such as {files.absent[0].path}.")
    if doubtful := [item.path for item in files.photos if item.label.contradicts]:
        notes.append(f"{len(doubtful)} names contradict their folder, which is believed, such as {doubtful[0]}.")
    identities, photos = len({item.label.identity for item in files.photos}), len(set(map(sample_id, files.photos)))
    limited = config.identities is not None or config.samples is not None
    if card is not None and not limited and (text := card.short_of(identities, photos)):
        notes.append(text)
    if not files.persons:
        notes.append(NO_PERSONS)
    return notes


def _shared_photos(samples: tuple[Sample, ...]) -> list[str]:
    """Notes if the same bytes are filed twice: one of two palms is mislabelled, and photos of one match for sure."""
    first: dict[str, Sample] = {}
    pairs = [(first.setdefault(sample.digest, sample), sample) for sample in samples]
    pairs = [(one, other) for one, other in pairs if one is not other]
    notes = []
    for same, where in ((False, "under two palms"), (True, "twice under one palm")):
        if some := [pair for pair in pairs if (pair[0].identity == pair[1].identity) is same]:
            notes.append(f"{len(some)} photos are filed {where}, such as {some[0][0].id} and {some[0][1].id}.")
    return notes


def _why_none(name: str, root: Path, card: Card | None, files: Scan) -> str:
    if files.crops:
        what = next(what for what, paths in files.companions.items() if files.crops[0] in paths)
        return _refusal(name, root, what, card)
    if files.absent:
        return (
            f"dataset={name}: none of the {len(files.absent)} photos that the table names is there, such as "
            f"{files.root / files.absent[0].path}."
        )
    if files.empty:
        return f"dataset={name}: every photo in {root} is an empty file; unpack the archive again."
    others = [*files.strays, *files.others, *(path for paths in files.companions.values() for path in paths)]
    if card is None:
        state = "holds no photo in a sub-folder" if name == "folder" else "holds no photo with such a name"
        state = state if root.is_dir() else "is not a folder"
        return f"dataset={name}: {root} {state}. Set dataset.root to a folder {_EXPLAINED[name]}."
    state = "has no photos"
    if others:
        state = f"holds {len(others)} files, such as {others[0]}, but no photo named as in {card.title}"
    if not root.is_dir():
        state = "does not exist"
    table = " beside HandInfo.csv" if name == "11k" else ""
    return (
        f"dataset={name}: the folder {root} {state}. Ask for {card.title} ({card.request}), "
        f"and unpack it so that there is a file such as {root / card.layout}{table}."
    )


_EXPLAINED = {
    "folder": "with one sub-folder per palm, each with the photos of that palm",
    "nnnn_ssss": "of photos named NNNN_SSSS, four digits for the palm and four for the photo, such as 0001_0001.jpg",
}


def _refusal(name: str, root: Path, what: str, card: Card | None) -> str:
    text = (
        f"dataset={name}: {root} holds only {what}, which cannot be de-identified: a method needs the whole hand to "
        "find the palm and to put it back."
    )
    if card is None:
        return f"{text} Use the photos that they were cut from."
    return f"{text} Add the original photos, named such as {card.layout} ({card.request})."

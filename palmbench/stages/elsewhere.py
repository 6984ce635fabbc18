"""photo -> photo' of another program: files matched to the data set's photos by name or by a table, and read."""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from palmbench import methods
from palmbench.base.images import encode_png, read_image
from palmbench.base.photo_files import contents
from palmbench.base.store import Store
from palmbench.datasets.layout import IMAGE
from palmbench.datasets.manifest import read_cells
from palmbench.datasets.sample import Dataset, Sample
from palmbench.hands.palm import Region
from palmbench.methods import output_checks
from palmbench.methods.folder import FolderConfig
from palmbench.stages.deidentify import Deidentify
from palmbench.stages.prepare import Prepare
from palmbench.stages.stage import hashed_once
from recognizers.common.cache_keys import digest, versions_of
from recognizers.common.errors import RequestError, SampleError
from recognizers.common.pinned import Pinned

VERSION = 1
ORIGINAL, DEIDENTIFIED = "original", "deidentified"
_IMAGE = re.compile(IMAGE, re.IGNORECASE)


class Found(NamedTuple):
    """The file of a photo with the digest of its contents, or why there is none."""

    file: Pinned | None
    problem: str = ""


@dataclass(frozen=True)
class Elsewhere(Deidentify):
    """Takes each photo from the file that another program made of it; `found` is by the sample's id."""

    found: Mapping[str, Found] = field(default_factory=dict)

    @classmethod
    def taking(cls, prepare: Prepare, method: FolderConfig, dataset: Dataset, seed: int, region: Region) -> Elsewhere:
        """The stage for one point; errors as of `matched`."""
        settings = output_checks.settings(methods.load(method))
        names = {sample.id: dataset.name_of(sample) for sample in dataset.samples}
        return cls(prepare, None, method, region, settings, seed, found=matched(method, names))

    @property
    def on_device(self) -> bool:
        return False

    @hashed_once
    def key(self, sample: Sample) -> str:
        file = self.found[sample.id].file
        return digest(
            "deidentified",
            versions={"elsewhere": VERSION, **versions_of("palmbench.base", "images", "photo_files")},
            photo=self.prepare.photos.key(sample),
            method=self.settings,
            file=None if file is None else file.digest,
        )

    def compute(self, samples: Sequence[Sample], store: Store, device: str) -> list[bytes]:
        photos = [self.prepare.photos.load(sample, store) for sample in samples]
        pairs = zip(samples, photos, strict=True)
        return [encode_png(read_found(self.found[sample.id], photo.shape)) for sample, photo in pairs]


def read_found(found: Found, shape: tuple[int, ...]) -> np.ndarray:
    """A de-identified photo, uint8 (H, W, 3), RGB.

    Parameters
    ----------
    found : Found
    shape : tuple of int
        Of the original.

    Raises
    ------
    SampleError
        If there is none, it cannot be read, or it is of another size than the original.
    RequestError
        If the file is not what it was when the run began.
    """
    if found.file is None:
        raise SampleError(found.problem)
    path = found.file.path
    photo = read_image(path, contents(path, digest=found.file.digest))
    if photo.shape != shape:
        sizes = [f"{width} x {height}" for height, width in (photo.shape[:2], shape[:2])]
        raise SampleError(
            f"{path}: has {sizes[0]} pixels, and its original {sizes[1]}; a de-identified photo has its original's size"
        )
    return photo


def matched(method: FolderConfig, names: Mapping[str, str]) -> dict[str, Found]:
    """The file of each photo.

    A photo `a/b.jpg` is the file `a/b.jpg` below the folder, or else the only one called `a/b` with the ending of an
    image, whichever that is. In a table `original` is the photo's name, with or without its ending, and `deidentified`
    a path relative to the table.

    Parameters
    ----------
    method : FolderConfig
    names : mapping of str to str
        By the sample's id, its path in the data set, with `/`.

    Raises
    ------
    RequestError
        If there is no such folder or table, a table cannot be read, or not a single photo is there.
    """
    root, table = method.folder, method.table
    files = _listed(table, root) if table else {name: root / name for name in _images(root)}
    by_stem: dict[str, list[str]] = defaultdict(list)
    for name in files:
        by_stem[_stem(name)].append(name)
    whole = set(names.values())
    shared = Counter(_stem(name) for name in names.values() if name not in files)
    where = str(table or root)
    found = {}
    for sample, name in names.items():
        stem = _stem(name)
        others = [each for each in by_stem[stem] if each not in whole]
        if name in files:
            found[sample] = _pinned(files[name])
        elif not others:
            found[sample] = Found(None, f"{where} has no de-identified {name}")
        elif len(others) > 1 or shared[stem] > 1:
            listed = " and ".join(sorted(others))
            found[sample] = Found(None, f"which file of {where} is the de-identified {name} cannot be told: {listed}")
        else:
            found[sample] = _pinned(files[others[0]])
    if not any(each.file for each in found.values()):
        first = next(iter(found.values())).problem
        raise RequestError(
            f"method.path={method.path}: not one of the {len(names)} photos is there: {first}. Names are those of the "
            "photos below the data set's folder; a table FILE.csv can name them otherwise."
        )
    return found


def _images(root: Path) -> Iterable[str]:
    """Paths of the images below a folder, with `/`, as text."""
    for folder, folders, names in os.walk(root, followlinks=True):
        folders.sort()
        for name in sorted(names):
            if _IMAGE.search(name) and not name.startswith("."):
                yield (Path(folder) / name).relative_to(root).as_posix()


def _listed(table: Path, root: Path) -> dict[str, Path]:
    """Files by the name of the original, as a table has them."""
    cells = list(read_cells(table))
    header = [name.strip().lower() for name in cells[0][1]] if cells else []
    if lacking := [name for name in (ORIGINAL, DEIDENTIFIED) if name not in header]:
        raise RequestError(f"{table}, line 1: there is no column {lacking[0]}; it needs original and deidentified.")
    original, deidentified = header.index(ORIGINAL), header.index(DEIDENTIFIED)
    files: dict[str, Path] = {}
    for line, values in cells[1:]:
        if len(values) != len(header):
            raise RequestError(f"{table}, line {line}: has {len(values)} cells, and the first line {len(header)}.")
        name, path = values[original].strip().replace("\\", "/"), values[deidentified].strip()
        if name in files:
            raise RequestError(f"{table}, line {line}: {name} stands in an earlier line already.")
        if path:
            files[name] = root / path
    return files


def _stem(name: str) -> str:
    return _IMAGE.sub("", name)


def _pinned(path: Path) -> Found:
    if not path.is_file():
        return Found(None, f"{path}: there is no such file")
    try:
        return Found(Pinned.now(path))
    except RequestError as error:
        return Found(None, str(error))

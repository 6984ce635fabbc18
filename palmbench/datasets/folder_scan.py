"""What lies in a data set's folder: photos that are understood, and everything else by what it is."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from palmbench.datasets import hands_11k, manifest
from palmbench.datasets.file_names import COMPANIONS, EXPORTED, LAYOUTS
from palmbench.datasets.layout import IMAGE, Companion, Layout, PhotoLabel
from palmbench.datasets.settings import FolderDatasetConfig
from recognizers.common.errors import RequestError
from recognizers.common.names import path_of, text_of
from recognizers.common.path_settings import path_text

_CLUTTER = {"thumbs.db", "ehthumbs.db", ".ds_store", "desktop.ini"}
NAMES = (*LAYOUTS, "11k", "manifest")


class FoundPhoto(NamedTuple):
    """A photo: where it lies and what is told of it."""

    path: str
    label: PhotoLabel


@dataclass(frozen=True)
class Scan:
    """Files of a data set's folder; paths are text, relative to `root`, with `/`: `names.path_of` leads to the file.

    Attributes
    ----------
    root : Path
        The folder.
    photos, empty, absent : tuple of FoundPhoto
        Photos that are understood; those of no bytes; those that a table names and that are not there.
    companions : dict of str to tuple of str
        Files that come with the set and are not photos of hands, by what they are.
    crops : tuple of str
        Those of them that are crops of palms.
    strays, others, clutter : tuple of str
        Images that are not understood, files of other kinds, and files that an operating system leaves behind.
    layout : Layout or None
        How names were read; None where a table tells instead.
    persons : bool
        Whether it is told which palms are one person's.
    chosen : bool
        Whether a table of the user's own chooses among the images, so that others may lie beside them.
    remarks : tuple of str
        About the table.
    """

    root: Path
    photos: tuple[FoundPhoto, ...] = ()
    empty: tuple[FoundPhoto, ...] = ()
    absent: tuple[FoundPhoto, ...] = ()
    companions: dict[str, tuple[str, ...]] = field(default_factory=dict)
    crops: tuple[str, ...] = ()
    strays: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    clutter: tuple[str, ...] = ()
    layout: Layout | None = None
    persons: bool = True
    chosen: bool = False
    remarks: tuple[str, ...] = ()


class _Tree(NamedTuple):
    files: dict[str, int]  # sizes in bytes
    clutter: list[str]


def dataset_root(config: FolderDatasetConfig, data_dir: str | Path) -> Path:
    """Folder of a data set's photos, or its manifest: its `root`, or `<data_dir>/<name>`."""
    return Path(path_text(config.root)) if config.root else Path(path_text(str(data_dir)), config.name)


def has_photos(name: str, root: Path) -> bool:
    """Whether a place holds at least one photo of a data set, or the table that names them; stops at the first."""
    if name == "manifest":
        return _manifest_file(root).is_file()
    if name == "11k":
        return any(PurePosixPath(path).name.lower() in hands_11k.NAMES for path, _, _ in _walk(root))
    return any(
        _match(name, layout, path) for path, _, clutter in _walk(root) if not clutter for layout in LAYOUTS[name]
    )


def scan(name: str, root: Path) -> Scan:
    """Look through a data set's folder; contents of photos are not read.

    Raises
    ------
    RequestError
        If a folder, or a table that the set needs, cannot be read.
    """
    if name == "manifest":
        return _scan_manifest(_manifest_file(root))
    tree = _tree(root)
    if name == "11k":
        return _scan_hands(root, tree)
    layout = next((each for each in LAYOUTS[name] if any(_match(name, each, path) for path in tree.files)), None)
    found = [FoundPhoto(path, label) for path in tree.files if layout and (label := _match(name, layout, path))]
    persons = bool(layout and layout.persons)
    return _sorted_out(Scan(root, layout=layout, persons=persons), tree, found, COMPANIONS.get(name, ()))


def _match(name: str, layout: Layout, path: str) -> PhotoLabel | None:
    if any(each.has(path) for each in COMPANIONS.get(name, ())):
        return None
    return layout.match(path)


def _manifest_file(root: Path) -> Path:
    return root / manifest.NAME if root.is_dir() or not root.suffix else root


def _scan_manifest(file: Path) -> Scan:
    table = manifest.read_manifest(file)
    tree = _tree(file.parent)
    found, absent = [], []
    for row in table.rows:
        size = _size(file.parent / path_of(row.path))
        if size is not None:
            tree.files.setdefault(row.path, size)
            found.append(FoundPhoto(row.path, row.label))
        else:
            absent.append(FoundPhoto(row.path, row.label))
    tree.files.pop(text_of(file.name), None)
    told = any(row.label.person != row.label.identity for row in table.rows)
    start = Scan(file.parent, absent=tuple(absent), persons=told, chosen=True, remarks=table.remarks)
    return _sorted_out(start, tree, found, ())


def _scan_hands(root: Path, tree: _Tree) -> Scan:
    tables = sorted(path for path in tree.files if PurePosixPath(path).name.lower() in hands_11k.NAMES)
    if not tables:
        return _sorted_out(Scan(root), tree, [], ())
    info = hands_11k.read_hand_info(root / path_of(tables[0]))
    found = []
    for path in tree.files:
        stem = PurePosixPath(path).stem.lower()
        if stem in info.palmar and re.search(hands_11k.PHOTO, path, re.IGNORECASE):
            found.append(FoundPhoto(path, info.palmar[stem]))
    folder = PurePosixPath(found[0].path).parent if found else PurePosixPath()
    there = {PurePosixPath(path).stem.lower() for path, _ in found}
    absent = tuple(
        FoundPhoto(str(folder / f"{stem.capitalize()}.jpg"), label)
        for stem, label in info.palmar.items()
        if stem not in there
    )
    dorsal = {path for path in tree.files if PurePosixPath(path).stem.lower() in info.dorsal}
    for path in (*tables, *dorsal):
        del tree.files[path]
    result = _sorted_out(Scan(root, absent=absent), tree, found, ())
    companions = {**({"backs of hands": tuple(sorted(dorsal))} if dorsal else {}), **result.companions}
    return replace(result, companions=companions)


def _sorted_out(start: Scan, tree: _Tree, found: Sequence[FoundPhoto], kinds: Sequence[Companion]) -> Scan:
    """The scan, with every file in its place."""
    kinds = (*kinds, EXPORTED) if "defects.json" in tree.files else tuple(kinds)
    companions: dict[str, list[str]] = {}
    crops: list[str] = []
    strays: list[str] = []
    others: list[str] = []
    photos = {item.path for item in found}
    for path in tree.files:
        if path in photos:
            continue
        kind = next((each for each in kinds if each.has(path)), None)
        if kind is not None:
            companions.setdefault(kind.what, []).append(path)
            if kind.crops:
                crops.append(path)
        else:
            (strays if re.search(IMAGE, path, re.IGNORECASE) else others).append(path)
    return replace(
        start,
        photos=tuple(item for item in found if tree.files[item.path]),
        empty=tuple(item for item in found if not tree.files[item.path]),
        companions={what: tuple(paths) for what, paths in companions.items()},
        crops=tuple(crops),
        strays=tuple(strays),
        others=tuple(others),
        clutter=tuple(tree.clutter),
    )


def _tree(root: Path) -> _Tree:
    tree = _Tree({}, [])
    for path, size, clutter in _walk(root, _cannot_be_listed):
        if clutter:
            tree.clutter.append(path)
        else:
            tree.files[path] = size
    return tree


def _cannot_be_listed(error: OSError) -> None:
    # What is silently passed over changes every number of the set.
    if not isinstance(error, (FileNotFoundError, NotADirectoryError)):  # no folder at all is another sentence
        raise RequestError(
            f"{error.filename} cannot be searched: {error.strerror}; mend that, or move it away."
        ) from error


def _size(path: Path) -> int | None:
    """Bytes of a file; None if there is none: a name may be longer than a disk takes, or a link lead in a circle."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def _walk(root: Path, onerror: Callable[[OSError], None] | None = None) -> Iterator[tuple[str, int, bool]]:
    """Paths below `root` as text, sizes in bytes, and whether they are clutter; links are followed once."""
    seen = set()
    for folder, below, names in os.walk(root, onerror=onerror, followlinks=True):
        real = os.path.realpath(folder)
        if real in seen:
            below.clear()
            continue
        seen.add(real)
        below[:] = sorted(name for name in below if not name.startswith(".") and name != "__MACOSX")
        for name in sorted(names):
            path = Path(folder, name)
            if (size := _size(path)) is not None:
                clutter = name.lower() in _CLUTTER or name.startswith(".")
                yield text_of(path.relative_to(root)), size, clutter

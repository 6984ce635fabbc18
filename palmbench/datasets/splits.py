"""Parts of data sets: usual protocols, one rule file each in `data/splits/`, and lists of the user's own.

A rule file names its parts, and each part its photos by number, by session, or by a share of the persons. A person's
share is fixed by the person's name alone: with h the first 32 bits of SHA-256 of "seed:person", over 2^32, a person is
in the part when low <= h < high. So both hands of a person are on one side, and nobody changes sides when others are
missing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from palmbench.base.paths import cards_dir
from palmbench.datasets.folder_scan import FoundPhoto
from palmbench.datasets.layout import padded
from palmbench.datasets.manifest import read_cells
from recognizers.common.did_you_mean import not_found
from recognizers.common.errors import RequestError
from recognizers.common.path_settings import path_text

ANY = "any"


@dataclass(frozen=True)
class Split:
    """A rule file.

    Attributes
    ----------
    name : str
    dataset : str
        The data set that it is of, or "any".
    title, origin : str
        What it is, and whose: published, or made by rule.
    parts : dict
        From a part's name to its rule: `numbers` ("1-3", "4-", "odd", "even"), `sessions` ("F"), or `share`
        ("0-0.5") of the persons with a `seed`.
    """

    name: str
    dataset: str
    title: str
    origin: str
    parts: Mapping[str, Mapping[str, Any]]


class Part(NamedTuple):
    """Photos of a part that are there, in the data set's order, and ids of samples that it names and that are not."""

    photos: list[FoundPhoto]
    absent: list[str]


def split_names(dataset: str) -> list[str]:
    """What `dataset.split` can be for a data set, beside files: every part of its splits."""
    return [f"{split.name}/{part}" for split in _splits() if split.dataset in (dataset, ANY) for part in split.parts]


def take_part(wanted: str, dataset: str, found: Sequence[FoundPhoto]) -> Part:
    """The photos of a part of a split.

    Parameters
    ----------
    wanted : str
        "SPLIT/PART", SPLIT being the name of a rule file or the path of a CSV file with the columns sample and part.
    dataset : str
    found : sequence of FoundPhoto
        Every photo of the data set.

    Raises
    ------
    RequestError
        If there is no such split or part, or none of its photos is there.
    """
    name, _, part = wanted.rpartition("/")
    if name.lower().endswith(".csv"):
        chosen = _listed(Path(path_text(name)), part, found)
    else:
        split = next((each for each in _splits() if each.name == name and each.dataset in (dataset, ANY)), None)
        if split is None or part not in split.parts:
            problem = f"dataset.split: {dataset} has no part {wanted}"
            raise RequestError(
                not_found(problem, wanted, split_names(dataset)) + " Or name a CSV file, as FILE.csv/PART."
            )
        chosen = _by_rule(split.parts[part], found)
    if not chosen.photos:
        raise RequestError(f"dataset.split={wanted}: none of its photos is there.")
    return chosen


def sample_id(item: FoundPhoto) -> str:
    """The id of the sample that a photo is."""
    return f"{item.label.identity}_{item.label.photo}"


def person_share(person: str, seed: int) -> float:
    """Where a person stands between 0 and 1; see the module's description."""
    return int(hashlib.sha256(f"{seed}:{person}".encode()).hexdigest()[:8], 16) / 2**32


def _splits() -> list[Split]:
    files = sorted((cards_dir() / "splits").glob("*.yaml"))
    return [Split(path.stem, **yaml.safe_load(path.read_text(encoding="utf-8"))) for path in files]


def _by_rule(rule: Mapping[str, Any], found: Sequence[FoundPhoto]) -> Part:
    if "share" in rule:
        low, high = map(float, str(rule["share"]).split("-"))
        return Part([f for f in found if low <= person_share(f.label.person, rule["seed"]) < high], [])
    palms = {item.label.identity: item for item in found}
    if "sessions" in rule:
        wanted = str(rule["sessions"]).split()
        photos = [item for item in found if item.label.session in wanted]
        visits = {(item.label.identity, item.label.session) for item in photos}
        return Part(photos, [f"{p}_{s} (every photo)" for p in palms for s in wanted if (p, s) not in visits])
    fits, exact = _numbers(str(rule["numbers"]))
    photos = [item for item in found if item.label.number.isdecimal() and fits(int(item.label.number))]
    there = {(item.label.identity, int(item.label.number)) for item in photos}
    absent = [f"{palm}_{padded(str(n))}" for palm in palms for n in exact if (palm, n) not in there]
    return Part(photos, absent)


def _numbers(words: str) -> tuple[Callable[[int], bool], range]:
    """What a photo's number must be, and the numbers that are named one by one."""
    if words in ("odd", "even"):
        return (lambda number: number % 2 == (words == "odd")), range(0)
    first, _, last = words.partition("-")
    if not last:
        return (lambda number: number >= int(first)), range(0)
    named = range(int(first), int(last) + 1)
    return (lambda number: number in named), named


def _listed(file: Path, part: str, found: Sequence[FoundPhoto]) -> Part:
    cells = list(read_cells(file))
    header = [name.strip().lower() for name in cells[0][1]] if cells else []
    if not {"sample", "part"} <= set(header):
        raise RequestError(f"{file}, line 1: a split needs the columns sample and part.")
    for line, values in cells[1:]:
        if len(values) != len(header):
            raise RequestError(f"{file}, line {line}: {len(values)} cells, where the first line has {len(header)}.")
    rows = [dict(zip(header, map(str.strip, values), strict=True)) for _, values in cells[1:]]
    parts = {row["part"] for row in rows}
    if part not in parts:
        raise RequestError(not_found(f"{file} has no part {part or '(none named)'}", part, parts))
    wanted = dict.fromkeys(row["sample"] for row in rows if row["part"] == part)
    # In the order of the data set: who sorts the lines of a table changes neither its photos nor a number.
    photos = [item for item in found if sample_id(item) in wanted]
    there = {sample_id(item) for item in photos}
    return Part(photos, [name for name in wanted if name not in there])


def describe_part(wanted: str, part: Part, total: int) -> str:
    """A sentence on what a part of a split has, and lacks."""
    text = f"dataset.split={wanted}: {len(part.photos)} of {total} photos"
    if part.absent:
        text += f"; {len(part.absent)} that it names are not there, such as {part.absent[0]}"
    return re.sub(r"\.?$", ".", text)

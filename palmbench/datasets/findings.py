"""What is wrong, or may be, in a data set's folder: each finding with its kind, its files and a sentence."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

import numpy as np

from palmbench.base.images import PhotoFacts
from palmbench.datasets.folder_scan import FoundPhoto, Scan
from palmbench.datasets.layout import Layout
from palmbench.datasets.splits import sample_id

# Kinds that cost nothing: photos are read all the same, or there are none.
REMARKS = ("extension", "depth", "unlisted", "clutter", "other", "table")
_SMALL = 0.5  # of the median of the longer sides
_SHARED = 0.8  # of the photos that are not square: so many of one orientation make the others odd
_MIRRORED, _FEW = 0.25, 8
_HIDDEN = {"back": "a hand that shows its back", "closed": "a hand with its fingers closed over its palm"}


class PhotoContents(NamedTuple):
    """A photo that was looked at: digest of its bytes, what it is, and why it cannot be read."""

    digest: str
    facts: PhotoFacts | None
    problem: str


class SeenHand(NamedTuple):
    """The hand that a detector sees in a photo: which it is, if it shows its palm, and what it shows (`Hand.view`)."""

    side: str
    view: str


class Finding(NamedTuple):
    """Something to look at: its kind, the paths concerned, in words what it is."""

    kind: str
    paths: tuple[str, ...]
    text: str


def of_names(scan: Scan) -> list[Finding]:
    """Findings that need no photo to be opened."""
    return [
        *_missing(scan),
        *(Finding("empty", (item.path,), "a file of no bytes") for item in scan.empty),
        *_contradictions(scan),
        *_extensions(scan.photos),
        *_strays(scan),
        *(Finding("other", (path,), "not an image") for path in scan.others),
        *([Finding("clutter", scan.clutter, "left by an operating system; no photos")] if scan.clutter else []),
        *(Finding("table", (), text) for text in scan.remarks),
    ]


def of_contents(photos: Sequence[FoundPhoto], looks: Mapping[str, PhotoContents]) -> list[Finding]:
    """Findings that files and pixels show."""
    readable = {path: look.facts for path, look in looks.items() if look.facts is not None}
    return [
        *_clashes(photos, looks),
        *_copies(photos, looks),
        *(Finding("unreadable", (path,), look.problem) for path, look in looks.items() if look.problem),
        *_sizes(readable),
        *_depths(readable),
    ]


def of_hands(paths: Sequence[str], seen: Mapping[str, SeenHand]) -> list[Finding]:
    """Photos in which a run would find no hand, or one that does not show its palm.

    Parameters
    ----------
    paths : sequence of str
        Of the photos that were looked at.
    seen : mapping of str to SeenHand
        By path; photos without a hand are left out.
    """
    without = [path for path in paths if path not in seen]
    found = [Finding("handless", (path,), "no hand was found") for path in without]
    if len(without) >= _FEW and len(without) > _MIRRORED * len(paths):
        text = f"in {len(without)} of {len(paths)} photos no hand was found: try another detector="
        found = [Finding("handless", tuple(without), text)]
    hidden = {path: _HIDDEN[seen[path].view] for path in paths if path in seen and seen[path].view in _HIDDEN}
    return [*found, *(Finding("view", (path,), what) for path, what in hidden.items())]


def of_sides(photos: Sequence[FoundPhoto], seen: Mapping[str, SeenHand], ignored: Iterable[str]) -> list[Finding]:
    """Photos that show the other hand than the one they are filed as.

    Parameters
    ----------
    photos : sequence of FoundPhoto
    seen : mapping of str to SeenHand
        By path; photos without a hand are left out.
    ignored : iterable of str
        Photos that are known to be misfiled.
    """
    passed = set(ignored)
    sides = {path: sight.side for path, sight in seen.items() if sight.view == "palm"}
    looked = [item for item in photos if item.label.side and sides.get(item.path) and item.path not in passed]
    other = [item for item in looked if sides[item.path] != item.label.side]
    if len(other) >= _FEW and len(other) > _MIRRORED * len(looked):
        text = (
            f"{len(other)} of {len(looked)} photos show the other hand than the one they are filed as: they may be "
            "mirrored, or the hand network does not know such photos"
        )
        return [Finding("mirrored", tuple(item.path for item in other), text)]
    return [
        Finding("side", (item.path,), f"filed as a {item.label.side} hand, shows a {sides[item.path]} one")
        for item in other
    ]


def _missing(scan: Scan) -> list[Finding]:
    if scan.layout is None:
        return [Finding("missing", (item.path,), "named by the table, and not there") for item in scan.absent]
    # An empty file is a finding of its own.
    return [
        Finding("missing", (path,), "nothing is there under this number")
        for path in _gaps([*scan.photos, *scan.empty], scan.layout)
    ]


def _gaps(found: Sequence[FoundPhoto], layout: Layout) -> list[str]:
    """Paths of photos whose number is left out, or that most palms have where all were to have the same."""
    palms: dict[str, dict[tuple[str, str], dict[int, FoundPhoto]]] = defaultdict(lambda: defaultdict(dict))
    for item in found:
        if item.label.number.isdecimal():
            label = item.label
            palms[label.identity][label.session, label.device][int(label.number)] = item
    cells = Counter((*visit, n) for visits in palms.values() for visit, numbers in visits.items() for n in numbers)
    usual = {cell for cell, count in cells.items() if layout.grid and count > len(palms) / 2}
    padding = any(item.label.number.startswith("0") for item in found)
    usual_suffix = _most(PurePosixPath(item.path).suffix for item in found)
    gaps = []
    for visits in palms.values():
        anyone = next(item for numbers in visits.values() for item in numbers.values())
        wanted = {(*visit, n) for visit, numbers in visits.items() for n in range(1, max(numbers))} | usual
        for session, device, n in sorted(wanted):
            there = visits.get((session, device), {})
            if n in there:
                continue
            like = next(iter(there.values()), anyone)
            number = str(n).zfill(len(like.label.number)) if padding else str(n)
            path = layout.sibling(like.path, session, device, number)
            gaps.append(str(PurePosixPath(path).with_suffix(usual_suffix)))
    return gaps


def _contradictions(scan: Scan) -> list[Finding]:
    words = {"side": "the name tells another side than the folder", "person": "the name tells another person"}
    told = [
        Finding(item.label.contradicts, (item.path,), words[item.label.contradicts])
        for item in scan.photos
        if item.label.contradicts
    ]
    sides: dict[str, list[FoundPhoto]] = defaultdict(list)
    for item in (*scan.photos, *scan.empty, *scan.absent):
        if item.label.side:
            sides[item.label.identity].append(item)
    for palm, items in sides.items():
        counts = Counter(item.label.side for item in items)
        if len(counts) > 1:
            usual, most = counts.most_common(1)[0]
            tie = most * 2 == len(items)
            odd = [item.path for item in items if tie or item.label.side != usual]
            text = f"palm {palm} is called a {' and a '.join(sorted(counts))} hand"
            told += [Finding("side", tuple(odd), text)] if tie else [Finding("side", (path,), text) for path in odd]
    return told


def _strays(scan: Scan) -> list[Finding]:
    if scan.chosen:
        return [Finding("unlisted", (path,), "an image that the table does not name") for path in scan.strays]
    return [Finding("stray", (path,), "an image whose name is not understood") for path in scan.strays]


def _extensions(photos: Sequence[FoundPhoto]) -> list[Finding]:
    suffixes = [PurePosixPath(item.path).suffix for item in photos]
    usual = _most(suffixes)
    return [
        Finding("extension", (item.path,), f"{suffix}, where most have {usual}")
        for item, suffix in zip(photos, suffixes, strict=True)
        if suffix != usual
    ]


def _clashes(photos: Sequence[FoundPhoto], looks: Mapping[str, PhotoContents]) -> list[Finding]:
    claims: dict[str, list[FoundPhoto]] = defaultdict(list)
    for item in photos:
        claims[sample_id(item)].append(item)
    return [
        Finding("clash", tuple(item.path for item in items), f"different files that would all be sample {name}")
        for name, items in claims.items()
        if len({looks[item.path].digest for item in items}) > 1
    ]


def _copies(photos: Sequence[FoundPhoto], looks: Mapping[str, PhotoContents]) -> list[Finding]:
    same: dict[str, list[FoundPhoto]] = defaultdict(list)
    for item in photos:
        same[looks[item.path].digest].append(item)
    found = []
    for items in same.values():
        if len(items) > 1:
            palms = sorted({item.label.identity for item in items})
            paths = tuple(item.path for item in items)
            if len(palms) > 1:
                found.append(Finding("duplicate", paths, f"the same bytes as palms {' and '.join(palms)}"))
            else:
                found.append(Finding("copy", paths, f"the same bytes {len(items)} times as palm {palms[0]}"))
    return found


def _sizes(facts: Mapping[str, PhotoFacts]) -> list[Finding]:
    if not facts:
        return []
    usual = float(np.median([max(fact.width, fact.height) for fact in facts.values()]))
    found = [
        Finding("size", (path,), f"{fact.width}x{fact.height}, where half are at least {usual:.0f} pixels long")
        for path, fact in facts.items()
        if max(fact.width, fact.height) < _SMALL * usual
    ]
    oblong = {path: fact for path, fact in facts.items() if fact.width != fact.height}
    wide = [path for path, fact in oblong.items() if fact.width > fact.height]
    tall = [path for path in oblong if path not in set(wide)]
    odd = min(wide, tall, key=len)
    if odd and len(oblong) - len(odd) >= _SHARED * len(oblong):
        how = "upright, where most lie" if odd is tall else "lying, where most are upright"
        found += [Finding("orientation", (path,), f"{facts[path].width}x{facts[path].height}: {how}") for path in odd]
    return found


def _depths(facts: Mapping[str, PhotoFacts]) -> list[Finding]:
    usual = _most(fact.bits for fact in facts.values()) if facts else 8
    return [
        Finding("depth", (path,), f"{fact.bits} bits a channel, where most have {usual}")
        for path, fact in facts.items()
        if fact.bits != usual
    ]


def _most(values: Iterable[Hashable]):  # type: ignore[no-untyped-def]
    counts = Counter(values)
    return counts.most_common(1)[0][0] if counts else ""

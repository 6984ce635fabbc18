"""Defects planted in an export on purpose: what archives of real sets have, each of a known kind at a known place."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Literal, NamedTuple

from palmbench.datasets.naming import Scheme, other_hand
from palmbench.errors import RequestError
from palmbench.synth.seeds import side_of


@dataclass(frozen=True)
class Photo:
    """A photo of an export.

    Attributes
    ----------
    path : str
        Below the export, with `/`.
    identity, sample : int
        What it shows, in the renderer's numbers.
    filed : (int, int)
        The identity and sample that it is filed as; the same, but for a planted duplicate.
    side : str
        The side that it is filed as.
    state : {"whole", "absent", "empty"}
    """

    path: str
    identity: int
    sample: int
    filed: tuple[int, int]
    side: str
    state: Literal["whole", "absent", "empty"] = "whole"


class Defect(NamedTuple):
    """A planted defect: its kind, the paths concerned, and in words what is wrong with them."""

    kind: str
    paths: tuple[str, ...]
    note: str


class Plan(NamedTuple):
    """What an export holds: photos, files of the Windows explorer, and which of it is wrong on purpose."""

    photos: tuple[Photo, ...]
    clutter: tuple[str, ...] = ()
    defects: tuple[Defect, ...] = ()


def plan_photos(scheme: Scheme, palms: Sequence[int], samples: int) -> Plan:
    """Every palm with photos 0 to `samples` - 1, and nothing wrong."""
    return Plan(
        tuple(
            Photo(scheme.path(palm, number), palm, number, (palm, number), side_of(palm))
            for palm in palms
            for number in range(samples)
        )
    )


def plant(plan: Plan, kinds: Collection[str], layout: str, scheme: Scheme) -> Plan:
    """The plan with one defect of each kind; the same plan and kinds give the same defects.

    Parameters
    ----------
    plan : Plan
        Without defects.
    kinds : collection of str
        Out of `KINDS`.
    layout : str
        The layout's name, for messages.
    scheme : Scheme

    Raises
    ------
    RequestError
        If the layout has no place for a defect, or there are too few photos: each defect has one of its own.
    """
    palms = list(dict.fromkeys(photo.identity for photo in plan.photos))
    if kinds and (len(palms) < 2 or len(plan.photos) < 2 * len(palms)):
        raise RequestError("--defects needs at least 2 identities with 2 samples each.")
    if "side" in kinds and scheme.wrong_side is None:
        raise RequestError(
            f"--defects: side cannot be planted in the {layout} layout, whose names do not tell left from right."
        )
    photos, found = list(plan.photos), []
    spared = set(plan.photos)
    for place, (kind, spoil) in enumerate(_SPOILERS.items()):
        if kind not in kinds:
            continue
        # Spread over the palms: were all in one, it might have no photo left.
        first = place * len(palms) // len(_SPOILERS)
        order = palms[first:] + palms[:first]
        victim = next((p for palm in order for p in plan.photos if p.identity == palm and p in spared), None)
        if victim is None:
            raise RequestError(f"--defects: {len(plan.photos)} photos are too few for these defects; ask for more.")
        spared.remove(victim)
        spoilt, defect = spoil(victim, photos, palms, scheme)
        at = photos.index(victim)
        photos[at : at + 1] = spoilt
        found.append(defect)
    clutter = _thumbs(photos) if "thumbs" in kinds else ()
    if clutter:
        found.append(Defect("thumbs", clutter, "left by the Windows explorer; no photos"))
    return Plan(tuple(photos), clutter, tuple(found))


_Spoiler = Callable[[Photo, list[Photo], list[int], Scheme], tuple[list[Photo], Defect]]


def _missing(victim: Photo, photos: list[Photo], palms: list[int], scheme: Scheme) -> tuple[list[Photo], Defect]:
    return [replace(victim, state="absent")], Defect("missing", (victim.path,), "not there")


def _uppercase(victim: Photo, photos: list[Photo], palms: list[int], scheme: Scheme) -> tuple[list[Photo], Defect]:
    path = PurePosixPath(victim.path)
    path = path.with_suffix(path.suffix.swapcase())
    case = "upper" if path.suffix.isupper() else "lower"
    return [replace(victim, path=str(path))], Defect("uppercase", (str(path),), f"an extension in {case} case")


def _side(victim: Photo, photos: list[Photo], palms: list[int], scheme: Scheme) -> tuple[list[Photo], Defect]:
    assert scheme.wrong_side is not None
    told = side_of(other_hand(victim.identity))
    taken = {_stem(photo.path) for photo in photos if photo is not victim}
    path = next(
        path
        for number in itertools.chain([victim.sample], itertools.count())
        if _stem(path := scheme.wrong_side(victim.identity, number)) not in taken
    )
    note = f"a {victim.side} hand that is filed as a {told} one"
    return [replace(victim, path=path, side=told)], Defect("side", (path,), note)


def _duplicate(victim: Photo, photos: list[Photo], palms: list[int], scheme: Scheme) -> tuple[list[Photo], Defect]:
    palm = palms[(palms.index(victim.identity) + 1) % len(palms)]
    taken = {_stem(photo.path) for photo in photos}
    # The first sample number that neither the palm's own photos nor another defect has.
    number = next(n for n in itertools.count(1 + victim.sample) if _stem(scheme.path(palm, n)) not in taken)
    copy = replace(victim, path=scheme.path(palm, number), filed=(palm, number), side=side_of(palm))
    note = "the same photo, filed under two palms; the first is right"
    return [victim, copy], Defect("duplicate", (victim.path, copy.path), note)


def _empty(victim: Photo, photos: list[Photo], palms: list[int], scheme: Scheme) -> tuple[list[Photo], Defect]:
    return [replace(victim, state="empty")], Defect("empty", (victim.path,), "a file of no bytes")


def _stem(path: str) -> str:
    # A photo whose extension is in the other case still has its place.
    return str(PurePosixPath(path).with_suffix(""))


def _thumbs(photos: list[Photo]) -> tuple[str, ...]:
    folders = list(dict.fromkeys(PurePosixPath(photo.path).parent for photo in photos))
    return tuple(str(folder / "Thumbs.db") for folder in dict.fromkeys((folders[0], folders[-1])))


_SPOILERS: dict[str, _Spoiler] = {
    "missing": _missing,
    "uppercase": _uppercase,
    "side": _side,
    "duplicate": _duplicate,
    "empty": _empty,
}
KINDS = (*_SPOILERS, "thumbs")

"""Defects planted in an export on purpose: what archives of real sets have, each of a known kind at a known place."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Literal, NamedTuple

from palmbench.datasets.file_names import Scheme
from palmbench.synth.seeds import side_of
from recognizers.common.errors import RequestError

State = Literal["whole", "absent", "empty", "truncated", "small", "turned", "deep"]


@dataclass(frozen=True)
class Photo:
    """A photo of an export.

    Attributes
    ----------
    path : str
        Below the export, with `/`.
    identity, sample : int
        What it shows, in the renderer's numbers.
    filed : (int, int) or None
        The identity and sample that it is filed as; the same, but for planted defects. None = as nothing.
    side : str
        The side that it is filed as.
    state : str
        What was done to the file.
    """

    path: str
    identity: int
    sample: int
    filed: tuple[int, int] | None
    side: str
    state: State = "whole"


class Defect(NamedTuple):
    """A planted defect: its kind, the paths concerned, in words what is wrong, and what `data check` calls it."""

    kind: str
    paths: tuple[str, ...]
    note: str
    found_as: str


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


def plantable(scheme: Scheme) -> list[str]:
    """Kinds that a layout has a place for."""
    return [kind for kind in KINDS if not _unplantable(kind, scheme)]


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
        If the layout has no place for a defect, or there are too few photos: each defect has some of its own.
    """
    palms = list(dict.fromkeys(photo.identity for photo in plan.photos))
    if kinds and (len(palms) < 2 or len(plan.photos) < 2 * len(palms)):
        raise RequestError("--defects needs at least 2 identities with 2 samples each.")
    for kind in kinds:
        if reason := _unplantable(kind, scheme):
            raise RequestError(f"--defects: {kind} cannot be planted in the {layout} layout, {reason}.")
    work = _Work(list(plan.photos), list(plan.photos), palms, scheme)
    found = []
    for index, (kind, spoil) in enumerate(_SPOILERS.items()):
        if kind in kinds:
            paths, note = spoil(work, _victim(work, index, kind))
            unlisted = kind == "stray" and scheme.dataset == "manifest"
            found.append(Defect(kind, paths, note, "unlisted" if unlisted else FOUND_AS.get(kind, kind)))
    clutter = _thumbs(work.photos) if "thumbs" in kinds else ()
    if clutter:
        found.append(Defect("thumbs", clutter, "left by the Windows explorer; no photos", FOUND_AS["thumbs"]))
    return Plan(tuple(work.photos), clutter, tuple(found))


class _Work(NamedTuple):
    """Photos so far, those of them that no defect has touched, and the palms."""

    photos: list[Photo]
    spared: list[Photo]
    palms: list[int]
    scheme: Scheme

    def swap(self, photo: Photo, *others: Photo) -> None:
        """Put others in the place of a photo."""
        at = self.photos.index(photo)
        self.photos[at : at + 1] = others
        if photo in self.spared:
            self.spared.remove(photo)

    def next_number(self, palm: int, after: int) -> int:
        """The first sample number that neither the palm's own photos nor another defect has."""
        taken = {_stem(photo.path) for photo in self.photos}
        return next(n for n in itertools.count(1 + after) if _stem(self.scheme.path(palm, n)) not in taken)


def _unplantable(kind: str, scheme: Scheme) -> str:
    if kind == "side" and scheme.sides == "untold":
        return "whose names do not tell left from right"
    if kind == "turned" and scheme.cropped:
        return "whose photos are square"
    if kind == "deep" and PurePosixPath(scheme.path(0, 0)).suffix not in (".png", ".tiff"):
        return "whose files have 8 bits a channel"
    return ""


def _victim(work: _Work, index: int, kind: str) -> Photo:
    # Spread over the palms: were all in one, it might have no photo left.
    first = index * len(work.palms) // len(_SPOILERS)
    order = work.palms[first:] + work.palms[:first]
    free = (photo for palm in order for photo in work.spared if photo.identity == palm)
    if kind == "side" and work.scheme.sides == "name":
        free = (photo for photo in free if _partner(work, photo) is not None)
    victim = next(free, None)
    if victim is None:
        raise RequestError(
            f"--defects: {len(work.photos)} photos are too few for these defects; ask for more palms or photos of each."
        )
    return victim


def _partner(work: _Work, photo: Photo) -> Photo | None:
    """The same photo of the other hand."""
    filed = (other_hand(photo.identity), photo.sample)
    return next((each for each in work.spared if each.filed == filed), None)


_Spoiler = Callable[[_Work, Photo], tuple[tuple[str, ...], str]]


def _spoilt(state: State, note: str) -> _Spoiler:
    def spoil(work: _Work, victim: Photo) -> tuple[tuple[str, ...], str]:
        work.swap(victim, replace(victim, state=state))
        return (victim.path,), note

    return spoil


def _uppercase(work: _Work, victim: Photo) -> tuple[tuple[str, ...], str]:
    path = PurePosixPath(victim.path)
    path = path.with_suffix(path.suffix.swapcase())
    work.swap(victim, replace(victim, path=str(path)))
    return (str(path),), f"an extension in {'upper' if path.suffix.isupper() else 'lower'} case"


def _side(work: _Work, victim: Photo) -> tuple[tuple[str, ...], str]:
    told = side_of(other_hand(victim.identity))
    if work.scheme.sides == "name":
        partner = _partner(work, victim)
        assert partner is not None
        work.swap(victim, replace(partner, path=victim.path, filed=victim.filed, side=victim.side))
        work.swap(partner, replace(victim, path=partner.path, filed=partner.filed, side=partner.side))
        return (victim.path, partner.path), "the two hands of a person, each filed as the other"
    path = work.scheme.wrong_side(victim.identity, victim.sample) or victim.path
    filed = victim.filed
    if work.scheme.dataset == "11k":
        filed = (other_hand(victim.identity), victim.sample)
    work.swap(victim, replace(victim, path=path, side=told, filed=filed))
    return (path,), f"a {victim.side} hand that is filed as a {told} one"


def _duplicate(work: _Work, victim: Photo) -> tuple[tuple[str, ...], str]:
    palm = work.palms[(work.palms.index(victim.identity) + 1) % len(work.palms)]
    return _copied(work, victim, palm), "the same photo, filed under two palms; the first is right"


def _copy(work: _Work, victim: Photo) -> tuple[tuple[str, ...], str]:
    return _copied(work, victim, victim.identity), "the same photo, filed twice under one palm"


def _copied(work: _Work, victim: Photo, palm: int) -> tuple[str, str]:
    number = work.next_number(palm, victim.sample)
    copy = replace(victim, path=work.scheme.path(palm, number), filed=(palm, number), side=side_of(palm))
    work.swap(victim, victim, copy)
    return victim.path, copy.path


def _stray(work: _Work, victim: Photo) -> tuple[tuple[str, ...], str]:
    path = PurePosixPath(victim.path)
    stray = str(path.with_name(f"IMG_2041{path.suffix}"))
    number = 1 + max(photo.sample for photo in work.photos)
    work.swap(victim, victim, replace(victim, path=stray, sample=number, filed=None))
    return (stray,), "a photo whose name tells nothing"


def other_hand(identity: int) -> int:
    """The identity of the same person's other hand."""
    return identity ^ 1


def _stem(path: str) -> str:
    # A photo whose extension is in the other case still has its place.
    return str(PurePosixPath(path).with_suffix(""))


def _thumbs(photos: list[Photo]) -> tuple[str, ...]:
    folders = list(dict.fromkeys(PurePosixPath(photo.path).parent for photo in photos))
    return tuple(str(folder / "Thumbs.db") for folder in dict.fromkeys((folders[0], folders[-1])))


_SPOILERS: dict[str, _Spoiler] = {
    "missing": _spoilt("absent", "not there"),
    "uppercase": _uppercase,
    "side": _side,
    "duplicate": _duplicate,
    "empty": _spoilt("empty", "a file of no bytes"),
    "truncated": _spoilt("truncated", "a file that ends half way"),
    "copy": _copy,
    "stray": _stray,
    "small": _spoilt("small", "a quarter as wide as the others"),
    "turned": _spoilt("turned", "turned by a quarter"),
    "deep": _spoilt("deep", "grey, of 16 bits"),
}
KINDS = (*_SPOILERS, "thumbs")
FOUND_AS = {
    "uppercase": "extension",
    "truncated": "unreadable",
    "small": "size",
    "turned": "orientation",
    "deep": "depth",
    "thumbs": "clutter",
}

"""The synthetic hands as files, laid out like a real set: photos, their ground truth, and defects on purpose.

Below the folder of an export lie the photos, named as the set names them; `ground_truth/`, with a folder per photo
(`photo.json`, `keypoints.json`, `mask.png`, `roi.json`, `creases.json`), but for those whose pixels were spoilt; and
`defects.json`, which tells what was planted. The layout `manifest` has `manifest.csv` too, and `11k` `HandInfo.csv`.
The same request gives the same bytes.
"""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import cv2
import numpy as np

from palmbench.base.images import encode_photo, encode_png
from palmbench.base.outputs import whole_folder
from palmbench.base.progress import Progress
from palmbench.datasets.cards import card_names, read_card
from palmbench.datasets.file_names import SCHEMES, Scheme
from palmbench.datasets.planted_defects import KINDS, Photo, Plan, State, plan_photos, plant, plantable
from palmbench.hands.roi_squares import Square, bounding_square
from palmbench.synth import BENCHMARK_IDENTITIES, PROFILES, RENDERER_VERSION, Render, render
from palmbench.synth.seeds import person_of, session_of
from recognizers.common.did_you_mean import not_found
from recognizers.common.errors import RequestError
from recognizers.common.path_settings import path_text, typed

_SMALLEST, _LARGEST = 64, 8192
_SHRUNK = 4
_WITHOUT_TRUTH: tuple[State, ...] = ("truncated", "small", "turned")
# A crop about the hand is this much wider than the hand; where photos are cropped, what is rendered is larger than
# what is asked for by so much that a hand of a controlled photo gives a crop of about that size.
_CROP_MARGIN, _CROP_SOURCE = 1.15, (1.44, 1.08)


@dataclass(frozen=True)
class Export:
    """What to export.

    Attributes
    ----------
    layout : str
        A key of `SCHEMES`.
    out : str or None
        Folder to make; None = `data/synth-<layout>`, below the current folder.
    identities, samples : int
        Palms, and photos of each. A set of right hands takes the right hands of as many persons.
    profile : str
        Capture conditions, a key of `palmbench.synth.PROFILES`.
    size : str or None
        "WIDTHxHEIGHT" in pixels; None = the real set's, or the profile's own where that is not known. In NTU-PI's
        layout photos are square crops about the hand of about that size, or smaller where hands are small.
    defects : str
        Kinds to plant, joined by commas, or "all" that the layout has a place for, or "".
    """

    layout: str
    out: str | None = None
    identities: int = 40
    samples: int = 6
    profile: str = "controlled"
    size: str | None = None
    defects: str = ""


def export_synth(export: Export) -> str:
    """Write an export, whole or not at all.

    Returns
    -------
    str
        What was written, what was planted, and how to read it.

    Raises
    ------
    RequestError
        If the request makes no sense, the folder holds something, or the disk is full. Nothing is left behind then.
    """
    scheme = _scheme(export.layout)
    if export.profile not in PROFILES:
        raise RequestError(not_found(f"--profile: there is no profile {export.profile}", export.profile, PROFILES))
    size = _size(export)
    plan = _plan(export, scheme)
    out = Path(path_text(export.out or f"data/synth-{export.layout}"))
    whole = [photo for photo in plan.photos if photo.state not in ("absent", "empty")]
    with whole_folder(out, "choose another folder with --out") as part:
        _write_descriptions(part, plan, export)
        progress = Progress(f"export {export.layout}", len(whole), reused=0, failed=0)
        for photo in whole:
            _write_photo(part, photo, export.profile, size, scheme)
            progress.advance(1, 0)
        progress.finish()
    return _summary(export, scheme, plan, out, len(whole))


def _scheme(layout: str) -> Scheme:
    if layout not in SCHEMES:
        raise RequestError(not_found(f"--layout: there is no layout {layout}", layout, SCHEMES))
    return SCHEMES[layout]


def _size(export: Export) -> tuple[int, int] | None:
    """Width and height to ask for; None = the profile's own, where the set has none or it is not known."""
    if export.size is None:
        if export.layout not in card_names():
            return None
        card = read_card(export.layout)
        return (card.width, card.height) if card.width and card.height else None
    found = re.fullmatch(r"(\d{1,5})x(\d{1,5})", export.size)
    if not found or not all(_SMALLEST <= int(side) <= _LARGEST for side in found.groups()):
        raise RequestError(
            f"--size must be a width and a height from {_SMALLEST} to {_LARGEST} pixels, such as 640x480, "
            f"not {export.size}."
        )
    return int(found[1]), int(found[2])


def _plan(export: Export, scheme: Scheme) -> Plan:
    for key, number in (("identities", export.identities), ("samples", export.samples)):
        if number < 1:
            raise RequestError(f"--{key} must be a whole number of at least 1, not {number}.")
    if scheme.hands == "both" and export.identities % 2:
        raise RequestError(
            f"--identities: the {export.layout} layout holds both hands of each person; "
            f"ask for {export.identities + 1} palms."
        )
    palms = scheme.palms(export.identities)
    # Before the list is made: a number with a few zeros too many would fill the memory.
    last = scheme.path(palms[-1], 0)
    if palms[-1] not in BENCHMARK_IDENTITIES or not scheme.reads(last):
        raise RequestError(
            f"--identities: the {export.layout} layout has no name for so many palms as {export.identities}."
        )
    plan = plant(plan_photos(scheme, palms, export.samples), _kinds(export, scheme), export.layout, scheme)
    if nameless := next((photo.path for photo in plan.photos if photo.filed and not scheme.reads(photo.path)), None):
        raise RequestError(
            f"--samples: in the {export.layout} layout {nameless} would be no photo; ask for fewer photos of a palm."
        )
    return plan


def _kinds(export: Export, scheme: Scheme) -> set[str]:
    if export.defects == "all":
        return set(plantable(scheme))
    kinds = {word.strip() for word in export.defects.split(",") if word.strip()}
    for kind in sorted(kinds - set(KINDS)):
        raise RequestError(not_found(f"--defects: there is no defect {kind}", kind, (*KINDS, "all")))
    return kinds


def _write_descriptions(folder: Path, plan: Plan, export: Export) -> None:
    """Everything but the photos and their truth."""
    defects = [defect._asdict() for defect in plan.defects]
    _put(folder / "defects.json", (json.dumps(defects, indent=1) + "\n").encode())
    if export.layout == "manifest":
        _put(folder / "manifest.csv", _manifest(plan, export.profile))
    if export.layout == "11k":
        _put(folder / "HandInfo.csv", _hand_info(plan))
    for path in plan.clutter:
        _put(folder / path, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")  # how such a file begins
    for photo in plan.photos:
        if photo.state == "empty":
            _put(folder / photo.path, b"")


def _manifest(plan: Plan, profile: str) -> bytes:
    """What each photo is filed as, planted defects included; one line a photo."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["path", "identity", "person", "side", "session", "sample", "profile"])
    for photo in plan.photos:
        if photo.filed is None:
            continue
        palm, number = photo.filed
        named = (f"{palm:04d}", f"{person_of(palm):04d}", photo.side)
        table.writerow([photo.path, *named, session_of(number), number, profile])
    return text.getvalue().encode()


def _hand_info(plan: Plan) -> bytes:
    """The table of 11K Hands, as far as a rendered palm has an answer."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["id", "aspectOfHand", "imageName"])
    for photo in plan.photos:
        if photo.filed is not None:
            name = PurePosixPath(photo.path).with_suffix(".jpg").name
            table.writerow([person_of(photo.filed[0]) + 1, f"palmar {photo.side}", name])
    return text.getvalue().encode()


def _write_photo(folder: Path, photo: Photo, profile: str, size: tuple[int, int] | None, scheme: Scheme) -> None:
    if scheme.cropped and size is not None:
        size = (round(_CROP_SOURCE[0] * size[0]), round(_CROP_SOURCE[1] * size[1]))
    shot = render(photo.identity, photo.sample, profile=profile, size=size)
    height, width = shot.mask.shape
    if scheme.cropped:
        frame = bounding_square(shot.box.reshape(2, 2), (height, width), _CROP_MARGIN)
        image, mask, corner = frame.crop(shot.image), frame.crop(shot.mask), _corner(frame)
    else:
        image, mask, corner = shot.image, shot.mask, np.zeros(2, np.float32)
    path = PurePosixPath(photo.path)
    _put(folder / path, _spoilt(image, photo.state, path.suffix.lower()))
    if photo.state in _WITHOUT_TRUTH:
        return
    truth = folder / "ground_truth" / path.with_suffix("")
    _put(truth / "mask.png", encode_png(mask.astype(np.uint8) * 255))
    for name, content in _truth(shot, corner, mask.shape).items():
        _put(truth / f"{name}.json", (json.dumps(content) + "\n").encode())


def _corner(frame: Square) -> np.ndarray:
    return np.array([frame.x, frame.y], np.float32)


def _truth(shot: Render, corner: np.ndarray, shape: tuple[int, ...]) -> dict[str, Any]:
    """What is true of a photo whose left upper pixel is pixel `corner` of the render, by file name."""
    return {
        "photo": {
            "identity": shot.identity,
            "person": person_of(shot.identity),
            "side": shot.hand,
            "session": int(shot.session),
            "sample": shot.sample,
            "profile": shot.profile,
            "width": shape[1],
            "height": shape[0],
            "renderer": RENDERER_VERSION,
        },
        "keypoints": {
            "keypoints_2d": _rounded(shot.keypoints_2d - corner),
            "keypoints_3d": _rounded(shot.keypoints_3d, 5),
            "visibility": shot.visibility.tolist(),
            "box": _rounded(shot.box - np.tile(corner, 2)),
        },
        "roi": {
            "recognition_roi": _rounded(shot.recognition_roi - corner),
            "palm": _rounded(shot.palm - corner),
            "valleys": _rounded(shot.valleys - corner),
        },
        "creases": [{"kind": crease.kind, "points": _rounded(crease.points - corner, 2)} for crease in shot.creases],
    }


def _rounded(values: np.ndarray, digits: int = 3) -> Any:
    return np.round(values.astype(np.float64), digits).tolist()


def _spoilt(image: np.ndarray, state: State, suffix: str) -> bytes:
    """The file of a photo, after what was to be done to it."""
    if state == "small":
        height, width = (max(1, round(side / _SHRUNK)) for side in image.shape[:2])
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    elif state == "turned":
        image = np.rot90(image)
    elif state == "deep":
        image = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.uint16) * 257
    data = encode_photo(image, suffix)
    return data[: len(data) // 2] if state == "truncated" else data


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _summary(export: Export, scheme: Scheme, plan: Plan, out: Path, written: int) -> str:
    palms = {photo.identity for photo in plan.photos}
    people = len({person_of(palm) for palm in palms})
    persons = "1 person" if people == 1 else f"{people} persons"
    planted = ", ".join(f"{defect.kind} ({defect.paths[-1]})" for defect in plan.defects) or "no defect"
    root = (out / scheme.below).as_posix()
    return (
        f"wrote {written} photos of {len(palms)} palms ({persons}) in the {export.layout} layout to {out}\n"
        f"planted: {planted}\n"
        f"read it with: palmbench dataset={scheme.dataset} {typed('dataset.root', root)}"
    )

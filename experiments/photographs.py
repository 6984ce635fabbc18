"""What becomes of real photographs: every palm repainted, wholly, and nothing else.

    python -m experiments.photographs FOLDER [--natural] [--sheets OUT] [any word of `palmbench deid`]

FOLDER holds photos, and `palms.json`: the name of each photo that shows palms, and for each palm the corners of the
paper's polygon, (x, y) in pixels of the upright photo. The photos go through `palmbench deid --format png
--keep-unchanged`; of each palm at least 90 % of the polygon must have changed, and of a photo that is not listed no
pixel, and each that is not listed must have been said. Exit status 1 if anything is otherwise.

Two numbers say how a repainted palm sits in its hand: `colour`, the median CIEDE2000 difference inside the polygon of
what is coarser than a fiftieth of it, and `finest`, the strength of structure of a few pixels inside the polygon over
that of the fingers, beside what it was. With --natural a palm is right only if the first is at most 4 and the second
0.7 to 1.3. With --sheets palms are drawn beside what became of them, and their plain statistics compared; see
`experiments.before_after`.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from skimage.color import deltaE_ciede2000

from experiments.before_after import Pair, ratios, write_sheets
from palmbench.base.images import read_image
from palmbench.commands.cli import main as palmbench
from palmbench.hands.palm import fill_polygon
from palmbench.photos.painter import picture_of
from palmbench.photos.reading import decode, read_bytes

LEAST_CHANGED = 0.9
MOST_COLOUR_CHANGE = 4.0
FINEST = (0.7, 1.3)
_FINE = 1.5  # standard deviation in pixels of the photo
_LAB = cv2.COLOR_RGB2LAB
PALMS = "palms.json"


class Outcome(NamedTuple):
    """What became of one photo.

    Attributes
    ----------
    photo : str
    right : bool
    found : str
        What the run says of its hands.
    changed : list of float
        Share of each palm's polygon whose pixels changed.
    elsewhere : int
        Changed pixels of a photo without palms.
    colour, finest, was_finest : list of float
        Of each palm's polygon, see above, and of the one that was there; NaN where a finger shows too little.
    """

    photo: str
    right: bool
    found: str
    changed: list[float]
    elsewhere: int
    colour: list[float]
    finest: list[float]
    was_finest: list[float]


def outcome(photo: Path, palms: Sequence[Any], account: Mapping[str, Any], out: Path, natural: bool) -> Outcome:
    """Compare a photo with its result; one that was not written has not changed."""
    before = picture_of(decode(read_bytes(photo, photo.name), photo).pixels)
    result = account["results"][0] if account["results"] else {"state": "not written", "file": ""}
    after = read_image(out / result["file"]) if result["state"] in ("written", "kept") else before
    changed = (before != after).any(axis=2)
    shares = [float(changed[fill_polygon(np.array(palm), changed.shape)].mean()) for palm in palms]
    said = account["failure"] or result.get("reason") or "palms repainted"
    if palms:
        right = result["state"] == "written" and min(shares) >= LEAST_CHANGED
        polygons = [np.array(palm, np.float32) for palm in palms]
        colour = [colour_change(before, after, polygon) for polygon in polygons]
        finest = [finest_structure(after, polygon) for polygon in polygons]
        if natural:
            right &= max(colour) <= MOST_COLOUR_CHANGE and all(FINEST[0] <= each <= FINEST[1] for each in finest)
        was = [finest_structure(before, polygon) for polygon in polygons]
        return Outcome(photo.name, right, said, shares, 0, colour, finest, was)
    count = int(changed.sum())
    return Outcome(photo.name, count == 0 and result.get("reason") is not None, said, [], count, [], [], [])


def colour_change(before: np.ndarray, after: np.ndarray, polygon: np.ndarray) -> float:
    """Median CIEDE2000 difference inside a polygon, between two photos without what is finer than a fiftieth of it."""
    sigma = 0.02 * float(np.ptp(polygon, axis=0).max())
    low, high = _box(polygon, before.shape, 4 * sigma)
    colours = [
        cv2.cvtColor(cv2.GaussianBlur(each[low[1] : high[1], low[0] : high[0]] / np.float32(255), (0, 0), sigma), _LAB)
        for each in (before, after)
    ]
    return float(np.median(deltaE_ciede2000(*colours)[fill_polygon(polygon - low, colours[0].shape[:2])]))


def finest_structure(after: np.ndarray, polygon: np.ndarray) -> float:
    """Strength of structure of a few pixels inside a polygon, over that of ring and middle finger.

    Both are medians of absolute values, relative to the brightness: lines, which are few, do not count.
    """
    wrist, knuckles = polygon[0], polygon[2:4]
    side = float(np.ptp(polygon, axis=0).max())
    low, high = _box(polygon, after.shape, side)
    level = cv2.cvtColor(after[low[1] : high[1], low[0] : high[0]], cv2.COLOR_RGB2GRAY).astype(np.float32)
    fine = np.abs(level - cv2.GaussianBlur(level, (0, 0), _FINE)) / np.maximum(level, 1)
    fingers = np.zeros(level.shape, np.uint8)
    for middle in knuckles + 0.45 * (knuckles - wrist) - low:
        cv2.circle(fingers, np.round(middle).astype(int).tolist(), round(0.05 * side), 1, -1)
    palm = fill_polygon(polygon - low, level.shape)
    return float(np.median(fine[palm]) / np.median(fine[fingers > 0])) if fingers.any() else float("nan")


def _box(polygon: np.ndarray, shape: Sequence[int], margin: float) -> tuple[np.ndarray, np.ndarray]:
    """Corners of a polygon's bounding box with a margin, inside the photo, (x, y) in whole pixels."""
    low, high = polygon.min(axis=0) - margin, polygon.max(axis=0) + margin
    return np.maximum(low, 0).astype(int), np.minimum(np.ceil(high), shape[1::-1]).astype(int)


def _pairs(folder: Path, palms: Mapping[str, Any], account: Mapping[str, Any], out: Path) -> list[Pair]:
    """The palms of a photo before and after, where a file was written."""
    photo = folder / account["photo"]
    if not account["results"] or account["results"][0]["state"] not in ("written", "kept"):
        return []
    before = picture_of(decode(read_bytes(photo, photo.name), photo).pixels)
    after = read_image(out / account["results"][0]["file"])
    return [Pair(photo.stem, before, after, np.array(palm)) for palm in palms.get(photo.stem, [])]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `palmbench deid` on a folder and print what became of each photo."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    natural = "--natural" in words
    words = [word for word in words if word != "--natural"]
    sheets = None
    if "--sheets" in words[:-1]:
        place = words.index("--sheets")
        sheets = words.pop(place + 1)
        del words[place]
    if not words or words[0].startswith("-") or "--sheets" in words:
        print(__doc__)
        return 2
    folder = Path(words[0])
    palms = json.loads((folder / PALMS).read_text())
    with tempfile.TemporaryDirectory() as scratch:
        out, report = Path(scratch, "out"), Path(scratch, "report.json")
        flags = ["--format", "png", "--keep-unchanged", "--report", str(report)]
        begin = time.perf_counter()
        palmbench(["deid", str(folder), str(out), *flags, *words[1:]])
        seconds = time.perf_counter() - begin
        accounts = json.loads(report.read_text())["photos"]
        rows = [
            outcome(folder / account["photo"], palms.get(Path(account["photo"]).stem, []), account, out, natural)
            for account in accounts
        ]
        if sheets:
            pairs = [pair for account in accounts for pair in _pairs(folder, palms, account, out)]
            if not pairs:
                print("no palm to draw: no photo that shows one was written")
            else:
                print("drawn: " + ", ".join(map(str, write_sheets(pairs, Path(sheets)))))
                print("after over before: " + ", ".join(f"{name} {value:.2f}" for name, value in ratios(pairs).items()))
    for row in rows:
        palms_of = zip(row.changed, row.colour, row.finest, row.was_finest, strict=True)
        told = [
            f"changed {share:.1%}, colour {colour:.1f}, finest {fine:.2f} (was {was:.2f})"
            for share, colour, fine, was in palms_of
        ]
        what = "; ".join(told) or f"{row.elsewhere} pixels changed"
        print(f"{'right' if row.right else 'WRONG'}  {row.photo:28} {what:52} {row.found}")
    print(f"{sum(row.right for row in rows)} of {len(rows)} right; {seconds / len(rows):.2f} s a photo")
    return 0 if all(row.right for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())

"""How often a palm stays in the clear and nothing is said, in photos in which hands are hard to find.

    python -m experiments.hard_photos [FOLDER] [--photos 20] [--detector mediapipe]

Each photo is changed in the ways of `CHANGES` (turned, dimmed, tinted, blurred, covered in part) and looked at alone,
and beside another photo that is as it was. Hands are sought as `palmbench deid` seeks them, and nothing is painted. Of
each change the table says in how many photos

* every palm would be hidden: at least 90 % of its polygon lies in palms that would be repainted,
* the photo would be refused: no palm was found, or something in it is in doubt or looks like a palm that was missed,
* a palm is **left** in the clear in a photo that would be written.

Without FOLDER the photos are rendered, of palms that no shipped weights were trained on; FOLDER is one as of
`experiments.photographs`. Exit status 1 if any palm is left.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from experiments.photographs import LEAST_CHANGED, PALMS
from palmbench import methods
from palmbench.base.images import read_image
from palmbench.hands import Detector, load_detector, load_segmenter
from palmbench.hands.find import MOST_HANDS
from palmbench.hands.palm import fill_polygon
from palmbench.hands.registry import named
from palmbench.hands.settings import SegmenterConfig
from palmbench.hands.spotting import Spotter
from palmbench.methods.mask import MaskConfig
from palmbench.photos.painter import Painter, Tools
from palmbench.synth import BENCHMARK_IDENTITIES, PROFILES, render

SIZE = 640  # of a photo's longer side
OUTCOMES = ("hidden", "refused", "left")


class Shown(NamedTuple):
    """A photo (uint8, height x width x 3, RGB) and the polygons of its palms, (n, 6, 2) in its pixels."""

    image: np.ndarray
    palms: np.ndarray


def turned(degrees: float) -> Callable[[Shown], Shown]:
    """A change that turns a photo about its middle, all of it in the picture."""

    def change(shown: Shown) -> Shown:
        height, width = shown.image.shape[:2]
        matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0)
        wide, high = np.ceil(np.abs(matrix[:, :2]) @ (width, height) - 1e-6).astype(int)
        matrix[:, 2] += ((wide - width) / 2, (high - height) / 2)
        image = cv2.warpAffine(shown.image, matrix, (int(wide), int(high)), borderMode=cv2.BORDER_REPLICATE)
        return Shown(image, shown.palms @ matrix[:, :2].T + matrix[:, 2])

    return change


def toned(tone: Callable[[np.ndarray], np.ndarray]) -> Callable[[Shown], Shown]:
    """A change of colours alone, told on values from 0 to 1."""
    return lambda shown: shown._replace(
        image=np.round(np.clip(tone(shown.image.astype(np.float32) / 255), 0, 1) * 255).astype(np.uint8)
    )


def covered(begin: float, end: float) -> Callable[[Shown], Shown]:
    """A change that lays a grey bar across each palm, from and to a share of the way from its wrist to its fingers.

    A share above 1 lies beyond the finger bases.
    """

    def change(shown: Shown) -> Shown:
        image = shown.image.copy()
        for palm in shown.palms:
            wrist, fingers = palm[0], palm[1:5].mean(axis=0)
            along = fingers - wrist
            across = np.array([-along[1], along[0]]) * 1.5
            ends = [wrist + share * along for share in (begin, end)]
            bar = np.array([ends[0] - across, ends[0] + across, ends[1] + across, ends[1] - across])
            cv2.fillConvexPoly(image, np.round(bar).astype(np.int32), (128, 128, 128))
        return shown._replace(image=image)

    return change


def _noisy(values: np.ndarray) -> np.ndarray:
    return values + np.random.default_rng(0).normal(0, 0.12, values.shape).astype(np.float32)


CHANGES: dict[str, Callable[[Shown], Shown]] = {
    "as it is": lambda shown: shown,
    **{f"turned by {degrees}": turned(degrees) for degrees in (45, 90, 180)},
    "mirrored": lambda shown: Shown(
        shown.image[:, ::-1].copy(), np.array([shown.image.shape[1] - 1, 0]) + shown.palms * np.array([-1, 1])
    ),
    "dark": toned(lambda values: 0.15 * values),
    "bright": toned(lambda values: 0.45 + 0.75 * values),
    "pale": toned(lambda values: 0.4 + 0.25 * values),
    "green": toned(lambda values: values * np.array([0.5, 1.0, 0.5], np.float32)),
    "grey": toned(lambda values: np.repeat(values.mean(axis=2, keepdims=True), 3, axis=2)),
    "negative": toned(lambda values: 1 - values),
    "noisy": toned(_noisy),
    "blurred": lambda shown: shown._replace(image=cv2.GaussianBlur(shown.image, (0, 0), 4)),
    "fingers hidden": covered(1.12, 3.0),
    "a bar across": covered(0.45, 0.6),
}


def photos_of(folder: Path | None, count: int) -> list[Shown]:
    """The photos to change, with palms all of them."""
    if folder is None:
        profiles = tuple(PROFILES)
        palms = [(BENCHMARK_IDENTITIES[5000 + number], profiles[number % len(profiles)]) for number in range(count)]
        rendered = [render(identity, 0, profile) for identity, profile in palms]
        return [Shown(photo.image, photo.palm[None].astype(np.float64)) for photo in rendered]
    marked = json.loads((folder / PALMS).read_text())
    found = []
    for path in sorted(path for path in folder.iterdir() if marked.get(path.stem))[:count]:
        image = read_image(path)
        scale = min(1.0, SIZE / max(image.shape[:2]))
        small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        found.append(Shown(small, np.array(marked[path.stem], np.float64) * scale))
    return found


def beside(one: Shown, other: Shown) -> Shown:
    """Two photos in one, side by side."""
    height = max(one.image.shape[0], other.image.shape[0])
    both = [np.pad(each.image, ((0, height - len(each.image)), (0, 0), (0, 0)), mode="edge") for each in (one, other)]
    shift = np.array([one.image.shape[1], 0])
    return Shown(np.concatenate(both, axis=1), np.concatenate([one.palms, other.palms + shift]))


def outcome(shown: Shown, tools: Tools) -> str:
    """What `palmbench deid` would make of a photo, one of `OUTCOMES`."""
    painter = Painter(shown.image, tools)
    if painter.skipped or painter.overlooked or not painter.painted:
        return "refused"
    shape = shown.image.shape[0], shown.image.shape[1]
    repainted = np.zeros(shape, bool)
    for index in painter.painted:
        painter.hands[index].window.of(repainted)[...] |= painter.palm(index)
    shares = [repainted[fill_polygon(palm, shape)] for palm in shown.palms]
    return "hidden" if all(share.mean() >= LEAST_CHANGED for share in shares if share.size) else "left"


def outcomes(photos: Sequence[Shown], detector: Detector) -> Iterator[tuple[str, Counter[str]]]:
    """Of each change, alone and beside another photo, how many photos have which outcome."""
    tools = Tools(detector, load_segmenter(SegmenterConfig()), methods.load(MaskConfig()), "palm", Spotter())
    for name, change in CHANGES.items():
        yield name, Counter(outcome(change(photo), tools) for photo in photos)
        pairs = zip(photos, [*photos[1:], photos[0]], strict=True)
        yield f"{name}, beside another", Counter(outcome(beside(change(one), other), tools) for one, other in pairs)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments.hard_photos", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--photos", type=int, default=20)
    parser.add_argument("--detector", default="embedded")
    parsed = parser.parse_args(arguments)
    photos = photos_of(parsed.folder, parsed.photos)
    detector = load_detector(named(parsed.detector, hands=MOST_HANDS))
    total: Counter[str] = Counter()
    print(f"{'photos with a palm':34}" + "".join(f"{each:>9}" for each in OUTCOMES))
    for name, counts in outcomes(photos, detector):
        print(f"{name:34}" + "".join(f"{counts[each]:9}" for each in OUTCOMES), flush=True)
        total += counts
    print(f"{'together':34}" + "".join(f"{total[each]:9}" for each in OUTCOMES))
    return 1 if total["left"] else 0


if __name__ == "__main__":
    sys.exit(main())

"""The embedded detector tells what a hand shows, how sure it is of a palm, and which skin of it is seen."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from palmbench.hands.embedded import EmbeddedDetector
from palmbench.hands.palm import fill_polygon, palm_mask
from palmbench.synth import render
from palmbench.synth.empty_scenes import empty_scene
from palmbench.synth.other_hands import render_other

PALMS = range(0, 60, 5)
PHOTOS = Path(__file__).parents[3] / "shared" / "photos"
HIDDEN = ("back", "backs", "fist", "fists-webcam", "thumb-up", "cat")


@pytest.fixture(scope="module")
def detector() -> EmbeddedDetector:
    return EmbeddedDetector()


@pytest.mark.parametrize(("kind", "view"), [("back", "back"), ("fist", "closed")])
def test_hands_that_hide_their_palm_are_told_from_palms(kind: str, view: str, detector: EmbeddedDetector) -> None:
    photos = [photo for photo in (render_other(kind, palm, palm) for palm in PALMS) if photo.view == view]
    found = detector.detect([photo.image for photo in photos])
    views = Counter(hands[0].view if hands else "none" for hands in found)
    assert views[view] >= 0.8 * len(photos)
    assert views["palm"] <= 0.1 * len(photos)


def test_of_an_open_palm_it_is_sure_and_knows_where_it_is(detector: EmbeddedDetector) -> None:
    photos = [render(palm, 4) for palm in PALMS]
    found = [hands[0] for hands in detector.detect([photo.image for photo in photos])]
    assert [hand.view for hand in found] == ["palm"] * len(photos)
    confidence = [hand.palm_confidence for hand in found]
    assert min(each for each in confidence if each is not None) > 0.5
    for photo, hand in zip(photos, found, strict=True):
        palm = fill_polygon(photo.palm, photo.mask.shape) & photo.mask
        assert hand.palm_mask is not None
        assert not (hand.palm_mask & ~hand.mask).any()
        assert (hand.palm_mask & palm).sum() > 0.8 * (hand.palm_mask | palm).sum()


def test_faces_limbs_animals_and_things_are_no_hands(detector: EmbeddedDetector) -> None:
    pictures = [empty_scene(seed, (320, 240)) for seed in range(40)]
    assert sum(map(bool, detector.detect(pictures))) <= 2


@pytest.mark.skipif(not PHOTOS.is_dir(), reason="photographs of people are kept apart")
def test_on_photographs_palms_are_found_whole_and_nothing_else_is_taken_for_one() -> None:
    polygons = json.loads((PHOTOS / "palms.json").read_text())
    for path in sorted(PHOTOS.glob("*.jpg")):
        photo = np.asarray(ImageOps.exif_transpose(Image.open(path)).convert("RGB"))
        found = EmbeddedDetector(hands=5).detect([photo])[0]
        palms = [palm_mask(hand, "palm") for hand in found if hand.view == "palm"]
        assert bool(palms) == (path.stem not in HIDDEN), path.stem
        for corners in polygons.get(path.stem, []):
            palm = fill_polygon(np.array(corners, np.float32), photo.shape[:2])
            assert np.logical_or.reduce(palms)[palm].mean() > 0.9, path.stem

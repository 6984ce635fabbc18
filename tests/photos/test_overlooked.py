"""A palm that no hand was found for keeps its photo from being written, and is told of."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from known_photos import Knowing, deid, pixels, truth
from PIL import Image

import palmbench
from experiments.hard_photos import Shown, beside, covered
from palmbench import methods
from palmbench.hands.palm import palm_polygon
from palmbench.hands.spotting import Spotter
from palmbench.methods.mask import MaskConfig
from palmbench.photos.overlooked import overlooked
from palmbench.photos.painter import Painter, Tools
from palmbench.photos.window import in_window
from palmbench.synth import Render, render
from palmbench.synth.other_hands import render_other
from recognizers.common.errors import SampleError


def shown(photo: Render) -> Shown:
    return Shown(photo.image, palm_polygon(photo.keypoints_2d)[None].astype(np.float64))


@pytest.fixture(scope="module")
def spotter() -> Spotter:
    return Spotter()


@pytest.fixture(scope="module")
def seen() -> Render:
    return render(40, 0)


@pytest.fixture(scope="module")
def unseen() -> Shown:
    """A palm whose fingers are hidden: no detector of hands knows it."""
    return covered(1.12, 3.0)(shown(render(44, 0)))


@pytest.fixture(scope="module")
def both(seen: Render, unseen: Shown) -> Shown:
    return beside(shown(seen), unseen)


def test_a_palm_beside_the_hands_is_told_of_where_it_is(seen: Render, both: Shown, spotter: Spotter) -> None:
    height, width = both.image.shape[:2]
    hand = in_window(truth(seen, 0, width))
    (box,) = overlooked(both.image, [hand], spotter)
    x, y = both.palms[1].mean(axis=0)
    assert box[0] < x < box[2] and box[1] < y < box[3]
    assert seen.image.shape[1] <= box[0] and box[2] < width and box[3] < height
    assert len(overlooked(both.image, [], spotter)) == 2


def test_hands_that_were_found_are_not_told_of_again(seen: Render, spotter: Spotter) -> None:
    assert overlooked(seen.image, [in_window(truth(seen))], spotter) == []


def test_without_a_spotter_nothing_is_asked(both: Shown, eyes: Tools, spotter: Spotter) -> None:
    tools = eyes._replace(method=methods.load(MaskConfig()))
    assert Painter(both.image, tools).overlooked == []
    assert len(Painter(both.image, tools._replace(spotter=spotter)).overlooked) == 1
    assert tools.settings()["spotter"] == {}
    assert tools._replace(spotter=spotter).settings()["spotter"]["weights"] == spotter.digest


def test_a_hand_that_is_called_a_back_and_looks_like_a_palm_is_in_doubt(
    seen: Render, eyes: Tools, spotter: Spotter
) -> None:
    back = replace(truth(seen), view="back")
    tools = eyes._replace(detector=Knowing((back,)), method=methods.load(MaskConfig()))
    assert Painter(seen.image, tools).left_alone == {0: "it shows its back"}
    painter = Painter(seen.image, tools._replace(spotter=spotter))
    assert painter.skipped == {0: "it shows its back, or its palm after all"}
    assert painter.left_alone == {} and painter.overlooked == []


def test_a_hand_that_shows_its_back_is_left_alone(eyes: Tools, spotter: Spotter) -> None:
    back = render_other("back", 7000, 1)
    knowing = Knowing((back.as_hand(),))
    painter = Painter(back.image, eyes._replace(detector=knowing, method=methods.load(MaskConfig()), spotter=spotter))
    assert painter.left_alone == {0: "it shows its back"} and painter.skipped == {}


@pytest.mark.parametrize("alone", [False, True])
def test_a_photo_with_a_palm_that_was_not_found_is_kept_back(
    alone: bool,
    tmp_path: Path,
    seen: Render,
    both: Shown,
    unseen: Shown,
    known_hands: Callable[..., None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    image, hands = (unseen.image, ()) if alone else (both.image, (truth(seen, 0, both.image.shape[1]),))
    known_hands(*hands)
    source, out, report = tmp_path / "photo.png", tmp_path / "out.png", tmp_path / "report.json"
    Image.fromarray(image).save(source)
    assert deid(source, out, "--report", report) == 3
    said = capsys.readouterr().out
    assert f"not hidden: photo.png: {'no hand was found; ' * alone}something at (" in said
    assert "looks like a palm, and no hand was found there; not written" in said
    assert "1 photo: 1 not hidden" in said
    assert not out.exists()
    (box,) = json.loads(report.read_text())["photos"][0]["overlooked"]
    palm = (unseen if alone else both).palms[-1]
    assert box[0] < palm[:, 0].mean() < box[2] and box[1] < palm[:, 1].mean() < box[3]
    # Asked for, it is written, and is no success.
    assert deid(source, out, "--keep-unchanged") == 3
    assert (pixels(out) == image).all() == alone


def test_a_palm_that_was_not_found_is_an_error_in_python(
    seen: Render, both: Shown, known_hands: Callable[..., None]
) -> None:
    known_hands(truth(seen, 0, both.image.shape[1]))
    with pytest.raises(SampleError, match=r"something at \(\d+, .* looks like a palm"):
        palmbench.deidentify(both.image, method="mask")


@pytest.mark.parametrize("scale", [2, 7])
def test_of_a_large_photo_the_place_is_that_of_a_small_one(both: Shown, spotter: Spotter, scale: int) -> None:
    large = cv2.resize(both.image, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    near = [np.array(box) * scale for box in overlooked(both.image, [], spotter)]
    for box, known in zip(overlooked(large, [], spotter), near, strict=True):
        assert np.abs(np.array(box) - known).max() < 0.05 * max(large.shape)

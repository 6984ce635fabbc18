"""Every hand of a photo gets another palm, and nothing else of the photo changes, at any depth."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from known_photos import Knowing, truth

from palmbench import methods
from palmbench.hands import Hand
from palmbench.hands.hand import FINGERS, View
from palmbench.hands.palm import completed, inpaint_mask
from palmbench.methods import MethodConfig
from palmbench.methods.blur import BlurConfig
from palmbench.methods.diffusion import DiffusionConfig
from palmbench.methods.mask import MaskConfig
from palmbench.methods.pixelate import PixelateConfig
from palmbench.methods.region import RegionMethod
from palmbench.methods.whole_hand import WholeHandConfig
from palmbench.photos.painter import Painter, Tools, picture_of
from palmbench.photos.window import in_window, unpaintable
from palmbench.synth import Render

TINY = str(Path(__file__).resolve().parents[1] / "fixtures" / "pbe-tiny" / "pipeline")
DIFFUSION = DiffusionConfig(weights=TINY, size=64, steps=2)


def knowing(hands: tuple[Hand, ...], method: MethodConfig, eyes: Tools) -> Tools:
    return Tools(Knowing(hands), eyes.segmenter, methods.load(method))


def completed_hand(photo: np.ndarray, hand: Hand, eyes: Tools) -> Hand:
    hand = eyes.segmenter.segment(photo, hand)
    return replace(hand, mask=completed(hand))


def in_depth(photo: np.ndarray, kind: str) -> np.ndarray:
    """The photo as grey, with alpha, at 16 bits; low bits and alpha are noise that must come through around a palm."""
    noise = np.random.default_rng(2)
    channels = {"grey": photo[..., 1], "rgb": photo, "rgba": None, "la": None}[kind.removesuffix("16")]
    if channels is None:
        alpha = noise.integers(0, 256, photo.shape[:2], dtype=np.uint8)
        channels = np.dstack([photo if kind.startswith("rgba") else photo[..., 1], alpha])
    if not kind.endswith("16"):
        return np.ascontiguousarray(channels)
    fine = noise.integers(-60, 60, channels.shape)
    return np.clip(channels.astype(int) * 257 + fine, 0, 65535).astype(np.uint16)


@pytest.mark.parametrize("kind", ["grey", "la", "rgb", "rgba", "grey16", "rgb16", "rgba16"])
def test_outside_the_hand_every_bit_stays_and_inside_the_palm_none_does(
    kind: str, one: Render, photo: np.ndarray, eyes: Tools
) -> None:
    hand = truth(one)
    pixels = in_depth(photo, kind)
    before = pixels.copy()
    drawn = Painter(pixels, knowing((hand,), MaskConfig(fill=9), eyes)).draw()
    palm = inpaint_mask(completed_hand(photo, hand, eyes))
    np.testing.assert_array_equal(pixels, before)
    assert drawn.pixels.dtype == pixels.dtype and drawn.pixels.shape == pixels.shape
    np.testing.assert_array_equal(drawn.pixels[~palm], pixels[~palm])
    colours = {"la": 1, "rgba": 3}.get(kind.removesuffix("16"))
    painted = drawn.pixels[palm] if colours is None else drawn.pixels[palm][:, :colours]
    assert (painted == (9 * 257 if kind.endswith("16") else 9)).all()
    if colours is not None:
        (alpha,) = np.unique(drawn.pixels[palm][:, colours])
        assert alpha == np.sort(pixels[palm][:, colours])[palm.sum() // 2]


@pytest.mark.parametrize("channels", [2, 4])
@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_transparency_shows_nothing_of_a_palm_and_one_that_is_even_there_stays(
    channels: int, depth: type, two: tuple[np.ndarray, tuple[Hand, Hand]], eyes: Tools
) -> None:
    canvas, hands = two
    scale = 257 if depth is np.uint16 else 1
    colours = canvas[..., : channels - 1].astype(depth) * scale
    tools = knowing(hands, MaskConfig(), eyes)
    traced = Painter(np.dstack([colours, canvas[..., 1].astype(depth) * scale]), tools).draw().pixels
    for hand in hands:
        palm = inpaint_mask(completed_hand(canvas, hand, eyes))
        assert len(np.unique(traced[palm][:, -1])) == 1 and len(np.unique(canvas[palm][:, 1])) > 9
    everywhere = np.full(canvas.shape[:2], 90 * scale, depth)
    everywhere[canvas.shape[0] // 2 :, :9] = 7  # beside the hands
    cut_out = Painter(np.dstack([colours, everywhere]), tools).draw().pixels
    np.testing.assert_array_equal(cut_out[..., -1], everywhere)


@pytest.mark.parametrize(
    "method",
    [BlurConfig(), PixelateConfig(), DIFFUSION, replace(DIFFUSION, crop="hand")],
    ids=["blur", "pixelate", "diffusion of the palm", "diffusion of the hand"],
)
def test_a_palm_comes_out_as_in_the_benchmark_which_works_on_the_whole_photo(
    method: MethodConfig, two: tuple[np.ndarray, tuple[Hand, Hand]], eyes: Tools
) -> None:
    canvas, (_, right) = two
    tools = knowing((right,), method, eyes)
    drawn = Painter(canvas, tools, seed=5).draw()
    hand = completed_hand(canvas, right, eyes)
    (whole,) = tools.method.deidentify([canvas], [hand], [drawn.seeds[0] or 0], [None])
    assert in_window(hand).window.x > 0
    assert (whole != canvas).any()
    np.testing.assert_array_equal(drawn.pixels, whole)


def test_every_hand_is_repainted_and_each_has_a_seed_of_its_own(
    two: tuple[np.ndarray, tuple[Hand, Hand]], eyes: Tools
) -> None:
    canvas, hands = two
    painter = Painter(canvas, knowing(hands, DIFFUSION, eyes), seed=1)
    drawn = painter.draw()
    for hand in hands:
        assert (drawn.pixels != canvas)[inpaint_mask(hand)].any(axis=1).mean() > 0.9
    assert not (drawn.pixels != canvas)[~(painter_mask(painter, canvas))].any()
    assert len(set(drawn.seeds)) == 2 and None not in drawn.seeds


def test_a_hand_that_moves_takes_what_lies_around_it_and_no_other_hand(
    two: tuple[np.ndarray, tuple[Hand, Hand]], eyes: Tools
) -> None:
    canvas, (left, right) = two
    start, gap = int(left.box[2]) + 1, int(right.box[0] - left.box[2]) - 2
    near, left_mask, right_mask = (
        np.delete(each, np.s_[start : start + gap], axis=1) for each in (canvas, left.mask, right.mask)
    )
    left, shifted = (
        replace(left, mask=left_mask),
        replace(
            right,
            mask=right_mask,
            keypoints_2d=right.keypoints_2d - np.array([gap, 0], np.float32),
            valleys=right.valleys - np.array([gap, 0], np.float32),
            box=right.box - np.array([gap, 0, gap, 0], np.float32),
            view="back",
        ),
    )
    painter = Painter(near, knowing((left, shifted), WholeHandConfig(palm="mask", spread=0.1), eyes), seed=1)
    assert painter.painted == [0]
    changed = (painter.draw().pixels != near).any(axis=2)
    own, other = np.zeros(changed.shape, bool), np.zeros(changed.shape, bool)
    for mask, (window, hand) in zip((own, other), painter.hands, strict=True):
        window.of(mask)[...] |= hand.mask
    assert changed[~own & ~other].any() and not changed[other & ~own].any()


def painter_mask(painter: Painter, canvas: np.ndarray) -> np.ndarray:
    mask = np.zeros(canvas.shape[:2], bool)
    for window, hand in painter.hands:
        window.of(mask)[...] |= hand.mask
    return mask


def test_a_request_gives_the_same_photo_again_and_another_number_or_try_another_one(
    two: tuple[np.ndarray, tuple[Hand, Hand]], eyes: Tools
) -> None:
    canvas, hands = two
    tools = knowing(hands, DIFFUSION, eyes)
    first = Painter(canvas, tools, seed=1).draw()
    np.testing.assert_array_equal(Painter(canvas.copy(), tools, seed=1).draw(1, [0, 0]).pixels, first.pixels)
    for other in (Painter(canvas, tools, seed=2).draw(), Painter(canvas, tools, seed=1).draw(2)):
        assert all((other.pixels != first.pixels)[inpaint_mask(hand)].any() for hand in hands)
    again = Painter(canvas, tools, seed=1).draw(1, [0, 1])
    assert again.seeds[0] == first.seeds[0] and again.seeds[1] != first.seeds[1]
    left, right = canvas.shape[1] // 2, canvas.shape[1]
    np.testing.assert_array_equal(again.pixels[:, :left], first.pixels[:, :left])
    assert (again.pixels[:, left:right] != first.pixels[:, left:right]).any()


def test_seeds_follow_the_pixels_unless_the_noise_is_shared(photo: np.ndarray, one: Render, eyes: Tools) -> None:
    tools, other = knowing((truth(one),), DIFFUSION, eyes), photo.copy()
    other[0, 0] += 1
    own, shared = (
        [Painter(pixels, tools, seed=1, shared=shared).draw().seeds for pixels in (photo, other)]
        for shared in (False, True)
    )
    assert own[0] != own[1] and shared[0] == shared[1]


def test_a_palm_that_the_mask_misses_is_repainted_all_the_same(
    two: tuple[np.ndarray, tuple[Hand, Hand]], eyes: Tools
) -> None:
    canvas, (left, _) = two
    palm = inpaint_mask(left)
    for hole in (palm, palm & (np.indices(palm.shape)[1] < left.keypoints_2d[0, 0])):
        drawn = Painter(canvas, knowing((replace(left, mask=left.mask & ~hole),), MaskConfig(), eyes)).draw()
        assert (drawn.pixels[palm] == 0).all()


def test_all_palm_skin_is_repainted_and_no_finger_where_that_is_asked_for(
    photo: np.ndarray, one: Render, eyes: Tools
) -> None:
    tools = knowing((truth(one),), MaskConfig(), eyes)
    skin = Painter(photo, tools._replace(method=methods.load(MaskConfig(), region="palm"), region="palm")).draw()
    changed = (skin.pixels != photo).any(axis=2)
    assert changed[inpaint_mask(truth(one))].all() and 1.6 < changed.sum() / inpaint_mask(truth(one)).sum() < 2.6
    for finger in FINGERS:
        columns, rows = one.keypoints_2d[list(finger[2:])].round().astype(int).T
        assert not changed[rows, columns].any()
    assert not changed[~eyes.segmenter.segment(photo, truth(one)).mask].any()


@pytest.mark.parametrize(("view", "what"), [("back", "it shows its back"), ("closed", "its fingers are closed")])
def test_a_hand_that_does_not_show_its_palm_is_left_alone_unless_every_hand_is_meant(
    view: View, what: str, two: tuple[np.ndarray, tuple[Hand, Hand]], eyes: Tools
) -> None:
    canvas, (left, right) = two
    tools = knowing((replace(left, view=view), right), MaskConfig(), eyes)
    painter = Painter(canvas, tools)
    drawn = painter.draw()
    assert what in painter.left_alone[0] and painter.skipped == {}
    np.testing.assert_array_equal(drawn.pixels[left.mask], canvas[left.mask])
    assert (drawn.pixels[inpaint_mask(right)] == 0).all()
    every = Painter(canvas, tools, every_hand=True).draw()
    assert all((every.pixels[inpaint_mask(hand)] == 0).all() for hand in (left, right))


def test_a_palm_of_which_a_method_leaves_a_part_is_skipped_with_its_share(
    two: tuple[np.ndarray, tuple[Hand, Hand]], eyes: Tools
) -> None:
    class Half(RegionMethod):
        """Paints the left half of a palm, and calls it done."""

        version = 1

        def redraw(self, photo: np.ndarray, region: np.ndarray, seed: int) -> np.ndarray:
            painted = photo.copy()
            painted[:, : int(np.flatnonzero(region.any(axis=0)).mean())] = 0
            return painted

    canvas, (left, _) = two
    tools = knowing((left,), MaskConfig(), eyes)
    painter = Painter(canvas, tools._replace(method=Half(MaskConfig())))
    np.testing.assert_array_equal(painter.draw().pixels, canvas)
    share = int(painter.skipped[0].split("%")[0])
    assert painter.skipped[0].endswith("% of its palm stayed as it was") and 35 < share < 65


def test_a_hand_beyond_those_that_are_looked_for_is_skipped_for_that(
    two: tuple[np.ndarray, tuple[Hand, Hand]], eyes: Tools
) -> None:
    class Few(Knowing):
        def settings(self) -> dict[str, Any]:
            return {**super().settings(), "hands": 1}

    canvas, (left, right) = two
    painter = Painter(
        canvas, Tools(Few((left, replace(right, view="unsure"))), eyes.segmenter, methods.load(MaskConfig()))
    )
    assert painter.skipped == {1: "there are more than 1 hands; look for more with detector.hands"}


def test_a_hand_whose_palm_cannot_be_repainted_is_skipped_with_the_reason(
    two: tuple[np.ndarray, tuple[Hand, Hand]], eyes: Tools
) -> None:
    canvas, (left, right) = two
    for broken, reason in (
        (replace(left, view="unsure"), "where its palm lies cannot be told"),
        (replace(left, keypoints_2d=left.keypoints_2d - 5000), "its palm lies outside the photo"),
    ):
        assert reason in (unpaintable(broken) or "")
        painter = Painter(canvas, knowing((broken, right), MaskConfig(), eyes))
        drawn = painter.draw()
        assert list(painter.skipped) == [0] and reason in painter.skipped[0]
        np.testing.assert_array_equal(drawn.pixels[left.mask], canvas[left.mask])
        assert (drawn.pixels[inpaint_mask(right)] == 0).all()


def test_what_transparency_hides_is_seen(photo: np.ndarray) -> None:
    hidden = np.dstack([photo, np.zeros(photo.shape[:2], np.uint8)])
    np.testing.assert_array_equal(picture_of(hidden), photo)


def test_a_palm_in_a_grey_photo_is_grey_whatever_paints_it(one: Render, eyes: Tools) -> None:
    class Red(RegionMethod):
        """Paints palms red."""

        version = 1

        def redraw(self, photo: np.ndarray, region: np.ndarray, seed: int) -> np.ndarray:
            return np.where(region[..., None], np.array([200, 40, 30], np.uint8), photo)

    grey = np.repeat(one.image[..., 1:2], 3, axis=2)
    tools = eyes._replace(detector=Knowing((truth(one),)), method=Red(MaskConfig()))
    drawn = Painter(grey, tools).draw()
    assert (drawn.pixels == drawn.pixels[..., :1]).all()
    assert (drawn.pixels[inpaint_mask(truth(one))] == 90).all()

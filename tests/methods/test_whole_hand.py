"""A hand of new proportions is a hand in the same gesture, and the method says where its points went."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import pairwise

import cv2
import numpy as np
import pytest

from palmbench import methods
from palmbench.hands.hand import FINGERS, Hand
from palmbench.hands.palm import inpaint_mask
from palmbench.hands.skeleton import hand_length
from palmbench.methods.finger_skin import new_skin, worn
from palmbench.methods.hand_parts import CHAINS, PALM, owners
from palmbench.methods.hand_tone import toned
from palmbench.methods.hand_warp import REACH, HandWarp
from palmbench.methods.mask import MaskConfig
from palmbench.methods.outline import sharpened
from palmbench.methods.proportions import Proportions, drawn
from palmbench.methods.warped_hand import moved_hand, warped
from palmbench.methods.whole_hand import WholeHandConfig
from palmbench.quality.gesture import gesture
from palmbench.synth import render
from palmbench.synth.render import Render
from recognizers.common.errors import RequestError

CONFIG = WholeHandConfig(palm="mask", spread=0.08)


@cache
def found() -> Render:
    return render(31, 0, size=(320, 240))


def hand() -> Hand:
    return found().as_hand()


def hidden(config: WholeHandConfig, photo: np.ndarray, of: Hand, seed: int = 5) -> np.ndarray:
    return methods.load(config).deidentify([photo], [of], [seed], [None])[0]


def directions(points: np.ndarray) -> np.ndarray:
    """Unit vectors of the bones of the fingers that are clear of the palm."""
    bones = np.array([points[b] - points[a] for chain in CHAINS for a, b in pairwise(chain)], np.float64)
    return bones / np.linalg.norm(bones, axis=1, keepdims=True)


def shift(pixels: float, where: Hand) -> Hand:
    """The hand nearer to the left edge, its pixels beyond it lost."""
    moved = np.array([pixels, 0], np.float32)
    return replace(
        where,
        keypoints_2d=where.keypoints_2d - moved,
        valleys=where.valleys - moved,
        box=where.box - np.tile(moved, 2),
        mask=np.roll(where.mask, -int(pixels), axis=1)
        & (np.arange(where.mask.shape[1]) < where.mask.shape[1] - pixels),
    )


def test_bones_change_in_length_and_not_in_direction():
    moved = moved_hand(hand(), HandWarp.of(hand(), drawn(0.1, np.random.default_rng(1))))
    before, after = hand(), moved
    assert np.abs(directions(before.keypoints_2d) - directions(after.keypoints_2d)).max() < 1e-3
    assert np.abs(directions(before.keypoints_3d) - directions(after.keypoints_3d)).max() < 1e-5
    assert gesture(before.keypoints_3d) == gesture(after.keypoints_3d)
    lengths = [
        [np.linalg.norm(each.keypoints_2d[b] - each.keypoints_2d[a]) for finger in FINGERS for a, b in pairwise(finger)]
        for each in (before, after)
    ]
    assert np.ptp(np.log(np.divide(*lengths))) > 0.1


def test_a_point_goes_where_the_pixel_goes_that_shows_it():
    """Dots painted on the joints are found again at the moved truth."""
    photo = np.full((*hand().mask.shape, 3), 90, np.uint8)
    photo[hand().mask] = 140
    for x, y in np.round(hand().keypoints_2d).astype(int):
        photo[y - 1 : y + 2, x - 1 : x + 2] = 255
    warp = HandWarp.of(hand(), drawn(0.08, np.random.default_rng(2)))
    result = warped(photo, warp).astype(float)[..., 0] - 140
    offsets = hand().keypoints_2d - np.round(hand().keypoints_2d)
    for (x, y), (left, up) in zip(moved_hand(hand(), warp).keypoints_2d, offsets, strict=True):
        rows, columns = np.mgrid[int(y) - 3 : int(y) + 5, int(x) - 3 : int(x) + 5]
        bright = np.clip(result[rows, columns], 30, None) - 30
        centre = np.array([(bright * columns).sum(), (bright * rows).sum()]) / bright.sum()
        assert np.abs(centre - (x - left, y - up)).max() < 0.6


def test_the_moved_mask_is_where_the_hand_is_seen():
    photo = np.zeros((*hand().mask.shape, 3), np.uint8)
    photo[hand().mask] = 200
    warp = HandWarp.of(hand(), Proportions(np.array([1.05, 1.06]), np.full((5, 3), 1.1), np.full(5, 1.15)))
    seen = warped(photo, warp)[..., 0] > 100
    truth = moved_hand(hand(), warp).mask
    assert (seen & truth).sum() / (seen | truth).sum() > 0.97
    assert (seen & hand().mask).sum() / (seen | hand().mask).sum() < 0.97


def test_proportions_of_one_move_nothing():
    still = Proportions(np.ones(2), np.ones((5, 3)), np.ones(5))
    warp = HandWarp.of(hand(), still)
    moved = moved_hand(hand(), warp)
    assert np.abs(moved.keypoints_2d - hand().keypoints_2d).max() < 1e-4
    assert np.array_equal(moved.mask, hand().mask)
    assert np.array_equal(warped(found().image, warp), found().image)


@pytest.mark.parametrize("seed", range(4))
def test_no_warp_folds_the_picture(seed):
    """Each triangle of neighbouring pixels keeps its sense of rotation, even where two fingers cross."""
    points = hand().keypoints_2d.copy()
    points[9:13] = points[5:9] + points[9] - points[5]
    points[6:9, 0], points[10:13, 0] = points[10:13, 0].copy(), points[6:9, 0].copy()
    for each in (hand(), replace(hand(), keypoints_2d=points)):
        warp = HandWarp.of(each, drawn(0.25, np.random.default_rng(seed)))
        came = warp.came_from(np.stack(np.meshgrid(np.arange(320.0), np.arange(240.0)), axis=-1))
        across, down = np.diff(came, axis=1)[:-1], np.diff(came, axis=0)[:, :-1]
        assert (across[..., 0] * down[..., 1] > across[..., 1] * down[..., 0]).all()


def test_nothing_changes_far_from_the_hand():
    photo = found().image
    result = hidden(replace(CONFIG, spread=0.1), photo, hand())
    rows, columns = np.nonzero((result != photo).any(axis=2))
    low, high = hand().keypoints_2d.min(axis=0), hand().keypoints_2d.max(axis=0)
    margin = (REACH + 0.1) * hand_length(hand().keypoints_2d)
    assert columns.min() > low[0] - margin and columns.max() < high[0] + margin
    assert rows.min() > low[1] - margin and rows.max() < high[1] + margin


def test_every_photo_has_a_surrogate_of_its_own_and_the_seed_decides():
    method, photo = methods.load(CONFIG), found().image
    one, other = hidden(CONFIG, photo, hand()), hidden(CONFIG, photo, hand(), seed=6)
    assert np.array_equal(one, hidden(CONFIG, photo, hand())) and not np.array_equal(one, other)
    both = method.deidentify([photo, photo], [hand(), hand()], [5, 6], [None, None])
    assert np.array_equal(both[0], one) and np.array_equal(both[1], other)
    assert not np.array_equal(method.moved(hand(), 5).keypoints_2d, method.moved(hand(), 6).keypoints_2d)


def test_without_spread_the_hand_stays_where_it_is():
    still = replace(CONFIG, spread=0.0, blotches=None)
    result = hidden(still, found().image, hand())
    assert not still.moves and methods.load(still).moved(hand(), 5) is not None
    reach = 2 * round(0.05 * hand_length(hand().keypoints_2d)) + 1
    far = cv2.dilate(hand().mask.astype(np.uint8), np.ones((reach, reach), np.uint8)) == 0
    assert np.array_equal(result[far], found().image[far])
    masked = methods.load(MaskConfig()).deidentify([found().image], [hand()], [5], [None])[0]
    palm = inpaint_mask(hand())
    assert np.array_equal(result[palm], masked[palm])


def test_a_finger_that_leaves_the_photo_keeps_its_proportions():
    left = float(hand().keypoints_2d[:, 0].min())
    cut = shift(round(left) + 4, hand())
    warp = HandWarp.of(cut, drawn(0.1, np.random.default_rng(4)))
    outside = {part for part, chain in enumerate(CHAINS) if (cut.keypoints_2d[list(chain)] < 0).any()}
    assert outside and all(not warp.free[part] for part in outside) and any(warp.free)


def test_a_hand_is_not_stretched_out_of_its_photo():
    low, high = hand().keypoints_2d.min(axis=0), hand().keypoints_2d.max(axis=0)
    radius = 0.06 * hand_length(hand().keypoints_2d)
    top, bottom = int(low[1] - radius - 2), int(high[1] + radius) + 2
    narrow = replace(
        hand(),
        keypoints_2d=hand().keypoints_2d - np.array([0, top], np.float32),
        mask=hand().mask[top:bottom],
    )
    longer = Proportions(np.array([1.2, 1.0]), np.full((5, 3), 1.2), np.ones(5))
    moved = HandWarp.of(narrow, longer).moved
    assert moved[:, 1].min() > 0 and moved[:, 1].max() < bottom - top


def test_a_finger_over_the_palm_goes_with_it():
    points = hand().keypoints_2d.copy()
    points[[7, 8]] = points[9] + (points[0] - points[9]) * np.array([[0.35], [0.6]], np.float32)
    warp = HandWarp.of(replace(hand(), keypoints_2d=points), drawn(0.1, np.random.default_rng(5)))
    assert not warp.free[1]


@pytest.mark.parametrize("view", ["closed", "unsure"])
def test_a_palm_is_hidden_whatever_its_fingers_do(view):
    points = hand().keypoints_2d.copy()
    for finger in FINGERS[1:]:
        points[list(finger[1:])] = points[finger[0]] + (points[0] - points[finger[0]]) * np.array([[0.2], [0.5], [0.3]])
    mask = hand().mask.copy()
    x, y = np.round(hand().keypoints_2d[8]).astype(int)
    mask[y : y + 30, max(0, x - 40) : x + 40] = True
    palm = inpaint_mask(hand())
    for each in (replace(hand(), view=view), replace(hand(), keypoints_2d=points), replace(hand(), mask=mask)):
        result = hidden(replace(CONFIG, palm="swap"), found().image, each)
        assert (result != found().image).any(axis=2)[palm].mean() > 0.95


def test_a_rough_mask_is_put_right_by_the_photo():
    photo = render(0, 0, size=(320, 240))
    truth = photo.mask
    rough = cv2.morphologyEx(truth.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((15, 15), np.uint8))
    rough = cv2.dilate(rough, np.ones((5, 5), np.uint8)) > 0
    found_again = sharpened(photo.image, replace(photo.as_hand(), mask=rough))
    before, after = ((mask & truth).sum() / (mask | truth).sum() for mask in (rough, found_again))
    assert before < 0.9 and after > 0.97
    cv2.setRNGSeed(77)
    assert np.array_equal(sharpened(photo.image, replace(photo.as_hand(), mask=rough)), found_again)


def test_new_skin_shows_no_detail_of_the_own_fingers():
    """Two fingers that differ in their lines alone become nearly the same."""
    photo, palm = found().image, inpaint_mask(hand())
    region = hand().mask & ~palm
    nothing = np.zeros_like(palm)
    lines = 12 * np.sin(np.arange(photo.shape[0]) * 2 * np.pi / 4)[:, None, None] * region[..., None]
    another = np.clip(photo + lines, 0, 255).astype(np.uint8)
    results = [
        new_skin(each, each, hand(), region, nothing, np.random.default_rng(7)).astype(float)
        for each in (photo, another)
    ]
    inner = owners(np.asarray(hand().keypoints_2d, np.float64), hand().mask)
    fingers = (inner >= 0) & (inner < PALM)
    pattern = np.sin(np.arange(photo.shape[0]) * 2 * np.pi / 4)[:, None] * np.ones_like(fingers)
    kept = ((results[1] - results[0]).mean(axis=2) * pattern)[fingers].mean()
    given = ((another.astype(float) - photo).mean(axis=2) * pattern)[fingers].mean()
    assert given > 3 and abs(kept) < 0.15 * given  # a rim and the lines between fingers stay
    assert np.array_equal(results[0][~region], photo[~region])


def test_a_ring_is_seen_and_taken_off():
    photo = found().image.copy()
    base, joint = hand().keypoints_2d[13], hand().keypoints_2d[14]
    middle = base + 0.65 * (joint - base)
    y, x = np.mgrid[: photo.shape[0], : photo.shape[1]]
    along = ((x - middle[0]) * (joint - base)[0] + (y - middle[1]) * (joint - base)[1]) / np.linalg.norm(joint - base)
    ring = (np.abs(along) < 2.5) & (owners(np.asarray(hand().keypoints_2d, np.float64), hand().mask) == 3)
    photo[ring] = (40, 60, 190)
    assert worn(photo, hand()).rings[ring].mean() > 0.5
    assert not worn(found().image, hand()).rings[ring].any()
    config = replace(CONFIG, spread=0.0)
    blue = photo.astype(int)[..., 2] - photo.astype(int)[..., 0]
    for rings, least, most in (("keep", 50, 255), ("remove", -255, 20)):
        result = hidden(replace(config, rings=rings), photo, hand()).astype(int)
        assert least < (result[..., 2] - result[..., 0])[ring & (blue > 100)].mean() < most


def test_the_tone_of_the_hand_is_a_setting():
    photo = found().image
    result = toned(photo, hand(), 8.0, np.random.default_rng(1))
    assert np.array_equal(result[~hand().mask], photo[~hand().mask])
    assert np.abs(result[hand().mask].astype(float).mean(axis=0) - photo[hand().mask].mean(axis=0)).max() > 2


@pytest.mark.parametrize("palm", ["folder", "whole_hand", "identity", "scramble", "blurr", "ksame"])
def test_the_palm_wants_a_method_that_hides_it(palm):
    with pytest.raises(RequestError, match=palm):
        methods.load(WholeHandConfig(palm=palm))


def test_what_the_palms_method_is_made_of_is_part_of_the_settings():
    one, other = (methods.load(WholeHandConfig(palm=palm)).settings() for palm in ("mask", "inpaint"))
    assert one["of_palm"]["name"] == "mask" and other["of_palm"]["way"] == "quilting"

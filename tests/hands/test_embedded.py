"""The embedded detector finds rendered hands that it was not trained on, and nothing where there is none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from scipy.ndimage import binary_dilation, binary_erosion

from palmbench.base.paths import weights_dir
from palmbench.hands import Hand, load_detector, load_segmenter
from palmbench.hands.cutting import cut_view
from palmbench.hands.embedded import EmbeddedDetector, EmbeddedSegmenter
from palmbench.hands.network import GRID, HandNetwork, expected_place, folded
from palmbench.hands.palm import inpaint_mask
from palmbench.hands.settings import EmbeddedConfig, SegmenterConfig
from palmbench.synth import Render, render
from recognizers.common.errors import MissingWeights

WEIGHTS = weights_dir() / "hand" / "hand.safetensors"


@pytest.fixture(scope="module")
def detector() -> EmbeddedDetector:
    return EmbeddedDetector()


@pytest.fixture(scope="module")
def photos() -> list[Render]:
    return [render(identity, 1) for identity in (20, 31, 42, 53)]


@pytest.fixture(scope="module")
def found(detector: EmbeddedDetector, photos: list[Render]) -> list[Hand]:
    hands = detector.detect([photo.image for photo in photos])
    assert [len(each) for each in hands] == [1] * len(photos)
    return [each[0] for each in hands]


def test_keypoints_and_valleys_are_found(photos: list[Render], found: list[Hand]) -> None:
    for photo, hand in zip(photos, found, strict=True):
        size = (photo.box[2:] - photo.box[:2]).max()
        errors = np.linalg.norm(hand.keypoints_2d - photo.keypoints_2d, axis=1) / size
        assert errors.mean() < 0.015
        assert errors.max() < 0.03
        assert (np.linalg.norm(hand.valleys - photo.valleys, axis=1) / size).max() < 0.03


def test_keypoints_in_space_are_found_up_to_a_tenth_of_a_hand(photos: list[Render], found: list[Hand]) -> None:
    errors = [
        np.linalg.norm(hand.keypoints_3d - photo.keypoints_3d, axis=1).mean()
        for photo, hand in zip(photos, found, strict=True)
    ]
    assert np.mean(errors) < 0.1
    assert max(errors) < 0.2
    assert all((hand.keypoints_3d[0] == 0).all() for hand in found)


def test_mask_box_and_side_are_found(photos: list[Render], found: list[Hand]) -> None:
    for photo, hand in zip(photos, found, strict=True):
        assert hand.side == photo.hand
        assert 0.9 < hand.score <= 1
        assert (hand.mask.shape, hand.mask.dtype) == (photo.mask.shape, np.bool_)
        assert (hand.mask & photo.mask).sum() / (hand.mask | photo.mask).sum() > 0.94
        size = (photo.box[2:] - photo.box[:2]).max()
        np.testing.assert_allclose(hand.box, photo.box, atol=0.09 * size)


def test_other_photos_in_the_batch_change_nothing(detector: EmbeddedDetector, photos: list[Render]) -> None:
    together = detector.detect([photo.image for photo in photos[:2]])
    alone = detector.detect([photos[1].image])
    for name in ("score", "side", "box", "keypoints_2d", "keypoints_3d", "valleys", "mask"):
        np.testing.assert_array_equal(getattr(together[1][0], name), getattr(alone[0][0], name))
    assert detector.detect([]) == []


def test_there_is_no_hand_where_none_is_shown(detector: EmbeddedDetector) -> None:
    random = np.random.default_rng(3)
    slope = np.linspace(60, 120, 640)[None, :, None] * np.ones((480, 1, 3))
    levels = [np.full(slope.shape, level) for level in (0, 128, 255)]
    noisy = [128 + random.normal(0, spread, slope.shape) for spread in (10, 20, 40, 60, 90)]
    coarse = [128 + cv2.resize(random.normal(0, 60, (12 * k, 16 * k, 3)), (640, 480)) for k in (1, 4, 8)]
    face = slope.copy()
    cv2.ellipse(face, (320, 240), (110, 150), 0, 0, 360, (200, 150, 120), -1)
    arm = slope.copy()
    cv2.line(arm, (0, 470), (330, 200), (190, 140, 110), 90)
    photos = [*levels, *noisy, *coarse, slope + random.normal(0, 3, slope.shape), face, arm]
    shown = detector.detect([np.clip(photo, 0, 255).astype(np.uint8) for photo in photos])
    assert [len(hands) for hands in shown] == [0] * len(photos)


def test_a_hand_is_found_whatever_became_of_its_palm_and_its_colours(
    detector: EmbeddedDetector, photos: list[Render]
) -> None:
    photo = photos[1]
    region = inpaint_mask(photo.as_hand())
    grey = np.repeat(cv2.cvtColor(photo.image, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    blurred = cv2.GaussianBlur(photo.image, (0, 0), 12)
    pixelated = cv2.resize(cv2.resize(photo.image, (40, 30), interpolation=cv2.INTER_AREA), (640, 480), interpolation=0)
    size = (photo.box[2:] - photo.box[:2]).max()
    for other in (0, 255, blurred, pixelated):
        hidden = np.where(region[..., None], other, photo.image).astype(np.uint8)
        for image in (hidden, np.where(region[..., None], other, grey).astype(np.uint8)):
            (hand,) = detector.detect([image])[0]
            assert np.linalg.norm(hand.keypoints_2d - photo.keypoints_2d, axis=1).mean() < 0.03 * size


def test_a_small_hand_is_found_anywhere(detector: EmbeddedDetector, photos: list[Render]) -> None:
    photo = photos[2]
    for share, shift in ((0.5, (20, 30)), (0.25, (400, 60)), (0.25, (90, 330))):
        transform = np.array([(share, 0, shift[0]), (0, share, shift[1])], np.float64)
        image = cut_view(photo.image, transform, (640, 480))
        (hand,) = detector.detect([image])[0]
        wanted = photo.keypoints_2d * share + shift
        size = share * (photo.box[2:] - photo.box[:2]).max()
        assert np.linalg.norm(hand.keypoints_2d - wanted, axis=1).mean() < 0.03 * size


def test_a_view_averages_the_pixels_that_it_leaves_out_and_keeps_places() -> None:
    slope = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 200, axis=0).repeat(3, axis=2)
    for scale in (0.9, 0.4, 0.2, 0.11):
        transform = np.array([(scale, 0, 1.0), (0, scale, 1.0)])
        view = cut_view(slope, transform, (int(200 * scale), 8))
        places = (np.arange(view.shape[1]) - 1.0) / scale
        clear = places > 8
        np.testing.assert_allclose(view[4, clear, 0], places[clear], atol=1.5)
    chequered = np.indices((256, 256)).sum(axis=0) % 2 * np.uint8(255)
    small = cut_view(chequered.astype(np.uint8), np.array([(0.25, 0, 0.0), (0, 0.25, 0.0)]), (64, 64))
    assert np.abs(small.astype(int) - 127).max() <= 1


def test_nothing_is_confident_enough_for_a_threshold_above_one(photos: list[Render]) -> None:
    assert EmbeddedDetector(threshold=1.1).detect([photos[0].image]) == [[]]


def test_a_portrait_and_a_larger_photo_show_the_same_hand(detector: EmbeddedDetector, photos: list[Render]) -> None:
    photo = photos[0]
    left = int(np.clip(photo.box[[0, 2]].mean() - 200, 0, 240))
    portrait = np.ascontiguousarray(photo.image[:, left : left + 400])
    larger = cv2.resize(photo.image, (1280, 960), interpolation=cv2.INTER_LINEAR)
    size = (photo.box[2:] - photo.box[:2]).max()
    for image, scale, shift in ((portrait, 1, left), (larger, 2, 0)):
        (hand,) = detector.detect([image])[0]
        assert hand.mask.shape == image.shape[:2]
        # Pixel centres lie at integers, so that a photo grows about (-0.5, -0.5).
        seen = (hand.keypoints_2d + 0.5) / scale - 0.5 + np.array([shift, 0])
        assert np.linalg.norm(seen - photo.keypoints_2d, axis=1).mean() < 0.03 * size


def test_odd_photos_get_an_answer(detector: EmbeddedDetector, photos: list[Render]) -> None:
    photo = photos[0].image
    grey = np.repeat(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    pieces = [photo[200 : 200 + height, 300 : 300 + width] for height, width in ((1, 1), (32, 32), (3, 200))]
    for image in (*pieces, np.rot90(photo), photo[::-1], grey):
        for hand in detector.detect([image])[0]:
            assert hand.mask.shape == image.shape[:2]
            assert np.isfinite(hand.keypoints_2d).all()


def test_settings_name_the_weights_by_their_contents(detector: EmbeddedDetector, tmp_path: Path) -> None:
    other = tmp_path / "same.safetensors"
    other.write_bytes(WEIGHTS.read_bytes())
    assert load_detector(EmbeddedConfig(weights=str(other))).settings() == detector.settings()
    assert detector.settings().keys() == {"name", "weights", "second_look", "threshold", "hands", "versions"}


def test_weights_that_are_no_numbers_find_no_hand_of_no_confidence(tmp_path: Path) -> None:
    state = load_file(WEIGHTS)
    broken = {name: value * float("nan") if value.is_floating_point() else value for name, value in state.items()}
    save_file(broken, tmp_path / "nan.safetensors")
    with pytest.raises(MissingWeights, match=r"nan\.safetensors"):
        EmbeddedDetector(str(tmp_path / "nan.safetensors")).detect([np.zeros((64, 64, 3), np.uint8)])


def test_absent_truncated_and_foreign_weights_are_named(tmp_path: Path) -> None:
    image = np.zeros((64, 64, 3), np.uint8)
    with pytest.raises(MissingWeights, match=r"are missing: .*nowhere\.safetensors.*detector\.weights="):
        EmbeddedDetector(str(tmp_path / "nowhere.safetensors"))
    truncated = tmp_path / "truncated.safetensors"
    truncated.write_bytes(WEIGHTS.read_bytes()[:100_000])
    with pytest.raises(MissingWeights, match=r"truncated\.safetensors is "):
        EmbeddedDetector(str(truncated)).detect([image])
    foreign = tmp_path / "foreign.safetensors"
    save_file({"weight": torch.zeros(3)}, foreign)
    with pytest.raises(MissingWeights, match=r"foreign\.safetensors does not hold"):
        EmbeddedDetector(str(foreign)).detect([image])


def test_a_heat_map_with_one_hot_cell_stands_for_the_cells_centre() -> None:
    share = torch.zeros(1, 2, GRID, GRID)
    share[0, 0, 0, 0] = 1
    share[0, 1, 5, 7] = 1
    # Cells are 4 x 4 pixels with pixel centres at integers: cell k is centred at 4 k + 1.5.
    assert expected_place(share)[0].tolist() == [[1.5, 1.5], [29.5, 21.5]]


def test_the_network_measures_depth_from_the_wrist_in_views_of_any_shape() -> None:
    torch.manual_seed(0)
    network = HandNetwork((4, 8, 8, 8)).eval()
    for height, width in ((192, 192), (144, 192), (192, 64)):
        sight = network(torch.rand(2, 3, height, width))
        assert (sight.points.shape, sight.depths.shape) == ((2, 23, 2), (2, 21))
        assert (sight.mask.shape, sight.presence.shape) == ((2, 1, height // 2, width // 2), (2,))
        assert (sight.depths[:, 0] == 0).all()
        assert (sight.points >= 0).all()
        assert (sight.points.amax(dim=(0, 1)) < torch.tensor([width, height])).all()
        torch.testing.assert_close(sight.heat.exp().sum(dim=(2, 3)), torch.ones(2, 23))


def test_folding_the_normalisation_changes_nothing_that_is_seen() -> None:
    torch.manual_seed(0)
    network = HandNetwork((4, 8, 8, 8))
    network.train()
    for _ in range(3):
        network(torch.rand(4, 3, 64, 64))
    network.eval()
    views = torch.rand(2, 3, 64, 96)
    plain = folded(network)
    assert not any(isinstance(part, torch.nn.BatchNorm2d) for part in plain.modules())
    for mine, other in zip(network(views), plain(views), strict=True):
        torch.testing.assert_close(mine, other, atol=1e-4, rtol=1e-4)


def test_closing_is_two_dilations_and_two_erosions_by_a_square_of_five(found: list[Hand]) -> None:
    random = np.random.default_rng(0)
    mask = found[0].mask & (random.random(found[0].mask.shape) > 0.02)
    mask[:, 300:309] = False
    closed = load_segmenter(SegmenterConfig(closing=5)).segment(np.zeros((480, 640, 3)), replace(found[0], mask=mask))
    square = np.ones((5, 5), bool)
    wide = binary_dilation(mask, square, iterations=2)
    np.testing.assert_array_equal(closed.mask, binary_erosion(wide, square, iterations=2, border_value=1))
    assert closed.mask.dtype == np.bool_
    np.testing.assert_array_equal(closed.keypoints_2d, found[0].keypoints_2d)


def test_gaps_of_eight_pixels_close_and_wider_ones_stay(found: list[Hand]) -> None:
    for gap, closes in ((8, True), (9, False)):
        mask = np.ones((40, 60), bool)
        mask[:, 20 : 20 + gap] = False
        hand = EmbeddedSegmenter(5).segment(np.zeros((40, 60, 3)), replace(found[0], mask=mask))
        assert bool(hand.mask.all()) is closes


def test_without_closing_the_mask_is_the_detectors(found: list[Hand]) -> None:
    assert EmbeddedSegmenter(0).segment(np.zeros((480, 640, 3)), found[0]) is found[0]


@pytest.mark.parametrize(
    "wrong", [np.zeros((64, 64, 3), np.uint8), [np.zeros((64, 64), np.uint8)], ["photo.png"], None, 3]
)
def test_what_is_no_list_of_photos_is_told_in_a_sentence(detector: EmbeddedDetector, wrong: object) -> None:
    with pytest.raises((TypeError, ValueError), match="detect takes a list of photos"):
        detector.detect(wrong)  # type: ignore[arg-type]

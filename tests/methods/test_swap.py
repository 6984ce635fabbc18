"""Another palm comes into the hand: nothing of the own lines is left, its light is, and the seed says whose palm."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest

from palmbench import methods
from palmbench.hands.palm import Region, palm_mask
from palmbench.methods.swap import SwapConfig, surrogate
from palmbench.synth import BENCHMARK_IDENTITIES, SURROGATE_IDENTITIES, TRAINING_IDENTITIES, render
from palmbench.synth.render import Render
from recognizers.common.errors import SampleError

IDENTITY = 31
regions = pytest.mark.parametrize("region", ["paper", "palm"])


@cache
def shown(identity: int = IDENTITY) -> Render:
    return render(identity, 0, size=(320, 240))


def swapped(
    photo: np.ndarray, seed: int = 5, region: Region = "paper", shading: float = 1.0, identity: int = IDENTITY
) -> np.ndarray:
    method = methods.load(SwapConfig(shading=shading), region=region)
    return method.deidentify([photo], [shown(identity).as_hand()], [seed], [None])[0]


def with_other_lines(region: Region) -> np.ndarray:
    """The photo with other lines inside the palm, that are finer than the light that stays, and away from its rim."""
    photo, palm = shown().image, palm_mask(shown().as_hand(), region)
    depth = cv2.distanceTransform(palm.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    fade = np.clip((depth - 4) / 12, 0, 1)[..., None]
    rows, columns = np.mgrid[: photo.shape[0], : photo.shape[1]]
    lines = 40 * np.sin(2 * np.pi * rows / 6) * np.sin(2 * np.pi * columns / 6)
    return np.clip(photo + fade * lines[..., None], 0, 255).astype(np.uint8)


@regions
def test_nothing_of_the_own_lines_is_left(region: Region) -> None:
    """Two palms in the same hand and pose, one surrogate: equal but for what their light differs by."""
    photo, another = shown().image, with_other_lines(region)
    palm = palm_mask(shown().as_hand(), region)
    apart = np.abs(photo.astype(int) - another)[palm].mean()
    assert apart > 5
    found = np.abs(swapped(photo, region=region).astype(int) - swapped(another, region=region))[palm]
    assert found.max() <= 1


@regions
def test_own_creases_differ_and_the_result_only_by_a_smooth_light(region: Region) -> None:
    """The palm of the photo, and another rendered one in its place."""
    photo = shown().image
    palm = palm_mask(shown().as_hand(), region)
    another = np.where(palm[..., None], swapped(photo, seed=77, region=region), photo)
    one, other = (swapped(each, region=region) for each in (photo, another))
    inside = cv2.erode(palm.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0

    def apart(a: np.ndarray, b: np.ndarray) -> float:
        """How two palms differ in what is finer than light, as a share of their brightness."""
        ratio = np.log((a + 1.0) / (b + 1.0))
        return float((ratio - cv2.GaussianBlur(ratio, (0, 0), 2.5))[inside].std())

    assert apart(photo, another) > 0.02
    assert apart(one, other) < 0.15 * apart(photo, another)


@regions
def test_without_shading_no_pixel_of_the_own_palm_is_used(region: Region) -> None:
    photo, palm = shown().image, palm_mask(shown().as_hand(), region)
    another = photo.copy()
    another[palm] = np.random.default_rng(2).integers(0, 256, (palm.sum(), 3))
    one, other = (swapped(each, region=region, shading=0.0) for each in (photo, another))
    assert np.array_equal(one[palm], other[palm])


def test_shading_is_how_much_of_the_own_light_stays() -> None:
    photo, palm = shown().image.copy(), palm_mask(shown().as_hand(), "paper")
    rows, columns = np.nonzero(palm)
    dark = np.exp(-(((np.indices(palm.shape).T - (rows.mean(), columns.mean())) / 14) ** 2).sum(axis=2).T)
    shaded = (photo * (1 - 0.5 * dark[..., None])).astype(np.uint8)
    lost = [
        (swapped(photo, shading=share).astype(int) - swapped(shaded, shading=share))[palm].mean()
        for share in (0.0, 0.5, 1.0)
    ]
    assert abs(lost[0]) < 2 and lost[2] > 8
    assert lost[1] == pytest.approx(lost[2] / 2, abs=2)


@regions
@pytest.mark.parametrize("identity", [30, 31])
def test_nothing_outside_the_hand_changes_and_the_whole_palm_does(region: Region, identity: int) -> None:
    hand, photo = shown(identity).as_hand(), shown(identity).image
    result = swapped(photo, region=region, identity=identity)
    assert np.array_equal(result[~hand.mask], photo[~hand.mask])
    palm = palm_mask(hand, region)
    assert (result != photo).any(axis=2)[palm].mean() > 0.9
    assert np.array_equal(result, swapped(photo, region=region, identity=identity))
    assert np.abs(result[palm].mean(axis=0) - photo[palm].mean(axis=0)).max() < 8


def test_left_and_right_hands_get_the_same_palm_mirrored() -> None:
    """A mirrored photo of a right hand is one of a left hand."""
    hand, photo = shown().as_hand(), shown().image
    width = photo.shape[1]

    def mirrored(points: np.ndarray) -> np.ndarray:
        return np.asarray(points * (-1, 1) + (width - 1, 0), np.float32)

    other = replace(
        hand,
        side="left",
        keypoints_2d=mirrored(hand.keypoints_2d),
        valleys=mirrored(hand.valleys),
        mask=hand.mask[:, ::-1].copy(),
    )
    flipped = np.ascontiguousarray(photo[:, ::-1])
    method = methods.load(SwapConfig(), region="palm")
    one, two = (method.deidentify([p], [h], [5], [None])[0] for p, h in ((photo, hand), (flipped, other)))
    palm = palm_mask(hand, "palm")

    def lines(image: np.ndarray) -> np.ndarray:
        level = image.mean(axis=2).astype(np.float32)
        return (cv2.GaussianBlur(level, (0, 0), 1.5) - cv2.GaussianBlur(level, (0, 0), 5))[palm]

    assert np.corrcoef(lines(one), lines(two[:, ::-1]))[0, 1] > 0.9


def test_pseudonyms_are_of_palm_and_key_alone() -> None:
    one, other = SwapConfig(surrogate="person", key=1), SwapConfig(surrogate="person", key=2)
    seeds = one.palm_seeds(["a", "b", "c"], 0)
    assert len(set(seeds.values())) == 3
    assert seeds["b"] == one.palm_seeds(["b"], 7)["b"] != other.palm_seeds(["b"], 0)["b"]


def test_palms_that_are_lent_belong_to_nobody_who_is_evaluated_or_trained_on() -> None:
    for seed in (0, 5, 2**63 - 1):
        identity = surrogate(seed)
        assert identity in SURROGATE_IDENTITIES
        assert identity not in BENCHMARK_IDENTITIES and identity not in TRAINING_IDENTITIES


def test_the_skin_around_lends_its_grain() -> None:
    """Noise that the photo has is in the new palm too."""
    noise = np.random.default_rng(0).normal(0, 8, shown().image.shape[:2])
    noisy = np.clip(shown().image + noise[..., None], 0, 255).astype(np.uint8)
    palm = palm_mask(shown().as_hand(), "paper")

    def grain(image: np.ndarray) -> float:
        level = image.mean(axis=2)
        return float(np.median(np.abs(level - cv2.GaussianBlur(level, (0, 0), 1.0))[palm]))

    assert grain(swapped(noisy)) > 1.5 * grain(swapped(shown().image))


def test_an_unreadable_hand_does_not_pass_as_deidentified() -> None:
    hand = shown().as_hand()
    line = np.linspace((60, 60), (200, 100), 21).astype(np.float32)
    with pytest.raises(SampleError):
        methods.load(SwapConfig()).deidentify(
            [shown().image], [replace(hand, keypoints_2d=line, valleys=line[:2])], [0], [None]
        )

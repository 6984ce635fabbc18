"""What the recipe of the compact EEHNet learns from: hand crops as the pipeline cuts them, with their landmarks."""

from pathlib import Path

import numpy as np
import pytest
import torch

from experiments.weights import hand_crops, train_eehnet, world
from experiments.weights.hand_crops import draw_crop
from experiments.weights.training import Options
from palmbench.hands.hand import Hand
from palmbench.hands.recognition_hand import recognition_hand
from palmbench.synth import TRAINING_IDENTITIES, render, side_of
from recognizers.networks.eehnet import COMPACT, EEHNet

PLACE = 5
THUMB_TIP, LITTLE_TIP, MIDDLE_TIP, PALM_CENTRE = 12, 28, 20, 4


def entries(place: int) -> world.World:
    parts = [world.entry_of((TRAINING_IDENTITIES[place], sample)) for sample in range(2)]
    return world.World(**{name: np.stack([part[name] for part in parts]) for name in parts[0]})


@pytest.fixture(scope="module")
def right() -> world.World:
    return entries(PLACE)


@pytest.fixture(scope="module")
def left() -> world.World:
    return entries(PLACE + 1)


def test_a_crop_without_changes_is_the_pipelines(right: world.World, monkeypatch: pytest.MonkeyPatch):
    for name in ("SCALE", "SHIFT", "TURN", "TILT", "ZOOM"):
        monkeypatch.setattr(hand_crops, name, 0.0)
    monkeypatch.setattr(hand_crops, "recoloured", lambda image, random: image)
    photo = render(TRAINING_IDENTITIES[PLACE], 0, world.TURNS[0])
    keypoints = photo.keypoints_2d
    box = np.concatenate([keypoints.min(axis=0), keypoints.max(axis=0)])
    side = side_of(TRAINING_IDENTITIES[PLACE])
    hand = Hand(1.0, box, side, keypoints, photo.keypoints_3d, photo.valleys, photo.mask)
    expected = recognition_hand(photo.image, hand).astype(float)
    found = draw_crop(right, 0, PLACE, 0, np.random.default_rng(0)).image.astype(float)
    # Photos are kept at half size, so that edges are softer and the square may be off by a pixel.
    off = np.abs(found - expected).mean()
    assert off < 0.6 * np.abs(np.roll(expected, 3, axis=0) - expected).mean()


def test_the_palm_is_laid_where_it_is(right: world.World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(hand_crops, "recoloured", lambda image, random: image)
    whole = draw_crop(right, 0, PLACE, 0, np.random.default_rng(3)).image
    monkeypatch.setattr(hand_crops, "lay_palm", lambda *rest: None)
    soft = draw_crop(right, 0, PLACE, 0, np.random.default_rng(3)).image
    assert (whole != soft).any()
    # The same palm but sharper; a pixel beside its place, creases would differ far more.
    off, beside = (np.abs(whole.astype(float) - np.roll(soft, by, axis=1)).mean() for by in (0, 2))
    assert off < 0.4 * beside


def test_all_hands_are_right_ones(right: world.World, left: world.World):
    for scene, place in ((right, PLACE), (left, PLACE + 1)):
        for seed in range(6):
            landmarks = draw_crop(scene, 1, place, 1, np.random.default_rng(seed)).landmarks
            across = landmarks[THUMB_TIP] - landmarks[LITTLE_TIP]
            up = landmarks[MIDDLE_TIP] - landmarks[PALM_CENTRE]
            assert up[0] * across[1] - up[1] * across[0] > 0


def test_landmarks_follow_what_is_changed(right: world.World):
    # A spot painted on the photo at the middle fingertip is found at its landmark.
    photos = right.photos.copy()
    x, y = np.round(right.points[0][12]).astype(int)
    photos[0, y - 2 : y + 3, x - 2 : x + 3] = (0, 255, 0)
    painted = world.World(**{**vars(right), "photos": photos})
    seen = 0
    for seed in range(8):
        crop = draw_crop(painted, 0, PLACE, 0, np.random.default_rng(seed))
        levels = crop.image.astype(int)
        green = 2 * levels[..., 1] - levels[..., 0] - levels[..., 2]
        tip = crop.landmarks[MIDDLE_TIP]
        if green.max() > 100 and tip.min() > 3 and tip.max() < len(levels) - 4:
            seen += 1
            rows, columns = np.nonzero(green > 0.6 * green.max())
            np.testing.assert_allclose((columns.mean(), rows.mean()), tip, atol=1.5)
    assert seen >= 3  # others are shown in grey, or lie at the rim


def test_a_batch_has_two_photos_of_each_palm(right: world.World, left: world.World):
    both = world.World(**{name: np.concatenate([value, getattr(left, name)]) for name, value in vars(right).items()})
    options = Options(Path(), identities=2, samples=2, steps=1, minutes=1, batch=4, processes=1)
    crops, landmarks, labels = next(train_eehnet.batches(both, 2, options, 0, 0))
    assert (crops.shape, crops.dtype, landmarks.shape) == ((4, 224, 224, 3), torch.uint8, (4, 29, 2))
    assert sorted(labels.tolist()) == [0, 0, 1, 1]
    assert labels[0] == labels[1]
    again = next(train_eehnet.batches(both, 2, options, 0, 0))
    assert torch.equal(crops, again[0])


def test_the_localiser_learns_first_and_alone_then_all_with_a_growing_margin(right: world.World):
    torch.manual_seed(0)
    network = EEHNet(COMPACT, classes=2).train()
    crops = [draw_crop(right, sample, PLACE, sample, np.random.default_rng(7)) for sample in (0, 1, 0, 1)]
    images = torch.from_numpy(np.stack([crop.image for crop in crops]))
    landmarks = torch.from_numpy(np.stack([crop.landmarks for crop in crops]))
    labels = torch.tensor([0, 0, 1, 1])
    learned, margins = [], []
    for progress in (0.0, train_eehnet.ALIGNMENT, 1.0):
        network.zero_grad(set_to_none=True)
        train_eehnet.loss_of(network, images, landmarks, labels, progress).backward()
        learned.append({name.split(".")[0] for name, value in network.named_parameters() if value.grad is not None})
        margins.append(network.arc["whole"].margin)
    assert learned == [{"localiser"}, *[{"localiser", "palm", "fingers", "arc"}] * 2]
    assert margins == [0, 0, train_eehnet.MARGIN]

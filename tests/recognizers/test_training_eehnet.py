"""How EEHNet learns: how its hands are changed, what is frozen when, and what its weight file says."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import recognizers
from recognizers.networks.backbones import backbone
from recognizers.networks.checkpoint import metadata
from recognizers.networks.eehnet_settings import COMPACT, Changes, LossWeights, Phases
from recognizers.training.eehnet import EEHNetRecipe
from recognizers.training.loop import write_weights
from recognizers.training.recipe import Photos


@pytest.mark.parametrize("changes", ["mild", "eeprnet"])
def test_landmarks_of_a_hand_move_with_its_picture(changes):
    torch.manual_seed(0)
    made = EEHNetRecipe(2, COMPACT, LossWeights(), changes=Changes(changes))
    place = np.array([130.0, 90.0])
    crop = np.full((224, 224, 3), 20, np.uint8)
    crop[88:93, 128:133] = 220
    landmarks = np.full((1, 29, 2), place, np.float32)
    moved = []
    for seed in range(12):
        view, points = made.view(Photos(crop[None], np.zeros(1), landmarks), 0, np.random.default_rng(seed), 0)
        bright = view.astype(float).sum(axis=2)
        bright -= bright.min()
        rows, columns = np.nonzero(bright > 0.5 * bright.max())
        np.testing.assert_allclose(points, np.tile([columns.mean(), rows.mean()], (29, 1)), atol=1.0)
        moved.append(np.abs(points[0] - place).max())
    assert max(moved) > 5
    assert (max(moved) > 22) == (changes == "eeprnet")


def test_hands_are_changed_within_the_limits_that_are_set():
    place, crop = np.array([130.0, 90.0]), np.full((224, 224, 3), (200, 100, 60), np.uint8)
    photos = Photos(crop[None], np.zeros(1), np.full((1, 29, 2), place, np.float32))
    still = EEHNetRecipe(2, COMPACT, LossWeights(), changes=Changes("mild", 0.0, 0.0, 0.0, 0.0, 0.0))
    shifted = EEHNetRecipe(2, COMPACT, LossWeights(), changes=Changes("mild", 0.0, 0.0, 0.5, 0.0, 0.0))
    reach = []
    for seed in range(20):
        view, points = still.view(photos, 0, np.random.default_rng(seed), 0)
        np.testing.assert_array_equal(view, crop)
        np.testing.assert_allclose(points, photos.landmarks[0], atol=1e-4)
        reach.append(np.abs(shifted.view(photos, 0, np.random.default_rng(seed), 0)[1] - place).max())
    assert 28 < max(reach) <= 56


@pytest.fixture
def vgg(tmp_path) -> dict[str, str]:
    """Weights for the compact network's backbone."""
    state = {f"features.{name}": value for name, value in backbone("vgg16_quarter").state_dict().items()}
    save_file(state, tmp_path / "vgg.safetensors")
    return {"vgg16_quarter": str(tmp_path / "vgg.safetensors")}


@pytest.mark.parametrize(
    ("phases", "pretrained", "epoch", "learns"),
    [
        (Phases(), True, 0, ["localiser.head"]),
        (Phases(), True, 9, ["localiser.head"]),
        (Phases(), True, 10, ["localiser.head", "localiser.trunk"]),
        (Phases(), False, 0, ["localiser.head", "localiser.trunk"]),
        (Phases(alignment=2, frozen=4), True, 3, ["localiser.head", "palm.trunk", "fingers.trunk"]),
        (Phases(alignment=2, frozen=0, branches_frozen=2), True, 3, ["localiser.head", "localiser.trunk"]),
        (Phases(alignment=2, frozen=0, branches_frozen=2), True, 4,
         ["localiser.head", "localiser.trunk", "palm.trunk", "fingers.trunk"]),
        (Phases(alignment=2, localiser_held=1), False, 2, ["palm.trunk", "fingers.trunk"]),
    ],
)  # fmt: skip
def test_what_is_frozen_does_not_learn_nor_drift(phases, pretrained, epoch, learns, vgg):
    torch.manual_seed(0)
    made = EEHNetRecipe(2, COMPACT, LossWeights(), phases, weights=vgg if pretrained else None)
    before = {name: value.clone() for name, value in made.network.state_dict().items()}
    optimiser = torch.optim.Adam(made.network.parameters(), lr=0.01)
    made.network.train()
    crops = torch.randint(0, 256, (4, 224, 224, 3), dtype=torch.uint8)
    made.step((crops, torch.full((4, 29, 2), 100.0)), torch.tensor([0, 1]), epoch).loss.backward()
    optimiser.step()
    moved = {".".join(name.split(".")[:2]) for name, value in made.network.state_dict().items()
             if not torch.equal(value, before[name])}  # fmt: skip
    asked = {"localiser.head", "localiser.trunk", "palm.trunk", "fingers.trunk"}
    assert moved & asked == set(learns)


def test_photos_are_changed_from_the_epoch_that_is_set():
    random = np.random.default_rng
    crop = random(0).integers(0, 256, (224, 224, 3)).astype(np.uint8)
    landmarks = random(1).uniform(20, 200, (1, 29, 2)).astype(np.float32)
    photos = Photos(crop[None], np.zeros(1), landmarks)
    late = EEHNetRecipe(2, COMPACT, LossWeights(), changes=Changes(since=45))
    as_it_is, places = late.view(photos, 0, random(2), 44)
    np.testing.assert_array_equal(as_it_is, crop)
    np.testing.assert_array_equal(places, landmarks[0])
    assert (late.view(photos, 0, random(2), 45)[0] != crop).any()


def test_a_weight_file_says_how_its_network_was_made_and_trained(tmp_path):
    odd = replace(
        COMPACT, finger_branches="own", mean=(123.68, 116.78, 103.94), deviation=(1.0, 1.0, 1.0), branch_hidden=24,
        localiser_reduction="bilinear",
    )  # fmt: skip
    made = EEHNetRecipe(3, odd, LossWeights(palm=0.25), Phases(alignment=7), Changes(turn=3.0))
    made.network.eval()
    write_weights(tmp_path / "odd.safetensors", made, made.network.state_dict(), ["a", "b", "c"])
    training = json.loads(metadata(tmp_path / "odd.safetensors")["training"])
    assert (training["losses"]["palm"], training["phases"]["alignment"], training["changes"]["turn"]) == (0.25, 7, 3.0)
    assert training["pretrained"] == []
    recognizer = recognizers.load("eehnet", weights=str(tmp_path / "odd.safetensors"))
    assert recognizer.settings()["variant"] == "other"
    crops = np.random.default_rng(0).integers(0, 256, (1, 224, 224, 3)).astype(np.uint8)
    with torch.no_grad():
        expected = made.embed(torch.from_numpy(crops)).numpy()
    np.testing.assert_allclose(recognizer.extract(crops), expected, atol=1e-4)

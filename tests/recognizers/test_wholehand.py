"""The whole-hand recognizer: templates that no batch can change, distances of cosines, files that say what they are."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import recognizers
from recognizers.common.errors import MissingWeights
from recognizers.eehnet import EEHNetRecognizer
from recognizers.networks.eehnet import COMPACT, EEHNet, in_units
from recognizers.protocol import Recognizer

NOTES = {"network": "eehnet", "variant": "compact", "settings": json.dumps(COMPACT.as_json())}


@pytest.fixture(scope="module")
def states() -> dict[str, torch.Tensor]:
    """Weights of an untrained compact network with a classifier of three palms."""
    torch.manual_seed(0)
    network = EEHNet(COMPACT, classes=3)
    network.localiser.start_at(torch.rand(29, 2) - 0.5)
    return network.state_dict()


@pytest.fixture(scope="module")
def path(states: dict[str, torch.Tensor], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "eehnet.safetensors"
    save_file(states, path, {**NOTES, "identities": json.dumps(["anna", "ben", "carl"])})
    return path


@pytest.fixture(scope="module")
def recognizer(path: Path) -> EEHNetRecognizer:
    return EEHNetRecognizer(weights=str(path))


@pytest.fixture
def changed(states: dict[str, torch.Tensor], tmp_path: Path) -> tuple[dict[str, torch.Tensor], Path]:
    """A copy of the weights to change, and where to put it."""
    return dict(states), tmp_path / "changed.safetensors"


@pytest.fixture(scope="module")
def crops() -> np.ndarray:
    small = np.random.default_rng(0).integers(0, 256, (5, 28, 28, 3)).astype(np.uint8)
    return np.stack([cv2.resize(each, (224, 224), interpolation=cv2.INTER_CUBIC) for each in small])


def test_it_is_a_recognizer_of_hands_that_says_what_its_results_depend_on(recognizer: EEHNetRecognizer, path: Path):
    assert isinstance(recognizer, Recognizer)
    assert recognizer.takes == "hand"
    settings = recognizer.settings()
    assert (settings["name"], settings["variant"]) == ("eehnet", "compact")
    assert json.loads(json.dumps(settings)) == settings
    loaded = recognizers.load("eehnet", weights=str(path))
    assert loaded.settings() == settings


def test_torch_waits_for_the_first_crop(path: Path):
    code = (
        "import sys, recognizers; "
        f"recognizers.load('eehnet', weights={str(path)!r}).settings(); "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_template_is_the_networks_and_no_batch_changes_it(recognizer: EEHNetRecognizer, states, crops: np.ndarray):
    templates = recognizer.extract(crops)
    assert (templates.shape, templates.dtype) == ((5, 288), np.float32)
    np.testing.assert_allclose(np.linalg.norm(templates, axis=1), 1, atol=1e-5)
    alone = np.concatenate([recognizer.extract(crops[i : i + 1]) for i in range(5)])
    np.testing.assert_array_equal(templates, alone)
    network = EEHNet(COMPACT, classes=3).eval()
    network.load_state_dict(states)
    pixels = (torch.tensor(crops).permute(0, 3, 1, 2) / 255 - torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)) / (
        torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
    )
    with torch.inference_mode():
        np.testing.assert_allclose(templates, network.embed(pixels).numpy(), atol=1e-4)


def test_distances_are_half_of_one_minus_the_cosine(recognizer: EEHNetRecognizer):
    a = np.zeros((3, 288), np.float32)
    a[:, [5, 200]] = (1, 0), (0, 2), (3, 4)
    expected = [[0, 0.5, 0.2], [0.5, 0, 0.1], [0.2, 0.1, 0]]
    np.testing.assert_allclose(recognizer.distances(a, a), expected, atol=1e-7)
    assert recognizer.distances(a[:1], -a[:1]) == 1


def test_equal_templates_are_at_zero(recognizer: EEHNetRecognizer, crops: np.ndarray):
    templates = recognizer.extract(crops)
    distances = recognizer.distances(templates, templates)
    assert distances.dtype == np.float32
    assert (np.diag(distances) == 0).all()
    assert (distances[~np.eye(5, dtype=bool)] > 0).all()


def test_landmarks_are_those_of_the_localiser_in_pixels(recognizer: EEHNetRecognizer, states, crops: np.ndarray):
    found = recognizer.landmarks(crops[:2])
    assert found.shape == (2, 29, 2)
    # An untrained localiser answers its bias, nearly.
    answer = states["localiser.head.6.bias"].view(29, 2).numpy()
    np.testing.assert_allclose(in_units(torch.from_numpy(found)).numpy(), np.stack([answer] * 2), atol=0.03)


def test_the_classifier_names_the_nearest_palm(recognizer: EEHNetRecognizer, states):
    assert recognizer.identities == ("anna", "ben", "carl")
    centres = torch.nn.functional.normalize(states["arc.whole.weight"]).numpy()
    np.testing.assert_array_equal(recognizer.classify(centres[[2, 0, 1, 1]]), [2, 0, 1, 1])
    assert recognizer.classify(centres[:0]).shape == (0,)


def test_without_a_classifier_nobody_is_named(changed):
    state, path = changed
    save_file({name: value for name, value in state.items() if not name.startswith("arc.")}, path, NOTES)
    recognizer = EEHNetRecognizer(weights=str(path))
    assert recognizer.identities is None
    with pytest.raises(ValueError, match="classifier"):
        recognizer.classify(np.zeros((1, 288), np.float32))


def test_half_precision_weights_do(changed, recognizer: EEHNetRecognizer, crops: np.ndarray):
    state, path = changed
    half = {name: value.half() if value.is_floating_point() else value for name, value in state.items()}
    save_file(half, path, NOTES)
    found = EEHNetRecognizer(weights=str(path)).extract(crops[:1])
    assert recognizer.distances(found, recognizer.extract(crops[:1])) < 1e-3


def test_missing_weights_say_where_they_should_be_and_how_to_make_them(tmp_path: Path):
    with pytest.raises(MissingWeights, match=r"none\.safetensors.*train_eehnet"):
        EEHNetRecognizer(weights=str(tmp_path / "none.safetensors"))


def test_a_file_must_say_that_it_is_of_this_network(changed):
    state, path = changed
    for notes, message in (
        ({}, "EEHNet"),
        ({"network": "eehnet"}, "hold no settings"),
        ({"network": "eehnet", "settings": '{"wrist": 3}'}, "hold no settings that this EEHNet knows"),
    ):
        save_file(state, path, notes)
        with pytest.raises(MissingWeights, match=message):
            EEHNetRecognizer(weights=str(path))


def test_what_does_not_fit_is_named(changed, crops: np.ndarray):
    state, path = changed
    del state["palm.norm.bias"]
    save_file(state, path, NOTES)
    with pytest.raises(MissingWeights, match=r"it has no palm\.norm\.bias"):
        EEHNetRecognizer(weights=str(path)).extract(crops)
    state["palm.norm.bias"] = torch.zeros(7)
    save_file(state, path, NOTES)
    with pytest.raises(MissingWeights, match=r"palm\.norm\.bias is \(7,\).*\(128,\)"):
        EEHNetRecognizer(weights=str(path)).extract(crops)
    state |= {"palm.norm.bias": torch.zeros(128), "wrist.weight": torch.zeros(1)}
    save_file(state, path, NOTES)
    with pytest.raises(MissingWeights, match=r"also holds wrist\.weight"):
        EEHNetRecognizer(weights=str(path)).extract(crops)


def test_a_classifier_of_other_templates_is_told(changed, crops: np.ndarray):
    state, path = changed
    state["arc.whole.weight"] = torch.zeros(3, 100)
    save_file(state, path, NOTES)
    with pytest.raises(MissingWeights, match=r"\(3, 100\).* 288"):
        EEHNetRecognizer(weights=str(path)).extract(crops)


def test_identities_must_be_as_many_as_classes(changed, crops: np.ndarray):
    state, path = changed
    save_file(state, path, {**NOTES, "identities": '["anna"]'})
    with pytest.raises(MissingWeights, match="3 palms"):
        EEHNetRecognizer(weights=str(path)).extract(crops)

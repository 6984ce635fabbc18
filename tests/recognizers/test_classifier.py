"""The classifier that a CCNet was trained with: whom it takes a palm for."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import recognizers
from recognizers.common.errors import MissingWeights
from recognizers.networks.ccnet import COMPACT, CCNet
from recognizers.protocol import Classifier

NAMES = ("anna_left", "anna_right", "ben_left")


@pytest.fixture(scope="module")
def state() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return {name: value.half() for name, value in CCNet(len(NAMES), COMPACT).state_dict().items()}


def saved(path: Path, state: dict[str, torch.Tensor], identities: str | None = json.dumps(NAMES)) -> str:
    named = {} if identities is None else {"identities": identities}
    save_file(state, path, metadata={"network": "ccnet", "variant": "compact"} | named)
    return str(path)


def test_a_palm_is_of_the_class_at_the_smallest_angle(state: dict[str, torch.Tensor], tmp_path: Path) -> None:
    # Centres of very different lengths: only their directions count.
    centres = torch.zeros(3, COMPACT.embedding)
    centres[0, 0], centres[1, 1], centres[2, 2] = 0.5, 50, 5
    ccnet = recognizers.load("ccnet", weights=saved(tmp_path / "a.safetensors", state | {"arclayer_.weight": centres}))
    assert isinstance(ccnet, Classifier)
    assert ccnet.identities == NAMES
    templates = np.zeros((4, COMPACT.embedding), np.float32)
    templates[:, :3] = [(0.8, 0.6, 0), (0.1, 0.2, 0.9), (0.6, 0.7, 0.3), (-1, -0.1, -0.5)]
    found = ccnet.classify(templates)
    assert found.tolist() == [0, 2, 1, 1]
    assert found.dtype == np.int64
    assert ccnet.classify(templates[:0]).shape == (0,)


def test_it_agrees_with_the_networks_own_logits(state: dict[str, torch.Tensor], tmp_path: Path) -> None:
    network = CCNet(len(NAMES), COMPACT).eval()
    network.load_state_dict({name: value.float() for name, value in state.items()})
    ccnet = recognizers.load("ccnet", weights=saved(tmp_path / "a.safetensors", state))
    templates = np.random.default_rng(0).normal(size=(20, COMPACT.embedding)).astype(np.float32)
    with torch.no_grad():
        logits = network.arclayer_(torch.from_numpy(templates))
    np.testing.assert_array_equal(ccnet.classify(templates), logits.argmax(dim=1).numpy())
    assert len(set(ccnet.classify(templates).tolist())) == 3


def test_templates_do_not_depend_on_the_classifier(state: dict[str, torch.Tensor], tmp_path: Path) -> None:
    without = {name: value for name, value in state.items() if not name.startswith("arclayer_")}
    rois = np.random.default_rng(0).integers(0, 256, (1, 128, 128)).astype(np.uint8)
    both = [recognizers.load("ccnet", weights=saved(tmp_path / f"{i}.safetensors", each, None))
            for i, each in enumerate((state, without))]  # fmt: skip
    np.testing.assert_array_equal(both[0].extract(rois), both[1].extract(rois))
    assert both[0].identities is None
    with pytest.raises(ValueError, match=r"1\.safetensors has no classifier"):
        both[1].classify(both[1].extract(rois))


def test_what_is_no_template_is_not_classified(state: dict[str, torch.Tensor], tmp_path: Path) -> None:
    ccnet = recognizers.load("ccnet", weights=saved(tmp_path / "a.safetensors", state))
    with pytest.raises(ValueError, match=r"shape \(n, 128\), not float32 \(1, 2048\)"):
        ccnet.classify(np.ones((1, 2048), np.float32))
    with pytest.raises(ValueError, match="template 0 "):
        ccnet.classify(np.full((1, 128), np.nan, np.float32))


@pytest.mark.parametrize("identities", ["anna", "{}", "[]", "[1, 2, 3]"])
def test_names_that_are_no_list_are_refused(state: dict[str, torch.Tensor], tmp_path: Path, identities: str) -> None:
    with pytest.raises(MissingWeights, match="identities are not a JSON list of names"):
        recognizers.load("ccnet", weights=saved(tmp_path / "a.safetensors", state, identities))


def test_a_classifier_of_another_size_than_named_is_told(state: dict[str, torch.Tensor], tmp_path: Path) -> None:
    template = np.ones((1, COMPACT.embedding), np.float32)
    fewer = recognizers.load("ccnet", weights=saved(tmp_path / "a.safetensors", state, '["anna", "ben"]'))
    with pytest.raises(MissingWeights, match="tells 3 palms apart, and the file names 2"):
        fewer.classify(template)
    wide = saved(tmp_path / "b.safetensors", state | {"arclayer_.weight": torch.ones(3, 2048)})
    with pytest.raises(MissingWeights, match=r"is \(3, 2048\), and the network's embeddings have 128 numbers"):
        recognizers.load("ccnet", weights=wide).classify(template)

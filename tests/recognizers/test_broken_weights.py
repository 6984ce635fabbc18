"""A broken weight file ends in one sentence that names the file and the likely cause, for every network alike."""

import json
import os
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save, save_file

from palmbench.hands.pklnet.localizer import PKLNetLocalizer
from recognizers.ccnet import CCNetRecognizer
from recognizers.common.errors import MissingWeights
from recognizers.eehnet import EEHNetRecognizer
from recognizers.networks.backbones import backbone
from recognizers.networks.ccnet import COMPACT, CCNet
from recognizers.networks.eehnet_settings import COMPACT as COMPACT_HAND

NOTES = {
    "ccnet": {"network": "ccnet", "variant": "compact"},
    "eehnet": {"network": "eehnet", "variant": "compact", "settings": json.dumps(COMPACT_HAND.as_json())},
    "pklnet": {},
}
USES: dict[str, Callable[[Path], object]] = {
    "ccnet": lambda path: CCNetRecognizer(str(path)).extract(np.zeros((1, 128, 128), np.uint8)),
    "eehnet": lambda path: EEHNetRecognizer(str(path)).extract(np.zeros((1, 224, 224, 3), np.uint8)),
    "pklnet": lambda path: PKLNetLocalizer(str(path)).valleys(np.zeros((40, 30, 3), np.uint8)),
    "backbone": lambda path: backbone("vgg16_quarter", str(path)),
}


def refused(network: str, path: Path) -> str:
    """The sentence in which a network refuses a file."""
    with pytest.raises(MissingWeights) as caught:
        USES[network](path)
    sentence = str(caught.value)
    assert str(path) in sentence and "\n" not in sentence and sentence.endswith(".")
    return sentence


def header(content: object) -> bytes:
    text = json.dumps(content).encode()
    return struct.pack("<Q", len(text)) + text


class Trap:
    def __reduce__(self):
        return (os.system, ("true",))


@pytest.mark.parametrize("network", USES)
def test_a_folder_and_an_empty_file_are_told_from_one_that_is_absent(network, tmp_path):
    (tmp_path / "folder.safetensors").mkdir()
    assert "is a folder; name the file of weights in it" in refused(network, tmp_path / "folder.safetensors")
    for name in ("empty.safetensors", "empty.pth"):
        (tmp_path / name).touch()
        assert "is empty: it was probably not copied to its end" in refused(network, tmp_path / name)
    assert "weights are missing" in refused(network, tmp_path / "absent.pth")


@pytest.mark.parametrize("network", ["ccnet", "eehnet", "pklnet"])
@pytest.mark.parametrize(
    "content",
    [
        {"__metadata__": {"identities": 3}},
        {"__metadata__": {"variant": ["compact"]}},
        {"__metadata__": {"settings": None, "network": "eehnet"}},
        {"__metadata__": "compact"},
        {"__metadata__": None},
        ["a", "list"],
        "text",
    ],
)
def test_metadata_that_are_no_text_are_a_sentence(network, content, tmp_path):
    path = tmp_path / "odd.safetensors"
    path.write_bytes(header(content))
    wanted = "its metadata are not names with a text each"
    assert wanted in refused(network, path)


@pytest.mark.parametrize("network", ["ccnet", "eehnet", "pklnet"])
def test_a_file_that_was_cut_off_is_told(network, tmp_path):
    data = save({"fc.weight": torch.zeros(40, 40)}, NOTES[network])
    for name, part in (("body", data[:-100]), ("header", data[:30]), ("length", data[:5])):
        path = tmp_path / f"{name}.safetensors"
        path.write_bytes(part)
        assert "is truncated or not a safetensors file. Fetch it again" in refused(network, path)


@pytest.mark.parametrize("network", ["ccnet", "pklnet", "backbone"])
def test_a_checkpoint_that_is_none_is_told_with_what_it_probably_is(network, tmp_path):
    path = tmp_path / "net.pth"
    torch.save({"fc.weight": torch.zeros(40, 40)}, path)
    whole = path.read_bytes()
    cases = [
        (whole[: len(whole) // 2], "is truncated or not a plain state dict"),
        (b"PK\x03\x04" + bytes(60), "is truncated or not a plain state dict"),
        (b"\x80\x02" + bytes(60), "is truncated or not a plain state dict"),
        (np.random.default_rng(0).bytes(4000), "is truncated or not a plain state dict"),
        (b"<!DOCTYPE html><html>Google Drive can't scan", "is a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1", "is a pointer of Git LFS"),
        (save({"fc.weight": torch.zeros(4)}), "is a safetensors file by its contents"),
    ]
    for content, sentence in cases:
        path.write_bytes(content)
        assert sentence in refused(network, path)


@pytest.mark.parametrize("network", ["ccnet", "pklnet", "backbone"])
def test_what_a_checkpoint_holds_beside_tensors_is_told(network, tmp_path):
    path = tmp_path / "net.pth"
    cases = [
        ([torch.zeros(3)], "holds a list and no state dict"),
        ({"epoch": 3, "state_dict": {"fc.weight": torch.zeros(3)}}, "epoch, state_dict are not tensors"),
        ({1: torch.zeros(3)}, "1 are not tensors"),
        ({"fc.weight": Trap()}, "is a pickle that holds more than tensors, and is not read: that would run its code"),
        ({"fc.weight": torch.zeros(3).to_sparse()}, "fc.weight is sparse, quantised or complex"),
        ({"fc.weight": torch.zeros(3, dtype=torch.complex64)}, "fc.weight is sparse, quantised or complex"),
    ]
    for content, sentence in cases:
        torch.save(content, path)
        assert sentence in refused(network, path)


def test_a_torch_checkpoint_under_the_other_name_is_told(tmp_path):
    torch.save({"fc.weight": torch.zeros(3)}, tmp_path / "net.safetensors")
    for network in ("ccnet", "eehnet", "pklnet"):
        assert "is a torch checkpoint by its contents. Give it a name that" in refused(
            network, tmp_path / "net.safetensors"
        )


def test_a_file_of_another_network_is_told(tmp_path):
    path = tmp_path / "net.safetensors"
    save_file({"fc.weight": torch.zeros(3)}, path, NOTES["ccnet"])
    assert "does not say that it is of EEHNet, but of ccnet" in refused("eehnet", path)
    save_file({"fc.weight": torch.zeros(3)}, path, NOTES["eehnet"])
    assert "is of eehnet and not of CCNet" in refused("ccnet", path)
    torch.save({"fc.weight": torch.zeros(3)}, tmp_path / "net.pth")
    assert "does not say that it is of EEHNet, but of no network" in refused("eehnet", tmp_path / "net.pth")


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ("{", "they are not JSON"),
        ("[]", "its settings must be"),
        ('{"palm_side": "wide"}', "its settings.palm_side must be"),
        ('{"palm_side": 1000000000}', "its settings.palm_side must be"),
        ('{"wrist": 1}', "its settings.wrist is not a setting"),
        ('{"palm": "densenet121", "palm_side": 8}', "8 x 8 pixels"),
    ],
)
def test_settings_that_cannot_be_in_an_eehnet_are_told(settings, sentence, tmp_path):
    path = tmp_path / "net.safetensors"
    save_file({"fc.weight": torch.zeros(3)}, path, {"network": "eehnet", "settings": settings})
    assert sentence in refused("eehnet", path)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_numbers_that_are_not_finite_are_refused_by_name(bad, tmp_path):
    path = tmp_path / "net.safetensors"
    for network, notes in NOTES.items():
        for dtype in (torch.float32, torch.float16, torch.bfloat16):
            value = torch.zeros(4, 4, dtype=dtype)
            value[1, 2] = bad
            save_file({"first": torch.zeros(3), "fc.weight": value}, path, notes)
            assert "fc.weight holds 1 numbers that are NaN or infinite" in refused(network, path)
    torch.save({"module.fc.weight": torch.full((2,), 1e300, dtype=torch.float64)}, tmp_path / "net.pth")
    assert "module.fc.weight holds 2 numbers that are NaN or infinite" in refused("ccnet", tmp_path / "net.pth")


def test_whole_numbers_in_place_of_weights_are_refused(tmp_path):
    path = tmp_path / "net.safetensors"
    state = {name: value.clone() for name, value in CCNet(None, COMPACT).state_dict().items()}
    save_file(state | {"fc.bias": torch.zeros(192, dtype=torch.int8)}, path, NOTES["ccnet"])
    assert "fc.bias is int8, and the network's is floating point" in refused("ccnet", path)


def test_weights_whose_templates_are_not_finite_are_refused(tmp_path):
    path = tmp_path / "net.safetensors"
    state = {name: value.clone() for name, value in CCNet(None, COMPACT).state_dict().items()}
    state["cb1.gabor_conv2d.sigma"] = torch.zeros(1)  # a width that is divided by
    save_file(state, path, NOTES["ccnet"])
    assert "what the network makes of an image is not finite" in refused("ccnet", path)


def test_a_file_that_may_not_be_read_is_told(tmp_path, monkeypatch):
    path = tmp_path / "net.pth"
    path.write_bytes(b"secret")
    real = open

    def forbidden(file, *rest, **named):
        if str(file) == str(path):
            raise PermissionError(13, "Permission denied")
        return real(file, *rest, **named)

    monkeypatch.setattr("builtins.open", forbidden)
    assert "cannot be read: Permission denied" in refused("ccnet", path)

"""Float32 is float32 in a recognizer, and the caller's own settings are left alone."""

import numpy as np
import pytest
import torch

import recognizers
from recognizers.matching import ShiftSearch, gpu
from recognizers.matching.shifts import prepare
from recognizers.networks import precision
from recognizers.networks.ccnet import CCNet
from recognizers.networks.eehnet import EEHNet
from recognizers.networks.precision import single_precision

SWITCHES = (
    torch.backends.cuda.matmul,
    torch.backends.cudnn.conv,
    torch.backends.mkldnn.matmul,
    torch.backends.mkldnn.conv,
)


def switches() -> list[str]:
    return [switch.fp32_precision for switch in SWITCHES]


@pytest.fixture
def careless():
    """A caller who has asked for TF32 and bfloat16 wherever torch has them."""
    before = switches(), torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    for switch, value in zip(SWITCHES, ("tf32", "tf32", "bf16", "bf16"), strict=True):
        switch.fp32_precision = value
    yield switches()
    torch.set_float32_matmul_precision(before[1])
    for switch, value in zip(SWITCHES, before[0], strict=True):
        switch.fp32_precision = value


def test_within_it_all_is_exact_and_afterwards_all_is_as_it_was(careless):
    with torch.autocast("cpu", torch.bfloat16):
        with single_precision("cpu"):
            assert switches() == ["ieee"] * 4 and not torch.is_autocast_enabled("cpu")
        assert switches() == careless and torch.is_autocast_enabled("cpu")
        with pytest.raises(RuntimeError, match="broken"), single_precision("cuda"):
            raise RuntimeError("broken")
    assert switches() == careless


def test_older_torch_is_asked_by_its_own_switches(monkeypatch):
    # A module that knows the older switches only, as torch 2.6 to 2.8.
    class Old:
        matmul = object()

    asked = []
    monkeypatch.setattr(torch.backends, "cuda", Old)
    monkeypatch.setattr(torch, "get_float32_matmul_precision", lambda: "medium")
    monkeypatch.setattr(torch, "set_float32_matmul_precision", asked.append)
    with precision.without_tf32():
        assert asked == ["highest"] and not torch.backends.cudnn.allow_tf32
    assert asked == ["highest", "medium"] and torch.backends.cudnn.allow_tf32


@pytest.mark.parametrize("name", ["ccnet", "eehnet"])
def test_the_networks_compute_in_single_precision_whatever_the_caller_has_set(name, careless, monkeypatch):
    seen = []
    network = {"ccnet": CCNet, "eehnet": EEHNet}[name]
    embed = network.embed

    def watched(self, images):
        seen.append((switches(), torch.is_autocast_enabled("cpu")))
        return embed(self, images)

    monkeypatch.setattr(network, "embed", watched)
    shape = {"ccnet": (1, 128, 128), "eehnet": (1, 224, 224, 3)}[name]
    images = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    recognizer = recognizers.load(name)
    with torch.autocast("cpu", torch.bfloat16):
        careful = recognizer.extract(images)
    assert seen == [(["ieee"] * 4, False)]
    assert switches() == careless
    monkeypatch.undo()
    np.testing.assert_array_equal(careful, recognizer.extract(images))


def test_matching_by_matrix_products_does_too(careless, monkeypatch):
    seen = []
    product = torch.bmm
    monkeypatch.setattr(torch, "bmm", lambda *given: (seen.append(switches()), product(*given))[1])
    templates = np.random.default_rng(0).integers(0, 2**32, (3, 12, 32), dtype=np.uint32)
    gpu.distances(prepare(templates, templates, ShiftSearch(reach=1, planes=6)), "cpu")
    assert seen and all(each == ["ieee"] * 4 for each in seen) and switches() == careless


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("name", ["ccnet", "eehnet"])
def test_templates_of_a_gpu_are_those_of_the_cpu(name, careless):
    shape = {"ccnet": (9, 128, 128), "eehnet": (9, 224, 224, 3)}[name]
    images = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    on_cpu, on_gpu = (recognizers.load(name, device=device).extract(images) for device in ("cpu", "cuda"))
    np.testing.assert_allclose(on_gpu, on_cpu, atol=1e-5)

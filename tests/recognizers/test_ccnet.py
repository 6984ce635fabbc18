"""CCNet: the published architecture and names, and a recognizer that says what it is."""

import math

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import recognizers
from recognizers.common.errors import MissingWeights
from recognizers.networks.ccnet import COMPACT, CCNet, competition, flat_size, normalised
from recognizers.networks.checkpoint import class_centres, read_state
from recognizers.networks.gabor_conv import GaborConv2d
from recognizers.networks.losses import ArcMargin, supervised_contrast


def published_shapes(classes: int) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the published checkpoints, in their order."""
    shapes: dict[str, tuple[int, ...]] = {}
    for block, n in (("cb1", 9), ("cb2", 36), ("cb3", 9)):
        for layer in ("gabor_conv2d", "gabor_conv2d2"):
            for name, length in (("gamma", 1), ("sigma", 1), ("theta", n), ("f", 1), ("psi", 1)):
                shapes[f"{block}.{layer}.{name}"] = (length,)
        for layer in ("conv1_1", "conv2_1"):
            shapes |= {f"{block}.{layer}.weight": (16, n, 5, 5), f"{block}.{layer}.bias": (16,)}
        for layer in ("se1", "se2"):
            shapes |= {f"{block}.{layer}.fc.0.weight": (n, n), f"{block}.{layer}.fc.2.weight": (n, n)}
    head = {"fc.weight": (4096, 13152), "fc.bias": (4096,), "fc1.weight": (2048, 4096), "fc1.bias": (2048,)}
    return shapes | head | {"arclayer_.weight": (classes, 2048)}


@pytest.fixture(scope="module")
def compact() -> CCNet:
    torch.manual_seed(0)
    return CCNet(None, COMPACT).eval()


@pytest.fixture(scope="module")
def state(compact: CCNet) -> dict[str, torch.Tensor]:
    return {name: value.half() for name, value in compact.state_dict().items()}


@pytest.fixture
def weights(state, tmp_path):
    path = tmp_path / "ccnet.safetensors"
    save_file(state, path, metadata={"variant": "compact"})
    return path


@pytest.fixture(scope="module")
def rois() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (3, 128, 128)).astype(np.uint8)


def test_the_full_network_has_the_published_names_and_shapes():
    with torch.device("meta"):
        network = CCNet(600)
    shapes = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    assert list(shapes.items()) == list(published_shapes(600).items())
    assert sum(math.prod(shape) for shape in shapes.values()) == 63_543_404
    assert (flat_size(16), flat_size(16, 112), flat_size(16, 224)) == (13152, 9840, 43104)


def test_the_compact_network_differs_in_widths_alone(compact):
    assert len(compact.state_dict()) == 58
    assert list(compact.state_dict()) == list(published_shapes(1))[:-1]
    assert sum(value.numel() for value in compact.state_dict().values()) * 2 < 3e6


@pytest.mark.parametrize(
    ("n", "size", "ratio", "centre", "corner"),
    [
        (9, 35, 1.0, -1.0189890161, -0.0417106413),
        (36, 17, 0.5, -1.0309132992, -0.3834709361),
        (9, 7, 0.25, -1.1167970470, -0.4175902932),
    ],
)
def test_gabor_filters_begin_at_the_golden_values(n, size, ratio, centre, corner):
    bank = GaborConv2d(n, size, ratio).kernels()
    assert bank.shape == (n, 1, size, size)
    assert bank[0, 0, size // 2, size // 2].item() == pytest.approx(centre, abs=1e-6)
    assert bank[1, 0, 0, 0].item() == pytest.approx(corner, abs=1e-6)


def test_summing_the_channels_first_is_filtering_each_of_them():
    torch.manual_seed(0)
    layer = GaborConv2d(9, 17, 0.5)
    images = torch.randn(2, 9, 24, 20, dtype=torch.float64)
    repeated = layer.kernels().double().expand(9, 9, 17, 17)
    expected = torch.nn.functional.conv2d(images, repeated, stride=2, padding=8)
    found = layer(images.float())
    assert found.shape == (2, 9, 12, 10)
    torch.testing.assert_close(found.double(), expected, rtol=0, atol=1e-5 * expected.abs().max().item())


def test_only_scale_and_frequency_of_the_filters_are_learned():
    layer = GaborConv2d(4, 7, 0.25)
    layer(torch.randn(1, 1, 16, 16)).square().sum().backward()
    assert [name for name, value in layer.named_parameters() if value.grad is not None] == ["gamma", "sigma", "f"]


def test_competition_weighs_directions_eight_rows_and_columns_one():
    x = torch.randn(1, 2, 2, 3)
    e = x.exp()[0]
    i, j, k = 1, 0, 2
    by_hand = 0.8 * e[i, j, k] / e[:, j, k].sum() + 0.1 * (e[i, j, k] / e[i, :, k].sum() + e[i, j, k] / e[i, j].sum())
    assert competition(x)[0, i, j, k].item() == pytest.approx(by_hand.item(), abs=1e-6)


def test_normalisation_leaves_black_pixels_out():
    roi = np.zeros((1, 128, 128), np.uint8)
    roi[0, :2, 0] = 100, 200
    out = normalised(torch.from_numpy(roi))[0, 0]
    assert out[:2, 0].tolist() == pytest.approx([-math.sqrt(0.5), math.sqrt(0.5)], abs=1e-5)
    assert out.abs().sum().item() == pytest.approx(math.sqrt(2), abs=1e-5)
    assert not normalised(torch.zeros(1, 128, 128)).any()


def test_embeddings_have_unit_length_and_features_join_both_layers(compact, rois):
    images = normalised(torch.from_numpy(rois))
    code = compact.embed(images)
    assert code.shape == (3, COMPACT.embedding)
    torch.testing.assert_close(code.norm(dim=1), torch.ones(3))
    network = CCNet(5, COMPACT).eval()
    logits, feature = network(images)
    assert (logits.shape, feature.shape) == ((3, 5), (3, COMPACT.hidden + COMPACT.embedding))
    assert logits.abs().max() <= 30
    torch.testing.assert_close(feature.norm(dim=1), torch.ones(3))
    with pytest.raises(ValueError, match="no classifier"):
        compact(images)


def test_the_margin_widens_the_angle_of_the_true_palm_alone():
    layer = ArcMargin(2, 2)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[3.0, 0.0], [0.0, 1.0]]))
    angles = torch.tensor([0.3, 3.0])
    points = torch.stack([angles.cos(), angles.sin()], dim=1)
    logits = layer(points, torch.tensor([0, 0]))
    turned = math.cos(3.0) - 0.5 * math.sin(0.5)
    assert logits[:, 0].tolist() == pytest.approx([30 * math.cos(0.8), 30 * turned], abs=1e-3)
    assert logits[:, 1].tolist() == pytest.approx([30 * math.sin(0.3), 30 * math.sin(3.0)], abs=1e-3)
    torch.testing.assert_close(layer(points)[:, 0], 30 * angles.cos(), atol=1e-4, rtol=0)


def test_contrast_is_the_mean_log_share_of_the_same_palm():
    features = torch.nn.functional.normalize(torch.randn(4, 3, dtype=torch.float64))
    labels = torch.tensor([0, 1, 0, 1])
    e = (features @ features.T / 0.07).exp()
    shares = [e[i, j] / (e[i].sum() - e[i, i]) for i, j in ((0, 2), (1, 3), (2, 0), (3, 1))]
    by_hand = -torch.stack(shares).log().mean()
    assert supervised_contrast(features, labels).item() == pytest.approx(by_hand.item(), abs=1e-6)


def test_templates_are_the_networks_embeddings_whatever_the_batch(weights, compact, rois):
    ccnet = recognizers.load("ccnet", weights=str(weights))
    assert isinstance(ccnet, recognizers.Recognizer)
    templates = ccnet.extract(rois)
    assert (templates.shape, templates.dtype) == ((3, COMPACT.embedding), np.float32)
    np.testing.assert_array_equal(templates[1:2], ccnet.extract(rois[1:2]))
    with torch.no_grad():
        exact = compact.embed(normalised(torch.from_numpy(rois))).numpy()
    np.testing.assert_allclose(templates, exact, atol=5e-3)
    assert ccnet.extract(rois[:0]).shape == (0, COMPACT.embedding)


def test_distances_are_angles_in_half_turns(weights):
    ccnet = recognizers.load("ccnet", weights=str(weights))
    angles = np.array([0.0, 1e-3, np.pi / 3, np.pi])
    templates = np.zeros((4, COMPACT.embedding), np.float32)
    templates[:, 3], templates[:, 70] = np.cos(angles), np.sin(angles)
    found = ccnet.distances(templates, templates)
    np.testing.assert_allclose(found, np.abs(angles[:, None] - angles) / np.pi, atol=1e-7)
    assert found.dtype == np.float32
    assert not found.diagonal().any()
    np.testing.assert_array_equal(found, found.T)
    triangle = found[np.triu_indices(4, 1)]
    np.testing.assert_allclose(recognizers.pairwise(ccnet, templates), triangle, atol=1e-7)


def test_settings_name_the_variant_and_follow_the_weights(weights, state, tmp_path):
    settings = recognizers.load("ccnet", weights=str(weights)).settings()
    assert (settings["name"], settings["variant"]) == ("ccnet", "compact")
    other = tmp_path / "other.safetensors"
    save_file(state | {"fc.bias": state["fc.bias"] + 1}, other, metadata={"variant": "compact"})
    assert recognizers.load("ccnet", weights=str(other)).settings()["weights"] != settings["weights"]


def test_a_published_checkpoint_loads_and_tells_what_it_has_besides(tmp_path, rois):
    # Zeros expanded to their shapes: a published checkpoint's names and sizes without its 250 MB.
    path = tmp_path / "net_params_best.pth"
    state = {name: torch.zeros(1).expand(shape) for name, shape in published_shapes(378).items()}
    state |= {f"{block}.{layer}.sigma": torch.ones(1) for block in ("cb1", "cb2", "cb3")
              for layer in ("gabor_conv2d", "gabor_conv2d2")}  # fmt: skip
    state["fc1.bias"] = torch.arange(2048.0)
    del state["cb2.gabor_conv2d.psi"]
    torch.save({f"module.{name}": value for name, value in state.items()} | {"epoch": torch.tensor(3000)}, path)
    ccnet = recognizers.load("ccnet", weights=str(path))
    assert ccnet.settings()["variant"] == "full"
    told = r"lacks cb2\.gabor_conv2d\.psi and also holds epoch"
    with pytest.warns(UserWarning, match=told):
        templates = ccnet.extract(rois[:1])
    # Each recognizer of the file tells it, once; that the network is in memory by now is no reason to be silent.
    with pytest.warns(UserWarning, match=told) as warned:
        again = recognizers.load("ccnet", weights=str(path))
        again.extract(rois[:1])
        again.extract(rois[:1])
    assert len(warned) == 1
    np.testing.assert_allclose(templates[0], np.arange(2048) / np.linalg.norm(np.arange(2048)), rtol=1e-5)


@pytest.mark.parametrize(
    ("name", "shape", "words"),
    [
        (
            "fc.weight",
            (192, flat_size(8, 112)),
            r"fc\.weight is \(192, 4920\), .* is \(192, 6576\); .* ROIs of 109 to 116",
        ),
        ("fc1.weight", (2048, 4096), r"fc1\.weight is \(2048, 4096\), .* is \(128, 192\); .* other widths"),
        ("cb2.gabor_conv2d.theta", (36,), r"cb2\.gabor_conv2d\.theta is \(36,\), .* is \(12,\); .* other widths"),
    ],
)
def test_a_wrong_shape_is_named_with_both_and_the_likely_cause(state, tmp_path, rois, name, shape, words):
    path = tmp_path / "other.safetensors"
    save_file(state | {name: torch.zeros(shape)}, path, metadata={"variant": "compact"})
    with pytest.raises(MissingWeights, match=words):
        recognizers.load("ccnet", weights=str(path)).extract(rois)


def test_of_several_wrong_shapes_the_networks_first_is_named(state, tmp_path, rois):
    path = tmp_path / "other.safetensors"
    save_file({name: torch.zeros(3, 3, 3) for name in state}, path, metadata={"variant": "compact"})
    with pytest.raises(MissingWeights, match=r"cb1\.gabor_conv2d\.gamma is \(3, 3, 3\)"):
        recognizers.load("ccnet", weights=str(path)).extract(rois)


def test_parameters_that_were_saved_as_such_are_read(tmp_path):
    network = CCNet(3, COMPACT)
    path = tmp_path / "parameters.pth"
    torch.save(dict(network.named_parameters()), path)
    state = read_state(path)
    assert list(state) == list(network.state_dict()) and not any(value.requires_grad for value in state.values())
    centres = class_centres(state, COMPACT.embedding, path)
    np.testing.assert_array_equal(centres.numpy(), network.arclayer_.weight.detach().numpy())


def test_weights_that_are_none_are_a_sentence(state, tmp_path, rois):
    with pytest.raises(MissingWeights, match=r"are missing: .*nowhere\.pth.*recognizer\.weights="):
        recognizers.load("ccnet", weights=str(tmp_path / "nowhere.pth"))
    for name in ("torn.safetensors", "torn.pth"):
        (tmp_path / name).write_bytes(b"palm" * 40)
        with pytest.raises(MissingWeights, match=f"{name} is truncated or not"):
            recognizers.load("ccnet", weights=str(tmp_path / name)).extract(rois)
    save_file({"fc.weight": state["fc.weight"]}, tmp_path / "part.safetensors", metadata={"variant": "compact"})
    with pytest.raises(MissingWeights, match=r"is not a CCNet: it has no cb1\.conv1_1\.bias"):
        recognizers.load("ccnet", weights=str(tmp_path / "part.safetensors")).extract(rois)


@pytest.mark.parametrize("number", ["gamma", "sigma", "f"])
def test_numbers_of_a_filter_that_training_gives_must_be_there(state, tmp_path, rois, number):
    path = tmp_path / "part.safetensors"
    name = f"cb2.gabor_conv2d2.{number}"
    save_file({key: value for key, value in state.items() if key != name}, path, metadata={"variant": "compact"})
    with pytest.raises(MissingWeights, match=f"it has no {name}"):
        recognizers.load("ccnet", weights=str(path)).extract(rois)


@pytest.mark.parametrize("number", ["theta", "psi"])
def test_numbers_of_a_filter_that_nobody_learns_may_be_absent(state, tmp_path, rois, compact, number):
    path = tmp_path / "part.safetensors"
    rest = {key: value.float() for key, value in compact.state_dict().items() if not key.endswith(number)}
    save_file(rest, path, metadata={"variant": "compact"})
    with pytest.warns(UserWarning, match=rf"lacks cb1\.gabor_conv2d\.{number}, .* and 2 more; the rest is used"):
        found = recognizers.load("ccnet", weights=str(path)).extract(rois[:1])
    with torch.no_grad():
        exact = compact.embed(normalised(torch.from_numpy(rois[:1]))).numpy()
    np.testing.assert_allclose(found, exact, atol=1e-6)


def test_no_code_of_a_checkpoint_is_run(tmp_path, rois):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "sprung"), "w"))

    torch.save({"fc.weight": Trap()}, tmp_path / "trap.pth")
    with pytest.raises(MissingWeights, match="not read"):
        recognizers.load("ccnet", weights=str(tmp_path / "trap.pth")).extract(rois)
    assert not (tmp_path / "sprung").exists()

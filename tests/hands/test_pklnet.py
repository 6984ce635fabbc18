"""PKLNet has the published sizes and tensor names, its parts compute what their papers say, and its files are read."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from palmbench.hands.pklnet.attention import WindowAttention
from palmbench.hands.pklnet.backbone import Backbone
from palmbench.hands.pklnet.heads import KeypointHead, SegmentationHead, expected_place
from palmbench.hands.pklnet.localizer import PKLNetLocalizer
from palmbench.hands.pklnet.network import PKLNet
from palmbench.hands.pklnet.view import view_of
from palmbench.hands.pklnet.weights import fill
from recognizers.common.errors import MissingWeights

VIEW = (400, 300)
SOURCE = Path("weights.pth")


@pytest.fixture(scope="module")
def network() -> PKLNet:
    torch.manual_seed(0)
    return PKLNet().eval()


def test_every_stage_has_the_published_size(network: PKLNet) -> None:
    sizes: dict[str, tuple[int, ...]] = {}

    def note(name: str, part: nn.Module) -> None:
        part.register_forward_hook(lambda _part, _given, made: sizes.update({name: tuple(made.shape)}))

    watched = {
        "kcr.localization": (1, 64, 21, 15),
        "kcr.fc_loc": (1, 6),
        "kcr.PPU": (1, 6, 200, 150),
        "kcr.kp_head.1": (1, 6, 100, 75),
        "kcr.kp_head.2.mlp.fc1": (1, 256),
        "kcr.kp_head": (1, 6),
        "bre_segment.conv3x3": (1, 224, 100, 75),
        "bre_segment.ocr_gather_head": (1, 224, 3, 1),
        "bre_segment.cls_head": (1, 3, 100, 75),
    }
    for name in watched:
        note(name, network.get_submodule(name))
    with torch.inference_mode():
        found = network(torch.randn(1, 3, *VIEW))
        branches = network.backbone(torch.randn(1, 3, *VIEW))
    assert sizes == watched
    assert [tuple(x.shape) for x in branches] == [(1, 32, 100, 75), (1, 64, 50, 38), (1, 64, 25, 19), (1, 64, 13, 10)]
    assert network.kcr.kp_head[2].mlp.fc1.in_features == 45_000
    assert [tuple(x.shape) for x in found] == [(1, 3, 2), (1, 3, *VIEW), (1, 3, *VIEW), (1, 3, 200, 150)]
    torch.testing.assert_close(found.heat.sum(dim=(2, 3)), torch.ones(1, 3))


def test_the_docstring_counts_the_parameters(network: PKLNet) -> None:
    parts = [network, network.backbone, network.bre_segment, network.kcr]
    counts = [f"{sum(p.numel() for p in part.parameters()):,}" for part in parts]
    assert "{} parameters: {} in the backbone, {} in the segmentation, {} in the points".format(*counts) in str(
        PKLNet.__doc__
    )


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("backbone.conv2.weight", (64, 64, 3, 3)),
        ("backbone.layer1.0.downsample.0.weight", (256, 64, 1, 1)),
        ("backbone.transition1.0.0.weight", (32, 256, 3, 3)),
        ("backbone.transition3.3.0.0.weight", (64, 64, 3, 3)),
        ("backbone.stage2.0.branches.1.0.attn.attn.relative_position_bias_table", (169, 2)),
        ("backbone.stage4.1.branches.3.0.mlp.dw3x3.weight", (256, 1, 3, 3)),
        ("backbone.stage4.1.fuse_layers.3.0.2.2.weight", (64, 32, 1, 1)),
        ("backbone.stage4.1.fuse_layers.0.3.1.running_var", (32,)),
        ("bre_segment.ocr_distri_head.object_context_block.f_object.3.0.weight", (112,)),
        ("bre_segment.ocr_distri_head.conv_bn_dropout.0.weight", (224, 448, 1, 1)),
        ("bre_segment.aux_head.2.bias", (3,)),
        ("kcr.s", (1,)),
        ("kcr.localization.10.weight", (64, 64, 5, 5)),
        ("kcr.fc_loc.0.weight", (128, 64 * 21 * 15)),
        ("kcr.kp_head.2.mlp.fc1.weight", (256, 45_000)),
        ("kcr.PPU.0.attn.attn.q_proj.weight", (6, 6)),
        ("kcr.hm.3.weight", (3, 36, 1, 1)),
    ],
)
def test_tensors_have_the_published_names_and_shapes(network: PKLNet, name: str, shape: tuple[int, ...]) -> None:
    assert tuple(network.state_dict()[name].shape) == shape


def test_attention_is_multi_head_attention_in_windows_of_a_zero_padded_map() -> None:
    torch.manual_seed(2)
    attention, reference = WindowAttention(12, 3).eval(), nn.MultiheadAttention(12, 3, batch_first=True).eval()
    inner = attention.attn
    with torch.no_grad():
        inner.relative_position_bias_table.normal_()
        projections = (inner.q_proj, inner.k_proj, inner.v_proj)
        reference.in_proj_weight.copy_(torch.cat([p.weight for p in projections]))
        reference.in_proj_bias.copy_(torch.cat([p.bias for p in projections]))
        reference.out_proj.load_state_dict(inner.out_proj.state_dict())
    bias = torch.empty(3, 49, 49)
    for asked in range(49):
        for heard in range(49):
            down, across = asked // 7 - heard // 7, asked % 7 - heard % 7
            bias[:, asked, heard] = inner.relative_position_bias_table[(down + 6) * 13 + across + 6]
    cells = torch.randn(1, 10, 7, 12)
    padded = torch.zeros(1, 14, 7, 12)
    padded[:, 2:12] = cells
    with torch.no_grad():
        windows = [padded[:, top : top + 7].reshape(1, 49, 12) for top in (0, 7)]
        expected = [reference(w, w, w, attn_mask=bias, need_weights=False)[0].view(1, 7, 7, 12) for w in windows]
        attended = attention(cells)
    torch.testing.assert_close(attended, torch.cat(expected, dim=1)[:, 2:12])


def test_a_branch_receives_the_others_at_its_own_resolution() -> None:
    torch.manual_seed(4)
    exchange = Backbone().stage2[0].eval()
    exchange.branches = nn.ModuleList([nn.Identity(), nn.Identity()])
    fine, coarse = torch.rand(1, 32, 5, 3), torch.rand(1, 64, 3, 2)
    upward, downward = exchange.fuse_layers[0][1], exchange.fuse_layers[1][0][0]
    with torch.no_grad():
        narrowed = torch.einsum("oc,nchw->nohw", upward[0].weight[:, :, 0, 0], coarse) / (1 + 1e-5) ** 0.5
        doubled = narrowed.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
        raised = functional.interpolate(doubled, size=(5, 3), mode="bilinear", align_corners=True)
        lowered = functional.conv2d(fine, downward[0].weight, stride=2, padding=1, groups=32) / (1 + 1e-5)
        lowered = functional.conv2d(lowered, downward[2].weight)
        mixed = exchange([fine, coarse])
    torch.testing.assert_close(mixed[0], (fine + raised).relu())
    torch.testing.assert_close(mixed[1], (coarse + lowered).relu())


def test_a_class_is_described_by_the_cells_that_look_like_it() -> None:
    gather = SegmentationHead(4).ocr_gather_head
    pixels = torch.randn(1, 4, 5, 6)
    guess = torch.zeros(1, 3, 5, 6)
    guess[0, 1, 2, 3] = 1e4
    described = gather(pixels, guess)
    torch.testing.assert_close(described[0, :, 0, 0], pixels.mean(dim=(2, 3))[0])
    torch.testing.assert_close(described[0, :, 1, 0], pixels[0, :, 2, 3])


def test_the_spatial_transformer_starts_as_the_identity_at_half_the_size() -> None:
    cube = torch.rand(2, 6, *VIEW)
    with torch.inference_mode():
        warped, transform = KeypointHead().eval().warp(cube)
    torch.testing.assert_close(transform, torch.eye(2, 3).expand(2, 2, 3))
    torch.testing.assert_close(warped, functional.avg_pool2d(cube, 2), atol=1e-4, rtol=0)


def test_a_heat_map_of_one_cell_is_at_that_cell() -> None:
    heat = torch.zeros(1, 2, 200, 150)
    heat[0, 0, 30, 120] = 1
    heat[0, 1, 0, 10:12] = 0.5
    expected = torch.tensor([[[241 / 150 - 1, 61 / 200 - 1], [22 / 150 - 1, 1 / 200 - 1]]])
    torch.testing.assert_close(expected_place(heat), expected)


def test_points_are_the_mean_of_both_ways_turned_back_by_the_spatial_transformer() -> None:
    torch.manual_seed(3)
    head = KeypointHead().eval()
    turn = torch.tensor([[0.5, 0.1, 0.2], [-0.2, 0.4, -0.1]])
    direct = torch.tensor([[0.3, -0.4], [0.0, 0.2], [-0.6, 0.8]])
    with torch.no_grad():
        head.fc_loc[2].bias.copy_(turn.flatten())
        head.kp_head[2].mlp.fc2.weight.zero_()
        head.kp_head[2].mlp.fc2.bias.copy_(direct.flatten())
    scores = torch.zeros(1, 3, 200, 150)
    scores[0, :, 30, 120] = 1e4
    head.hm.register_forward_hook(lambda *_: scores)
    with torch.inference_mode():
        points = head(torch.randn(1, 3, *VIEW)).points[0]
    # The published corrections are exchanged: that of 200 rows divides x, that of 150 columns y.
    peak = torch.tensor([(241 / 150 - 1) / (1 - 1 / 200), (61 / 200 - 1) / (1 - 1 / 150)])
    mean = (direct + peak) / 2
    torch.testing.assert_close(points, mean @ turn[:, :2].T + turn[:, 2])


def test_weights_come_back_from_a_file_of_parallel_training(network: PKLNet, tmp_path: Path) -> None:
    path = tmp_path / "net_params_500.pth"
    torch.save({f"module.{name}": value for name, value in network.state_dict().items()}, path)
    localizer = PKLNetLocalizer(str(path))
    photo = np.random.default_rng(0).integers(0, 256, (400, 300, 3), np.uint8)
    with torch.inference_mode():
        expected = network(torch.from_numpy(view_of(photo, VIEW)[0])[None]).points[0].numpy() - 0.5
    found = localizer.valleys(photo)
    np.testing.assert_allclose(np.vstack([found.valleys, found.centre]), expected, atol=1e-3)
    assert localizer.settings() == PKLNetLocalizer(str(path)).settings()


def test_what_a_state_dict_lacks_or_adds_is_told_every_time(network: PKLNet, tmp_path: Path) -> None:
    state = dict(network.state_dict())
    del state["kcr.s"], state["kcr.PPU.0.attn.attn.relative_position_index"]
    state["final_layer.weight"] = torch.zeros(2)
    told = r"lacks kcr\.PPU\.0.*kcr\.s and also holds final_layer\.weight; the rest"
    assert re.search(told, fill(PKLNet(), state, SOURCE) or "")
    torch.save(state, tmp_path / "net.pth")
    for _ in range(2):  # the second time the network is in memory
        with pytest.warns(UserWarning, match=told):
            PKLNetLocalizer(str(tmp_path / "net.pth")).valleys(np.zeros((40, 30, 3), np.uint8))
    del state["backbone.conv1.weight"]
    with pytest.raises(MissingWeights, match=r"not a PKLNet: it lacks backbone\.conv1\.weight \(1 of its 1093"):
        fill(PKLNet(), state, SOURCE)


@pytest.mark.parametrize(
    ("name", "wrong", "words"),
    [
        ("kcr.hm.3.weight", torch.zeros(6, 36, 1, 1), r"is \(6, 36, 1, 1\), and PKLNet's is \(3, 36, 1, 1\); .*points"),
        ("kcr.fc_loc.0.weight", torch.zeros(128, 9), "of another size than 400 x 300"),
        ("backbone.conv1.weight", torch.zeros(32, 3, 3, 3), "variant of other widths"),
        (
            "kcr.PPU.0.attn.attn.relative_position_index",
            torch.zeros(49, 49, dtype=torch.int64),
            "numbers the cells of a window otherwise",
        ),
    ],
)
def test_a_tensor_that_does_not_fit_is_named(network: PKLNet, name: str, wrong: Tensor, words: str) -> None:
    with pytest.raises(MissingWeights, match=f"{name}.*{words}"):
        fill(PKLNet(), {**network.state_dict(), name: wrong}, SOURCE)


def test_files_that_are_absent_or_would_run_code_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingWeights, match=r"missing: .*nowhere\.pth\. They do not come with palmbench"):
        PKLNetLocalizer(str(tmp_path / "nowhere.pth"))
    path = tmp_path / "network.pth"
    torch.save(nn.Linear(2, 2), path)
    with pytest.raises(MissingWeights, match=r"network\.pth"):
        PKLNetLocalizer(str(path)).valleys(np.zeros((40, 30, 3), np.uint8))


def test_views_of_another_size_are_refused(network: PKLNet) -> None:
    with pytest.raises(ValueError, match=r"views of shape \(n, 3, 400, 300\), not \(1, 3, 300, 400\)"):
        network(torch.zeros(1, 3, 300, 400))

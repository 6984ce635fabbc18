"""The whole-hand network aligns palm and fingers by its landmarks, and is trained by all of its losses."""

import json
from dataclasses import replace
from pathlib import Path
from typing import get_args

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torchvision import models

from recognizers.common.errors import MissingWeights, RequestError
from recognizers.networks.backbones import NAMES, backbone
from recognizers.networks.eehnet import COMPACT, FULL, EEHNet, Settings, in_pixels, in_units, normalised
from recognizers.networks.eehnet_losses import eehnet_loss, landmark_loss
from recognizers.networks.eehnet_settings import Backbone, LossWeights
from recognizers.networks.hand_landmarks import finger_points, landmarks_of
from recognizers.networks.losses import batch_hard_triplet


def a_hand() -> np.ndarray:
    """Landmarks of a right hand upright in a crop: palm of 80 x 105 pixels, straight fingers."""
    keypoints = np.zeros((21, 2))
    keypoints[0] = (112, 200)
    for finger, (x, base) in enumerate([(170, 150), (145, 100), (122, 95), (100, 100), (80, 110)]):
        keypoints[1 + 4 * finger : 5 + 4 * finger] = [(x, base - 25 * joint) for joint in range(4)]
    return landmarks_of(keypoints, np.array([(140.0, 90.0), (84.0, 90.0)]))


def some_crops(n: int, seed: int = 0) -> torch.Tensor:
    """Smooth patterns, uint8 (n, 224, 224, 3)."""
    small = np.random.default_rng(seed).integers(0, 256, (n, 28, 28, 3)).astype(np.uint8)
    return torch.from_numpy(np.stack([cv2.resize(each, (224, 224), interpolation=cv2.INTER_CUBIC) for each in small]))


def test_the_palm_is_a_grid_between_valleys_and_wrist():
    # Middle of the valley line (112, 90), valleys 56 apart, the wrist 110 below.
    palm = a_hand()[:9].reshape(3, 3, 2)
    np.testing.assert_allclose(palm[:, :, 0], [[72.8] * 3, [112] * 3, [151.2] * 3], atol=1e-4)
    np.testing.assert_allclose(palm[:, :, 1], [[95.5, 134, 172.5]] * 3, atol=1e-4)


def test_what_is_unknown_stays_unknown():
    keypoints, valleys = np.random.default_rng(0).random((2, 21, 2)), np.random.default_rng(1).random((2, 2, 2))
    keypoints[0, 7], valleys[1, 0] = np.nan, np.nan
    unknown = np.isnan(landmarks_of(keypoints, valleys)).any(axis=2)
    assert np.flatnonzero(unknown[0]).tolist() == [9 + 6]
    assert np.flatnonzero(unknown[1]).tolist() == list(range(9))


def test_a_finger_is_cut_on_both_sides_of_its_joints():
    # The index finger: joints at y 100, 75, 50, 25. The crop begins at 90, 65 below the tip, and is 26 wide.
    points = finger_points(torch.from_numpy(a_hand())[None], start=0.4, width=0.4)
    expected = torch.tensor([(132.0, 90), (158, 90), (132, 75), (158, 75), (132, 50), (158, 50), (132, 25), (158, 25)])
    torch.testing.assert_close(points[0, 1], expected, atol=1e-3, rtol=0)


def test_alignment_undoes_how_the_hand_is_held():
    network = EEHNet(COMPACT)
    crop, landmarks = some_crops(1)[0].numpy(), a_hand()
    transform = cv2.getRotationMatrix2D((112, 120), 25, 0.8)
    turned = cv2.warpAffine(crop, transform, (224, 224), flags=cv2.INTER_CUBIC)
    moved = landmarks @ transform[:, :2].T + transform[:, 2]
    images = normalised(torch.from_numpy(np.stack([crop, turned])))
    places = in_units(torch.from_numpy(np.stack([landmarks, moved]).astype(np.float32)))
    palms, fingers = network.align(images, places)
    assert (palms.shape, fingers.shape) == ((2, 3, 80, 80), (10, 3, 64, 16))
    for first, second in [palms, *fingers.view(2, 5, 3, 64, 16).transpose(0, 1)]:
        assert float((first - second).abs().mean()) < 0.15 * float((first - first.roll(4, dims=1)).abs().mean())


def test_the_full_network_has_the_known_parts_of_ee_prnet():
    shapes = {name: tuple(value.shape) for name, value in EEHNet(FULL).state_dict().items()}
    assert shapes["localiser.trunk.14.weight"] == shapes["palm.trunk.14.weight"] == (256, 256, 3, 3)
    assert shapes["localiser.head.0.weight"] == (512, 7 * 7 * 256)
    assert shapes["localiser.head.3.weight"] == (128, 512)
    assert shapes["localiser.head.6.weight"] == (58, 128)
    assert shapes["palm.embedding.weight"] == (512, 14 * 14 * 256)
    assert shapes["fingers.embedding.weight"] == (512, 14 * 7 * 256)


def test_the_compact_network_is_small_and_its_templates_have_unit_length():
    network = EEHNet(COMPACT).eval()
    assert 2 * sum(value.numel() for value in network.state_dict().values()) < 4e6
    with torch.inference_mode():
        templates = network.embed(normalised(some_crops(2)))
    assert templates.shape == (2, network.size)
    torch.testing.assert_close(templates.norm(dim=1), torch.ones(2))


def test_palm_and_fingers_weigh_what_the_settings_say():
    network = EEHNet(replace(COMPACT, palm_weight=2.0, finger_weight=0.5)).eval()
    with torch.inference_mode():
        whole = network.embed(normalised(some_crops(1)))[0]
    parts = [whole[:128], *whole[128:].split(32)]
    expected = torch.tensor([2.0, *[0.5] * 5]) / (4 + 5 * 0.25) ** 0.5
    torch.testing.assert_close(torch.stack([part.norm() for part in parts]), expected)


def test_settings_survive_json_and_those_of_older_files_are_completed():
    odd = replace(COMPACT, mean=(1.0, 2.0, 3.5), palm_rows=(0.1, 0.2, 0.3), finger_branches="own", batch_norm=False)
    for settings in (COMPACT, odd):
        assert Settings.from_json(json.loads(json.dumps(settings.as_json()))) == settings
    assert Settings.from_json({"palm_side": 96}) == replace(FULL, palm_side=96)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"wrist_weight": 1.0}, "settings.wrist_weight is not a setting"),
        ({"palm_side": "wide"}, "settings.palm_side must be"),
        ({"palm_side": 10**9}, "settings.palm_side must be"),
        ({"finger_size": [64]}, r"settings.finger_size must be 2 numbers, as in settings.finger_size=\[1,1\], not the"),
        ({"deviation": [1, 0, 1]}, r"settings.deviation\[1\] must be"),
        ({"palm": "alexnet"}, "settings.palm must be vgg16, vgg16_quarter, resnet18, .* not alexnet"),
        ({"palm_transform": None}, "settings.palm_transform must be spline or affine, not null"),
        ([], "settings must be"),
    ],
)
def test_settings_that_cannot_be_are_told_in_a_sentence(values, sentence):
    with pytest.raises(RequestError, match=sentence):
        Settings.from_json(values)


def test_the_backbones_that_can_be_set_are_those_there_are():
    assert set(get_args(Backbone)) == set(NAMES)


def test_the_input_is_taken_as_the_settings_say():
    crops = some_crops(2)
    red, green, blue = (
        EEHNet(replace(COMPACT, mean=(123.68, 116.78, 103.94), deviation=(1.0, 2.0, 4.0))).normalised(crops).unbind(1)
    )
    pixels = crops.double()
    torch.testing.assert_close(red.double(), pixels[..., 0] - 123.68, atol=1e-4, rtol=0)
    torch.testing.assert_close(green.double(), (pixels[..., 1] - 116.78) / 2, atol=1e-4, rtol=0)
    torch.testing.assert_close(blue.double(), (pixels[..., 2] - 103.94) / 4, atol=1e-4, rtol=0)


def test_the_palms_grid_lies_where_the_settings_say():
    keypoints, valleys = np.zeros((21, 2)), np.array([(140.0, 90.0), (84.0, 90.0)])
    keypoints[0] = (112, 200)
    palm = landmarks_of(keypoints, valleys, (-1.0, 0.5, 1.0), (0.0, 0.5, 1.0))[:9].reshape(3, 3, 2)
    np.testing.assert_allclose(palm[:, :, 0], [[56] * 3, [140] * 3, [168] * 3], atol=1e-4)
    np.testing.assert_allclose(palm[:, :, 1], [[90, 145, 200]] * 3, atol=1e-4)


def test_fingers_may_have_branches_of_their_own():
    torch.manual_seed(0)
    network = EEHNet(replace(COMPACT, finger_branches="own", palm_weight=0.0, finger_weight=1.0)).eval()
    names = {name.split(".")[1] for name in network.state_dict() if name.startswith("fingers.")}
    assert names == {"0", "1", "2", "3", "4"} and len(network.branch_trunks) == 6
    crops = network.normalised(some_crops(2))
    with torch.inference_mode():
        found = network.embed(crops)
        _, fingers = network.align(crops, network.localiser(crops))
        third = torch.nn.functional.normalize(network.fingers[3](fingers[[3, 8]]))
    torch.testing.assert_close(found[:, 128 + 3 * 32 : 128 + 4 * 32], third / 5**0.5, atol=1e-5, rtol=0)


def test_the_scale_of_the_classifiers_and_the_normalisation_are_settings():
    network = EEHNet(replace(COMPACT, arc_scale=64.0, batch_norm=False), classes=3)
    assert {classifier.scale for classifier in network.arc.values()} == {64.0}
    assert not [name for name in network.state_dict() if ".norm." in name]


def test_a_crop_that_leaves_a_backbone_nothing_is_told():
    with pytest.raises(ValueError, match="a crop of 8 x 8 pixels is too small for its backbone"):
        EEHNet(replace(COMPACT, palm="densenet121", palm_side=8))


def test_a_template_of_nothing_is_refused():
    for one in ("palm_weight", "finger_weight"):
        EEHNet(replace(COMPACT, **{one: 0.0}))
    with pytest.raises(ValueError, match="palm_weight and finger_weight are both 0"):
        EEHNet(replace(COMPACT, palm_weight=0.0, finger_weight=0.0))


def test_before_training_the_localiser_answers_what_it_is_told():
    network = EEHNet(COMPACT).eval()
    network.localiser.start_at(in_units(torch.from_numpy(a_hand())))
    with torch.inference_mode():
        found = in_pixels(network.localiser(normalised(some_crops(2))))
    torch.testing.assert_close(found, torch.from_numpy(a_hand()).expand(2, 29, 2), atol=2.0, rtol=0)


def test_the_landmark_loss_is_the_mean_squared_distance_of_known_ones():
    true = torch.from_numpy(a_hand())[None].repeat(2, 1, 1)
    found = in_units(true)
    found[0, 3] += torch.tensor([0.3, 0.4])
    found[1, 5] += 9.0
    true[1, 5] = torch.nan
    found.requires_grad_()
    loss = landmark_loss(found, true)
    assert float(loss.detach()) == pytest.approx(0.25 / 57, rel=1e-4)
    loss.backward()
    assert found.grad is not None
    assert bool(found.grad.isfinite().all())


def test_the_triplet_loss_takes_the_hardest_pairs():
    features = torch.tensor([(0.0, 0.0), (0.0, 3.0), (4.0, 0.0), (4.0, 1.0)])
    labels = torch.tensor([0, 0, 1, 1])
    # Farthest of the same: 3, 3, 1, 1. Nearest of another: 4, sqrt(20), 4, sqrt(17) and sqrt(20) -> 4, 4.47, 4, 4.12.
    expected = [max(0.0, 2 + 3 - 4), max(0.0, 2 + 3 - 20**0.5), 0.0, 0.0]
    assert float(batch_hard_triplet(features, labels, margin=2.0)) == pytest.approx(sum(expected) / 4)


def test_the_total_is_the_weighted_sum_of_all_losses():
    torch.manual_seed(0)
    network = EEHNet(replace(COMPACT, dropout=0.0), classes=3).eval()
    crops, labels = normalised(some_crops(4)), torch.tensor([0, 0, 2, 2])
    true = torch.from_numpy(a_hand()).expand(4, 29, 2)
    with torch.inference_mode():
        weights = LossWeights(landmark=3.0, triplet=0.5, palm=0.0, fingers=0.0, whole=2.0)
        losses = eehnet_loss(network, crops, true, labels, weights)
        seen = network(crops)
        logits = network.arc["whole"](seen.whole, labels)
    torch.testing.assert_close(losses.landmark, landmark_loss(seen.landmarks, true))
    torch.testing.assert_close(losses.arc, 2 * torch.nn.functional.cross_entropy(logits, labels))
    torch.testing.assert_close(losses.triplet, batch_hard_triplet(seen.whole, labels, 0.3))
    torch.testing.assert_close(losses.total, 3 * losses.landmark + losses.arc + 0.5 * losses.triplet)


def test_recognition_moves_the_localiser_by_the_share_that_is_set():
    gradients = []
    for share in (0.0, 0.1, 1.0):
        torch.manual_seed(0)
        network = EEHNet(replace(COMPACT, through_alignment=share), classes=2).eval()
        network.localiser.start_at(in_units(torch.from_numpy(a_hand())))
        true = torch.full((4, 29, 2), torch.nan)
        eehnet_loss(network, normalised(some_crops(4)), true, torch.tensor([0, 0, 1, 1])).total.backward()
        gradients.append(network.localiser.head[-1].bias.grad)
    assert float(gradients[0].norm()) == 0
    assert float(gradients[2].norm()) > 0
    torch.testing.assert_close(gradients[1], 0.1 * gradients[2], rtol=1e-3, atol=1e-7)


def test_training_tells_hands_apart_and_finds_their_landmarks():
    torch.manual_seed(0)
    network = EEHNet(replace(COMPACT, dropout=0.0, localiser_dropout=(0.0, 0.0)), classes=4).train()
    network.set_margin(0.0)
    network.localiser.start_at(in_units(torch.from_numpy(a_hand())))
    hands = some_crops(4).repeat_interleave(2, dim=0).float()
    crops = normalised((hands + 12 * torch.randn(hands.shape)).clamp(0, 255).byte())
    true = torch.from_numpy(a_hand()) + torch.tensor([-15.0, -5, 5, 15]).repeat_interleave(2)[:, None, None]
    optimiser = torch.optim.AdamW(network.parameters(), lr=2e-3)
    seen = []
    for _ in range(24):  # after half as many, rounding still decides how far it is
        losses = eehnet_loss(network, crops, true, torch.arange(4).repeat_interleave(2))
        optimiser.zero_grad()
        losses.total.backward()
        optimiser.step()
        seen.append((float(losses.landmark.detach()), float(losses.arc.detach())))
    assert seen[-1][0] < 0.5 * seen[0][0]
    assert seen[-1][1] < 0.4 * seen[0][1]


def test_a_network_without_classifiers_has_no_loss():
    with pytest.raises(ValueError, match="make it with classes"):
        eehnet_loss(
            EEHNet(COMPACT), normalised(some_crops(1)), torch.zeros(1, 29, 2), torch.zeros(1, dtype=torch.int64)
        )


def test_backbones_take_torchvisions_weights_from_a_file(tmp_path: Path):
    torch.manual_seed(1)
    published = models.shufflenet_v2_x0_5(weights=None).eval()
    path = tmp_path / "shufflenet.pth"
    torch.save(published.state_dict(), path)
    images = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        expected = published.stage3(published.stage2(published.maxpool(published.conv1(images))))
        torch.testing.assert_close(backbone("shufflenet_v2_x0_5", str(path)).eval()(images), expected)


def test_vgg_needs_only_the_layers_before_the_cut(tmp_path: Path):
    published = {f"features.{key}": value for key, value in backbone("vgg16").state_dict().items()}
    save_file({**published, "classifier.0.bias": torch.zeros(4096)}, tmp_path / "vgg16.safetensors")
    loaded = backbone("vgg16", str(tmp_path / "vgg16.safetensors"))
    assert all(torch.equal(value, published[f"features.{key}"]) for key, value in loaded.state_dict().items())
    del published["features.5.bias"]
    save_file(published, tmp_path / "vgg16.safetensors")
    with pytest.raises(MissingWeights, match=r"not a state dict of torchvision's vgg16: features\.5\.bias is absent"):
        backbone("vgg16", str(tmp_path / "vgg16.safetensors"))


def test_a_backbone_that_cannot_be_had_is_told_in_a_sentence(tmp_path: Path):
    with pytest.raises(ValueError, match="no backbone 'resnet'; did you mean resnet"):
        backbone("resnet")
    with pytest.raises(MissingWeights, match="resnet18's weights are missing"):
        backbone("resnet18", str(tmp_path / "none.pth"))


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("resnet50", "densenet121", "vgg16")])
def test_any_backbone_will_do(name: str):
    network = EEHNet(replace(COMPACT, localiser=name, palm=name, fingers=name)).eval()
    with torch.inference_mode():
        templates = network.embed(normalised(some_crops(2)))
    assert templates.shape == (2, 288)
    assert float((templates[0] - templates[1]).abs().max()) > 1e-4

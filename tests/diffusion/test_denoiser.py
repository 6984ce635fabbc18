"""What is computed once instead of often changes nothing but rounding."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from diffusers import UNet2DConditionModel

from experiments.painters import NARROW, painted_by_diffusers, random_parts, scene
from palmbench.diffusion.components import Components, load_components
from palmbench.diffusion.denoiser import Condition, Denoiser
from palmbench.diffusion.paint import PaintByExample
from palmbench.diffusion.sampler import Sampling
from palmbench.diffusion.weights import EMBEDDED, resolve, weight_files


@pytest.fixture(scope="module")
def narrow() -> Components:
    return random_parts(NARROW)


@pytest.fixture(scope="module")
def embedded() -> Components:
    return load_components(weight_files(resolve(EMBEDDED)))


@pytest.mark.parametrize(
    ("weights", "side", "sampling"),
    [
        ("narrow", 128, Sampling(steps=6, sampler="plms")),
        ("narrow", 64, Sampling(steps=5, guidance=5.0, sampler="dpmsolver++")),
        ("embedded", 256, Sampling(steps=10, sampler="dpmsolver++")),
        ("embedded", 128, Sampling(steps=4, guidance=1.0, sampler="dpmsolver++")),
    ],
)
def test_paintings_are_those_of_diffusers_pipeline(request_of, weights, side, sampling):
    parts = request_of(weights)
    asked = scene(side, sampling)
    theirs = painted_by_diffusers(parts, asked)
    ours = PaintByExample(copy.deepcopy(parts)).repaint(asked)
    assert theirs.std() > 0.05, "a flat picture would prove nothing"
    apart = 255 * np.abs(ours - theirs)
    assert apart.max() < 4 and apart.mean() < 1
    # What is promised is more than what is seen: rounding in single precision.
    assert apart.max() < 0.2 and apart.mean() < 0.01


@pytest.fixture
def request_of(request):
    return request.getfixturevalue


@torch.inference_mode()
@pytest.mark.parametrize("weights", ["narrow", "embedded"])
@pytest.mark.parametrize("shape", [(16, 16), (24, 20)])
def test_predictions_are_those_of_diffusers_unet(request_of, weights, shape):
    stock = request_of(weights).unet
    ours = Denoiser(copy.deepcopy(stock))
    generator = torch.Generator().manual_seed(0)
    latents = torch.randn(2, 9, *shape, generator=generator)
    tokens = torch.randn(4, stock.config["cross_attention_dim"], generator=generator)
    for step in (1, 500, 981):
        theirs = stock(latents.repeat(2, 1, 1, 1), step, encoder_hidden_states=tokens[:, None]).sample
        condition = Condition(ours.times([step])[0], ours.vectors(tokens))
        torch.testing.assert_close(ours(latents, condition), theirs, atol=2e-5, rtol=0)


@torch.inference_mode()
def test_what_comes_before_the_condition_is_computed_once_for_both_halves(narrow):
    ours = Denoiser(copy.deepcopy(narrow.unet))
    seen: list[int] = []
    for block in ours.down_blocks:
        for resnet in block.resnets:
            resnet.register_forward_pre_hook(lambda _, hidden: seen.append(len(hidden[0])))
    condition = Condition(ours.times([7])[0], ours.vectors(torch.zeros(2, 32)))
    assert len(ours(torch.zeros(1, 9, 16, 16), condition)) == 2
    assert seen == [1] + [2] * 7


@torch.inference_mode()
def test_many_times_and_tokens_at_once_are_each_alone(embedded):
    ours = Denoiser(copy.deepcopy(embedded.unet))
    together = ours.times([999, 500, 3])
    for step, biases in zip((999, 500, 3), together, strict=True):
        for bias, alone in zip(biases, ours.times([step])[0], strict=True):
            torch.testing.assert_close(bias, alone, atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("config", "says"),
    [
        (
            {"down_block_types": ("AttnDownBlock2D", "DownBlock2D"), "up_block_types": ("UpBlock2D", "UpBlock2D")},
            "Attn",
        ),
        ({"transformer_layers_per_block": 2}, "several"),
        ({"resnet_time_scale_shift": "scale_shift"}, "residual block"),
        ({"class_embed_type": "timestep"}, "layers of its own"),
        ({"attention_type": "gated"}, "layers of its own"),
    ],
)
def test_networks_of_another_kind_are_refused(config, says):
    shape = {
        "block_out_channels": (32, 32), "norm_num_groups": 8, "cross_attention_dim": 16, "in_channels": 9,
        "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
        "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
    }  # fmt: skip
    Denoiser(UNet2DConditionModel(**shape))
    with pytest.raises(ValueError, match=says):
        Denoiser(UNet2DConditionModel(**shape | config))

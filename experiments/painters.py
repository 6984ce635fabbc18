"""Paint by Example with random weights at any width, and diffusers' own pipeline of the same networks beside ours."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderKL, PaintByExamplePipeline, UNet2DConditionModel
from PIL import Image
from transformers import CLIPVisionConfig

from palmbench.diffusion.components import Components, PaintByExampleImageEncoder
from palmbench.diffusion.fusion import Preprocessing
from palmbench.diffusion.paint import Inpainting
from palmbench.diffusion.published.hub_layout import ENCODER_CONFIG, PUBLISHED, UNET_CONFIG, VAE_CONFIG
from palmbench.diffusion.sampler import Sampling, make_scheduler

_SCHEDULER = "scheduler/scheduler_config.json"
# The published shape, four levels of two blocks with eight heads, a twentieth as wide.
NARROW: Mapping[str, Mapping[str, Any]] = {
    UNET_CONFIG: {"block_out_channels": (32, 32, 64, 64), "norm_num_groups": 8, "cross_attention_dim": 32},
    VAE_CONFIG: {"block_out_channels": (16, 16, 32, 32), "norm_num_groups": 8},
    ENCODER_CONFIG: {
        "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 5, "num_attention_heads": 4, "image_size": 32,
        "patch_size": 8, "projection_dim": 32,
    },
}  # fmt: skip


def random_parts(changes: Mapping[str, Mapping[str, Any]] | None = None) -> Components:
    """Networks of the published shape, with random weights.

    Parameters
    ----------
    changes : mapping, optional
        Other values by the file of the checkpoint's config in which they stand, such as `NARROW`.
    """
    told = {file: {**config, **(changes or {}).get(file, {})} for file, config in PUBLISHED.items()}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        unet = UNet2DConditionModel.from_config(told[UNET_CONFIG])
        vae = AutoencoderKL.from_config(told[VAE_CONFIG])
        clip = CLIPVisionConfig.from_dict(told[ENCODER_CONFIG])
        encoder = PaintByExampleImageEncoder(clip, proj_size=clip.projection_dim)
        torch.nn.init.normal_(encoder.uncond_vector)
    for network in (unet, vae, encoder):
        network.requires_grad_(False).eval()
    return Components(unet, vae, encoder, dict(told[_SCHEDULER]), Preprocessing.clip(clip.image_size), "random weights")


def stock_pipeline(parts: Components, sampler: str | None) -> PaintByExamplePipeline:
    """diffusers' own pipeline of copies of the networks."""
    own = copy.deepcopy(parts)
    pipeline = PaintByExamplePipeline(
        own.vae, own.image_encoder, own.unet, make_scheduler(own.scheduler, sampler), None, None,
        requires_safety_checker=False,
    )  # fmt: skip
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def painted_by_diffusers(parts: Components, asked: Inpainting) -> np.ndarray:
    """What diffusers' pipeline gives for one exemplar and alpha 0: float32 (H, W, 3) in [0, 1]."""
    pipeline = stock_pipeline(parts, asked.sampling.sampler)
    painted: Any = pipeline(
        example_image=parts.preprocessing(asked.exemplars[0])[None],
        image=Image.fromarray(asked.image),
        mask_image=Image.fromarray(asked.mask.astype(np.uint8) * 255),
        num_inference_steps=asked.sampling.steps,
        guidance_scale=asked.sampling.guidance,
        latents=torch.as_tensor(asked.latents, dtype=torch.float32)[None],
        generator=torch.Generator().manual_seed(asked.seed),
        output_type="np",
    )
    return np.asarray(painted.images[0])


def scene(side: int, sampling: Sampling, seed: int = 3, factor: int = 8) -> Inpainting:
    """A picture of coloured squares with a disc to repaint after one of its corners, and start noise for it."""
    draw = np.random.default_rng(seed)
    squares = np.kron(draw.integers(40, 220, (8, 8, 3)), np.ones((side // 8, side // 8, 1))).astype(np.uint8)
    rows, columns = np.mgrid[:side, :side] / side - 0.5
    return Inpainting(
        squares,
        rows**2 + columns**2 < 0.1,
        [squares[: side // 2, : side // 2]],
        alpha=0.0,
        sampling=sampling,
        seed=seed,
        latents=draw.standard_normal((4, side // factor, side // factor)),
    )

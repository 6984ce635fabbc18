"""The sampling loop: from noise to a latent, under classifier-free guidance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from diffusers import DPMSolverMultistepScheduler, PNDMScheduler, UNet2DConditionModel
from torch import Tensor

from palmbench.diffusion.sampling import ends_in_noise, sampler_for

VERSION = 1


def make_scheduler(schedule: Mapping[str, Any], sampler: str | None = None) -> Any:
    """Scheduler of a checkpoint for a sampler.

    Parameters
    ----------
    schedule : mapping
        The checkpoint's `scheduler_config.json`. Its noise schedule and kind of prediction (noise or velocity) hold
        for every sampler. With zero terminal SNR the steps are counted from the last one ("trailing").
    sampler : {"plms", "dpmsolver++"}, optional
        See `Sampling`.

    Raises
    ------
    RequestError
        If the sampler cannot run these weights, see `sampler_for`.
    """
    settings = {name: value for name, value in schedule.items() if not name.startswith("_")}
    if sampler_for(schedule, sampler) == "plms":
        return PNDMScheduler.from_config(settings, skip_prk_steps=True)
    if ends_in_noise(schedule):
        settings["timestep_spacing"] = "trailing"
    return DPMSolverMultistepScheduler.from_config(settings, algorithm_type="dpmsolver++", solver_order=2)


def denoise(
    unet: UNet2DConditionModel,
    scheduler: Any,
    noise: Tensor,
    background: Tensor,
    keep: Tensor,
    token: Tensor,
    unconditional: Tensor,
    steps: int,
    guidance: float,
) -> Tensor:
    """Paint latents.

    Parameters
    ----------
    unet : UNet2DConditionModel
        Takes [noisy latent | latent of the background | mask] along the channels.
    scheduler
        From `make_scheduler`; its state is reset.
    noise : Tensor of shape (B, channels, h, w)
        Standard normal.
    background : Tensor of shape (B, channels, h, w)
        Scaled latents, prior interpolation included.
    keep : Tensor of shape (B, 1, h, w)
        1 = keep, 0 = repaint.
    token : Tensor of shape (B, dim)
        Fused embeddings.
    unconditional : Tensor of shape (dim,)
        The encoder's learned vector for no condition.
    steps : int
        Steps of the sampler.
    guidance : float
        Scale of classifier-free guidance; at 1 and below, guidance is off.

    Returns
    -------
    Tensor of shape (B, channels, h, w)
    """
    guided = guidance > 1
    tokens = token[:, None]
    context = torch.cat([background, keep], dim=1)
    if guided:
        tokens = torch.cat([unconditional.expand_as(tokens), tokens])
        context = torch.cat([context, context])
    scheduler.set_timesteps(steps, device=noise.device)
    latents = noise * scheduler.init_noise_sigma
    for step in scheduler.timesteps:
        noisy = torch.cat([latents, latents]) if guided else latents
        noisy = scheduler.scale_model_input(noisy, step)
        predicted = unet(torch.cat([noisy, context], dim=1), step, encoder_hidden_states=tokens).sample
        if guided:
            without, with_token = predicted.chunk(2)
            predicted = without + guidance * (with_token - without)
        latents = scheduler.step(predicted, step, latents).prev_sample
    return latents

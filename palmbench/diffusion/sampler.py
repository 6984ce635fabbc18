"""From noise to a latent: PLMS and DPM-Solver++ under classifier-free guidance.

The settings and the cheap checks of them come first, and need no torch: it is imported where something is sampled.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from numbers import Integral
from typing import TYPE_CHECKING, Any

from recognizers.common.errors import RequestError

if TYPE_CHECKING:
    import torch
    from torch import Tensor

VERSION = 3
SAMPLERS = ("plms", "dpmsolver++")
POSTERIORS = ("mode", "sample")
MOST_SPACING = 4.0
# What a network says of (B, 2 * channels + 1, h, w) at a place among the scheduler's steps: (B, channels, h, w) under
# its condition; under guidance (2 * B, channels, h, w), what it says without a condition first.
Predict = Callable[["Tensor", int, bool], "Tensor"]
_LEFT_OUT = 0.1  # largest share of the noise levels, the noisiest, before which a sampler may begin


@dataclass(frozen=True)
class Sampling:
    """How latents are sampled.

    Attributes
    ----------
    steps : int
        Steps of the sampler.
    guidance : float
        Scale of classifier-free guidance; the authors' is 3. At 1 and below guidance is off.
    sampler : {"plms", "dpmsolver++"} or None
        "plms" is the authors' (one network call more than steps); "dpmsolver++" is second order and multistep, good
        at 20 even steps, or at 8 that lie closer where there is less noise. None is the checkpoint's own.
    posterior : {"mode", "sample"}
        What of the autoencoder's posterior is the latent of an image; the authors sample.
    guidance_start, guidance_end : float
        Guidance is on from and until these shares of the steps, 0 to 1; outside, a step asks for the prediction under
        the condition alone, which is half the work.
    strength : float
        Share of the steps that are taken, above 0: below 1 painting begins with the original's latent under as much
        noise as there is before the first of them (SDEdit, Meng et al., ICLR 2022), at 1 with noise alone.
    spacing : float
        Exponent by which steps are laid over the noise levels, 1 to 4: above 1 step i of n lies at the share
        (1 - i / n)^spacing of them, closer where there is less noise and the finest is painted; for "dpmsolver++"
        alone. At 1 steps are even, as the checkpoint's schedule says.

    Raises
    ------
    RequestError
        If a value is out of range.
    """

    steps: int = 50
    guidance: float = 3.0
    sampler: str | None = None
    posterior: str = "sample"
    guidance_start: float = 0.0
    guidance_end: float = 1.0
    strength: float = 1.0
    spacing: float = 1.0

    def __post_init__(self) -> None:
        if not isinstance(self.steps, Integral) or self.steps < 1:
            raise RequestError(f"steps is a whole number, at least one step, and is {self.steps}.")
        if not 0 <= self.guidance < math.inf:
            raise RequestError(f"guidance is a number from 0 on, and is {self.guidance}.")
        if self.sampler not in (None, *SAMPLERS):
            raise RequestError(f"There is no sampler {self.sampler}. Choose from: {', '.join(SAMPLERS)}.")
        if self.posterior not in POSTERIORS:
            raise RequestError(f"There is no posterior {self.posterior}. Choose from: {', '.join(POSTERIORS)}.")
        if not 1 <= self.spacing <= MOST_SPACING:
            raise RequestError(f"spacing is an exponent from 1 to {MOST_SPACING:g}, and is {self.spacing}.")
        if not 0 <= self.guidance_start <= self.guidance_end <= 1:
            raise RequestError(
                "guidance_start and guidance_end are shares of the steps from 0 to 1, the start not after the end, and "
                f"are {self.guidance_start} and {self.guidance_end}."
            )
        if not 0 < self.strength <= 1:
            raise RequestError(f"strength is a share above 0 and up to 1, and is {self.strength}.")

    def guided_at(self, place: int, steps: int) -> bool:
        """Whether the step at a place, from 0 on, of so many is under guidance."""
        return self.guidance > 1 and self.guidance_start <= place / steps < self.guidance_end


def sampler_for(schedule: Mapping[str, Any], sampler: str | None) -> str:
    """The sampler to use with a checkpoint's `scheduler_config.json`.

    Raises
    ------
    RequestError
        For PLMS on a schedule that ends in pure noise (zero terminal SNR): its steps divide by the signal left.
    """
    if sampler is None:
        sampler = "dpmsolver++" if schedule.get("_class_name") == "DPMSolverMultistepScheduler" else "plms"
    if sampler == "plms" and ends_in_noise(schedule):
        raise RequestError(
            "These diffusion weights start from pure noise (zero terminal SNR), where PLMS divides by zero. "
            "Set method.sampler=dpmsolver++."
        )
    return sampler


def require_steps(schedule: Mapping[str, Any], sampler: str | None, steps: int, spacing: float = 1.0) -> None:
    """Make sure that a sampler can go through a checkpoint's noise levels in so many steps, from the noisiest on.

    diffusers' schedulers of "leading" spacing, PLMS as published among them, go by whole strides: 600 steps over 1000
    levels are the 600 least noisy ones, of which the first is shown pure noise nevertheless. Steps that are not
    even meet no level twice.

    Raises
    ------
    RequestError
        If they cannot; it names the next lower number of steps that can be had. For PLMS, which counts on even steps,
        where they are not.
    """
    if spacing > 1 and sampler_for(schedule, sampler) == "plms":
        raise RequestError("PLMS takes even steps. Choose method.spacing=1, or dpmsolver++ for others.")
    if not _goes_through(schedule, sampler, steps, spacing):
        most = min(steps, _levels(schedule))
        fewer = next(n for n in range(most, 0, -1) if _goes_through(schedule, sampler, n, spacing))
        raise RequestError(
            f"{sampler_for(schedule, sampler)} cannot go through the {_levels(schedule)} noise levels of these weights "
            f"in {steps} steps, from the noisiest on. The next lower number that it can take is {fewer}."
        )


def require_start(schedule: Mapping[str, Any], sampling: Sampling) -> None:
    """Make sure that a sampler can begin where it shall; RequestError for PLMS, whose first steps are one."""
    if sampling.strength < 1 and sampler_for(schedule, sampling.sampler) == "plms":
        raise RequestError("PLMS cannot begin below the noisiest level. Choose dpmsolver++ for a strength below 1.")


def _goes_through(schedule: Mapping[str, Any], sampler: str | None, steps: int, spacing: float) -> bool:
    levels = _levels(schedule)
    if spacing > 1:
        return len(set(_closer(levels, steps, spacing))) == steps
    plms = sampler_for(schedule, sampler) == "plms"
    if ends_in_noise(schedule):
        return steps <= levels
    if schedule.get("timestep_spacing", "leading" if plms else "linspace") != "leading":
        return steps < levels
    # DPM-Solver++ leaves the level before the noisiest step's out, and counts one step more.
    strides = steps if plms else steps + 1
    begins = (levels // strides) * (strides - 1) + schedule.get("steps_offset", 0)
    return begins < levels and levels % strides <= _LEFT_OUT * levels


def _closer(levels: int, steps: int, spacing: float) -> list[int]:
    """The noise levels of so many steps that lie closer where there is less noise, the noisiest first."""
    return [max(round(levels * ((steps - place) / steps) ** spacing) - 1, 0) for place in range(steps)]


def _levels(schedule: Mapping[str, Any]) -> int:
    return int(schedule.get("num_train_timesteps", 1000))


def ends_in_noise(schedule: Mapping[str, Any]) -> bool:
    """Whether the noise schedule of a checkpoint has zero terminal SNR."""
    return bool(schedule.get("rescale_betas_zero_snr"))


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
    from diffusers import DPMSolverMultistepScheduler, PNDMScheduler

    settings = {name: value for name, value in schedule.items() if not name.startswith("_")}
    if sampler_for(schedule, sampler) == "plms":
        return PNDMScheduler.from_config(settings, skip_prk_steps=True)
    if ends_in_noise(schedule):
        settings["timestep_spacing"] = "trailing"
    return DPMSolverMultistepScheduler.from_config(settings, algorithm_type="dpmsolver++", solver_order=2)


def scheduler_for(schedule: Mapping[str, Any], sampling: Sampling) -> Any:
    """The scheduler of `make_scheduler` at the beginning of its steps.

    It counts them itself, on the CPU: to look up where it is it would have to wait for a device.
    """
    scheduler = make_scheduler(schedule, sampling.sampler)
    if sampling.spacing > 1:
        scheduler.set_timesteps(timesteps=_closer(_levels(schedule), sampling.steps, sampling.spacing))
    else:
        scheduler.set_timesteps(sampling.steps)
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(0)
    return scheduler


def denoise(
    predict: Predict,
    scheduler: Any,
    noise: Tensor,
    background: Tensor,
    keep: Tensor,
    sampling: Sampling,
    dtype: torch.dtype | None = None,
    origin: Tensor | None = None,
) -> Tensor:
    """The sampling loop: from noise to a latent, under classifier-free guidance.

    Parameters
    ----------
    predict : callable
        The network under its conditions: see `Predict`. It takes [noisy latent | latent of the background | mask] along
        the channels.
    scheduler
        From `scheduler_for`; its state is used up.
    noise : Tensor of shape (B, channels, h, w)
        Standard normal, float32: the precision of the latents.
    background : Tensor of shape (B, channels, h, w)
        Scaled latents, prior interpolation included.
    keep : Tensor of shape (B, 1, h, w)
        1 = keep, 0 = repaint.
    sampling : Sampling
    dtype : torch.dtype, optional
        Precision of the network; float32 unless given.
    origin : Tensor of shape (B, channels, h, w), optional
        Scaled latents of the original, with which a `strength` below 1 begins; not for PLMS.

    Returns
    -------
    Tensor of shape (B, channels, h, w), float32
    """
    import torch

    latents = noise * scheduler.init_noise_sigma
    channels, steps = latents.shape[1], scheduler.timesteps
    skipped = 0 if origin is None else len(steps) - max(1, round(sampling.strength * len(steps)))
    if skipped and origin is not None:
        scheduler.set_begin_index(skipped)
        latents = scheduler.add_noise(origin, noise, steps[skipped : skipped + 1])
    seen = torch.cat([latents, background, keep], dim=1).to(dtype, memory_format=torch.channels_last)
    for place, step in enumerate(steps.tolist()[skipped:], skipped):
        seen[:, :channels] = scheduler.scale_model_input(latents, step)
        guided = sampling.guided_at(place, len(steps))
        predicted = predict(seen, place, guided).float()
        if guided:
            without, with_token = predicted.chunk(2)
            predicted = without + sampling.guidance * (with_token - without)
        latents = scheduler.step(predicted, step, latents).prev_sample
    return latents

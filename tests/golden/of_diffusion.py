"""Samples of the painter of `palmbench.diffusion`, by the modules that decide what it paints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from palmbench import diffusion
from palmbench.diffusion import attention, denoiser, fusion, layers, noise, prior, sampler
from palmbench.diffusion.components import load_components
from palmbench.diffusion.paint import Inpainting
from palmbench.diffusion.weights import resolve, weight_files, weights_digest
from palmbench.methods.diffusion import DiffusionConfig
from palmbench.methods.region import palm_region
from tests.golden import inputs
from tests.golden.artefacts import Golden, exact, numbers, picture, sampled

TINY = str(Path(__file__).parents[1] / "fixtures" / "pbe-tiny" / "pipeline")
# The least that the embedded weights take, and the settings of the paper's code on weights that can sample as it does.
SMALL = DiffusionConfig(size=64, steps=3)
PAPER = DiffusionConfig(
    weights=TINY, size=64, steps=4, crop="hand", whole_palm=False, sampler="plms", spacing=1.0, guidance_end=1.0,
    posterior="sample", noise="shared", colour="raw", wrinkles="none", relief="none", grain="none",
    fusion="s+m+f",
)  # fmt: skip
_PICTURE = 1e-4
_NETWORK = 2e-3


_MOMENTS = torch.linspace(-2, 2, 2 * 4 * 8 * 8).reshape(8, 8, 8)


def _fusion() -> dict[str, Any]:
    return {
        "exemplar": sampled(fusion.Preprocessing.clip(96)(inputs.photo()).numpy()),
        "fused": fusion.fuse(_MOMENTS[:3, :, 0] ** 3).numpy(),
    }


def _prior() -> dict[str, Any]:
    noise = torch.linspace(1, -1, 4 * 8 * 8).reshape(4, 8, 8)
    mode, drawn = prior.latent(_MOMENTS, 0.18), prior.latent(_MOMENTS, 0.18, noise)
    mask = palm_region(inputs.hand(), "paper")
    return {
        "latents": [sampled(each.numpy()) for each in (mode, drawn)],
        "prior": sampled(prior.interpolate_prior(mode, drawn, 0.3).numpy()),
        "background": picture(prior.background_image(inputs.photo(), mask).numpy()[0]),
        "keep": exact(prior.keep_mask(mask, 8).numpy()),
    }


def _predicted(noisy: torch.Tensor, place: int, guided: bool) -> torch.Tensor:
    """A prediction that is easily told: it follows its inputs, the place and the condition."""
    predicted = 0.5 * noisy[:, :4] + 0.2 * noisy[:, 4:8] - 0.1 * noisy[:, 8:9] + 0.1 * place
    return torch.cat([predicted, predicted + 0.5]) if guided else predicted + 0.5


def _noise() -> dict[str, Any]:
    return {"noise": sampled(noise.standard_normal((4, 8, 8), noise.noise_source(7)).numpy())}


def _sampler() -> dict[str, Any]:
    schedule = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "steps_offset": 1}
    ending = {**schedule, "rescale_betas_zero_snr": True, "prediction_type": "v_prediction"}
    start = torch.linspace(-1, 1, 4 * 8 * 8).reshape(1, 4, 8, 8)
    keep = (start[:, :1] > 0).float()
    found = {}
    for name, known, sampling in (
        ("plms", schedule, sampler.Sampling(5, 3.0, "plms")),
        ("dpmsolver++", schedule, sampler.Sampling(5, 3.0, "dpmsolver++")),
        ("unguided", schedule, sampler.Sampling(5, 1.0, "plms")),
        ("guided in part", schedule, sampler.Sampling(5, 3.0, "plms", guidance_start=0.2, guidance_end=0.8)),
        ("from pure noise", ending, sampler.Sampling(5, 2.0, "dpmsolver++")),
        ("spaced", ending, sampler.Sampling(5, 2.0, "dpmsolver++", spacing=2.0)),
    ):
        scheduler = sampler.scheduler_for(known, sampling)
        latents = sampler.denoise(_predicted, scheduler, start, start.flip(3), keep, sampling)
        found[name] = sampled(latents.numpy())
    return found


@torch.inference_mode()
def _layers() -> dict[str, Any]:
    parts = load_components(weight_files(Path(TINY)))
    layers.lean(parts.vae)
    seen = torch.linspace(-1, 1, 3 * 32 * 32).reshape(1, 3, 32, 32)
    return {"moments": sampled(parts.vae.encode(seen).latent_dist.parameters.numpy())}


@torch.inference_mode()
def _attention() -> dict[str, Any]:
    (transformer, *_) = load_components(weight_files(Path(TINY))).unet.down_blocks[1].attentions
    one_token = attention.OneTokenTransformer(transformer)
    channels = len(one_token.norm1.weight)
    tokens = torch.linspace(0, 1, 2 * one_token.token_value.in_features).reshape(2, -1)
    seen = torch.linspace(-1, 1, channels * 8 * 8).reshape(1, channels, 8, 8)
    return {"mixed": sampled(one_token(seen, one_token.vector(tokens)).numpy())}


@torch.inference_mode()
def _denoiser() -> dict[str, Any]:
    network = denoiser.Denoiser(load_components(weight_files(Path(TINY))).unet)
    channels = network.conv_in.in_channels
    seen = torch.linspace(-1, 1, channels * 8 * 8).reshape(1, channels, 8, 8)
    tokens = torch.linspace(0, 1, 2 * 32).reshape(2, 32)
    condition = denoiser.Condition(network.times([500])[0], network.vectors(tokens))
    return {"predicted": sampled(network(seen, condition).numpy())}


def _paint() -> dict[str, Any]:
    painter = diffusion.load(TINY)
    photo = cv2.resize(inputs.photo(), (64, 64), interpolation=cv2.INTER_AREA)
    mask = np.zeros((64, 64), bool)
    mask[16:48, 16:40] = True
    exemplars = [inputs.crop(), inputs.photo()[60:200]]
    painted = [
        painter.repaint(
            Inpainting(photo, mask, exemplars, alpha, sampler.Sampling(steps=4, posterior=posterior), seed=3)
        )
        for alpha, posterior in ((0.0, "mode"), (0.5, "sample"))
    ]
    return {
        "painted": [sampled(each) for each in painted],
        "embedding": sampled(painter.embed([inputs.crop()]).numpy()),
        "sizes": numbers(painter.factor, painter.side_step),
    }


def painter_weights() -> list[str]:
    """Digests of the weights that the samples are painted with."""
    return [weights_digest(weight_files(resolve(name))) for name in ("embedded", TINY)]


_PARTS = ("attention", "denoiser", "fusion", "layers", "noise", "prior", "sampler")
DIFFUSION = [f"palmbench.diffusion.{name}" for name in _PARTS]

GOLDENS = [
    Golden("palmbench.diffusion.fusion", "embeddings", _fusion, tolerance=_PICTURE),
    Golden("palmbench.diffusion.prior", "priors", _prior, tolerance=_PICTURE),
    Golden("palmbench.diffusion.noise", "noise", _noise, tolerance=_PICTURE),
    Golden("palmbench.diffusion.sampler", "latents", _sampler, tolerance=_PICTURE),
    Golden("palmbench.diffusion.layers", "moments", _layers, weights=painter_weights, tolerance=_NETWORK),
    Golden(
        "palmbench.diffusion.attention",
        "attentions",
        _attention,
        ["palmbench.diffusion.layers"],
        painter_weights,
        _NETWORK,
    ),
    Golden(
        "palmbench.diffusion.denoiser",
        "predictions",
        _denoiser,
        ["palmbench.diffusion.layers", "palmbench.diffusion.attention"],
        painter_weights,
        _NETWORK,
    ),
    Golden("palmbench.diffusion.paint", "pictures", _paint, DIFFUSION, painter_weights, _NETWORK),
]

"""The prior that guides the repainting: latents of the photo with and without its palm, interpolated (paper, eq. 2)."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from palmbench.diffusion.noise import (
    noise_source,
    standard_normal,
)
from recognizers.common.cache_keys import sample_seed

VERSION = 1


def interpolate_prior(original: Tensor, background: Tensor, alpha: float) -> Tensor:
    """Prior interpolation: alpha * original + (1 - alpha) * background (paper, eq. 2)."""
    return alpha * original + (1 - alpha) * background


def prior_of(
    background: Tensor,
    original: Tensor | None,
    alpha: float,
    scaling: float,
    generator: torch.Generator | None = None,
) -> Tensor:
    """The prior of an image from the moments of the autoencoder's posterior.

    Parameters
    ----------
    background, original : Tensor of shape (2 * channels, h, w)
        Moments of the image with and without its region greyed. `original` may be None where alpha is 0.
    alpha : float
        Share of the original, 0 to 1.
    scaling : float
        The autoencoder's scaling factor.
    generator : torch.Generator, optional
        Draws the noise of sampled posteriors; without it their modes are taken. The original's has a generator of its
        own, named by this one's seed, so that alpha = 0 is the same whether the original was encoded or not.

    Returns
    -------
    Tensor of shape (channels, h, w)
    """
    shape = (len(background) // 2, *background.shape[1:])
    without = latent(background, scaling, standard_normal(shape, generator) if generator else None)
    if alpha == 0:
        return without
    return interpolate_prior(latent_of_original(original, scaling, generator), without, alpha)


def latent_of_original(original: Tensor | None, scaling: float, generator: torch.Generator | None = None) -> Tensor:
    """Latent of the original, (channels, h, w); parameters as of `prior_of`."""
    if original is None:
        raise ValueError("an alpha above 0 and a strength below 1 need the moments of the original")
    noise = None
    if generator:
        shape = (len(original) // 2, *original.shape[1:])
        noise = standard_normal(shape, noise_source(sample_seed(generator.initial_seed(), "posterior of the original")))
    return latent(original, scaling, noise)


def latent(moments: Tensor, scaling: float, noise: Tensor | None = None) -> Tensor:
    """Latent of an image from the moments of the autoencoder's posterior.

    Parameters
    ----------
    moments : Tensor of shape (2 * channels, h, w)
        Mean and log-variance.
    scaling : float
        The autoencoder's scaling factor.
    noise : Tensor of shape (channels, h, w), optional
        Standard normal noise of a sampled posterior; without it the posterior's mode.

    Returns
    -------
    Tensor of shape (channels, h, w)
    """
    mean, log_variance = moments.chunk(2)
    if noise is None:
        return mean * scaling
    return (mean + torch.exp(0.5 * log_variance.clamp(-30.0, 20.0)) * noise) * scaling


def signed_image(image: np.ndarray) -> Tensor:
    """uint8 (H, W, 3) to float32 (3, H, W) in [-1, 1]."""
    return torch.from_numpy(image.astype(np.float32).transpose(2, 0, 1) / 127.5 - 1.0)


def background_image(image: np.ndarray, mask: np.ndarray) -> Tensor:
    """The image in [-1, 1] with the pixels to repaint (mask True) set to 0, which is mid-grey."""
    return signed_image(image) * torch.from_numpy(~mask).float()


def keep_mask(mask: np.ndarray, factor: int) -> Tensor:
    """Mask on the latent grid, (1, H // factor, W // factor): 1 = keep, 0 = repaint; nearest neighbour."""
    keep = torch.from_numpy(~mask).float()[None, None]
    return F.interpolate(keep, size=(mask.shape[0] // factor, mask.shape[1] // factor))[0]

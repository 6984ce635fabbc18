"""What the denoiser is told: exemplar embeddings and their fusion, latents and their interpolation, the mask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

VERSION = 1
CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)


@dataclass(frozen=True)
class Preprocessing:
    """How an exemplar becomes the image encoder's input: CLIP's resize, centre crop and normalisation."""

    shortest_edge: int
    crop: int
    mean: tuple[float, ...] = CLIP_MEAN
    std: tuple[float, ...] = CLIP_STD

    @classmethod
    def clip(cls, size: int) -> Preprocessing:
        """CLIP's own, for an encoder of another input size."""
        return cls(shortest_edge=size, crop=size)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Preprocessing:
        """Read a `preprocessor_config.json`; sizes may be whole numbers or mappings."""
        return cls(
            shortest_edge=_edge(config.get("size", 224)),
            crop=_edge(config.get("crop_size", 224)),
            mean=tuple(config.get("image_mean", CLIP_MEAN)),
            std=tuple(config.get("image_std", CLIP_STD)),
        )

    def __call__(self, exemplar: np.ndarray) -> Tensor:
        """Prepare one exemplar as transformers' Pillow-backed `CLIPImageProcessor` does, value for value.

        Parameters
        ----------
        exemplar : ndarray of shape (H, W, 3), uint8
            RGB. Of an exemplar that is not square the ends are cut off.

        Returns
        -------
        Tensor of shape (3, crop, crop), float32
        """
        height, width = exemplar.shape[:2]
        short, long = min(height, width), max(height, width)
        long = int(self.shortest_edge * long / short)
        size = (self.shortest_edge, long) if width <= height else (long, self.shortest_edge)
        resized = np.asarray(Image.fromarray(exemplar).resize(size, Image.Resampling.BICUBIC))
        top, left = (resized.shape[0] - self.crop) // 2, (resized.shape[1] - self.crop) // 2
        cropped = resized[top : top + self.crop, left : left + self.crop]
        scaled = (cropped.astype(np.float64) * (1 / 255)).astype(np.float32)
        normalised = (scaled - np.array(self.mean, np.float32)) / np.array(self.std, np.float32)
        return torch.from_numpy(normalised.transpose(2, 0, 1).copy())


def fuse(embeddings: Tensor) -> Tensor:
    """Fusion of semantic-guided embeddings, (n, dim) to (dim,): their mean (paper, eq. 1).

    The embeddings are those after the encoder's last projection: its mapper is not linear, so a mean taken
    earlier would be another vector.
    """
    return embeddings.mean(dim=0)


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


def interpolate_prior(original: Tensor, background: Tensor, alpha: float) -> Tensor:
    """Prior interpolation: alpha * original + (1 - alpha) * background (paper, eq. 2)."""
    return alpha * original + (1 - alpha) * background


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


def _edge(size: Any) -> int:
    if isinstance(size, Mapping):
        size = size.get("shortest_edge", size.get("height"))
    return int(size)

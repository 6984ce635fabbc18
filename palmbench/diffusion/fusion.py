"""Exemplars of the palm: how each becomes an embedding, and the fusion of embeddings (paper, eq. 1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
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


def _edge(size: Any) -> int:
    if isinstance(size, Mapping):
        size = size.get("shortest_edge", size.get("height"))
    return int(size)

"""Noise of a seed: what repainting starts from, the same on every device.

A photo has a seed of its own, made of the run's (`sample_seed` in `recognizers.common.cache_keys`), unless the method
shares one among all: `palmbench.stages.deidentify` decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import Tensor

VERSION = 1


def noise_source(seed: int) -> torch.Generator:
    """What a seed stands for: a generator on the CPU, so that it draws the same noise for every device."""
    import torch

    return torch.Generator("cpu").manual_seed(seed)


def standard_normal(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Noise of a shape, float32, from a generator."""
    import torch

    return torch.randn(shape, generator=generator)

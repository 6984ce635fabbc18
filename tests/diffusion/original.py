"""A Paint by Example checkpoint as its authors' program writes it, made from one in the hub's layout."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from palmbench.diffusion.published.convert import Part


def original_state(networks: list[Part], values: dict[str, dict[str, Tensor]]) -> dict[str, Tensor]:
    """Tensors under the authors' names; `values` gives those of each file of the hub's layout."""
    state: dict[str, Tensor] = {}
    thirds: dict[str, dict[int, Tensor]] = {}
    for part in networks:
        for name, tensor in values[part.file].items():
            source = part.source(name)
            if source.third is not None:
                thirds.setdefault(source.name, {})[source.third] = tensor
                continue
            assert source.name not in state
            is_attention = ".attn_1." in source.name and tensor.ndim == 2
            state[source.name] = tensor[:, :, None, None] if is_attention else tensor
    return state | {name: torch.cat([each[i] for i in range(3)]) for name, each in thirds.items()}


def hub_values(folder: Path) -> dict[str, dict[str, Tensor]]:
    """Tensors of the tiny fixture by the files of a converted one."""
    files = {
        "unet/diffusion_pytorch_model.safetensors": "unet/diffusion_pytorch_model.bin",
        "vae/diffusion_pytorch_model.safetensors": "vae/diffusion_pytorch_model.bin",
        "image_encoder/model.safetensors": "image_encoder/pytorch_model.bin",
    }
    return {new: torch.load(folder / old, weights_only=True) for new, old in files.items()}

"""The UNet of Paint by Example, arranged so that nothing is computed twice.

It has diffusers' weights and gives diffusers' numbers, but for rounding. What depends on the time alone is computed
once for all images (`Denoiser.times`), what depends on the exemplar alone once for all steps (`Denoiser.vectors`).
Under guidance both halves see the same latent and differ from the first cross-attention on: up to there they are one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from diffusers import UNet2DConditionModel
from torch import Tensor, nn

from palmbench.diffusion.attention import OneTokenTransformer
from palmbench.diffusion.layers import Resnet, convolved, joined, lean

VERSION = 1
_BLOCKS = {"DownBlock2D", "CrossAttnDownBlock2D", "UNetMidBlock2DCrossAttn", "UpBlock2D", "CrossAttnUpBlock2D"}


class Condition(NamedTuple):
    """What a prediction is conditioned on.

    Attributes
    ----------
    biases : sequence of Tensor of shape (C,)
        Of one time: a bias for each residual block, in the order of the network.
    vectors : sequence of Tensor of shape (n, C)
        Of n tokens: what each cross-attention adds, in the order of the network.
    """

    biases: Sequence[Tensor]
    vectors: Sequence[Tensor]


class Denoiser(nn.Module):
    """Predicts what the sampler asks for: noise or velocity.

    Parameters
    ----------
    unet : UNet2DConditionModel
        Its layers are taken over.

    Raises
    ------
    ValueError
        If it is not of the kind that Paint by Example is: U-shaped, one transformer block an attention, conditioned on
        the time and a token and on nothing else.
    """

    time_proj: Any
    time_embedding: Any
    down_blocks: Any
    mid_block: Any
    up_blocks: Any

    def __init__(self, unet: UNet2DConditionModel) -> None:
        super().__init__()
        kinds = {type(block).__name__ for block in (*unet.down_blocks, unet.mid_block, *unet.up_blocks)}
        if not kinds <= _BLOCKS:
            raise ValueError(f"it has blocks of other kinds ({', '.join(sorted(kinds - _BLOCKS))})")
        known = sum(parameter.numel() for parameter in unet.parameters())
        unused = sum(_unused(module) for module in unet.modules())
        lean(unet)
        for module in list(unet.modules()):
            if hasattr(module, "attentions"):
                module.attentions = nn.ModuleList(OneTokenTransformer(each) for each in module.attentions)
        self.time_proj, self.time_embedding = unet.time_proj, unet.time_embedding
        self.conv_in, self.conv_norm_out, self.conv_out = unet.conv_in, unet.conv_norm_out, unet.conv_out
        self.down_blocks, self.mid_block, self.up_blocks = unet.down_blocks, unet.mid_block, unet.up_blocks
        if sum(parameter.numel() for parameter in self.parameters()) != known - unused:
            raise ValueError("it has layers of its own")

    @property
    def shares(self) -> list[nn.Module]:
        """The layers of times and tokens, which are computed once; they may be more precise than the others."""
        layers = [self.time_embedding, *(module.time_emb_proj for module in self._ordered(Resnet))]
        for module in self._ordered(OneTokenTransformer):
            layers += [module.token_value, module.token_out]
        return layers

    @property
    def dtype(self) -> torch.dtype:
        """In which precision it predicts."""
        return self.conv_in.weight.dtype

    def times(self, steps: Sequence[int]) -> list[list[Tensor]]:
        """The share that each of some times has in the network: for each time a bias for each residual block."""
        embedded = F.silu(self.time_embedding(self.time_proj(torch.tensor(steps, device=self.conv_in.weight.device))))
        biases = [module.first_bias(embedded).to(self.dtype) for module in self._ordered(Resnet)]
        return [list(each) for each in zip(*biases, strict=True)]

    def vectors(self, tokens: Tensor) -> list[Tensor]:
        """The share that some tokens, (n, dim), have in the network: (n, C) for each cross-attention."""
        return [module.vector(tokens).to(self.dtype) for module in self._ordered(OneTokenTransformer)]

    def forward(self, sample: Tensor, condition: Condition) -> Tensor:
        """Predict for noisy latents.

        Parameters
        ----------
        sample : Tensor of shape (B, 2 * channels + 1, h, w)
            [noisy latent | latent of the background | mask] along the channels.
        condition : Condition
            Of B tokens, one for each latent; or of n * B, the first B of which are one for each latent, and so on.

        Returns
        -------
        Tensor of shape (B or n * B, channels, h, w)
        """
        biases, vectors = iter(condition.biases), iter(condition.vectors)
        hidden = convolved(sample, self.conv_in)
        skips = [hidden]
        for block in self.down_blocks:
            for resnet, attention in _layers(block):
                hidden = _through(hidden, resnet, attention, biases, vectors)
                skips.append(hidden)
            for downsampler in block.downsamplers or ():
                hidden = downsampler(hidden)
                skips.append(hidden)
        first, *rest = self.mid_block.resnets
        hidden = first(hidden, next(biases))
        for attention, resnet in zip(self.mid_block.attentions, rest, strict=True):
            hidden = resnet(attention(hidden, next(vectors)), next(biases))
        for block in self.up_blocks:
            for resnet, attention in _layers(block):
                hidden = _through(joined(hidden, skips.pop()), resnet, attention, biases, vectors)
            for upsampler in block.upsamplers or ():
                hidden = upsampler(hidden, skips[-1].shape[2:])
        return self.conv_out(F.silu(self.conv_norm_out(hidden), inplace=True))

    def _ordered(self, kind: type) -> Iterator[Any]:
        """Layers of a kind in the order in which `forward` comes to them."""
        middle = (*self.mid_block.resnets, *self.mid_block.attentions)
        around = [
            [layer for block in blocks for pair in _layers(block) for layer in pair]
            for blocks in (self.down_blocks, self.up_blocks)
        ]
        return (layer for layer in (*around[0], *middle, *around[1]) if isinstance(layer, kind))


def _layers(block: Any) -> list[tuple[Resnet, OneTokenTransformer | None]]:
    return list(zip_longest(block.resnets, getattr(block, "attentions", ())))


def _through(
    hidden: Tensor,
    resnet: Resnet,
    attention: OneTokenTransformer | None,
    biases: Iterator[Tensor],
    vectors: Iterator[Tensor],
) -> Tensor:
    hidden = resnet(hidden, next(biases))
    return hidden if attention is None else attention(hidden, next(vectors))


def _unused(module: Any) -> int:
    """Numbers of a transformer block that one token makes idle: queries, keys and the normalisation before them."""
    if getattr(module, "attn2", None) is None:
        return 0
    idle = (module.norm2, module.attn2.to_q, module.attn2.to_k)
    return sum(parameter.numel() for layer in idle for parameter in layer.parameters())

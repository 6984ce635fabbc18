"""Attention under a condition of one token: what of it is the same for all pixels and steps is computed once an image.

Paint by Example conditions on a single token. A softmax over one key is 1, so each cross-attention returns
`to_out(to_v(token))` whatever the query: one vector for all pixels and all steps. Queries, keys, the softmax and the
normalisation before them can be dropped; the result differs by rounding only.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from diffusers.models.activations import GEGLU
from diffusers.models.attention import BasicTransformerBlock
from diffusers.models.transformers.transformer_2d import Transformer2DModel
from torch import Tensor, nn

from palmbench.diffusion import layers

VERSION = 2


class OneTokenTransformer(nn.Module):
    """A transformer of the UNet that is given its cross-attention's result, with the UNet's own weights.

    Parameters
    ----------
    transformer : Transformer2DModel

    Raises
    ------
    ValueError
        For a transformer of another kind: of several blocks, or with another feed-forward part.
    """

    def __init__(self, transformer: Transformer2DModel) -> None:
        super().__init__()
        if len(transformer.transformer_blocks) != 1:
            raise ValueError("it has transformers of several blocks")
        (block,) = transformer.transformer_blocks
        if not isinstance(block, BasicTransformerBlock) or not isinstance(block.ff.net[0], GEGLU):
            raise ValueError("it has transformers of another kind")
        self.norm, self.proj_in, self.proj_out = transformer.norm, transformer.proj_in, transformer.proj_out
        attention = block.attn1
        self.heads = attention.heads
        own = [attention.to_q.weight, attention.to_k.weight, attention.to_v.weight]
        self.to_qkv = nn.Parameter(torch.cat(own), requires_grad=False)
        self.to_out = attention.to_out[0]
        self.norm1, self.norm3 = block.norm1, block.norm3
        self.widen, self.narrow = block.ff.net[0].proj, block.ff.net[2]
        self.token_value, self.token_out = block.attn2.to_v, block.attn2.to_out[0]

    def vector(self, tokens: Tensor) -> Tensor:
        """What the cross-attention adds to every pixel: tokens (n, dim) to (n, channels)."""
        return self.token_out(self.token_value(tokens))

    def forward(self, hidden: Tensor, vectors: Tensor) -> Tensor:
        """(B, C, h, w) and vectors (n * B, C) to (n * B, C, h, w).

        Where there are more vectors than images, each image is under several conditions: what comes before the
        condition is computed once for all of them.
        """
        batch, channels, height, width = hidden.shape
        inner = layers.mapped(self.norm(hidden).permute(0, 2, 3, 1), self.proj_in).reshape(batch, height * width, -1)
        inner = inner + self._self_attention(self.norm1(inner))
        inner = (inner[None] + vectors.view(-1, batch, 1, vectors.shape[1])).flatten(0, 1)
        wide, gate = layers.mapped(self.norm3(inner), self.widen).chunk(2, dim=-1)
        inner += layers.mapped(wide * F.gelu(gate), self.narrow)
        residual = layers.mapped(inner, self.proj_out).view(-1, batch, height, width, channels)
        return (residual + hidden.permute(0, 2, 3, 1)).flatten(0, 1).permute(0, 3, 1, 2)

    def _self_attention(self, hidden: Tensor) -> Tensor:
        batch, pixels, _ = hidden.shape
        query, key, value = (
            layers.affine(hidden, self.to_qkv).view(batch, pixels, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        )
        mixed = F.scaled_dot_product_attention(query, key, value)
        return layers.mapped(mixed.transpose(1, 2).reshape(batch, pixels, -1), self.to_out)

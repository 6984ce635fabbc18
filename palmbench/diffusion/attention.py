"""The exact saving that a one-token condition allows.

Paint by Example conditions on a single token. A softmax over one key is 1, so each cross-attention returns
`to_out(to_v(token))` whatever the query: one vector for all pixels. Queries, keys, the softmax and the
normalisation before them can be dropped; the result differs by rounding only.
"""

from __future__ import annotations

from typing import Any

from diffusers import UNet2DConditionModel
from diffusers.models.attention import BasicTransformerBlock
from torch import Tensor, nn

VERSION = 1


class SingleTokenAttention(nn.Module):
    """Stands in for a cross-attention whose condition is one token, with that attention's own layers."""

    def __init__(self, value: nn.Module, out: nn.Module) -> None:
        super().__init__()
        self.to_v = value
        self.to_out = out

    def forward(self, hidden_states: Tensor, encoder_hidden_states: Tensor, **_: Any) -> Tensor:
        """(B, pixels, channels) and (B, 1, dim) to (B, pixels, channels), constant over pixels."""
        if encoder_hidden_states.shape[1] != 1:
            raise ValueError(f"the condition has {encoder_hidden_states.shape[1]} tokens, not one")
        vector = self.to_out(self.to_v(encoder_hidden_states))
        return vector.expand(-1, hidden_states.shape[1], -1)


def fold_cross_attention(unet: UNet2DConditionModel) -> int:
    """Replace, in place, every cross-attention of a UNet by its value for a single token.

    Returns
    -------
    int
        How many were replaced.
    """
    blocks = [module for module in unet.modules() if isinstance(module, BasicTransformerBlock)]
    blocks = [block for block in blocks if block.attn2 is not None and block.attn2.is_cross_attention]
    for block in blocks:
        block.attn2 = SingleTokenAttention(block.attn2.to_v, block.attn2.to_out[0])
        block.norm2 = nn.Identity()
    return len(blocks)

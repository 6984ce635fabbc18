from __future__ import annotations

import pytest
import torch

from palmbench.diffusion.attention import fold_cross_attention
from palmbench.diffusion.components import load_components
from palmbench.diffusion.weights import weight_files


@torch.inference_mode()
def test_one_token_cross_attention_folds_to_a_vector(checkpoint):
    stock, folded = (load_components(weight_files(checkpoint)).unet for _ in range(2))
    assert fold_cross_attention(folded) == 10
    generator = torch.Generator().manual_seed(0)
    latents = torch.randn(2, 9, 16, 16, generator=generator)
    token = torch.randn(2, 1, 32, generator=generator)
    for step in (1, 500, 981):
        ours = folded(latents, step, encoder_hidden_states=token).sample
        theirs = stock(latents, step, encoder_hidden_states=token).sample
        assert torch.allclose(ours, theirs, atol=1e-5)


def test_a_folded_unet_refuses_two_tokens(checkpoint):
    unet = load_components(weight_files(checkpoint)).unet
    fold_cross_attention(unet)
    with pytest.raises(ValueError, match="2 tokens"):
        unet(torch.zeros(1, 9, 16, 16), 1, encoder_hidden_states=torch.zeros(1, 2, 32))

"""Pipelines of diffusers' own classes with random weights: the real shapes of what goes in and out, and tiny widths."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import diffusers
import torch
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

_WIDTH = 16
_SCHEDULE = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "steps_offset": 1}


def save_tiny(folder: Path, kind: str, variant: str | None = None) -> Path:
    """Write a `StableDiffusionInpaintPipeline` or `StableDiffusionXLInpaintPipeline`, always the same, to a folder."""
    state = torch.get_rng_state()
    torch.manual_seed(3)
    try:
        large = kind == "StableDiffusionXLInpaintPipeline"
        parts: dict[str, Any] = {
            "vae": _autoencoder(),
            "unet": _unet(large),
            "text_encoder": CLIPTextModel(_text()),
            "tokenizer": _tokenizer(folder / "words"),
            "scheduler": diffusers.EulerDiscreteScheduler(**_SCHEDULE)
            if large
            else diffusers.DDIMScheduler(**_SCHEDULE),
        }
        if large:
            parts |= {
                "text_encoder_2": CLIPTextModelWithProjection(_text()),
                "tokenizer_2": _tokenizer(folder / "words"),
                "requires_aesthetics_score": False,
                "add_watermarker": False,
            }
        else:
            parts |= {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
        getattr(diffusers, kind)(**parts).save_pretrained(folder / "pipeline", variant=variant)
    finally:
        torch.set_rng_state(state)
    return folder / "pipeline"


def _autoencoder() -> Any:
    # Four levels: eight pixels a latent, as published.
    return diffusers.AutoencoderKL(
        block_out_channels=(4, 4, 4, 4),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        layers_per_block=1,
        norm_num_groups=4,
        latent_channels=4,
        mid_block_add_attention=False,
    )


def _unet(large: bool) -> Any:
    settings: dict[str, Any] = {"cross_attention_dim": _WIDTH}
    if large:  # the two encoders' states side by side; the pooled one with six numbers of size and crop
        settings = {
            "cross_attention_dim": 2 * _WIDTH,
            "addition_embed_type": "text_time",
            "addition_time_embed_dim": 8,
            "projection_class_embeddings_input_dim": _WIDTH + 6 * 8,
        }
    # Latent, mask, and latent of the masked image.
    return diffusers.UNet2DConditionModel(
        in_channels=9,
        out_channels=4,
        block_out_channels=(8, 16),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        layers_per_block=1,
        norm_num_groups=4,
        attention_head_dim=4,
        sample_size=128 if large else 64,
        **settings,
    )


def _text() -> CLIPTextConfig:
    return CLIPTextConfig(
        hidden_size=_WIDTH, intermediate_size=2 * _WIDTH, projection_dim=_WIDTH, num_attention_heads=2,
        num_hidden_layers=1, vocab_size=64, eos_token_id=1, bos_token_id=0, pad_token_id=1,
    )  # fmt: skip


def _tokenizer(folder: Path) -> CLIPTokenizer:
    folder.mkdir(parents=True, exist_ok=True)
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    words = ["<|startoftext|>", "<|endoftext|>", *letters, *(f"{letter}</w>" for letter in letters), ",</w>"]
    (folder / "vocab.json").write_text(json.dumps({word: place for place, word in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    return CLIPTokenizer.from_pretrained(folder, model_max_length=77)

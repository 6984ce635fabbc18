"""SAM 2.1 hiera-large in its full shape, with weights drawn at random."""

from __future__ import annotations

from pathlib import Path

import torch


def save_sam2_large(folder: Path) -> int:
    """Write it in the hub's layout; how many parameters it has."""
    from transformers import Sam2Config, Sam2HieraDetConfig, Sam2ImageProcessor, Sam2Model, Sam2Processor
    from transformers import Sam2VisionConfig as Vision

    backbone = Sam2HieraDetConfig(
        hidden_size=144, num_attention_heads=2, blocks_per_stage=[2, 6, 36, 4],
        embed_dim_per_stage=[144, 288, 576, 1152],
        num_attention_heads_per_stage=[2, 4, 8, 16], window_size_per_stage=[8, 4, 16, 8],
        global_attention_blocks=[23, 33, 43], window_positional_embedding_background_size=[7, 7],
    )  # fmt: skip
    torch.manual_seed(0)
    model = Sam2Model(
        Sam2Config(vision_config=Vision(backbone_config=backbone, backbone_channel_list=[1152, 576, 288, 144]))
    )
    model.save_pretrained(folder)
    Sam2Processor(Sam2ImageProcessor()).save_pretrained(folder)
    return sum(weight.numel() for weight in model.parameters())

"""Names of Paint by Example's tensors in its authors' checkpoint, worked out from the structure of the networks.

The authors' code is latent diffusion's. It numbers the blocks of the UNet in one row, where diffusers numbers levels
and layers; it counts the autoencoder's decoder from the finest level, where diffusers counts in the order of use; and
it keeps queries, keys and values of the exemplar encoder's mapper in one matrix. Nothing else differs but spelling,
and 1 x 1 convolutions of the autoencoder's attention that diffusers has as linear layers. Imports no torch.

References
----------
Paint by Example's `ldm/modules/encoders/modules.py`, `ldm/models/diffusion/ddpm.py` and `configs/v1.yaml`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

UNET = "model.diffusion_model."
EMA = "model_ema."
VAE = "first_stage_model."
ENCODER = "cond_stage_model."
VISION_TOWER = f"{ENCODER}transformer.vision_model."
UNCONDITIONAL = "learnable_vector"

_LEVEL = re.compile(r"(encoder\.|decoder\.)?(down|up)_blocks\.(\d+)\.(\w+)\.(\d+)\.(.+)")
_RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}
_UNET_ENDS = {
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "conv_in": "input_blocks.0.0",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
}
_UNET_MIDDLE = {"mid_block.resnets.0": 0, "mid_block.attentions.0": 1, "mid_block.resnets.1": 2}
_VAE_MIDDLE = {"mid_block.resnets.0": "block_1", "mid_block.attentions.0": "attn_1", "mid_block.resnets.1": "block_2"}
_VAE_ATTENTION = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}
_MAPPER = {
    "norm1": "ln_1",
    "norm3": "ln_2",
    "attn1.to_q": "attn.c_qkv",
    "attn1.to_k": "attn.c_qkv",
    "attn1.to_v": "attn.c_qkv",
    "attn1.to_out.0": "attn.c_proj",
    "ff.net.0.proj": "mlp.c_fc",
    "ff.net.2": "mlp.c_proj",
}
_THIRDS = ("attn1.to_q", "attn1.to_k", "attn1.to_v")


class Source(NamedTuple):
    """A tensor of the original: its name, and which third of its rows is meant (0, 1, 2), None for all of them."""

    name: str
    third: int | None = None


def unet_source(name: str, config: Mapping[str, Any]) -> Source:
    """Where a tensor of diffusers' UNet comes from.

    Parameters
    ----------
    name : str
        A name of `UNet2DConditionModel.state_dict()`.
    config : mapping
        The UNet's config: `layers_per_block` and `up_block_types` are read.
    """
    layer, kind = name.rsplit(".", 1)
    if layer in _UNET_ENDS:
        return Source(f"{UNET}{_UNET_ENDS[layer]}.{kind}")
    for prefix, place in _UNET_MIDDLE.items():
        if name.startswith(f"{prefix}."):
            return Source(f"{UNET}middle_block.{place}.{_inside_unet(prefix, name.removeprefix(f'{prefix}.'))}")
    _, way, level_text, what, index, rest = _parts(name)
    level, row = int(level_text), config["layers_per_block"] + 1
    if what == "downsamplers":
        return Source(f"{UNET}input_blocks.{(level + 1) * row}.0.{rest.replace('conv.', 'op.')}")
    if what == "upsamplers":
        attends = "CrossAttn" in config["up_block_types"][level]
        return Source(f"{UNET}output_blocks.{level * row + row - 1}.{2 if attends else 1}.{rest}")
    block = (
        f"input_blocks.{1 + level * row + int(index)}" if way == "down" else f"output_blocks.{level * row + int(index)}"
    )
    return Source(f"{UNET}{block}.{1 if what == 'attentions' else 0}.{_inside_unet(what, rest)}")


def ema_source(source: Source) -> Source:
    """The running mean of a UNet's tensor, which is kept under its name without dots."""
    return source._replace(name=EMA + source.name.removeprefix("model.").replace(".", ""))


def vae_source(name: str, config: Mapping[str, Any]) -> Source:
    """Where a tensor of diffusers' `AutoencoderKL` comes from; `block_out_channels` of the config is read."""
    side, _, inner = name.partition(".")
    if side in ("quant_conv", "post_quant_conv"):
        return Source(VAE + name)
    for prefix, place in _VAE_MIDDLE.items():
        if inner.startswith(f"{prefix}."):
            rest = inner.removeprefix(f"{prefix}.")
            layer, kind = rest.rsplit(".", 1)
            rest = f"{_VAE_ATTENTION[layer]}.{kind}" if place == "attn_1" else _shortcut(rest)
            return Source(f"{VAE}{side}.mid.{place}.{rest}")
    if "_blocks." not in name:
        return Source(VAE + name.replace("conv_norm_out", "norm_out"))
    _, way, level_text, what, index, rest = _parts(name)
    level = int(level_text) if way == "down" else len(config["block_out_channels"]) - 1 - int(level_text)
    place = f"block.{index}" if what == "resnets" else f"{way}sample"
    return Source(f"{VAE}{side}.{way}.{level}.{place}.{_shortcut(rest)}")


def encoder_source(name: str) -> Source:
    """Where a tensor of diffusers' `PaintByExampleImageEncoder` comes from; the tower's names as in the hub's files."""
    head, _, rest = name.partition(".")
    if head == "model":
        return Source(VISION_TOWER + rest.removeprefix("vision_model."))
    if head == "mapper":
        _, number, rest = rest.split(".", 2)
        layer, kind = rest.rsplit(".", 1)
        third = _THIRDS.index(layer) if layer in _THIRDS else None
        return Source(f"{ENCODER}mapper.resblocks.{number}.{_MAPPER[layer]}.{kind}", third)
    if head == "final_layer_norm":
        return Source(f"{ENCODER}final_ln.{rest}")
    return Source(UNCONDITIONAL if name == "uncond_vector" else name)


def _inside_unet(what: str, rest: str) -> str:
    if "attentions" in what:
        return rest
    layer, kind = rest.rsplit(".", 1)
    return f"{_RESNET[layer]}.{kind}"


def _shortcut(rest: str) -> str:
    return rest.replace("conv_shortcut", "nin_shortcut")


def _parts(name: str) -> tuple[str, ...]:
    found = _LEVEL.fullmatch(name)
    if found is None:
        raise KeyError(name)
    return found.groups()

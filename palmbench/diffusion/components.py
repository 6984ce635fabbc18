"""Loading the parts of a Paint by Example checkpoint, each from its own subfolder.

diffusers >= 0.38 cannot load the published checkpoint as a pipeline (its `model_index.json` names a module that has
moved), so each part is built from its config and given its state dict by name, strictly, in float32. Pickles are
opened with `weights_only=True`; nothing stored in a checkpoint is executed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from torch import Tensor, nn
from transformers import CLIPVisionConfig

from palmbench.diffusion.fusion import Preprocessing
from palmbench.diffusion.weights import WeightFiles, pinned, read_config, weights_digest
from recognizers.common.errors import MissingWeights, RequestError
from recognizers.common.pinned import Pinned
from recognizers.common.tensor_files import read_tensors

try:
    from diffusers.pipelines.deprecated.paint_by_example.image_encoder import PaintByExampleImageEncoder
except ImportError:  # diffusers < 0.38
    from diffusers.pipelines.paint_by_example.image_encoder import PaintByExampleImageEncoder

__all__ = ["Components", "PaintByExampleImageEncoder", "load_components"]

# Attention layers of autoencoders saved before diffusers 0.15.
_OLD_ATTENTION = {"query": "to_q", "key": "to_k", "value": "to_v", "proj_attn": "to_out.0"}
_OLD_ATTENTION_NAME = re.compile(r"(\.attentions\.\d+\.)(query|key|value|proj_attn)\.")


class Components(NamedTuple):
    """The networks in evaluation mode, float32, on the CPU, and what is needed to run them."""

    unet: UNet2DConditionModel
    vae: AutoencoderKL
    image_encoder: PaintByExampleImageEncoder
    scheduler: dict[str, Any]
    preprocessing: Preprocessing
    digest: str


def load_components(files: WeightFiles) -> Components:
    """Load all parts.

    Raises
    ------
    MissingWeights
        If a file is truncated, is not what its name says, or does not fit its config or the other parts.
    RequestError
        If a file changes meanwhile: `digest` is that of what was loaded.
    """
    pins = pinned(files)
    unet = _diffusers_model(UNet2DConditionModel, pins[files.unet_config], pins[files.unet])
    vae = _diffusers_model(AutoencoderKL, pins[files.vae_config], pins[files.vae])
    encoder = _image_encoder(pins[files.image_encoder_config], pins[files.image_encoder])
    latent = vae.config["latent_channels"]
    if unet.config["in_channels"] != 2 * latent + 1 or unet.config["out_channels"] != latent:
        raise MissingWeights(
            f"{files.unet_config} is not a Paint by Example UNet: with {latent} latent channels it should have "
            f"{2 * latent + 1} input channels, and has {unet.config['in_channels']}."
        )
    width = encoder.proj_out.out_features
    if unet.config["cross_attention_dim"] != width:
        raise MissingWeights(
            f"{files.image_encoder} and {files.unet} are of different models: the encoder gives {width} numbers, "
            f"the UNet takes {unet.config['cross_attention_dim']}."
        )
    return Components(
        unet,
        vae,
        encoder,
        read_config(pins[files.scheduler_config]),
        _preprocessing(files, pins, encoder),
        weights_digest(files, pins),
    )


def _diffusers_model(kind: Any, config: Pinned, weights: Pinned) -> Any:
    settings = read_config(config)
    try:
        with torch.device("meta"):
            model = kind.from_config(settings)
    except (TypeError, ValueError, KeyError) as error:
        raise MissingWeights(f"{config.path} is not the config of a {kind.__name__}: {error}") from error
    state = {
        _OLD_ATTENTION_NAME.sub(lambda m: f"{m[1]}{_OLD_ATTENTION[m[2]]}.", name): value
        for name, value in _read_state(weights).items()
    }
    return _fill(model, state, weights.path)


def _image_encoder(settings: Pinned, weights: Pinned) -> PaintByExampleImageEncoder:
    config = CLIPVisionConfig.from_dict(read_config(settings))
    state = _read_state(weights)
    if "proj_out.weight" not in state:
        raise MissingWeights(f"{weights.path} is not a Paint by Example image encoder: it has no proj_out.")
    with torch.random.fork_rng(devices=[]):  # its random initial weights must not move the caller's random numbers
        encoder = PaintByExampleImageEncoder(config, proj_size=state["proj_out.weight"].shape[0])
    # transformers 5 dropped the level `vision_model` inside the CLIP tower, and the position ids have not been
    # stored since 4.31: bring either layout to the one of the model at hand.
    nested = any(name.startswith("model.vision_model.") for name in encoder.state_dict())
    adapted = {}
    for name, value in state.items():
        if name.endswith("embeddings.position_ids"):
            continue
        if name.startswith("model."):
            inner = name.removeprefix("model.").removeprefix("vision_model.")
            name = f"model.vision_model.{inner}" if nested else f"model.{inner}"
        adapted[name] = value
    return _fill(encoder, adapted, weights.path)


def _fill(model: nn.Module, state: dict[str, Tensor], source: Path) -> Any:
    try:
        model.load_state_dict({name: value.float() for name, value in state.items()}, strict=True, assign=True)
    except RuntimeError as error:
        lines = str(error).splitlines()
        detail = " ".join((lines[1] if len(lines) > 1 else lines[0]).split())[:160]
        raise MissingWeights(
            f"{source} does not fit the config beside it ({detail}). Copy both from the same checkpoint."
        ) from error
    return model.requires_grad_(False).eval()


def _read_state(file: Pinned) -> dict[str, Tensor]:
    path = file.path
    try:
        state = read_tensors(file)
    except RequestError:
        raise
    except Exception as error:  # an unpickler that is given any bytes may raise anything
        raise MissingWeights(f"{path} is truncated or not a weight file. Fetch it again.") from error
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise MissingWeights(f"{path} does not hold a state dict. Fetch it again.")
    return state


def _preprocessing(
    files: WeightFiles, pins: Mapping[Path, Pinned], encoder: PaintByExampleImageEncoder
) -> Preprocessing:
    size = encoder.config.image_size
    if files.preprocessor_config is None:
        return Preprocessing.clip(size)
    preprocessing = Preprocessing.from_config(read_config(pins[files.preprocessor_config]))
    if preprocessing.crop != size:
        raise MissingWeights(
            f"{files.preprocessor_config} crops exemplars to {preprocessing.crop} pixels, "
            f"but {files.image_encoder_config} takes {size}."
        )
    return preprocessing

"""The authors' checkpoint of Paint by Example, rewritten as a folder in the hub's layout."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from torch import Tensor
from transformers import CLIPVisionConfig

from palmbench.base.outputs import whole_folder
from palmbench.diffusion.components import PaintByExampleImageEncoder
from palmbench.diffusion.published.hub_layout import ENCODER_CONFIG, PUBLISHED, UNET_CONFIG, VAE_CONFIG, Config
from palmbench.diffusion.published.original import read_original
from palmbench.diffusion.published.original_names import (
    EMA,
    Source,
    ema_source,
    encoder_source,
    unet_source,
    vae_source,
)
from palmbench.diffusion.published.tensor_file import write_tensors
from recognizers.common.errors import MissingWeights, RequestError

Shapes = dict[str, tuple[int, ...]]


class Part(NamedTuple):
    """One network: its file in the hub's layout, the shapes of its tensors by name, and where each comes from."""

    file: str
    shapes: Shapes
    source: Callable[[str], Source]


def parts(configs: Mapping[str, Config] = PUBLISHED, ema: bool = False) -> list[Part]:
    """The three networks, without their weights.

    Parameters
    ----------
    configs : mapping of str to config
        As in `hub_layout.PUBLISHED`.
    ema : bool
        Whether the UNet's tensors are the running means of training.
    """
    unet, vae = configs[UNET_CONFIG], configs[VAE_CONFIG]
    with torch.device("meta"):
        networks = (
            UNet2DConditionModel.from_config(unet),
            AutoencoderKL.from_config(vae),
            PaintByExampleImageEncoder(CLIPVisionConfig.from_dict(dict(configs[ENCODER_CONFIG]))),
        )
    shapes = [{name: tuple(value.shape) for name, value in network.state_dict().items()} for network in networks]
    from_unet = partial(unet_source, config=unet)
    return [
        Part(
            "unet/diffusion_pytorch_model.safetensors",
            shapes[0],
            (lambda name: ema_source(from_unet(name))) if ema else from_unet,
        ),
        Part("vae/diffusion_pytorch_model.safetensors", shapes[1], partial(vae_source, config=vae)),
        Part("image_encoder/model.safetensors", _as_published(shapes[2]), encoder_source),
    ]


def convert(
    checkpoint: Path,
    out: Path,
    dtype: torch.dtype = torch.float32,
    ema: bool = False,
    configs: Mapping[str, Config] = PUBLISHED,
) -> int:
    """Rewrite the authors' `model.ckpt` as a folder that `palmbench.diffusion.load` takes.

    One tensor at a time is in memory; the checkpoint stays on disk. The folder appears under its name when it is whole.

    Parameters
    ----------
    checkpoint : Path
        The original, or its tensors by the same names as safetensors.
    out : Path
        A folder that is made; if it is there, it must be empty.
    dtype : {torch.float32, torch.float16}
        What the tensors are stored as; palmbench computes with float32 either way.
    ema : bool
        Take the running means of the UNet that training kept (the published checkpoint has none).
    configs : mapping
        Configs of a model of other sizes.

    Returns
    -------
    int
        Bytes of weights written.

    Raises
    ------
    MissingWeights
        See `read_original`; also if a tensor is missing, of another shape or not known.
    RequestError
        If `out` holds something, cannot be written, or the disk is too small.
    """
    out = Path(os.path.expanduser(out))
    state = read_original(Path(os.path.expanduser(checkpoint)))
    networks = parts(configs, ema)
    _must_fit(state, networks, checkpoint, ema)
    with whole_folder(out, "name another folder") as folder:
        _must_have_room(folder.parent, networks, dtype)
        for file, config in configs.items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
        return sum(write_tensors(folder / part.file, part.shapes, dtype, _tensors(part, state)) for part in networks)


def _tensors(part: Part, state: Mapping[str, Tensor]) -> Iterator[Tensor]:
    for name, shape in part.shapes.items():
        source = part.source(name)
        tensor = state[source.name]
        if source.third is not None:
            tensor = tensor.chunk(3)[source.third]
        yield tensor.reshape(shape)


def _must_fit(state: Mapping[str, Tensor], networks: list[Part], checkpoint: Path, ema: bool) -> None:
    used = set()
    for part in networks:
        for name, shape in part.shapes.items():
            source = part.source(name)
            used.add(source.name)
            tensor = state.get(source.name)
            if tensor is None and ema and source.name.startswith(EMA):
                raise MissingWeights(
                    f"{checkpoint} keeps no running means ({source.name} is missing): leave --ema out, "
                    "as for the published checkpoint, which was trained without."
                )
            if tensor is None:
                raise MissingWeights(f"{checkpoint} is not the whole of Paint by Example: it has no {source.name}.")
            wanted = shape if source.third is None else (3 * shape[0], *shape[1:])
            # A 1 x 1 convolution and a linear layer hold the same numbers.
            found = (
                tuple(tensor.shape[:-2]) if tuple(tensor.shape[-2:]) == (1, 1) and len(wanted) == 2 else tensor.shape
            )
            if tuple(found) != wanted or not tensor.is_floating_point():
                raise MissingWeights(
                    f"{checkpoint} is of another model than Paint by Example: its {source.name} is "
                    f"{tuple(tensor.shape)}, and should be {wanted}."
                )
    prefixes = ("model.diffusion_model.", "first_stage_model.", "cond_stage_model.")
    unknown = [
        name
        for name in state
        if name.startswith(prefixes)
        and name not in used
        and not name.endswith("position_ids")
        and not (ema and name.startswith(prefixes[0]))
    ]
    if unknown:
        raise MissingWeights(
            f"{checkpoint} is of another model than Paint by Example: it also holds {', '.join(unknown[:3])}"
            f"{' ...' * (len(unknown) > 3)} ({len(unknown)} in all)."
        )


def _must_have_room(folder: Path, networks: list[Part], dtype: torch.dtype) -> None:
    needed = sum(torch.Size(shape).numel() for part in networks for shape in part.shapes.values()) * dtype.itemsize
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise RequestError(
            f"{folder} has {free / 1e9:.1f} GB free, and the converted weights need {needed / 1e9:.1f} GB. "
            "Make room, name another folder, or halve them with --dtype float16."
        )


def _as_published(shapes: Shapes) -> Shapes:
    """Names of the exemplar encoder in the hub's files: with the level `vision_model` that transformers 5 lacks."""
    named = {}
    for name, shape in shapes.items():
        if name.startswith("model."):
            name = f"model.vision_model.{name.removeprefix('model.').removeprefix('vision_model.')}"
        if not name.endswith("position_ids"):
            named[name] = shape
    return named

"""Reading the authors' checkpoint of Paint by Example, `model.ckpt`, without running anything that it holds."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from palmbench.diffusion.published.original_names import ENCODER, UNCONDITIONAL, UNET, VAE, VISION_TOWER
from recognizers.common.errors import MissingWeights

_FETCH = "`palmbench weights fetch pbe-ckpt` fetches the original."


def read_original(path: Path) -> dict[str, Tensor]:
    """Tensors of the checkpoint by latent diffusion's names; they stay on disk until they are used.

    The file was written by Lightning, and besides tensors it names classes of the training program (callbacks, its
    settings), which torch's restricted unpickler refuses. Their names are listed beforehand, from the pickle's text,
    and each one is answered with an empty class of ours that takes whatever it is given and does nothing. So no code
    of any other package is looked up, imported or called: the restricted unpickler builds tensors and containers, and
    nothing else. Modules that torch never allows (`os`, `sys`) stay refused.

    Raises
    ------
    MissingWeights
        If there is no such file, it is truncated, it holds something else, or it is another model's.
    """
    if not path.is_file():
        raise MissingWeights(f"{path} is not a file. Name Paint by Example's model.ckpt; {_FETCH}")
    content = _load(path)
    state = content.get("state_dict", content) if isinstance(content, dict) else None
    if not isinstance(state, Mapping):
        raise MissingWeights(f"{path} does not hold a checkpoint, but a {type(content).__name__}. {_FETCH}")
    tensors = {name: value for name, value in state.items() if isinstance(value, Tensor)}
    _must_be_paint_by_example(tensors, path)
    return tensors


def _load(path: Path) -> Any:
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        foreign = torch.serialization.get_unsafe_globals_in_checkpoint(path)
        with torch.serialization.safe_globals([(_inert(name), name) for name in foreign]):
            return torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except pickle.UnpicklingError as error:
        raise MissingWeights(
            f"{path} holds objects that cannot be passed over without running code of its own, so it is not read "
            f"({_reason(error)}). {_FETCH}"
        ) from error
    except (SafetensorError, RuntimeError, EOFError, ValueError, KeyError, TypeError) as error:
        raise MissingWeights(f"{path} is truncated or not a checkpoint. {_FETCH}") from error


def _reason(error: pickle.UnpicklingError) -> str:
    # torch wraps its own words in advice to read the file unsafely.
    inner = error.__context__ if isinstance(error.__context__, pickle.UnpicklingError) else error
    return " ".join(str(inner).split())[:160].rstrip(". ")


def _inert(name: str) -> type:
    """A class that stands for a foreign one: it may be made, called and given a state, and keeps nothing."""

    def nothing(self: Any, *_: Any) -> None: ...

    def make(kind: type, *_: Any) -> Any:
        return object.__new__(kind)

    return type(f"Inert_{name.rpartition('.')[2]}", (), {"__new__": make, "__init__": nothing, "__setstate__": nothing})


def _must_be_paint_by_example(state: Mapping[str, Tensor], path: Path) -> None:
    first = state.get(f"{UNET}input_blocks.0.0.weight")
    if first is None:
        raise MissingWeights(f"{path} is not a latent diffusion checkpoint: it has no {UNET}*. {_FETCH}")
    channels = first.shape[1] if first.ndim == 4 else 0
    if channels != 9:
        raise MissingWeights(
            f"{path} is not Paint by Example: its UNet takes {channels} channels, as plain Stable Diffusion's does, "
            f"and Paint by Example's takes 9. {_FETCH}"
        )
    if f"{VISION_TOWER}embeddings.class_embedding" not in state:
        if any(name.startswith(f"{ENCODER}transformer.text_model.") for name in state):
            raise MissingWeights(
                f"{path} is Stable Diffusion for inpainting: it is told what to paint by text, "
                f"and Paint by Example by an image. {_FETCH}"
            )
        raise MissingWeights(f"{path} has no exemplar encoder ({VISION_TOWER}*). {_FETCH}")
    for needed in (f"{ENCODER}mapper.resblocks.0.ln_1.weight", "proj_out.weight", UNCONDITIONAL):
        if needed not in state:
            raise MissingWeights(f"{path} is not Paint by Example: its exemplar encoder has no {needed}. {_FETCH}")
    if not any(name.startswith(VAE) for name in state):
        raise MissingWeights(f"{path} has no autoencoder ({VAE}*). {_FETCH}")

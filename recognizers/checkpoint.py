"""Weights of CCNet from a file: read without running code, fitted by name, with words for what does not fit."""

from __future__ import annotations

import json
import pickle
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from palmbench.errors import MissingWeights

if TYPE_CHECKING:
    from torch import Tensor

    from recognizers.ccnet import CCNet

_CLASSIFIER = "arclayer_."
# Written by networks that were trained on several GPUs.
_PARALLEL = "module."
_LONGEST_HEADER = 100_000_000
_SIDES = range(32, 513)


def metadata(path: Path) -> dict[str, str]:
    """Metadata of a safetensors file; empty for any other kind of file. Imports no torch.

    Raises
    ------
    MissingWeights
        If the name ends in .safetensors and the contents are something else.
    """
    if path.suffix != ".safetensors":
        return {}
    try:
        with open(path, "rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            return json.loads(stream.read(min(length, _LONGEST_HEADER))).get("__metadata__", {})
    except (ValueError, AttributeError) as error:
        raise MissingWeights(f"{path} is truncated or not a safetensors file. Fetch it again.") from error


def read_state(path: Path) -> dict[str, Tensor]:
    """State dict in a safetensors file or a torch checkpoint, without unpickling code.

    Raises
    ------
    MissingWeights
        If the file is truncated, holds something else, or would have to run code.
    """
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            state = load_file(path)
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
    except (SafetensorError, pickle.UnpicklingError, RuntimeError, EOFError, ValueError) as error:
        raise MissingWeights(
            f"{path} is truncated or not a plain state dict; a pickle that holds more than tensors is not read."
        ) from error
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise MissingWeights(f"{path} does not hold a state dict. Save network.state_dict().")
    return {name.removeprefix(_PARALLEL): value for name, value in state.items()}


def class_names(path: Path) -> tuple[str, ...] | None:
    """Identity of each class of the classifier in a safetensors file; None where it does not say. Imports no torch.

    Raises
    ------
    MissingWeights
        If what it says is no list of names.
    """
    text = metadata(path).get("identities")
    if text is None:
        return None
    try:
        names = json.loads(text)
    except ValueError:
        names = None
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise MissingWeights(f"{path}: its metadata's identities are not a JSON list of names. Write the file again.")
    return tuple(names)


def class_centres(state: Mapping[str, Tensor], embedding: int, source: Path) -> Tensor | None:
    """Directions that the classifier of a state dict compares embeddings with, kept apart from the network.

    Parameters
    ----------
    state : mapping
        Tensors by name.
    embedding : int
        Length of an embedding.
    source : Path
        Where they come from, for messages.

    Returns
    -------
    (classes, embedding) float32, or None
        A row a class, of any length; None where the state dict has no classifier.

    Raises
    ------
    MissingWeights
        If the classifier is of another embedding, or of another number of palms than the file names.
    """
    centres = state.get(f"{_CLASSIFIER}weight")
    if centres is None:
        return None
    names = class_names(source)
    if centres.ndim != 2 or centres.shape[1] != embedding:
        raise MissingWeights(
            f"{source}: {_CLASSIFIER}weight is {tuple(centres.shape)}, and the network's embeddings have {embedding} "
            "numbers; the classifier is of another network."
        )
    if names is not None and len(names) != len(centres):
        raise MissingWeights(
            f"{source}: {_CLASSIFIER}weight tells {len(centres)} palms apart, and the file names {len(names)}. "
            "Write the file again."
        )
    return centres.float()


def fill(network: CCNet, state: Mapping[str, Tensor], source: Path) -> None:
    """Put a state dict into a network, in place, and ready it for inference.

    The classifier may be absent on either side (`class_centres` reads it for a network without one). Unknown tensors
    are left alone, and the fixed or preset numbers of a Gabor layer keep their published start where the file lacks
    them: both are told in a warning.

    Parameters
    ----------
    network : CCNet
    state : mapping
        Tensors of any floating-point type by name.
    source : Path
        Where they come from, for messages.

    Raises
    ------
    MissingWeights
        If a tensor has another shape, or one is missing that only training can give.
    """
    own = network.state_dict()
    for name in own.keys() & state.keys():
        if state[name].shape != own[name].shape:
            found, wanted = tuple(state[name].shape), tuple(own[name].shape)
            raise MissingWeights(
                f"{source}: {name} is {found}, and the network's is {wanted}; {_likely_cause(name, found, network)}."
            )
    missing = sorted(own.keys() - state.keys())
    trained = [name for name in missing if ".gabor_conv2d" not in name and not name.startswith(_CLASSIFIER)]
    if trained:
        raise MissingWeights(
            f"{source} is not a CCNet: it has no {', '.join(trained[:4])}{' ...' * (len(trained) > 4)}."
        )
    extra = sorted(name for name in state.keys() - own.keys() if not name.startswith(_CLASSIFIER))
    if extra or missing:
        told = [f"{what} {', '.join(names)}" for what, names in (("lacks", missing), ("also holds", extra)) if names]
        warnings.warn(f"{source} {' and '.join(told)}; the rest is used", stacklevel=2)
    network.load_state_dict({name: value.float() for name, value in state.items() if name in own}, strict=False)
    network.requires_grad_(False).eval()


def _likely_cause(name: str, found: tuple[int, ...], network: CCNet) -> str:
    from recognizers.ccnet import SIDE, flat_size

    if name.startswith(_CLASSIFIER):
        return "the classifier is of another number of palms, or of another embedding"
    if name == "fc.weight" and len(found) == 2:
        channels = network.cb1.conv1_1.out_channels
        sides = [side for side in _SIDES if flat_size(channels, side) == found[1]]
        if sides and SIDE not in sides:
            near = f"{sides[0]} to {sides[-1]}" if len(sides) > 1 else f"{sides[0]}"
            return f"it was probably trained on ROIs of {near} pixels a side, not {SIDE}"
    return "it is probably a CCNet of other widths (a compact one says so in its safetensors metadata)"

"""Weights of a network from a file: read without running code, with words for what is broken or does not fit."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from recognizers.common.errors import MissingWeights, RequestError
from recognizers.common.pinned import Pinned
from recognizers.common.tensor_files import read_tensors

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

# Written by networks that were trained on several GPUs.
_PARALLEL = "module."
_LONGEST_HEADER = 100_000_000
_SHOWN = 4


def require_file(path: Path, missing: str) -> None:
    """Make sure that there is a file of weights to read. Imports no torch.

    Parameters
    ----------
    path : Path
    missing : str
        What to say where nothing of that name is: a sentence that names the path and what to do.

    Raises
    ------
    MissingWeights
        If nothing of that name is there, or a folder, or a file that is empty or cannot be read.
    """
    try:
        with open(path, "rb") as stream:
            empty = not stream.read(1)
    except FileNotFoundError:
        raise MissingWeights(missing) from None
    except IsADirectoryError:
        raise MissingWeights(f"{path} is a folder; name the file of weights in it.") from None
    except (OSError, ValueError) as error:
        raise MissingWeights(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.") from error
    if empty:
        raise MissingWeights(f"{path} is empty: it was probably not copied to its end. Fetch it again.")


def metadata(path: Path) -> dict[str, str]:
    """Metadata of a safetensors file; empty for any other kind of file. Imports no torch.

    Raises
    ------
    MissingWeights
        If the name ends in .safetensors and the contents are something else, or the metadata are not text.
    """
    if path.suffix != ".safetensors":
        return {}
    try:
        with open(path, "rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            header = json.loads(stream.read(min(length, _LONGEST_HEADER)))
    except (OSError, ValueError, RecursionError) as error:
        raise MissingWeights(f"{path} {_cause(path, error)}") from error
    notes = header.get("__metadata__", {}) if isinstance(header, dict) else None
    if not isinstance(notes, dict) or not all(isinstance(value, str) for value in notes.values()):
        raise MissingWeights(
            f"{path} is not a valid safetensors file: its metadata are not names with a text each. "
            "Write the file again."
        )
    return notes


def read_state(file: Path | Pinned) -> dict[str, Tensor]:
    """State dict in a safetensors file or a torch checkpoint, without unpickling code.

    Parameters
    ----------
    file : Path or Pinned
        Pinned where a key was made of its contents; a path alone takes what is there.

    Raises
    ------
    MissingWeights
        If the file is truncated, holds something else, would have to run code, or a number in it is not finite.
    RequestError
        If its contents are others than the pinned ones.
    """
    import torch

    path = file.path if isinstance(file, Pinned) else file
    metadata(path)
    try:
        state = read_tensors(file)
    except RequestError:
        raise
    except Exception as error:  # an unpickler that is given any bytes may raise anything
        raise MissingWeights(f"{path} {_cause(path, error)}") from error
    if not isinstance(state, dict):
        raise MissingWeights(f"{path} holds a {type(state).__name__} and no state dict. Save network.state_dict().")
    others = [str(name) for name, value in state.items() if not (isinstance(name, str) and torch.is_tensor(value))]
    if others:
        raise MissingWeights(
            f"{path} does not hold a state dict: {some(others)} are not tensors; it is probably a training's whole "
            "checkpoint. Save network.state_dict() alone."
        )
    for name, value in state.items():
        _require_numbers(name, value, path)
    # Saved parameters still want a gradient.
    return {name.removeprefix(_PARALLEL): value.detach() for name, value in state.items()}


def require_fit(
    own: Mapping[str, Tensor],
    state: Mapping[str, Tensor],
    source: Path,
    whose: str,
    cause: Callable[[str, tuple[int, ...]], str],
) -> None:
    """Make sure that tensors of a file fit those of a network that have their names.

    Parameters
    ----------
    own, state : mapping
        Tensors of the network, and of the file.
    source : Path
        The file, for the message.
    whose : str
        The network, as in "CCNet's".
    cause : callable
        Tells from the name of the tensor, and from the shape that was found, what the file probably is.

    Raises
    ------
    MissingWeights
        If a tensor has another shape, or whole numbers where fractions belong.
    """
    for name in own:  # in the network's order: a set's would name another tensor in another process
        if name not in state:
            continue
        if state[name].shape != own[name].shape:
            found, wanted = tuple(state[name].shape), tuple(own[name].shape)
            raise MissingWeights(f"{source}: {name} is {found}, and {whose} is {wanted}; {cause(name, found)}.")
        if own[name].is_floating_point() and not state[name].is_floating_point():
            raise MissingWeights(
                f"{source}: {name} is {str(state[name].dtype).removeprefix('torch.')}, and {whose} is floating point; "
                "the file is probably a quantised one. Take it as it was before."
            )


def require_finite(results: np.ndarray, source: Path) -> None:
    """Make sure that a network answers with numbers; some weights are finite, and what comes of them is not.

    Raises
    ------
    MissingWeights
        If a result is NaN or infinite.
    """
    import numpy as np

    if not np.isfinite(results).all():
        raise MissingWeights(
            f"{source}: what the network makes of an image is not finite; its weights are broken, though each of "
            "them is a number. Take another file."
        )


def class_names(path: Path) -> tuple[str, ...] | None:
    """Identity of each class of the classifier in a safetensors file; None where it does not say. Imports no torch.

    Raises
    ------
    MissingWeights
        If what it says is not a list of names.
    """
    text = metadata(path).get("identities")
    if text is None:
        return None
    try:
        names = json.loads(text)
    except (ValueError, RecursionError):
        names = None
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise MissingWeights(f"{path}: its metadata's identities are not a JSON list of names. Write the file again.")
    return tuple(names)


def class_centres(
    state: Mapping[str, Tensor], embedding: int, source: Path, key: str = "arclayer_.weight"
) -> Tensor | None:
    """Directions that the classifier of a state dict compares embeddings with, kept apart from the network.

    Parameters
    ----------
    state : mapping
        Tensors by name.
    embedding : int
        Length of an embedding.
    source : Path
        Where they come from, for messages.
    key : str
        Name of the classifier's tensor.

    Returns
    -------
    (classes, embedding) float32, or None
        A row a class, of any length; None where the state dict has no classifier.

    Raises
    ------
    MissingWeights
        If the classifier is of another embedding, or of another number of palms than the file names.
    """
    centres = state.get(key)
    if centres is None:
        return None
    names = class_names(source)
    if centres.ndim != 2 or centres.shape[1] != embedding:
        raise MissingWeights(
            f"{source}: {key} is {tuple(centres.shape)}, and the network's embeddings have {embedding} numbers; "
            "the classifier is of another network."
        )
    if names is not None and len(names) != len(centres):
        raise MissingWeights(
            f"{source}: {key} tells {len(centres)} palms apart, and the file names {len(names)}. Write the file again."
        )
    return centres.float()


def remark(source: Path, missing: list[str], extra: list[str]) -> str | None:
    """A sentence on what a file of weights lacks and has too much, where that is harmless; None where it is neither."""
    told = [f"{what} {some(names)}" for what, names in (("lacks", missing), ("also holds", extra)) if names]
    return f"{source} {' and '.join(told)}; the rest is used" if told else None


def some(names: list[str]) -> str:
    """The first few names, and how many more there are."""
    return ", ".join(names[:_SHOWN]) + f" and {len(names) - _SHOWN} more" * (len(names) > _SHOWN)


def _require_numbers(name: str, value: Tensor, source: Path) -> None:
    import torch

    if value.layout != torch.strided or value.is_quantized or value.is_complex():
        raise MissingWeights(f"{source}: {name} is sparse, quantised or complex, which no network here reads.")
    if value.is_floating_point():
        # What is read is used in single precision, where a double may be infinite.
        broken = int((~value.float().isfinite()).sum())
        if broken:
            raise MissingWeights(
                f"{source}: {name} holds {broken} numbers that are NaN or infinite; the training that wrote it "
                "probably diverged, or the file is damaged. Take another file."
            )


def _cause(path: Path, error: Exception) -> str:
    """The rest of the sentence on a file that cannot be read: what it probably is, and what to do."""
    with open(path, "rb") as stream:
        start = stream.read(64)
    if start.lstrip()[:1] == b"<":
        return "is a web page: what was saved is the page about the file. Fetch the file itself."
    if start.startswith(b"version https://git-lfs"):
        return "is a pointer of Git LFS. Fetch the file itself with `git lfs pull`."
    safetensors = start[8:9] == b"{"
    torchs = len(start) > 8 and not safetensors and start.startswith((b"PK\x03\x04", b"\x80"))
    if path.suffix == ".safetensors" and torchs:
        return "is a torch checkpoint by its contents. Give it a name that ends in .pth."
    if path.suffix != ".safetensors" and safetensors:
        return "is a safetensors file by its contents. Give it a name that ends in .safetensors."
    if isinstance(error, pickle.UnpicklingError) and "global" in str(error).lower():
        return (
            "is a pickle that holds more than tensors, and is not read: that would run its code. "
            "Save network.state_dict() alone."
        )
    kind = "a safetensors file" if path.suffix == ".safetensors" else "a plain state dict"
    return f"is truncated or not {kind}. Fetch it again."

"""ImageNet weights that a training's backbones start from: one file, or a folder with one for each."""

from __future__ import annotations

from pathlib import Path

from palmbench.training.settings import EEHNetTraining
from recognizers.common.errors import RequestError
from recognizers.common.pinned import Pinned

_SUFFIXES = (".pth", ".pt", ".safetensors")


def backbone_files(training: EEHNetTraining) -> dict[str, Pinned]:
    """The state dict of each backbone as it is now, by its name; empty where they start from random weights.

    Raises
    ------
    RequestError
        If the file is absent, a folder lacks a backbone, or one file is to serve several.
    """
    if training.backbone_weights is None:
        return {}
    path = Path(training.backbone_weights)
    network = training.network
    names = sorted({network.localiser, network.palm, network.fingers})
    if path.is_dir():
        return {name: Pinned.now(_in_folder(path, name)) for name in names}
    if not path.is_file():
        raise RequestError(f"training.backbone_weights: there is no file {path}.")
    if len(names) > 1:
        raise RequestError(
            f"training.backbone_weights: {path} is one file, and the network has the backbones {', '.join(names)}; "
            f"name a folder with a file for each, such as {names[0]}.pth."
        )
    return {names[0]: Pinned.now(path)}


def backbone_digests(training: EEHNetTraining) -> dict[str, str]:
    """Digests of the state dicts by the backbones' names; errors as of `backbone_files`."""
    return {name: file.digest for name, file in backbone_files(training).items()}


def _in_folder(folder: Path, name: str) -> Path:
    found = [path for path in (folder / f"{name}{suffix}" for suffix in _SUFFIXES) if path.is_file()]
    if len(found) != 1:
        what = "no file" if not found else "several files"
        raise RequestError(f"training.backbone_weights: {folder} has {what} for {name}; it needs one, as {name}.pth.")
    return found[0]

"""What a file of weights holds, without running anything in it: safetensors by its name, else a torch checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from recognizers.common.pinned import Pinned, copied


def read_tensors(file: Path | Pinned) -> Any:
    """Contents of a weight file, on the CPU, of which nobody can change anything any more.

    Parameters
    ----------
    file : Path or Pinned
        A path alone takes what is there.

    Raises
    ------
    RequestError
        If the contents are others than the pinned ones, or the file cannot be read.
    Exception
        Whatever the libraries raise on bytes that are not weights: an unpickler that is given any may raise anything.
    """
    import torch
    from safetensors.torch import load_file

    path, digest = file if isinstance(file, Pinned) else (file, None)
    with copied(path, digest) as copy:
        if path.suffix == ".safetensors":
            return load_file(copy)
        with open(copy, "rb") as stream:
            zipped = stream.read(4) == b"PK\x03\x04"  # as torch writes since 1.6; older files cannot be mapped
        return torch.load(copy, map_location="cpu", weights_only=True, mmap=zipped)

"""Safetensors files written tensor by tensor, so that no more than one of them is in memory."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
from torch import Tensor

_NAMES = {torch.float32: "F32", torch.float16: "F16"}


def write_tensors(
    path: Path, shapes: Mapping[str, tuple[int, ...]], dtype: torch.dtype, tensors: Iterator[Tensor]
) -> int:
    """Write a safetensors file.

    Parameters
    ----------
    path : Path
        Made, or overwritten.
    shapes : mapping of str to tuple of int
        Shape of each tensor by name.
    dtype : {torch.float32, torch.float16}
        What they are stored as.
    tensors : iterator of Tensor
        In the order of `shapes`, of any floating-point type; each is let go of before the next is asked for.

    Returns
    -------
    int
        Size of the file in bytes.
    """
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, shape in shapes.items():
        begin, end = end, end + torch.Size(shape).numel() * dtype.itemsize
        header[name] = {"dtype": _NAMES[dtype], "shape": list(shape), "data_offsets": [begin, end]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as stream:
        stream.write(len(text).to_bytes(8, "little") + text)
        for (name, shape), tensor in zip(shapes.items(), tensors, strict=True):
            if tuple(tensor.shape) != tuple(shape):
                raise ValueError(f"{name} is {tuple(tensor.shape)}, not {tuple(shape)}")
            stream.write(tensor.detach().to(dtype).contiguous().numpy().data)
    return 8 + len(text) + end

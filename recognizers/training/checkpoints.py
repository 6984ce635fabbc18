"""Checkpoints of a training: the newest and the one before it, sealed, so that rubbish is never gone on from."""

from __future__ import annotations

import contextlib
import io
import sys
from pathlib import Path
from typing import Any

import torch

from recognizers.common.seal import sealed, unsealed
from recognizers.common.writing import write_bytes


def save_checkpoint(path: Path, name: str, state: dict[str, Any]) -> None:
    """Write a checkpoint, whole or not at all; the one that was there is kept beside it.

    Parameters
    ----------
    path : Path
    name : str
        Of the training: the checkpoint of another one is not gone on from.
    state : dict
        Tensors and plain values.

    Raises
    ------
    RequestError
        If the disk is full or the folder cannot be written.
    """
    buffer = io.BytesIO()
    torch.save(state, buffer)
    with contextlib.suppress(FileNotFoundError):
        path.replace(_before(path))
    write_bytes(path, sealed(name, buffer.getvalue()))


def load_checkpoint(path: Path, name: str, device: str = "cpu") -> dict[str, Any] | None:
    """The newest checkpoint that is as it was written; None where there is none.

    One that is damaged, or of another training, is removed, and that is said.
    """
    for place in (path, _before(path)):
        try:
            data = unsealed(name, place.read_bytes())
        except FileNotFoundError:
            continue
        except ValueError:
            place.unlink()
            print(
                f"{place} is damaged or of another training, and is removed; training goes on from the checkpoint "
                "before it, or starts from the beginning.",
                file=sys.stderr,
            )
            continue
        return dict(torch.load(io.BytesIO(data), map_location=device, weights_only=True))
    return None


def _before(path: Path) -> Path:
    return path.with_suffix(f".before{path.suffix}")

"""Single precision that is what it says: no TF32 and no bfloat16 behind float32, whatever the caller has set."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

_EXACT = "ieee"


@contextmanager
def single_precision(device: str | torch.device) -> Iterator[None]:
    """Compute products and convolutions of float32 in float32, and leave the caller's settings as they were.

    With TF32, which torch lets convolutions use by default on NVIDIA GPUs, three of four digits of a product are lost,
    and templates made on a GPU are not those made on a CPU. Autocast is switched off too.

    Parameters
    ----------
    device : str or torch.device
        Where will be computed.
    """
    with torch.autocast(torch.device(device).type, enabled=False), without_tf32():
        yield


@contextmanager
def without_tf32() -> Iterator[None]:
    """Switch TF32 and bfloat16 off for products and convolutions of float32, by the switches that this torch has."""
    backends: Any = torch.backends
    if not hasattr(backends.cuda.matmul, "fp32_precision"):  # before torch 2.9
        with _without_tf32_of_old():
            yield
        return
    # Each by itself: reading the older switches fails where the caller has used the newer ones, and the other way.
    switches: list[Any] = [backends.cuda.matmul, backends.cudnn.conv, backends.mkldnn.matmul, backends.mkldnn.conv]
    before = [switch.fp32_precision for switch in switches]
    try:
        for switch in switches:
            switch.fp32_precision = _EXACT
        yield
    finally:
        for switch, value in zip(switches, before, strict=True):
            switch.fp32_precision = value


@contextmanager
def _without_tf32_of_old() -> Iterator[None]:
    products, convolutions = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    try:
        torch.set_float32_matmul_precision("highest")
        torch.backends.cudnn.allow_tf32 = False
        yield
    finally:
        torch.set_float32_matmul_precision(products)
        torch.backends.cudnn.allow_tf32 = convolutions

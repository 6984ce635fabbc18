"""Devices by name: what a setting stands for, what is there, and how a process comes to see one alone."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from recognizers.common.errors import RequestError

_NAMED = re.compile(r"(cpu|cuda):(\d+)")
_VISIBLE = "CUDA_VISIBLE_DEVICES"
# What a driver of GPUs that torch knows as CUDA devices leaves in /dev on Linux: of NVIDIA on a PC, on Tegra and below
# Windows, and of AMD. Torch takes seconds to say that there is none.
NODES = Path("/dev")
_NODES = ("nvidiactl", "nvmap", "dxg", "kfd")


def require_names(devices: Sequence[str]) -> None:
    """Make sure that a setting names devices that there could be. Raises RequestError."""
    if len(devices) == 1 and devices[0] in ("auto", "cpu", "cuda"):
        return
    for name in devices:
        if not _NAMED.fullmatch(name):
            raise RequestError(
                f"executor.devices must be auto, cpu, cuda, or devices by name as in [cuda:0,cuda:1], not {name}."
            )
    if not devices or len({name.partition(":")[0] for name in devices}) > 1 or len(set(devices)) < len(devices):
        raise RequestError(f"executor.devices must name different devices of one kind, not [{','.join(devices)}].")


def found(devices: Sequence[str]) -> tuple[str, ...]:
    """The devices that a setting stands for; none of processors alone. Raises RequestError where one is not there."""
    if devices[0] == "cpu":
        return ()
    if devices[0].startswith("cpu:"):
        return tuple(devices)
    if devices[0] == "auto" and not _has_driver():
        return ()
    there = _cuda_devices()
    if devices[0] == "auto":
        return there
    if absent := [name for name in devices if name not in there] if devices[0] != "cuda" else not there:
        named = ",".join(absent) if isinstance(absent, list) else "cuda"
        has = f"has {', '.join(there)} here" if there else "finds no CUDA device here"
        raise RequestError(f"executor.devices={named}, but torch {has}; use executor.devices=cpu.")
    return there if devices[0] == "cuda" else tuple(devices)


def _has_driver() -> bool:
    """Whether there may be a GPU: on Linux, whether the driver of one is there."""
    return sys.platform != "linux" or any((NODES / name).exists() for name in _NODES)


def _cuda_devices() -> tuple[str, ...]:
    import torch

    return tuple(f"cuda:{place}" for place in range(torch.cuda.device_count())) if torch.cuda.is_available() else ()


def environment(device: str) -> Mapping[str, str]:
    """What makes a device the only one of the process that starts with it; "" stands for none at all."""
    if not device:
        return {_VISIBLE: ""}
    kind, _, place = device.partition(":")
    if kind == "cpu":
        return {}
    visible = os.environ.get(_VISIBLE)
    names = visible.split(",") if visible else []
    return {_VISIBLE: names[int(place)] if names else place}

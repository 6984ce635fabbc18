"""In which floating-point precision the network of a painter computes, and what a machine is best at.

The sampler's latents, the autoencoder's encoder and the exemplar encoder stay in single precision: they are little of
the work, and so one encoding of a photo serves painters of every precision. Imports no torch.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

Precision = Literal["float32", "bfloat16", "float16"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
CPU_INFO = Path("/proc/cpuinfo")
_BFLOAT16 = {"avx512_bf16", "amx_bf16", "bf16"}  # as Linux calls such instructions of x86 and of ARM processors


def automatic(device: str) -> Precision:
    """The precision that a device is fastest in at no visible cost.

    float16 on a GPU, as the paper's authors ran theirs; bfloat16 on a CPU that has instructions for it; else float32.

    Parameters
    ----------
    device : str
        A torch device, or "auto": a GPU if torch finds one.
    """
    if device == "auto":
        import torch

        device = "cuda" if torch.cuda.is_available() else "cpu"
    if not device.startswith("cpu"):
        return "float16"
    return "bfloat16" if _BFLOAT16 & _instructions() else "float32"


def _instructions() -> set[str]:
    """Names of the CPU's instruction sets; none where the system does not tell."""
    if not CPU_INFO.is_file():
        return set()
    lines = CPU_INFO.read_text("utf-8", "replace").splitlines()
    words = [line.partition(":")[2].split() for line in lines if line.startswith(("flags", "Features"))]
    return set(words[0]) if words else set()

"""How much memory this process has held, and want of it: one photo's failure, not the end of a run."""

from __future__ import annotations

import sys
from contextlib import suppress

# By their texts: OpenCV keeps its last code with the class of its errors, and torch has no error of its own on a CPU.
_TEXTS = ("(-4:Insufficient memory)", "DefaultCPUAllocator")


def is_want_of_memory(error: BaseException) -> bool:
    """Whether an error of Python, NumPy, OpenCV or torch, on a CPU or a GPU, says that there is not enough memory."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return any(text in str(error) for text in _TEXTS)


def give_back(device: str) -> None:
    """Let go of the memory that torch keeps of a device for later, so that what is tried next finds it whole."""
    if device != "cpu":
        import torch

        torch.cuda.empty_cache()


def peak() -> int:
    """Bytes of memory that this process has held at most; 0 where the system does not tell.

    On Linux as /proc has it: the usual call counts what the process held that started this one.
    """
    with suppress(OSError), open("/proc/self/status", encoding="ascii") as status:
        return next((int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:")), 0)
    try:
        import resource
    except ImportError:
        return 0
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024

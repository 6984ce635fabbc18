"""Want of memory, whichever library runs into it: one photo's failure, not the end of a run."""

from __future__ import annotations

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

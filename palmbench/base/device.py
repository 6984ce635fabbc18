"""Where networks compute, as a caller from Python names it."""

from __future__ import annotations

from recognizers.common.errors import RequestError


def torch_device(name: str) -> str:
    """The name of a torch device that is there; RequestError for another word, or CUDA where there is none."""
    import torch

    try:
        kind = torch.device(name).type
    except (RuntimeError, TypeError) as error:
        raise RequestError(f"device must be one of torch's, such as cpu or cuda, not {name!r}.") from error
    if kind == "cuda" and not torch.cuda.is_available():
        raise RequestError(f"device={name}, but torch finds no CUDA device here; use device='cpu'.")
    return name

"""Compiling a painter's networks by `torch.compile`, with a folder of palmbench's own for what was compiled before.

On a CPU it wants a C++ compiler, on a GPU what comes with torch. A painter compiles at its first painting, for the size
and the batch of it, and takes from the folder what an earlier process compiled on the same machine.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import torch

Network = TypeVar("Network", bound=Callable[..., Any])
_FOLDER = "TORCHINDUCTOR_CACHE_DIR"  # torch's own name for it, which wins where the user has set it


def compile_for(network: Network) -> Network:
    """A network, compiled at its first call for each shape of its input."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    os.environ.setdefault(_FOLDER, str(home / "palmbench" / "compiled"))
    compiled: Any = torch.compile(network, dynamic=False)
    return compiled

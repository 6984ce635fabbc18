"""Where the recognizers' own files lie."""

from __future__ import annotations

from pathlib import Path


def weights_dir() -> Path:
    """Folder of the embedded weights of recognizers, absolute."""
    return Path(__file__).resolve().parents[1] / "weights"

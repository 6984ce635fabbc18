"""Files as data sets have them, by their names."""

from __future__ import annotations

from pathlib import Path


def put(root: Path, *paths: str) -> None:
    """Files with contents of their own; scanning does not decode them."""
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(path)

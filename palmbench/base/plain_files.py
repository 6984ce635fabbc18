"""Files of the results folder, where anything else may lie under their names: folders, pipes, links that loop."""

from __future__ import annotations

import errno
import json
import stat
from pathlib import Path
from typing import Any


def read_plain(path: Path) -> bytes:
    """Contents of a file; OSError where there is none, and where a pipe or a device could be waited for without end."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "no file", str(path))
    return path.read_bytes()


def read_object(path: Path) -> dict[str, Any] | None:
    """The JSON object in a file; None where there is no such file, or something else in it."""
    try:
        content = json.loads(read_plain(path))
    except (OSError, ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None

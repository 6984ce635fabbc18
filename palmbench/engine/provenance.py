"""Which code made a result: the commit of a checkout, and whether it had changes of its own."""

from __future__ import annotations

import hashlib
import subprocess
from functools import cache
from pathlib import Path
from typing import NamedTuple

_SECONDS = 20
_PACKAGES = ("palmbench", "recognizers")


class Checkout(NamedTuple):
    """State of a git checkout: the commit, 40 hexadecimal digits, and whether tracked files differ from it."""

    commit: str
    dirty: bool


def checkout(folder: Path | None = None) -> Checkout | None:
    """State of the checkout that palmbench runs from; None for an installed package, or where git cannot tell.

    Parameters
    ----------
    folder : Path, optional
        Top of another checkout. Only a folder with a `.git` of its own counts: an installed package may lie inside
        a stranger's checkout.
    """
    top = Path(__file__).resolve().parents[2] if folder is None else folder
    if not (top / ".git").exists():
        return None
    commit = _git(top, "rev-parse", "HEAD")
    changes = _git(top, "status", "--porcelain", "--untracked-files=no")
    return None if not commit or changes is None else Checkout(commit, bool(changes))


def _git(top: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(["git", "-C", str(top), *words], capture_output=True, text=True, timeout=_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


@cache
def code_digest() -> str:
    """SHA-256 of the code of palmbench and recognizers that this process runs: the same on every machine that has it.

    Files as they are when this is first asked; what was changed after they were imported cannot be told.
    """
    whole = hashlib.sha256()
    for package in _PACKAGES:
        folder = Path(__file__).resolve().parents[2] / package
        for path in sorted(folder.rglob("*.py")):
            whole.update(
                f"{package}/{path.relative_to(folder).as_posix()}\n".encode()
                + hashlib.sha256(path.read_bytes()).digest()
            )
    return whole.hexdigest()

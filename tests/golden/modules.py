"""The modules that decide pixels or numbers: those that state a VERSION."""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

import palmbench
import recognizers

_STATED = re.compile(r"^VERSION = \d+$", re.MULTILINE)


@cache
def versioned() -> dict[str, ModuleType]:
    """Every module that states a VERSION, by its full name."""
    found = {}
    for package in (palmbench, recognizers):
        root = Path(str(package.__file__)).parent
        for path in sorted(root.rglob("*.py")):
            if _STATED.search(path.read_text("utf-8")):
                name = ".".join(path.relative_to(root.parent).with_suffix("").parts)
                found[name] = import_module(name)
    return found


def source_of(module: str) -> str:
    """Path of a module's file from the repository's root."""
    return module.replace(".", "/") + ".py"


def raise_version(module: ModuleType, monkeypatch: pytest.MonkeyPatch, to: int) -> None:
    """Give a module another VERSION for the length of a test, as an edit of its file would."""
    monkeypatch.setattr(module, "VERSION", to)
    for part in vars(module).values():
        if isinstance(part, type) and part.__module__ == module.__name__ and "version" in vars(part):
            monkeypatch.setattr(part, "version", to)

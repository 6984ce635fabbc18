"""Tests replace only what others can reach; ruff (SLF001, PLC2701) sees to names that are read and imported."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parent


def private_names(source: str) -> Iterator[str]:
    """Private names that are given as text to what replaces, removes or reads an attribute."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in ("setattr", "delattr", "getattr", "patch", "object", "attrgetter"):
                for given in node.args[:2]:
                    if isinstance(given, ast.Constant) and isinstance(given.value, str):
                        yield from re.findall(r"(?:^|\.)(_(?!_)\w+)", given.value)


def test_no_test_replaces_a_private_name() -> None:
    assert list(private_names('patch.setattr("a.b._c", 1); getattr(d, "_e"); setattr(f, "g", "_h")')) == ["_c", "_e"]
    # os._exit has no other name.
    found = {path.relative_to(TESTS): set(private_names(path.read_text())) - {"_exit"} for path in TESTS.rglob("*.py")}
    assert {str(path): names for path, names in found.items() if names} == {}

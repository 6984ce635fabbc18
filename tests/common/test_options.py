"""A recognizer's options are its constructor's arguments."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

import recognizers
from recognizers.common.options import REQUIRED, Option, options_of, plain, takes

if TYPE_CHECKING:
    from decimal import Decimal


class Several:
    def __init__(
        self, side: int, kind: Literal["a", "b"] = "a", *, share: float | None = None, bank=(1, 2.5), path=Path(),
        device: str = "cpu", threads: int | None = 1, **rest: object,
    ) -> None: ...  # fmt: skip


class Foreign:
    def __init__(self, value: Decimal | None = None, sides=(2, 3)) -> None: ...


def test_options_have_defaults_and_types_and_leave_places_out() -> None:
    assert options_of(Several) == {
        "side": Option(REQUIRED, int),
        "kind": Option("a", Literal["a", "b"]),
        "share": Option(None, float | None),
        "bank": Option((1, 2.5), None),
    }
    assert takes(Several, "device") and takes(Several, "path") and not takes(Foreign, "device")


def test_types_that_only_a_type_checker_imports_are_left_open() -> None:
    assert options_of(Foreign) == {"value": Option(None, None), "sides": Option((2, 3), None)}


def test_plain_values_are_what_a_setting_can_hold() -> None:
    assert all(map(plain, [None, True, 3, 0.5, "x", [1, [2.0, None]], ("a",)]))
    assert not any(map(plain, [Path(), {1}, b"x", [1, object()], {"a": 1}]))


@pytest.mark.parametrize("name", sorted(recognizers.RECOGNIZERS))
def test_finding_a_recognizer_imports_no_torch(name: str) -> None:
    code = f"import sys, recognizers; print(recognizers.find({name!r}).name, 'torch' in sys.modules)"
    root = Path(recognizers.__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, timeout=60)
    assert done.stdout == f"{name} False\n", done.stderr

"""palmbench: how well does a method hide who a palm belongs to, and what does it cost the photo?"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from palmbench.hands.find import find_hands
    from palmbench.photos.api import deidentify

__all__ = ["deidentify", "find_hands"]

_DOORS = {"deidentify": "palmbench.photos.api", "find_hands": "palmbench.hands.find"}


def __getattr__(name: str) -> Any:
    # At the first use: they bring torch, which help and listings do without.
    if name in _DOORS:
        return getattr(import_module(_DOORS[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

"""palmbench: how well does a method hide who a palm belongs to, and what does it cost the photo?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from palmbench.photos.api import deidentify

__all__ = ["deidentify"]


def __getattr__(name: str) -> Any:
    # At the first use: it brings torch, which help and listings do without.
    if name == "deidentify":
        from palmbench.photos.api import deidentify

        return deidentify
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

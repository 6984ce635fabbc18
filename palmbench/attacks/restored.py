"""Known operators undone: a blur and a mosaic, whose settings the attacker knows, turned back as far as they go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from palmbench.attacks.attack import AttackConfig, Channel
from palmbench.attacks.inverses import UnblurConfig, UnmosaicConfig
from palmbench.methods import MethodConfig
from palmbench.methods.blur import BlurConfig
from palmbench.methods.pixelate import PixelateConfig

VERSION = 1


@dataclass(frozen=True)
class RestoredConfig(AttackConfig):
    """A recognizer as it is, after a blur or a mosaic was undone."""

    name: Literal["restored"] = "restored"
    recognizer: str | None = None

    version = VERSION
    knowledge = "method, settings"

    def own_words(self) -> tuple[str, ...]:
        return () if self.recognizer is None else (self.recognizer,)

    def why_not(self, method: MethodConfig) -> str | None:
        return None if _inverse(method) else f"attack=restored undoes blur and pixelate, not {method.called}"

    def channels(self, method: MethodConfig) -> tuple[Channel, ...]:
        return (Channel(self.recognizer, on_deidentified=_inverse(method)),)


def _inverse(method: MethodConfig) -> MethodConfig | None:
    if isinstance(method, BlurConfig):
        return UnblurConfig(sigma=method.sigma)
    return UnmosaicConfig(block=method.block) if isinstance(method, PixelateConfig) else None

"""What a hand gives away without its palm: the floor that no method for palms can go below."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from palmbench.attacks.attack import AttackConfig, Channel
from palmbench.methods.mask import MaskConfig

if TYPE_CHECKING:
    from palmbench.methods import MethodConfig

VERSION = 1


@dataclass(frozen=True)
class FloorConfig(AttackConfig):
    """A recognizer of whole hands, with the palm masked on both sides."""

    name: Literal["floor"] = "floor"
    recognizer: str = "eehnet"

    version = VERSION
    knowledge = "region"
    floor = True

    def own_words(self) -> tuple[str, ...]:
        return () if self.recognizer == type(self).recognizer else (self.recognizer,)

    def channels(self, method: MethodConfig) -> tuple[Channel, ...]:
        masked = MaskConfig()
        return (Channel(self.recognizer, on_originals=masked, on_deidentified=masked),)

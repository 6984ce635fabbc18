"""Recognizers asked together: an attacker has more than one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from palmbench.attacks.attack import AttackConfig, Channel

if TYPE_CHECKING:
    from palmbench.methods import MethodConfig

VERSION = 1


@dataclass(frozen=True)
class FusionConfig(AttackConfig):
    """Several recognizers as they are, their z-scores added up."""

    name: Literal["fusion"] = "fusion"
    recognizers: tuple[str, ...] = ("mtcc", "bocv", "compcode", "ordinalcode", "ccnet", "eehnet")

    version = VERSION

    def own_words(self) -> tuple[str, ...]:
        default = type(self).recognizers
        return () if self.recognizers == default else ("+".join(self.recognizers),)

    def channels(self, method: MethodConfig) -> tuple[Channel, ...]:
        return tuple(Channel(name) for name in self.recognizers)

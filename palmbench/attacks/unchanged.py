"""A recognizer as it is: it knows nothing of de-identification."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from palmbench.attacks.attack import AttackConfig, Channel

if TYPE_CHECKING:
    from palmbench.methods import MethodConfig

VERSION = 1


@dataclass(frozen=True)
class UnchangedConfig(AttackConfig):
    """A recognizer as it is, which knows nothing of the method."""

    name: Literal["unchanged"] = "unchanged"
    recognizer: str | None = None

    version = VERSION

    def own_words(self) -> tuple[str, ...]:
        return () if self.recognizer is None else (self.recognizer,)

    def channels(self, method: MethodConfig) -> tuple[Channel, ...]:
        return (Channel(self.recognizer),)

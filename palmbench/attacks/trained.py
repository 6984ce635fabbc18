"""Attacks that learn: from photos of persons of the attacker's own, before and after the method."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from palmbench.attacks.attack import AttackConfig, Channel, Training
from palmbench.attacks.unchanged import UnchangedConfig

if TYPE_CHECKING:
    from palmbench.methods import MethodConfig
    from recognizers.output_checks import Matcher
    from recognizers.protocol import Recognizer


@dataclass(frozen=True)
class TrainedConfig(AttackConfig):
    """Settings of an attack that learns.

    Where both sides are de-identified it learns from outputs alone, else from originals and outputs under one label.

    Attributes
    ----------
    recognizer : str or None
        Whose templates it learns to compare; None takes the run's.
    permuted : bool
        A control: it learns with palms exchanged among photos, and must have learnt nothing.
    starts_blank : bool
        Whether all that it knows of palms is learnt, so that it must be at chance where labels are permuted; False of
        what starts from embeddings that tell palms apart.
    """

    recognizer: str | None = None
    permuted: bool = False

    starts_blank: ClassVar[bool] = False
    trained = True
    knowledge = "method, settings"

    def own_words(self) -> tuple[str, ...]:
        other = self.recognizer if self.recognizer != type(self).recognizer else None
        return tuple(word for word in (other, "permuted" if self.permuted else None) if word)

    def channels(self, method: MethodConfig) -> tuple[Channel, ...]:
        return (Channel(self.recognizer),)

    @abstractmethod
    def fit(self, recognizer: Recognizer, training: Training) -> Matcher: ...

    def untrained(self) -> UnchangedConfig:
        """The same attack by the recognizer as it is."""
        return UnchangedConfig(
            gallery=self.gallery,
            probe=self.probe,
            outputs=self.outputs,
            photos=self.photos,
            size=self.size,
            recognizer=self.recognizer,
        )

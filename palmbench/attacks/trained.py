"""Attacks that learn: from photos of persons of the attacker's own, before and after the method."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

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
    learnt_on : str or None
        A method, with its defaults, whose outputs the attacker's own persons are seen in, instead of the attacked one.
    permuted : bool
        A control: it learns with palms exchanged among photos, and must have learnt nothing.
    starts_blank : bool
        Whether all that it knows of palms is learnt, so that it must be at chance where labels are permuted; False of
        what starts from embeddings that tell palms apart.
    """

    recognizer: str | None = None
    permuted: bool = False
    learnt_on: str | None = None

    starts_blank: ClassVar[bool] = False
    trained = True
    knowledge = "method, settings"

    def own_words(self) -> tuple[str, ...]:
        other = self.recognizer if self.recognizer != type(self).recognizer else None
        elsewhere = None if self.learnt_on is None else f"learnt on {self.learnt_on}"
        return tuple(word for word in (other, elsewhere, "permuted" if self.permuted else None) if word)

    @property
    def knows(self) -> str:
        return super().knows if self.learnt_on is None else "another method; learns"

    def settings(self) -> dict[str, Any]:
        """As of an attack; what is learnt on, the keys of the templates say."""
        return {name: value for name, value in super().settings().items() if name != "learnt_on"}

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

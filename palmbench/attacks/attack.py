"""What an attack is: five choices, and how a matcher comes of them.

An attack is told by its **gallery** and its **probe** (originals or de-identified photos), by what its matcher was
**trained on**, by its **knowledge** of the method, and by its **budget**: outputs of a photo, photos of a palm, palms
in the gallery. A number without all five means nothing.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

import numpy as np

from recognizers.common.strict import setting
from recognizers.output_checks import Matcher

if TYPE_CHECKING:
    from palmbench.methods import MethodConfig

Side = Literal["originals", "deidentified"]
# What `called` says in words of its own, and an attack's `own_words`; the rest by name.
_WORDED = frozenset(
    ("name", "gallery", "probe", "outputs", "photos", "size", "recognizer", "recognizers", "permuted", "learnt_on",
     "steps", "trainings", "trait")
)  # fmt: skip
_LETTERS: Mapping[Side, str] = {"originals": "o", "deidentified": "a"}


@dataclass(frozen=True)
class Channel:
    """One recognizer that an attack asks, and what it makes of photos before.

    Attributes
    ----------
    recognizer : str or None
        Its name; None takes the one of the run.
    options : mapping
        Settings of it; what is not here has its default.
    on_originals, on_deidentified : MethodConfig or None
        What is done to each photo of that side before a template is taken: the palm masked, a blur undone.
    trait : {"geometry", "colour"} or None
        A trait of the hand in the place of a recognizer's template.
    """

    recognizer: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)
    on_originals: MethodConfig | None = None
    on_deidentified: MethodConfig | None = None
    trait: Literal["geometry", "colour"] | None = None


class Labelled(NamedTuple):
    """Templates of photos of one side, one a row; the palm that each shows, and which of its photos it is made from."""

    templates: np.ndarray
    palms: np.ndarray
    photos: np.ndarray


class Training(NamedTuple):
    """What an attacker may learn from: photos of persons of its own, before and after the method.

    Attributes
    ----------
    originals, deidentified : Labelled
        Photos without a template are left out; the outputs were drawn from seeds that no release uses.
    """

    originals: Labelled
    deidentified: Labelled


def side_of(training: Training, side: Side) -> Labelled:
    """What there is of one side."""
    return training.originals if side == "originals" else training.deidentified


def mated_pairs(probes: Labelled, gallery: Labelled) -> np.ndarray:
    """Pairs of two photos of a palm, (n_probes, n_gallery) bool.

    What a photo shares with its own output is no identity.
    """
    return (probes.palms[:, None] == gallery.palms) & (probes.photos[:, None] != gallery.photos)


@dataclass(frozen=True)
class AttackConfig(ABC):
    """Settings of an attack, which are also what it does.

    An attack is a frozen dataclass derived from this one, with a `version`. Its `name` and its settings have defaults,
    and the values that a setting takes are those of `recognizers.common.strict.build`. The first line of its docstring
    is the attack's line in `palmbench ls attack`. Importing it imports no network's library.

    Attributes
    ----------
    name : str
        What it is called on the command line, in keys and in tables.
    gallery, probe : {"originals", "deidentified"}
        What the attacker has of people it knows, and of whom it wants to name.
    outputs : int
        Outputs of a photo, drawn from different seeds, whose distances it averages.
    photos : int
        Photos of a palm whose distances it averages.
    size : int or None
        Palms in the gallery of rank-1 rates; None takes all.
    version : int
        Of the code that decides a distance: raised whenever the same settings give other ones.
    trained : bool
        Whether it learns from photos of other persons, before and after the method.
    knowledge : str
        What it must know of the method, in a few words for tables.
    floor : bool
        Whether it sees nothing of the palm: what leaks is measured above the best of these.
    """

    name: str
    gallery: Side = "originals"
    probe: Side = "deidentified"
    outputs: int = setting(1, low=1, high=64)
    photos: int = setting(1, low=1, high=64)
    size: int | None = setting(None, low=2)

    version: ClassVar[int]
    trained: ClassVar[bool] = False
    knowledge: ClassVar[str] = "nothing"
    floor: ClassVar[bool] = False

    @property
    def called(self) -> str:
        """What tables call it: name, sides, budget, and settings other than the defaults, as `unchanged o-a 4 outputs`.

        Two attacks that can differ in a number are never called alike.
        """
        words = [self.name, f"{_LETTERS[self.gallery]}-{_LETTERS[self.probe]}"]
        words += [
            f"{count} {what}" for count, what in ((self.outputs, "outputs"), (self.photos, "photos")) if count > 1
        ]
        words += [] if self.size is None else [f"{self.size} palms"]
        others = [each for each in fields(self) if each.name not in _WORDED]
        told = [
            f"{each.name} {getattr(self, each.name)}" for each in others if getattr(self, each.name) != each.default
        ]
        return " ".join([*words, *self.own_words(), *told])

    @property
    def knows(self) -> str:
        """What it knows of the method, and whether it learns from it, in a few words for tables."""
        return f"{self.knowledge}; learns" if self.trained else self.knowledge

    def own_words(self) -> tuple[str, ...]:
        """What else tells two attacks of this name apart."""
        return ()

    def why_not(self, method: MethodConfig) -> str | None:
        """Why it cannot be tried on a method, as a sentence without its full stop; None where it can."""
        return None

    def channels(self, method: MethodConfig) -> tuple[Channel, ...]:
        """The recognizers that it asks; of several, their z-scores are added up."""
        return (Channel(),)

    def fit(self, recognizer: Any, training: Training) -> Matcher:
        """The matcher of a channel. Of an attack that is not `trained`, the training is empty.

        Parameters
        ----------
        recognizer : Recognizer
            That of the channel; of a trait, what compares it.
        training : Training

        Raises
        ------
        RequestError
            If it cannot learn from templates of this recognizer.
        """
        return recognizer

    def settings(self) -> dict[str, Any]:
        """Everything of it that can change a number, as plain JSON values."""
        return {**asdict(self), "versions": self.versions()}

    def versions(self) -> dict[str, int]:
        """Versions of the code that decides a distance, by name."""
        return {self.name: self.version}

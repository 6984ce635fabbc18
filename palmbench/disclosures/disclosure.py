"""What a disclosure is: what is read of photos, of whose, and what the readings tell beside identity."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

import numpy as np

from palmbench.datasets.sample import Dataset, Sample
from palmbench.scoring.leak import Leak
from palmbench.scoring.replicated import Replicated

if TYPE_CHECKING:
    from palmbench.hands.hand import Hand
    from palmbench.hands.palm import Region
    from palmbench.methods import MethodConfig

Group = Literal["attackers", "validation", "evaluated", "seen", "unseen"]
Photos = Literal["originals", "release", "own"]


class Side(NamedTuple):
    """Photos of some persons: as they were, as the release has them, or as the attacker's own seed draws them."""

    group: Group
    photos: Photos


# What is learnt from other persons before and after the method, and asked of the release.
LEARNT = (
    Side("attackers", "originals"),
    Side("attackers", "own"),
    Side("validation", "originals"),
    Side("validation", "own"),
    Side("evaluated", "originals"),
    Side("evaluated", "release"),
)


@dataclass(frozen=True)
class Reading(ABC):
    """What is read of a photo and of the hand found in it; small and frozen, as worker processes are given it.

    Attributes
    ----------
    called : str
        What it is, as the beginning of a stage's title.
    """

    called: ClassVar[str]

    @abstractmethod
    def versions(self) -> dict[str, int]:
        """Versions of the code that decides what is read, by name."""

    @abstractmethod
    def read(self, photo: np.ndarray, hand: Hand, region: Region) -> np.ndarray:
        """An array of the same shape for each photo, uint8 (height, width, 3), RGB. Raises SampleError without one."""

    def settings(self) -> dict[str, Any]:
        """Everything that can change what is read, as plain JSON values."""
        return {"reading": type(self).__name__, **asdict(self), "versions": self.versions()}


class Shown(NamedTuple):
    """Readings of a side, one a row; photos without one are left out.

    Attributes
    ----------
    readings : (n, ...) array
    photos : (n,) int
        Which of the group's photos each shows or is made from.
    persons, palms : (n,) int
        From 0, of the group.
    truth : (n,) float
        The attribute that the disclosure is about; NaN where it is not known.
    """

    readings: np.ndarray
    photos: np.ndarray
    persons: np.ndarray
    palms: np.ndarray
    truth: np.ndarray


class Draws(NamedTuple):
    """What numbers are replicated with.

    Attributes
    ----------
    weights : (n_replicates, n_persons) int
        How often each evaluated person is drawn.
    rng : numpy.random.Generator
        Source of the exchanges by which chance is known.
    compare : callable or None
        Distances of two sets of readings, where these are a recognizer's templates.
    """

    weights: np.ndarray
    rng: np.random.Generator
    compare: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None


class Disclosed(NamedTuple):
    """A number: a share, and what it is by chance.

    Attributes
    ----------
    leak : Leak
    n : int
        Photos that it is over.
    lacking : str
        What it would take where it is NaN.
    note : str or None
        What to mind in reading it.
    persons : int or None
        Whose photos these are; None of all evaluated persons.
    """

    leak: Leak
    n: int
    lacking: str = ""
    note: str | None = None
    persons: int | None = None


class Others(NamedTuple):
    """Photos beside the data set's, by group, and where they come from."""

    source: Callable[[Sample], np.ndarray]
    samples: Mapping[Group, tuple[Sample, ...]]


@dataclass(frozen=True)
class DisclosureConfig(ABC):
    """Settings of a disclosure, which are also how it is found.

    A disclosure is a frozen dataclass derived from this one. Its `name` and its settings have defaults, and the values
    that a setting takes are those of `recognizers.common.strict.build`. The first line of its docstring is its line in
    `palmbench ls disclosure`. Importing it imports no network's library.

    Attributes
    ----------
    name : str
        What it is called on the command line, in keys and in tables.
    version : int
        Of the code that decides a number: raised whenever the same settings give other ones.
    sides : tuple of Side
        Whose photos it reads.
    measures : tuple of str
        Names of `palmbench.scoring.disclosure_table.DISCLOSED`, what it tells.
    knowledge : str
        What the attacker must know of the method, in a few words for tables.
    """

    name: str

    version: ClassVar[int]
    sides: ClassVar[tuple[Side, ...]]
    measures: ClassVar[tuple[str, ...]]
    knowledge: ClassVar[str] = "nothing"

    @property
    def called(self) -> str:
        """What tables call it."""
        return " ".join([self.name, *self.own_words()])

    @property
    def about(self) -> str | None:
        """The attribute of `Dataset.truth` that it is about."""
        return None

    @property
    def compares_by(self) -> str | None:
        """The recognizer whose templates it reads; None of one that has a `reading`."""
        return None

    def own_words(self) -> tuple[str, ...]:
        """What else tells two disclosures of this name apart."""
        return ()

    def why_not(self, method: MethodConfig, dataset: Dataset) -> str | None:
        """Why it cannot be looked for, as a sentence without its full stop; None where it can."""
        return None

    def reading(self) -> Reading:
        """What is read of each photo."""
        raise NotImplementedError(f"{type(self).__name__} has neither a reading nor a recognizer")

    def others(self, method: MethodConfig) -> Others | None:
        """Photos that it wants beside the data set's: of the groups `seen` and `unseen`."""
        return None

    @abstractmethod
    def tell(self, shown: Mapping[Side, Shown], draws: Draws) -> dict[str, Disclosed]:
        """The numbers, by name of `measures`.

        Parameters
        ----------
        shown : mapping of Side to Shown
            Of each of `sides`.
        draws : Draws
        """

    def settings(self) -> dict[str, Any]:
        """Everything of it that can change a number, as plain JSON values."""
        return {**asdict(self), "versions": {self.name: self.version, **self.versions()}}

    def versions(self) -> dict[str, int]:
        """Versions of further code that decides a number, by name."""
        return {}


def lacking(measures: Sequence[str], what: str) -> dict[str, Disclosed]:
    """Numbers that there are not, and what it would take."""
    nothing = Leak(Replicated(np.nan, np.zeros(0)), np.nan, np.zeros(0))
    return {name: Disclosed(nothing, 0, what) for name in measures}

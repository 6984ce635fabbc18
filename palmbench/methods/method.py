"""What a de-identification method is: settings that say what the rest must know of it, and a class that repaints."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from palmbench.methods.declaration import Declaration

if TYPE_CHECKING:
    from palmbench.hands import Hand
    from palmbench.hands.palm import Region

Encoding = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class MethodConfig(ABC):
    """Settings of a method, and what a run, a table or `doctor` must know of it before it is loaded.

    A method's settings are a frozen dataclass derived from this one. Its `name` and its settings have defaults, and the
    values that a setting takes are those of `recognizers.common.strict.build`. The first line of its docstring is the
    method's line in `palmbench ls method`. Importing it imports no network's library.

    Attributes
    ----------
    name : str
        What it is called on the command line, in keys and in tables.
    label : str
        Heading of its photos in sheets; without one, its name.
    named : tuple of str
        Settings that stand in a run's name and its point: those that one sweeps.
    seeded : bool
        Whether the seed can change the output.
    by_photo : str
        Where `by_palm` can be true: the setting with which it is not, as it is typed.
    hides : bool
        False of a control that hides nothing, so that no photo of one's own passes for hidden.
    leaves_lines : bool
        Whether recognizers still match many of its results with the palm that was there; photos of one's own are then
        written only if they were checked.
    on_device : bool
        Whether it computes on an accelerator where there is one; False of a method without networks.
    """

    name: str

    label: ClassVar[str] = ""
    named: ClassVar[tuple[str, ...]] = ()
    seeded: ClassVar[bool] = False
    by_photo: ClassVar[str] = ""
    hides: ClassVar[bool] = True
    leaves_lines: ClassVar[bool] = False
    on_device: ClassVar[bool] = True

    @abstractmethod
    def load(self, device: str = "cpu", region: Region = "paper") -> Method:
        """The method with these settings; see `palmbench.methods.load`, which checks them first."""

    @property
    def called(self) -> str:
        """What tables and runs call it: its name, unless that stands for several."""
        return self.name

    def declaration(self, region: Region = "paper") -> Declaration:
        """What it touches, may see, draws and promises with these settings, of this `region`; see `Declaration`.

        A method that does not say so is taken to touch the whole photo, and the rest is not told.
        """
        return Declaration(self.called, seeded=self.seeded)

    @property
    def shared_noise(self) -> bool:
        """Whether one seed serves all photos, instead of one for each."""
        return False

    @property
    def by_palm(self) -> bool:
        """Whether it must be told whose palm a photo shows: all photos of a palm have one seed, of `palm_seeds`."""
        return False

    def palm_seeds(self, palms: Iterable[str], seed: int) -> Mapping[str, int]:
        """Where `by_palm`: the seed, in [0, 2**63), of all photos of each palm of a data set, by palm.

        Parameters
        ----------
        palms : iterable of str
            The palms of the data set, whether it has one photo of them or more.
        seed : int
            Of the run.
        """
        raise NotImplementedError(f"{type(self).__name__} says by_palm and has no palm_seeds")

    def unmet(self, photos: Mapping[str, int], seed: int, region: Region = "paper") -> tuple[str, ...]:
        """Which conditions of its formal guarantee a run does not meet, a sentence each without its full stop.

        Parameters
        ----------
        photos : mapping of str to int
            By palm of the data set, how many of its photos were de-identified.
        seed : int
            Of the run.
        region : {"paper", "palm"}
        """
        return ()

    @property
    def moves(self) -> bool:
        """Whether it moves the hand, so that usability is measured against what `Method.moved` says."""
        return False

    def point(self) -> dict[str, Any]:
        """What of the settings stands in the point of a run, by name."""
        return {name: getattr(self, name) for name in self.named}

    def setting(self) -> str:
        """The named settings in words, for lines and headings: "block 12"."""
        return " ".join(
            f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"
            for name, value in self.point().items()
        )

    def describe(self) -> str:
        """A sentence for the foot of a table: with which model and how its photos were made. May be empty."""
        return ""

    def require_here(self) -> None:
        """Make sure that all files that it needs are on this machine; nothing is fetched. Raises MissingWeights."""
        return None

    def of_whole_palm(self) -> MethodConfig:
        """The settings with which no part of a palm stays as it is."""
        return self

    def palms_trained_on(self) -> range:
        """Palms of `palmbench.synth` that its weights were trained on; those after the last were not among them.

        Empty where it has no weights, or where nobody knows it palm by palm.
        """
        return range(0)

    def on(self, device: str) -> MethodConfig:
        """The settings with what they leave to the machine spelled out, so that keys and records say what was done.

        Parameters
        ----------
        device : str
            A torch device, or "auto": a GPU where there is one.
        """
        return self


class Method(ABC):
    """A method with its settings. Photos are uint8 (H, W, 3), RGB; results do not depend on what shares a call.

    Parameters
    ----------
    config : MethodConfig
    device : str
        A torch device, for methods that have networks.
    region : {"paper", "palm"}
        What is repainted of a hand; see `palmbench.hands.palm.palm_mask`.

    Attributes
    ----------
    version : int
        Of the code that decides the pixels: raised whenever the same settings give other ones.
    takes_turns : bool
        Whether it takes `palmbench.base.device.turn` for its networks alone, and may be asked by several threads at
        once: what it does to photos before and after then keeps nobody from the device. Others have it all the time.
    """

    version: ClassVar[int]
    takes_turns: ClassVar[bool] = False

    def __init__(self, config: MethodConfig, device: str = "cpu", region: Region = "paper") -> None:
        self.config, self.device, self.region = config, device, region
        self.name, self.seeded = config.name, config.seeded

    def settings(self) -> dict[str, Any]:
        """Everything that can change the output, as plain JSON values: digests of weights, versions of the code.

        Never batch size or device.
        """
        return asdict(self.config) | {"region": self.region, "versions": self.versions()}

    def versions(self) -> dict[str, int]:
        """Versions of the code that decides the pixels, by name."""
        return {self.name: self.version}

    def encode_settings(self) -> dict[str, Any] | None:
        """What `encode` depends on; None if it yields nothing worth keeping between points of a sweep."""
        return None

    def encode(self, images: list[np.ndarray], hands: list[Hand]) -> list[dict[str, np.ndarray]]:
        """What all points of a sweep share of each photo, as float32 arrays by name."""
        return [{} for _ in images]

    def moved(self, hand: Hand, seed: int) -> Hand:
        """Where the hand of an original lies in the photo that `deidentify` makes of it with this seed.

        It follows from the hand and the seed alone: keypoints, valley points and box are in pixels of that photo, the
        mask is what the hand covers there. It is asked for of methods whose settings say that they move hands.
        """
        return hand

    @abstractmethod
    def deidentify(
        self, images: list[np.ndarray], hands: list[Hand], seeds: list[int], encodings: list[Encoding | None]
    ) -> list[np.ndarray]:
        """New photos of the same sizes; an encoding that is None is computed.

        Raises
        ------
        SampleError
            If a hand has no palm region to repaint: the photo must not pass as de-identified.
        """

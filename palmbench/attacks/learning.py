"""Attacks that train networks: on crops of photos of the attacker's own persons, before and after the method.

What is learnt lies in the store under a key of its own, so attacks that learn the same share it. Of several trainings
the one is taken that tells validation persons apart best; when to stop is chosen on them too.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from palmbench.attacks.attack import Channel, Training
from palmbench.attacks.trained import TrainedConfig
from recognizers.common.strict import setting

if TYPE_CHECKING:
    from palmbench.hands import Hand
    from recognizers.output_checks import Matcher
    from recognizers.protocol import Recognizer

# They say how what was learnt is used, not what is learnt; which sides are compared, and of which method they are, says
# the key by itself.
_USE = ("gallery", "probe", "outputs", "photos", "size", "trainings", "learnt_on")


class Learnt(NamedTuple):
    """Weights of a network that was trained.

    Attributes
    ----------
    weights : bytes
        A safetensors file.
    error : float
        What is left unknown of validation persons, of several trainings the least is taken; in [0, 1].
    """

    weights: bytes
    error: float


@dataclass(frozen=True)
class LearningConfig(TrainedConfig):
    """Settings of an attack that trains a network.

    Attributes
    ----------
    steps : int
        Batches that the network is trained by, about.
    trainings : int
        Trainings from different seeds, of which the best on validation persons is taken.
    beside_originals : bool
        Whether `cut` wants to see of what photo an output was made.
    """

    steps: int = setting(300, low=1, high=1_000_000)
    trainings: int = setting(1, low=1, high=64)

    beside_originals: ClassVar[bool] = False

    def own_words(self) -> tuple[str, ...]:
        steps, trainings = type(self).steps, type(self).trainings
        return (
            *super().own_words(),
            *([f"{self.steps} steps"] if self.steps != steps else []),
            *([f"{self.trainings} trainings"] if self.trainings != trainings else []),
        )

    def fit(self, recognizer: Recognizer, training: Training) -> Matcher:
        return recognizer

    @abstractmethod
    def cut(self, photo: np.ndarray, hand: Hand, original: np.ndarray) -> np.ndarray:
        """What the network is shown of a photo, an array; SampleError of none.

        Parameters
        ----------
        photo : (H, W, 3) uint8, RGB
        hand : Hand
            Found in it.
        original : (H, W, 3) uint8, RGB
            What an output was made of, if the attack is `beside_originals`; else the photo.
        """

    @abstractmethod
    def learn(self, recognizer: Recognizer, training: Training, validation: Training, seed: int, device: str) -> Learnt:
        """Train a network.

        Parameters
        ----------
        recognizer : Recognizer
            That of the channel, as it is.
        training, validation : Training
            What `cut` makes of photos of the attacker's persons, and of those on whom attacks are chosen; of the
            latter, a side that is not compared is empty.
        seed : int
        device : str

        Raises
        ------
        RequestError
            If there are too few photos.
        """

    @abstractmethod
    def having_learnt(self, channel: Channel, weights: str) -> Channel:
        """The channel with a file of weights that were learnt."""

    def to_learn(self) -> dict[str, Any]:
        """Everything of it that can change what is learnt, as plain JSON values."""
        own = {name: value for name, value in asdict(self).items() if name not in _USE}
        return {**own, "sides": sorted({self.gallery, self.probe}), "versions": self.versions()}

"""One photo of a palm, and a data set of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from palmbench.datasets.cards import Card


@dataclass(frozen=True)
class Sample:
    """One photo of one palm.

    Attributes
    ----------
    id : str
        Unique in the data set and stable: a sample's seed comes from it.
    identity : str
        The palm; left and right hand of one person are two.
    person : str
        Whose palm; where the data set does not say, the palm stands for its own person.
    side : str
        "left", "right", or "" if unknown.
    digest : str
        Hash of the photo's contents, 32 hexadecimal digits.
    """

    id: str
    identity: str
    person: str
    side: str
    digest: str


@dataclass(frozen=True)
class Dataset:
    """Photos of palms in a fixed order; can be pickled, so that worker processes load photos themselves.

    Attributes
    ----------
    name, title : str
        Name in the configuration, and name for readers.
    card : Card or None
        What is known of the set; None for a folder of the user's own.
    samples : tuple of Sample
    source : callable
        From a sample to its photo.
    rendered : bool
        Whether photos are made when they are asked for, and so worth keeping.
    notes : tuple of str
        What the scanner found odd, a sentence each: files left out, counts that differ from the card's.
    """

    name: str
    title: str
    card: Card | None
    samples: tuple[Sample, ...]
    source: Callable[[Sample], np.ndarray]
    notes: tuple[str, ...] = ()
    rendered: bool = False

    def photo(self, sample: Sample) -> np.ndarray:
        """The photo, uint8 (height, width, 3), RGB.

        Raises
        ------
        SampleError
            If the file cannot be read.
        """
        return self.source(sample)

    def name_of(self, sample: Sample) -> str:
        """What the photo's file is called: its path in the data set, with `/`, as text.

        A rendered photo has none, and is called as `palmbench data export synth --layout manifest` files it.
        """
        name_of: Callable[[Sample], str] | None = getattr(self.source, "name_of", None)
        return sample.id if name_of is None else name_of(sample)

    def truth(self, sample: Sample) -> dict[str, float]:
        """What is known of a sample's hand and its person, by attribute; what is not known is not there.

        `handedness` is 0 of a left and 1 of a right hand, `skin_tone` the individual typology angle in degrees, `ring`
        whether rings are worn.
        """
        truth_of: Callable[[Sample], Mapping[str, float]] | None = getattr(self.source, "truth_of", None)
        known = {} if truth_of is None else dict(truth_of(sample))
        return known | ({"handedness": float(sample.side == "right")} if sample.side else {})

    @property
    def may_publish_images(self) -> bool:
        """Whether photos may appear in reports and trackers; False without a card that allows it."""
        return self.card is not None and self.card.may_publish_images

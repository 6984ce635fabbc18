"""photo, Hand -> photo: what an attacker makes of a photo before a recognizer reads it, the palm masked or restored."""

from __future__ import annotations

from dataclasses import dataclass, replace

from palmbench.base.store import Store
from palmbench.datasets.sample import Sample
from palmbench.hands import Hand
from palmbench.hands.palm import Region
from palmbench.methods import MethodConfig
from palmbench.stages.deidentify import Deidentified, Deidentify
from palmbench.stages.prepare import Prepare
from palmbench.stages.stage import Photos


@dataclass(frozen=True)
class Seen:
    """Hands as they were found, in photos that an attacker has changed.

    The hand is that of the photo as it was: an attacker finds it before it masks a palm.

    Attributes
    ----------
    hands : Prepare
    change : Deidentify
        The stage that changes a photo.
    """

    hands: Prepare
    change: Deidentify

    @classmethod
    def through(cls, hands: Prepare, method: MethodConfig, region: Region) -> Seen:
        """The photos that hands were found in, changed by a method that draws nothing."""
        after = hands.photos.after
        stage = replace(
            Deidentify.of(hands, method, 0, region), name=f"seen{after}", title=f"{method.called} {hands.photos.title}"
        )
        return cls(hands, stage)

    @property
    def photos(self) -> Photos:
        after, title = f"{self.hands.photos.after}_seen", f"{self.hands.photos.title}, {self.change.method.called}"
        return Deidentified(self.change, title, after)

    def key(self, sample: Sample) -> str:
        return self.change.key(sample)

    def load(self, sample: Sample, store: Store) -> Hand:
        """The hand of a sample."""
        return self.hands.load(sample, store)

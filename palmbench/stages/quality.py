"""photo, photo' -> numbers per image: what the picture lost, whole and inside and outside the palm."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from palmbench.base.device import turn
from palmbench.base.store import Store, pack_arrays, unpack_arrays
from palmbench.datasets.sample import Sample
from palmbench.hands import Hand
from palmbench.hands.palm import Region, fill_polygon, palm_mask, palm_polygon
from palmbench.methods.region import region_versions
from palmbench.quality import ImageQuality
from palmbench.quality.settings import QualityConfig
from palmbench.stages.deidentify import Deidentify
from palmbench.stages.stage import Photos, Tools, hashed_once
from recognizers.common.cache_keys import digest
from recognizers.common.writing import json_bytes

VERSION = 3


@dataclass(frozen=True)
class Quality:
    """Image quality of each de-identified photo against its original; the palm is the original hand's.

    It is the paper's polygon, or with `region` "palm" all skin of the palm.
    """

    deidentify: Deidentify
    config: QualityConfig
    settings: dict[str, Any]
    name: str = "quality"
    title: str = "measure image quality"
    suffix: str = ".json"

    @classmethod
    def of(cls, deidentify: Deidentify, config: QualityConfig) -> Quality:
        """The stage for one point. Raises MissingWeights when a named weight file is absent."""
        return cls(deidentify, config, ImageQuality(config).settings())

    @property
    def on_device(self) -> bool:
        # LPIPS is a network's; everything else takes longer to bring there than to compute.
        return self.settings["lpips_weights"] is not None

    @hashed_once
    def key(self, sample: Sample) -> str:
        return digest(
            "quality",
            versions={"quality": VERSION, **region_versions()},
            hand=self.deidentify.prepare.key(sample),
            region=self.deidentify.region,
            deidentified=self.deidentify.key(sample),
            how=self.settings,
        )

    def compute(self, samples: Sequence[Sample], store: Store, device: str) -> list[bytes]:
        with turn():
            instrument = _instrument(self.config, device, ImageQuality.settings, self.settings)
        artefacts = []
        for sample in samples:
            original = self.deidentify.prepare.photos.load(sample, store)
            hand = self.deidentify.prepare.load(sample, store)
            palm = _palm(hand, self.deidentify.region)
            deidentified = self.deidentify.load(sample, store)
            with turn():
                values = instrument.per_image(original, deidentified, palm)
            # JSON has no infinity, and an unchanged photo has infinite PSNR.
            artefacts.append(json_bytes({name: repr(float(value)) for name, value in values.items()}))
        return artefacts

    def load(self, sample: Sample, store: Store) -> dict[str, float]:
        """The measurements of a sample that this stage has been through."""
        stored = store.load(self.name, self.key(sample), self.suffix, json.loads)
        return {name: float(value) for name, value in stored.items()}


def _palm(hand: Hand, region: Region) -> np.ndarray:
    """What counts as the palm, bool of the photo's height and width."""
    polygon = fill_polygon(palm_polygon(hand.keypoints_2d), hand.mask.shape[:2])
    return polygon if region == "paper" else polygon | palm_mask(hand, region)


@dataclass(frozen=True)
class Features:
    """Features of photos, for distances between sets: Inception's where its weights are, else the hand network's."""

    photos: Photos
    config: QualityConfig
    settings: dict[str, Any]
    suffix: str = ".npz"

    @classmethod
    def both(cls, originals: Photos, deidentified: Photos, config: QualityConfig) -> tuple[Features, ...]:
        """The stages for the originals and the de-identified photos; none where no network's weights are there."""
        settings = ImageQuality(config).feature_settings()
        return tuple(cls(photos, config, settings) for photos in (originals, deidentified)) if settings else ()

    @property
    def features_of(self) -> str:
        """What the features are of, "inception" or "hand"."""
        return self.settings["of"]

    @property
    def name(self) -> str:
        return f"features{self.photos.after}"

    @property
    def title(self) -> str:
        return f"features of {self.photos.title}"

    @property
    def on_device(self) -> bool:
        return True

    @hashed_once
    def key(self, sample: Sample) -> str:
        return digest("features", versions={"quality": VERSION}, photo=self.photos.key(sample), how=self.settings)

    def compute(self, samples: Sequence[Sample], store: Store, device: str) -> list[bytes]:
        photos = [self.photos.load(sample, store) for sample in samples]
        with turn():
            instrument = _instrument(self.config, device, ImageQuality.feature_settings, self.settings)
            features = [instrument.features(photo) for photo in photos]
        return [pack_arrays(features=each) for each in features]

    def load(self, sample: Sample, store: Store) -> np.ndarray:
        """The features of a photo that this stage has been through."""
        return store.load(self.name, self.key(sample), self.suffix, unpack_arrays)["features"]


_instruments: Tools[ImageQuality] = Tools("What measures image quality", most=2)


def _instrument(
    config: QualityConfig, device: str, settings: Callable[[ImageQuality], dict[str, Any]], keyed: dict[str, Any]
) -> ImageQuality:
    return _instruments.get(repr((config, device)), lambda: ImageQuality(config, device), settings, keyed)

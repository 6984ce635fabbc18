"""photo, photo' -> numbers per image: what the picture lost."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from palmbench.datasets.sample import Sample
from palmbench.keys import digest
from palmbench.quality import ImageQuality
from palmbench.schema import QualityConfig
from palmbench.stages.deidentify import Deidentify
from palmbench.stages.stage import Photos
from palmbench.store import Store, json_bytes, pack_arrays, unpack_arrays

VERSION = 1


@dataclass(frozen=True)
class Quality:
    """Image quality of each de-identified photo against its original."""

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

    def key(self, sample: Sample) -> str:
        original = self.deidentify.prepare.photos.key(sample)
        return digest(
            "quality", version=VERSION, original=original, deidentified=self.deidentify.key(sample), how=self.settings
        )

    def compute(self, samples: Sequence[Sample], store: Store, device: str) -> list[bytes]:
        instrument = _instrument(self.config, device)
        artefacts = []
        for sample in samples:
            original = self.deidentify.prepare.photos.load(sample, store)
            values = instrument.per_image(original, self.deidentify.load(sample, store))
            # JSON has no infinity, and an unchanged photo has infinite PSNR.
            artefacts.append(json_bytes({name: repr(float(value)) for name, value in values.items()}))
        return artefacts

    def load(self, sample: Sample, store: Store) -> dict[str, float]:
        """The measurements of a sample that this stage has been through."""
        stored = json.loads(store.read(self.name, self.key(sample), self.suffix))
        return {name: float(value) for name, value in stored.items()}


@dataclass(frozen=True)
class Features:
    """Inception features of photos, for FID; only where its weights are."""

    photos: Photos
    config: QualityConfig
    weights: str
    name: str = "features"
    suffix: str = ".npz"

    @classmethod
    def of(cls, photos: Photos, config: QualityConfig) -> Features | None:
        """The stage, or None without Inception weights."""
        weights = ImageQuality(config).settings()["inception_weights"]
        return None if weights is None else cls(photos, config, weights)

    @property
    def title(self) -> str:
        return f"Inception features of {self.photos.title}"

    def key(self, sample: Sample) -> str:
        return digest("features", version=VERSION, photo=self.photos.key(sample), weights=self.weights)

    def compute(self, samples: Sequence[Sample], store: Store, device: str) -> list[bytes]:
        instrument = _instrument(self.config, device)
        features = [instrument.features(self.photos.load(sample, store)) for sample in samples]
        return [pack_arrays(features=feature) for feature in features if feature is not None]

    def load(self, sample: Sample, store: Store) -> np.ndarray:
        """The features of a photo that this stage has been through."""
        return unpack_arrays(store.read(self.name, self.key(sample), self.suffix))["features"]


@lru_cache(maxsize=2)
def _instrument(config: QualityConfig, device: str) -> ImageQuality:
    return ImageQuality(config, device)

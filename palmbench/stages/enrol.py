"""photo, Hand -> template: the recognition ROI, then a recognizer's features of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

import recognizers
from palmbench.datasets.sample import Sample
from palmbench.hands.geometry import recognition_roi
from palmbench.keys import digest
from palmbench.schema import RecognizerConfig
from palmbench.stages.prepare import Prepare
from palmbench.store import Store, pack_arrays, unpack_arrays
from recognizers.protocol import Recognizer

VERSION = 1


@dataclass(frozen=True)
class Enrol:
    """Templates of the hands found by `prepare`, in its photos."""

    prepare: Prepare
    recognizer: RecognizerConfig
    settings: dict[str, Any]
    name: str = "templates"
    suffix: str = ".npz"

    @classmethod
    def of(cls, prepare: Prepare, recognizer: RecognizerConfig) -> Enrol:
        """The stage for some photos and one recognizer."""
        return cls(prepare, recognizer, load_recognizer(recognizer).settings())

    @property
    def title(self) -> str:
        return f"enrol {self.prepare.photos.title}"

    def key(self, sample: Sample) -> str:
        return digest("template", version=VERSION, hand=self.prepare.key(sample), recognizer=self.settings)

    def compute(self, samples: Sequence[Sample], store: Store, device: str) -> list[bytes]:
        rois = [
            recognition_roi(self.prepare.photos.load(sample, store), self.prepare.load(sample, store))
            for sample in samples
        ]
        templates = load_recognizer(self.recognizer).extract(np.stack(rois))
        return [pack_arrays(template=template) for template in templates]

    def load(self, sample: Sample, store: Store) -> np.ndarray:
        """The template of a sample that this stage has been through."""
        return unpack_arrays(store.read(self.name, self.key(sample), self.suffix))["template"]


def load_recognizer(config: RecognizerConfig) -> Recognizer:
    """The recognizer that a configuration names."""
    options = asdict(config)
    return recognizers.load(options.pop("name"), **options)

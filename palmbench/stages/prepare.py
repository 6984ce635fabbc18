"""photo -> Hand: detect the hand and its keypoints, segment it.

Original and de-identified photos go the same way, from their pixels alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from palmbench.base.device import turn
from palmbench.base.store import Store, pack_arrays, unpack_arrays
from palmbench.datasets.sample import Sample
from palmbench.hands import Detector, Hand, Segmenter, load_detector, load_segmenter
from palmbench.hands.settings import AnySegmenterConfig, DetectorConfig, SAM2Config
from palmbench.stages.stage import Photos, Tools, hashed_once
from recognizers.common.cache_keys import digest
from recognizers.common.errors import NoHandError

VERSION = 2


@dataclass(frozen=True)
class Prepare:
    """Finds the hand in each photo."""

    photos: Photos
    detector: DetectorConfig
    segmenter: AnySegmenterConfig
    settings: dict[str, Any]
    suffix: str = ".npz"

    @classmethod
    def of(cls, photos: Photos, detector: DetectorConfig, segmenter: AnySegmenterConfig) -> Prepare:
        """The stage for some photos. Raises MissingWeights when the detector's weights are absent."""
        return cls(photos, detector, segmenter, _settings(_Finders(load_detector(detector), load_segmenter(segmenter))))

    @property
    def name(self) -> str:
        return f"hands{self.photos.after}"

    @property
    def title(self) -> str:
        return f"find hands in {self.photos.title}"

    @property
    def on_device(self) -> bool:
        return self.detector.on_device or isinstance(self.segmenter, SAM2Config)

    @hashed_once
    def key(self, sample: Sample) -> str:
        return digest("hand", versions={"prepare": VERSION}, photo=self.photos.key(sample), **self.settings)

    def compute(self, samples: Sequence[Sample], store: Store, device: str) -> list[bytes]:
        photos = [self.photos.load(sample, store) for sample in samples]
        with turn():
            detector, segmenter = _tools.get(
                repr((self.detector, self.segmenter, device)),
                lambda: _Finders(load_detector(self.detector, device), load_segmenter(self.segmenter, device)),
                _settings,
                self.settings,
            )
            hands = []
            for photo, found in zip(photos, detector.detect(photos), strict=True):
                if not found:
                    raise NoHandError("no hand was found")
                hands.append(segmenter.segment(photo, found[0]))
        return [pack_hand(hand) for hand in hands]

    def load(self, sample: Sample, store: Store) -> Hand:
        """The hand of a sample that this stage has been through."""
        return store.load(self.name, self.key(sample), self.suffix, unpack_hand)


def pack_hand(hand: Hand) -> bytes:
    """A hand as an artefact."""
    return pack_arrays(
        score=np.array(hand.score, np.float32),
        box=hand.box,
        side=np.array(hand.side),
        keypoints_2d=hand.keypoints_2d,
        keypoints_3d=hand.keypoints_3d,
        valleys=hand.valleys,
        shape=np.array(hand.mask.shape),
        mask=np.packbits(hand.mask),
        view=np.array(hand.view),
    )


def unpack_hand(data: bytes) -> Hand:
    """The hand that `pack_hand` packed."""
    parts = unpack_arrays(data)
    height, width = (int(length) for length in parts["shape"])
    mask = np.unpackbits(parts["mask"], count=height * width).astype(bool).reshape(height, width)
    return Hand(
        score=float(parts["score"]),
        box=parts["box"],
        side=str(parts["side"]),
        keypoints_2d=parts["keypoints_2d"],
        keypoints_3d=parts["keypoints_3d"],
        valleys=parts["valleys"],
        mask=mask,
        view=str(parts["view"]),  # type: ignore[arg-type]
    )


class _Finders(NamedTuple):
    detector: Detector
    segmenter: Segmenter


def _settings(tools: _Finders) -> dict[str, Any]:
    return {"detector": tools.detector.settings(), "segmenter": tools.segmenter.settings()}


_tools: Tools[_Finders] = Tools("What finds hands", most=4)

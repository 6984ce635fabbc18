"""photo, Hand -> what a network learns from: the recognition ROI, or the hand crop with its landmarks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from palmbench.base.store import Store, pack_arrays, unpack_arrays
from palmbench.datasets.sample import Sample
from palmbench.hands.hand import Hand
from palmbench.hands.recognition_hand import recognition_hand, recognition_square
from palmbench.hands.recognition_roi import recognition_roi
from palmbench.stages.prepare import Prepare
from recognizers.common.cache_keys import digest, versions_of
from recognizers.networks.eehnet_settings import FULL, Triple
from recognizers.protocol import HAND_SIDE

VERSION = 1


@dataclass(frozen=True)
class Cut:
    """A stage that cuts training images out of photos, so that a training that goes on need not cut them again.

    `columns` and `rows` are those of the palm's landmarks, see `recognizers.networks.hand_landmarks.landmarks_of`.
    """

    prepare: Prepare
    takes: Literal["roi", "hand"]
    columns: Triple = FULL.palm_columns
    rows: Triple = FULL.palm_rows
    name: str = "cuts"
    suffix: str = ".npz"

    @property
    def title(self) -> str:
        return f"cut {'ROIs' if self.takes == 'roi' else 'hands'} for training"

    @property
    def settings(self) -> dict[str, Any]:
        return {"takes": self.takes, "columns": self.columns, "rows": self.rows}

    @property
    def on_device(self) -> bool:
        return False

    def key(self, sample: Sample) -> str:
        image = versions_of("palmbench.hands", f"recognition_{self.takes}")
        code = image | versions_of("recognizers.networks", "hand_landmarks")
        return digest(
            "cut",
            versions={"cut": VERSION, **code},
            takes=self.takes,
            hand=self.prepare.key(sample),
            columns=self.columns,
            rows=self.rows,
        )

    def compute(self, samples: Sequence[Sample], store: Store, device: str) -> list[bytes]:
        return [self._cut(sample, store) for sample in samples]

    def load(self, sample: Sample, store: Store) -> dict[str, np.ndarray]:
        """`image`, and of a hand crop its `landmarks`."""
        return store.load(self.name, self.key(sample), self.suffix, unpack_arrays)

    def _cut(self, sample: Sample, store: Store) -> bytes:
        photo, hand = self.prepare.photos.load(sample, store), self.prepare.load(sample, store)
        if self.takes == "roi":
            return pack_arrays(image=recognition_roi(photo, hand))
        return pack_arrays(image=recognition_hand(photo, hand), landmarks=self._landmarks(hand))

    def _landmarks(self, hand: Hand) -> np.ndarray:
        from recognizers.networks.hand_landmarks import landmarks_of  # brings torch

        keypoints, valleys = (in_hand_crop(points, hand) for points in (hand.keypoints_2d, hand.valleys))
        return landmarks_of(keypoints, valleys, self.columns, self.rows)


def in_hand_crop(points: np.ndarray, hand: Hand) -> np.ndarray:
    """Points (..., 2) of the photo in pixels of `recognition_hand`'s crop, float64; mirrored with a left hand."""
    left, top, side = recognition_square(hand)
    placed = (np.asarray(points, np.float64) - (left, top) + 0.5) * HAND_SIDE / side - 0.5
    if hand.side == "left":
        placed[..., 0] = HAND_SIDE - 1 - placed[..., 0]
    return placed

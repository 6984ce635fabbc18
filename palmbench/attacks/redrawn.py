"""The palm of a photo redrawn by a network that an attacker has trained to turn outputs back into originals."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from palmbench.methods import MethodConfig
from palmbench.methods.method import Encoding, Method
from recognizers.common.cache_keys import file_digest, versions_of

if TYPE_CHECKING:
    from palmbench.hands import Hand
    from palmbench.hands.palm import Region

VERSION = 2


@dataclass(frozen=True)
class RedrawnConfig(MethodConfig):
    """A palm redrawn by the network in a file; the file's name is no part of keys, its content is."""

    name: Literal["redrawn"] = "redrawn"
    weights: str = ""

    def load(self, device: str = "cpu", region: Region = "paper") -> Redrawn:
        return Redrawn(self, device, region)


class Redrawn(Method):
    """Restore the recognition ROI, and add to the photo inside the region what that changed of it."""

    config: RedrawnConfig
    version = VERSION

    def settings(self) -> dict[str, Any]:
        return {**super().settings(), "weights": file_digest(Path(self.config.weights))}

    def versions(self) -> dict[str, int]:
        return {**super().versions(), **versions_of("palmbench.hands", "palm", "recognition_roi", "skeleton")}

    def deidentify(
        self, images: list[np.ndarray], hands: list[Hand], seeds: list[int], encodings: list[Encoding | None]
    ) -> list[np.ndarray]:
        from palmbench.attacks.unet import restorer  # brings torch
        from palmbench.hands.recognition_roi import recognition_roi  # brings OpenCV

        crops = np.stack([recognition_roi(*each) for each in zip(images, hands, strict=True)])
        restored = restorer(Path(self.config.weights).read_bytes(), self.device)(crops)
        changes = restored.astype(np.float32) - crops
        return [self._changed(*each) for each in zip(images, hands, changes, strict=True)]

    def _changed(self, photo: np.ndarray, hand: Hand, change: np.ndarray) -> np.ndarray:
        import cv2

        from palmbench.hands.palm import palm_mask
        from palmbench.hands.recognition_roi import recognition_corners

        side = change.shape[0]
        square = np.array([(0, 0), (side, 0), (side, side), (0, side)], np.float32)
        transform = cv2.getPerspectiveTransform(recognition_corners(hand.valleys, hand.side), square)
        size = photo.shape[1::-1]
        in_photo = cv2.warpPerspective(change, transform, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        inside = palm_mask(hand, self.region)[..., None]
        return np.where(inside, np.clip(np.round(photo + in_photo[..., None]), 0, 255), photo).astype(np.uint8)

"""The embedded detector and segmenter: the hand network's two looks at a photo, turned into a Hand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from palmbench.errors import MissingWeights
from palmbench.hands.geometry import palm_side
from palmbench.hands.hand import Hand
from palmbench.keys import file_digest
from palmbench.paths import weights_dir

if TYPE_CHECKING:
    import torch

    from palmbench.hands.network import HandNetwork

_SEEN_SIZE = 0.78  # of the close look's side that the hand should take
_MIDDLE_CHAIN = (0, 9, 10, 11, 12)
_TRAINED_SIZE = 192


@dataclass(frozen=True)
class _Look:
    """What one look at a photo gave, back in the photo's pixels."""

    presence: float
    points: np.ndarray
    depths: np.ndarray
    mask: np.ndarray


class EmbeddedDetector:
    """Finds one hand, seen from its palm, with the small network that ships with palmbench.

    Parameters
    ----------
    weights : str
        "embedded", or the path of a safetensors file of the same network.
    threshold : float
        Least confidence, in [0, 1], at which a hand is reported.
    device : str
        Where the network runs. On a CPU it sees one view at a time, so that no batch can change a result.

    Raises
    ------
    MissingWeights
        If the weight file is absent.
    """

    name = "embedded"

    def __init__(self, weights: str = "embedded", threshold: float = 0.5, device: str = "cpu") -> None:
        self._path = weights_dir() / "hand" / "hand.safetensors" if weights == "embedded" else Path(weights)
        if not self._path.is_file():
            raise MissingWeights(
                f"The hand network's weights are missing: {self._path}. Install palmbench again, "
                "or name a safetensors file with detector.weights=."
            )
        self._threshold, self._device = threshold, device

    def settings(self) -> dict[str, Any]:
        """The threshold and the digest of the weights."""
        return {
            "name": self.name,
            "weights": _digest(self._path, self._path.stat().st_mtime_ns),
            "threshold": self._threshold,
        }

    def detect(self, images: list[np.ndarray]) -> list[list[Hand]]:
        """The hand of each photo (uint8, height x width x 3, RGB), in a list that is empty where there is none."""
        return [self._detect(image) for image in images]

    def _detect(self, image: np.ndarray) -> list[Hand]:
        height, width = image.shape[:2]
        whole = self._look(image, _square_transform(np.array([(width - 1) / 2, (height - 1) / 2]), max(height, width)))
        if whole.presence < self._threshold:
            return []
        low, high = whole.points[:21].min(axis=0), whole.points[:21].max(axis=0)
        side = float((high - low).max()) / _SEEN_SIZE
        if side < 8:
            return []
        near = _square_transform((low + high) / 2, side)
        close = self._look(image, near)
        if close.presence < self._threshold:
            return []
        inside = cv2.warpAffine(
            np.ones((_TRAINED_SIZE, _TRAINED_SIZE), np.uint8), near, (width, height), flags=cv2.WARP_INVERSE_MAP
        )
        logits = np.where(inside > 0, close.mask, whole.mask)
        keypoints = close.points[:21]
        return [
            Hand(
                score=close.presence,
                box=_box(keypoints, logits > 0),
                side=palm_side(keypoints),
                keypoints_2d=keypoints.astype(np.float32),
                keypoints_3d=_lift(keypoints, close.depths),
                valleys=close.points[21:].astype(np.float32),
                mask=logits > 0,
            )
        ]

    def _look(self, image: np.ndarray, transform: np.ndarray) -> _Look:
        import torch

        size = (_TRAINED_SIZE, _TRAINED_SIZE)
        scale = float(np.hypot(*transform[0, :2]))
        # Shrinking by more than two needs its pixels averaged, or creases alias into the view.
        smooth = cv2.GaussianBlur(image, (0, 0), 0.4 / scale) if scale < 0.5 else image
        view = cv2.warpAffine(smooth, transform, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        tensor = torch.from_numpy(view).permute(2, 0, 1)[None].float().to(self._device) / 255
        with torch.inference_mode():
            sight = self._network(tensor.contiguous(memory_format=torch.channels_last))
            presence = float(sight.presence.sigmoid()[0])
            points, depths = sight.points[0].cpu().numpy(), sight.depths[0].cpu().numpy()
            mask = torch.nn.functional.interpolate(sight.mask, size=size, mode="bilinear", align_corners=False)
            logits = mask[0, 0].cpu().numpy()
        photo_size = (image.shape[1], image.shape[0])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        back = cv2.invertAffineTransform(transform)
        return _Look(
            presence,
            points @ back[:, :2].T + back[:, 2],
            depths,
            cv2.warpAffine(logits, transform, photo_size, flags=flags, borderValue=-10.0),
        )

    @cached_property
    def _network(self) -> HandNetwork:
        return _load(self._path, self._device)


class EmbeddedSegmenter:
    """The detector's own mask, closed as the paper's run closes it: dilated twice, then eroded twice."""

    name = "embedded"

    def __init__(self, closing: int = 5) -> None:
        self._closing = closing

    def settings(self) -> dict[str, Any]:
        """Side of the square structuring element in pixels; 0 leaves the mask as it is."""
        return {"name": self.name, "closing": self._closing}

    def segment(self, image: np.ndarray, hand: Hand) -> Hand:
        """The hand with its final mask."""
        if self._closing < 2:
            return hand
        element = np.ones((self._closing, self._closing), np.uint8)
        closed = cv2.morphologyEx(hand.mask.astype(np.uint8), cv2.MORPH_CLOSE, element, iterations=2)
        return replace(hand, mask=closed.astype(bool))


def _square_transform(centre: np.ndarray, side: float) -> np.ndarray:
    """Affine transform from the photo to a view of the square about `centre` (pixel centres at integers)."""
    scale = _TRAINED_SIZE / side
    middle = (_TRAINED_SIZE - 1) / 2
    return np.array([[scale, 0, middle - scale * centre[0]], [0, scale, middle - scale * centre[1]]])


def _box(keypoints: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Box of the hand: that of its mask within half a finger of the keypoints, so that the forearm is left out."""
    low, high = keypoints.min(axis=0), keypoints.max(axis=0)
    pad = 0.06 * float((high - low).max())
    limit = np.array([mask.shape[1] - 1, mask.shape[0] - 1])
    left, top = np.clip(low - pad, 0, limit)
    right, bottom = np.clip(high + pad, 0, limit)
    rows, columns = np.nonzero(mask[int(top) : int(bottom) + 1, int(left) : int(right) + 1])
    if len(rows):
        left, right = int(left) + columns.min(), int(left) + columns.max()
        top, bottom = int(top) + rows.min(), int(top) + rows.max()
    return np.array([left, top, right, bottom], np.float32)


def _lift(keypoints: np.ndarray, depths: np.ndarray) -> np.ndarray:
    """Keypoints in hand lengths from the wrist: the straightened middle finger gives the unit."""
    chain = list(_MIDDLE_CHAIN)
    flat = np.linalg.norm(np.diff(keypoints[chain], axis=0), axis=1)
    rise = np.diff(depths[chain])
    unit = max(float(flat.sum()), 1e-6)
    unit = float(np.hypot(flat, rise * unit).sum())
    return np.column_stack([(keypoints - keypoints[0]) / unit, depths - depths[0]]).astype(np.float32)


@lru_cache(maxsize=8)
def _digest(path: Path, modified: int) -> str:
    return file_digest(path)


@lru_cache(maxsize=2)
def _load(path: Path, device: str) -> HandNetwork:
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from palmbench.hands.network import HandNetwork

    network = HandNetwork()
    try:
        state: dict[str, torch.Tensor] = load_file(path)
        network.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in state.items()})
    except (SafetensorError, RuntimeError) as error:
        raise MissingWeights(f"{path} does not hold the hand network's weights: {error}") from error
    return network.eval().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]

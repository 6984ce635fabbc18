"""The embedded detector and segmenter: the hand network's looks at a photo, turned into a Hand."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

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
_STRIDE = 16  # the sides of a view are multiples of the bottom cells
_LOOKS = 2  # at the hand; the second one only if the first was badly aimed


@dataclass(frozen=True)
class _Look:
    """What one look at a photo gave: points in the photo's pixels, mask logits on the view's own grid."""

    transform: np.ndarray
    presence: float
    points: np.ndarray
    depths: np.ndarray
    logits: np.ndarray

    def mask(self, left: int, top: int, right: int, bottom: int) -> np.ndarray:
        """Which pixels of a rectangle of the photo (right and bottom not included) show the hand, bool."""
        # Cell k of the mask is centred at pixel 2 k + 0.5 of the view.
        cells = self.transform / 2
        cells[:, 2] += cells[:, :2] @ (left, top) - 0.25
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        size = (right - left, bottom - top)
        return cv2.warpAffine(self.logits, cells, size, flags=flags, borderMode=cv2.BORDER_REPLICATE) > 0


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
        longest = max(height, width)
        size = (_rounded_up(width / longest), _rounded_up(height / longest))
        middle = np.array([(width - 1) / 2, (height - 1) / 2])
        whole = self._look(image, _transform(middle, _TRAINED_SIZE / longest, size), size)
        square = _wanted_square(whole.points)
        close = whole
        for _ in range(_LOOKS):
            if close.presence < self._threshold or square.side < 8:
                return []
            scale = _TRAINED_SIZE / square.side
            size = (_TRAINED_SIZE, _TRAINED_SIZE)
            close = self._look(image, _transform(square.centre, scale, size), size)
            aimed, square = square, _wanted_square(close.points)
            if aimed.fits(square):
                break
        if close.presence < self._threshold:
            return []
        mask = whole.mask(0, 0, width, height)
        left, top = np.clip(np.ceil(aimed.centre - aimed.side / 2).astype(int), 0, (width, height))
        right, bottom = np.clip(np.floor(aimed.centre + aimed.side / 2).astype(int) + 1, 0, (width, height))
        if left < right and top < bottom:
            mask[top:bottom, left:right] = close.mask(left, top, right, bottom)
        keypoints = close.points[:21]
        mask = _connected(mask, keypoints)
        return [
            Hand(
                score=close.presence,
                box=_box(keypoints, mask),
                side=palm_side(keypoints),
                keypoints_2d=keypoints.astype(np.float32),
                keypoints_3d=_lift(keypoints, close.depths),
                valleys=close.points[21:].astype(np.float32),
                mask=mask,
            )
        ]

    def _look(self, image: np.ndarray, transform: np.ndarray, size: tuple[int, int]) -> _Look:
        import torch

        view = cut_view(image, transform, size)
        tensor = torch.from_numpy(view).to(self._device).permute(2, 0, 1)[None].float() / 255
        with torch.inference_mode():
            sight = self._network(tensor.contiguous(memory_format=torch.channels_last))
            presence = float(sight.presence.sigmoid()[0])
            points, depths = sight.points[0].cpu().numpy(), sight.depths[0].cpu().numpy()
            logits = sight.mask[0, 0].contiguous().cpu().numpy()
        back = cv2.invertAffineTransform(transform)
        return _Look(transform, presence, points @ back[:, :2].T + back[:, 2], depths, logits)

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


class _Square(NamedTuple):
    """Where a look is aimed, in pixels of the photo."""

    centre: np.ndarray
    side: float

    def fits(self, wanted: _Square) -> bool:
        """Whether a look at this square saw the hand about as large and as central as the network is best at."""
        off = float(np.abs(self.centre - wanted.centre).max()) / self.side
        return off < 0.1 and 0.8 < wanted.side / self.side < 1.25


def cut_view(
    image: np.ndarray,
    transform: np.ndarray,
    size: tuple[int, int],
    border: int = cv2.BORDER_REPLICATE,
    outside: int = 128,
) -> np.ndarray:
    """A view of a photo as the network is trained on and shown it.

    Parameters
    ----------
    image : ndarray of shape (height, width, ...), uint8
    transform : ndarray of shape (2, 3)
        Affine transform from pixels of the photo to pixels of the view, of one scale in all directions.
    size : (int, int)
        Width and height of the view.
    border, outside : int
        OpenCV's border mode, and the grey level of a constant border.
    """
    scale = float(np.hypot(*transform[:, 0]))
    # Shrinking by more than two needs its pixels averaged, or creases alias into the view.
    while scale < 0.5 and min(image.shape[:2]) > 1:
        height, width = image.shape[:2]
        half = ((width + 1) // 2, (height + 1) // 2)
        image = cv2.resize(image, half, interpolation=cv2.INTER_AREA)
        growth = np.array([width / half[0], height / half[1]])
        shift = transform[:, :2] @ (0.5 * growth - 0.5)
        transform = np.column_stack([transform[:, :2] * growth, transform[:, 2] + shift])
        scale *= 2
    level = (outside, outside, outside)
    return cv2.warpAffine(image, transform, size, flags=cv2.INTER_LINEAR, borderMode=border, borderValue=level)


def _wanted_square(points: np.ndarray) -> _Square:
    low, high = points[:21].min(axis=0), points[:21].max(axis=0)
    return _Square((low + high) / 2, float((high - low).max()) / _SEEN_SIZE)


def _rounded_up(share: float) -> int:
    """Side of a view that holds a share of the longest one."""
    return max(4, math.ceil(share * _TRAINED_SIZE / _STRIDE)) * _STRIDE


def _transform(centre: np.ndarray, scale: float, size: tuple[int, int]) -> np.ndarray:
    """Affine transform from the photo to a view of `size` about `centre` (pixel centres at integers)."""
    middle = (np.array(size) - 1) / 2
    return np.column_stack([np.eye(2) * scale, middle - scale * centre])


def _connected(mask: np.ndarray, keypoints: np.ndarray) -> np.ndarray:
    """The parts of the mask on which a keypoint lies: a face far from the hand is skin, but not its skin."""
    _, labels = cv2.connectedComponents(mask.astype(np.uint8))
    columns, rows = np.clip(np.round(keypoints).astype(int), 0, (mask.shape[1] - 1, mask.shape[0] - 1)).T
    touched = np.unique(labels[rows, columns])
    return np.isin(labels, touched[touched > 0])


def _box(keypoints: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Box of the hand: that of its mask within half a finger of the keypoints, so that the forearm is left out."""
    low, high = keypoints.min(axis=0), keypoints.max(axis=0)
    pad = 0.06 * float((high - low).max())
    limit = np.array([mask.shape[1] - 1, mask.shape[0] - 1])
    left, top = np.clip(low - pad, 0, limit)
    right, bottom = np.clip(high + pad, 0, limit)
    near = mask[int(top) : int(bottom) + 1, int(left) : int(right) + 1]
    rows, columns = np.flatnonzero(near.any(axis=1)), np.flatnonzero(near.any(axis=0))
    if len(rows):
        left, right = int(left) + columns[0], int(left) + columns[-1]
        top, bottom = int(top) + rows[0], int(top) + rows[-1]
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

    from palmbench.hands.network import HandNetwork, folded

    network = HandNetwork()
    try:
        state: dict[str, torch.Tensor] = load_file(path)
        network.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in state.items()})
    except (SafetensorError, RuntimeError) as error:
        detail = " ".join(" ".join(str(error).splitlines()[:2]).split())[:160]
        raise MissingWeights(f"{path} does not hold the hand network's weights ({detail}).") from error
    return folded(network).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]

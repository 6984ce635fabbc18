"""The embedded hand network's observations of a photo: where it looks, and what it sees, in the photo's pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from palmbench.base.paths import weights_dir
from palmbench.hands.cutting import cut_view
from palmbench.hands.second_look import SecondLook, agreed
from recognizers.common.errors import MissingWeights
from recognizers.common.pinned import Pinned

if TYPE_CHECKING:
    from palmbench.hands.network import HandNetwork

VERSION = 3
VIEW = 192  # pixels of a close look's side: what the network was trained on
_SEEN_SIZE = 0.78  # of the close look's side that the hand should take
_STRIDE = 16  # the sides of a view are multiples of the bottom cells
ON_HAND = 0.5  # logit above which a pixel shows the hand: at 0 masks are a little wide
IN_DOUBT = 0.0  # the same where what is in doubt is to be hidden


@dataclass(frozen=True)
class Observation:
    """What one look at a photo gave.

    Attributes
    ----------
    transform : ndarray of shape (2, 3)
        From pixels of the photo to pixels of the view.
    presence : float
        The network's confidence that there is a hand in view, in [0, 1].
    points : ndarray of shape (23, 2)
        Keypoints and valley points in pixels of the photo.
    depths : ndarray of shape (21,)
        Of the keypoints, in hand lengths.
    logits, palm : ndarray of shape (rows, columns), float32
        Of the hand mask, and of the palm's skin that is seen, on a grid of half the view.
    views : ndarray of shape (3,)
        Shares, of sum 1, of what the hand may show: palm, back, or fingers closed over the palm.
    spread : float
        Mean standard deviation of the keypoints' heat maps, as a share of the view's longer side: wide where the
        network wavers between several places.
    """

    transform: np.ndarray
    presence: float
    points: np.ndarray
    depths: np.ndarray
    logits: np.ndarray
    palm: np.ndarray
    views: np.ndarray
    spread: float

    def mask(self, left: int, top: int, right: int, bottom: int, least: float = ON_HAND) -> np.ndarray:
        """Which pixels of a rectangle of the photo (right and bottom not included) show the hand, bool."""
        return self._laid(self.logits, least, left, top, right, bottom)

    def palm_mask(self, left: int, top: int, right: int, bottom: int) -> np.ndarray:
        """Which pixels of a rectangle of the photo (right and bottom not included) show skin of the palm, bool."""
        return self._laid(self.palm, IN_DOUBT, left, top, right, bottom)

    def _laid(self, logits: np.ndarray, least: float, left: int, top: int, right: int, bottom: int) -> np.ndarray:
        # Cell k of the mask is centred at pixel 2 k + 0.5 of the view.
        cells = self.transform / 2
        cells[:, 2] += cells[:, :2] @ (left, top) - 0.25
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        size = (right - left, bottom - top)
        return cv2.warpAffine(logits, cells, size, flags=flags, borderMode=cv2.BORDER_REPLICATE) > least


class Square(NamedTuple):
    """Where a look is aimed, in pixels of the photo."""

    centre: np.ndarray
    side: float

    def fits(self, wanted: Square) -> bool:
        """Whether a look at this square saw the hand about as large and as central as the network is best at."""
        off = float(np.abs(self.centre - wanted.centre).max()) / self.side
        return off < 0.1 and 0.8 < wanted.side / self.side < 1.25

    def within(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Left, top, right and bottom (not included) of its pixels in a photo; empty where it lies outside."""
        limits = (width, height)
        left, top = np.clip(np.ceil(self.centre - self.side / 2).astype(int), 0, limits)
        right, bottom = np.clip(np.floor(self.centre + self.side / 2).astype(int) + 1, 0, limits)
        return int(left), int(top), int(right), int(bottom)


class Observer:
    """Looks at photos. On a CPU it sees one view at a time, so that no batch can change a result.

    Parameters
    ----------
    weights : str
        "embedded", or the path of a safetensors file of the same network.
    device : str
        Where the networks run.

    Raises
    ------
    MissingWeights
        If the weight file is absent; at the first look, if it is truncated, of another network, or holds NaN or
        infinite numbers.
    RequestError
        At the first look, if the file changed since.
    """

    def __init__(self, weights: str = "embedded", device: str = "cpu") -> None:
        path = weights_dir() / "hand" / "hand.safetensors" if weights == "embedded" else Path(weights)
        if not path.is_file():
            raise MissingWeights(
                f"The hand network's weights are missing: {path}. Install palmbench again, "
                "or name a safetensors file with detector.weights=."
            )
        self._file, self._device = Pinned.now(path), device

    @property
    def digest(self) -> str:
        """Digest of the weights."""
        return self._file.digest

    @cached_property
    def second(self) -> SecondLook:
        """The second look at a hand that was found."""
        return SecondLook(self._device)

    def whole(self, image: np.ndarray) -> Observation:
        """Look at a whole photo (uint8, height x width x 3, RGB)."""
        height, width = image.shape[:2]
        longest = max(height, width)
        size = (_rounded_up(width / longest), _rounded_up(height / longest))
        middle = np.array([(width - 1) / 2, (height - 1) / 2])
        return self._look(image, _transform(middle, VIEW / longest, size), size)

    def close(self, image: np.ndarray, square: Square) -> Observation:
        """Look at a square of a photo; it may reach beyond."""
        size = (VIEW, VIEW)
        return self._look(image, _transform(square.centre, VIEW / square.side, size), size)

    def shown(self, image: np.ndarray, look: Observation) -> np.ndarray | None:
        """What a hand shows by that look and by a second one: shares of palm, back and closed fingers, or no hand."""
        return agreed(look.views, self.second.shares(image, look.points))

    def _look(self, image: np.ndarray, transform: np.ndarray, size: tuple[int, int]) -> Observation:
        import torch

        view = cut_view(image, transform, size)
        tensor = torch.from_numpy(view).to(self._device).permute(2, 0, 1)[None].float() / 255
        with torch.inference_mode():
            outputs = self._network(tensor.contiguous(memory_format=torch.channels_last))
            presence = float(outputs.presence.sigmoid()[0])
            points, depths = outputs.points[0].cpu().numpy(), outputs.depths[0].cpu().numpy()
            logits, palm = (each[0, 0].contiguous().cpu().numpy() for each in (outputs.mask, outputs.palm))
            views = outputs.views[0].softmax(dim=0).cpu().numpy()
            heat = outputs.heat[0, :21].cpu().numpy()
        back = cv2.invertAffineTransform(transform)
        places = points @ back[:, :2].T + back[:, 2]
        return Observation(transform, presence, places, depths, logits, palm, views, _spread(heat))

    @cached_property
    def _network(self) -> HandNetwork:
        return _load(self._file, self._device)


def wanted_square(points: np.ndarray) -> Square:
    """Where to aim a close look at a hand whose keypoints are the first 21 of `points`, shape (n, 2)."""
    low, high = points[:21].min(axis=0), points[:21].max(axis=0)
    return Square((low + high) / 2, float((high - low).max()) / _SEEN_SIZE)


def _spread(heat: np.ndarray) -> float:
    share = np.exp(heat)
    rows, columns = (np.arange(length, dtype=np.float32) for length in share.shape[1:])
    down, across = share.sum(axis=2), share.sum(axis=1)
    variance = down @ rows**2 - (down @ rows) ** 2 + across @ columns**2 - (across @ columns) ** 2
    return float(np.sqrt(np.maximum(variance, 0)).mean()) / max(share.shape[1:])


def _rounded_up(share: float) -> int:
    """Side of a view that holds a share of the longest one."""
    return max(4, math.ceil(share * VIEW / _STRIDE)) * _STRIDE


def _transform(centre: np.ndarray, scale: float, size: tuple[int, int]) -> np.ndarray:
    """Affine transform from the photo to a view of `size` about `centre` (pixel centres at integers)."""
    middle = (np.array(size) - 1) / 2
    return np.column_stack([np.eye(2) * scale, middle - scale * centre])


@lru_cache(maxsize=2)
def _load(file: Pinned, device: str) -> HandNetwork:
    from palmbench.hands.network import HandNetwork, read_network

    return read_network(HandNetwork(), file, device, "hand")

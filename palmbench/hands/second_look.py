"""The second look at a hand: once it is found, is it a hand, and what does it show?

The hand network finds hands of any size and turn, and what they show is the least of what it has to tell. The second
look sees each hand the same way up and as large, its index finger to the left of its little finger, and tells nothing
else.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from palmbench.hands.cutting import cut_view
from palmbench.hands.embedded_weights import embedded_file
from palmbench.hands.hand import WRIST
from recognizers.common.pinned import Pinned

if TYPE_CHECKING:
    from palmbench.hands.view_network import ViewNetwork

VERSION = 1
SIDE = 96  # pixels of the view: what the network was trained on
_SEEN_SIZE = 0.8  # of the view's side that the keypoints take
_BASES = (5, 9, 13, 17)
_NO_HAND = 0.5  # share from which what was found is taken for no hand
_WORTH = 0.75  # of the second look in what both say
_LEAST = 1e-6  # share that counts


class SecondLook:
    """Looks at a hand whose keypoints are known.

    Parameters
    ----------
    device : str
        Where the network runs.

    Raises
    ------
    MissingWeights
        If the weight file is absent; at the first look, if it is truncated, of another network, or holds NaN or
        infinite numbers.
    """

    def __init__(self, device: str = "cpu") -> None:
        self._file, self._device = embedded_file("view"), device

    @property
    def digest(self) -> str:
        """Digest of the weights."""
        return self._file.digest

    def shares(self, image: np.ndarray, keypoints: np.ndarray) -> np.ndarray:
        """What a hand shows: shares, of sum 1, of palm, back, fingers closed over the palm, and no hand at all.

        Parameters
        ----------
        image : ndarray of shape (height, width, 3), uint8 RGB
        keypoints : ndarray of shape (21, 2)
            In pixels of the photo.

        Returns
        -------
        ndarray of shape (4,)
        """
        import torch

        view = torch.from_numpy(upright_view(image, keypoints)).to(self._device)
        with torch.inference_mode():
            logits = _load(self._file, self._device)(view.permute(2, 0, 1)[None].float() / 255)
            return logits[0].softmax(dim=0).cpu().numpy()


def agreed(first: np.ndarray, second: np.ndarray) -> np.ndarray | None:
    """What two looks make of a hand: the geometric mean of their shares, in which the second counts three times.

    Parameters
    ----------
    first : ndarray of shape (3,)
        Shares of palm, back and closed fingers.
    second : ndarray of shape (4,)
        The same, then that of no hand.

    Returns
    -------
    ndarray of shape (3,) or None
        Shares of sum 1; None where the second look sees no hand.
    """
    if second[3] >= _NO_HAND:
        return None
    shares = np.maximum(first, _LEAST) ** (1 - _WORTH) * np.maximum(second[:3], _LEAST) ** _WORTH
    return shares / shares.sum()


def upright_view(image: np.ndarray, keypoints: np.ndarray) -> np.ndarray:
    """The hand of a photo as the network is shown it, uint8 (96, 96, 3)."""
    transform = upright(keypoints)
    corners = np.array([(0, 0), (SIDE, 0), (SIDE, SIDE), (0, SIDE)]) - 0.5
    places = np.linalg.solve(transform[:, :2], (corners - transform[:, 2]).T).T
    limits = np.array(image.shape[1::-1])
    left, top = np.clip(np.floor(places.min(axis=0)).astype(int) - 4, 0, limits - 1)
    right, bottom = np.clip(np.ceil(places.max(axis=0)).astype(int) + 5, 1, limits)
    near = image[top : max(bottom, top + 1), left : max(right, left + 1)]  # the rest of a large photo is not touched
    shifted = np.column_stack([transform[:, :2], transform[:, 2] + transform[:, :2] @ (left, top)])
    return cut_view(near, shifted, (SIDE, SIDE))


def upright(keypoints: np.ndarray) -> np.ndarray:
    """Similarity transform (2, 3) from the photo to a view with the fingers up and the index finger on the left.

    Parameters
    ----------
    keypoints : ndarray of shape (21 or more, 2)
        Of which the first 21 are looked at.
    """
    points = np.asarray(keypoints, np.float64)[:21]
    up = points[list(_BASES)].mean(axis=0) - points[WRIST]
    length = np.hypot(*up)
    x, y = up / length if length > 1e-6 else (0.0, -1.0)
    turn = np.array([(-y, x), (-x, -y)])
    if (turn @ (points[_BASES[3]] - points[_BASES[0]]))[0] < 0:
        turn[0] *= -1
    turned = points @ turn.T
    low, high = turned.min(axis=0), turned.max(axis=0)
    scale = _SEEN_SIZE * SIDE / max(float((high - low).max()), 1e-6)
    return np.column_stack([turn * scale, (SIDE - 1) / 2 - scale * (low + high) / 2])


@lru_cache(maxsize=2)
def _load(file: Pinned, device: str) -> ViewNetwork:
    from palmbench.hands.network import read_network
    from palmbench.hands.view_network import ViewNetwork

    return read_network(ViewNetwork(), file, device, "view")

"""PKLNet on photos: the palm's mask, its edge, two valley points and the ROI's centre, in the photo's pixels."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from palmbench.hands.pklnet.view import view_of
from palmbench.hands.recognition_roi import recognition_corners
from recognizers.common.cache_keys import versions_of
from recognizers.common.pinned import Pinned
from recognizers.networks.checkpoint import require_file

if TYPE_CHECKING:
    from palmbench.hands.pklnet.network import PKLNet

VERSION = 1


@dataclass(frozen=True)
class PKLNetResult:
    """What PKLNet finds in a photo. Coordinates are (x, y) in pixels of the photo, pixel centres at integers.

    It always finds a palm: the network has no output that says there is none.

    Attributes
    ----------
    palm, edge : ndarray of shape (height, width), bool
        The region of the palm, and the line about it; no pixel is both.
    valleys : ndarray of shape (2, 2), float32
        The two valley points, in the network's order.
    centre : ndarray of shape (2,), float32
        The middle of the recognition ROI.
    """

    palm: np.ndarray
    edge: np.ndarray
    valleys: np.ndarray
    centre: np.ndarray

    @property
    def corners(self) -> np.ndarray:
        """Corners of the recognition ROI on the centre's side of the valley line, shape (4, 2), float32 pixels.

        The first and the last are next to the first valley point.
        """
        across, down = self.valleys[1] - self.valleys[0], self.centre - self.valleys[0]
        # A centre to the right of the way from valley to valley is where a left hand's palm is from index to little.
        clockwise = across[0] * down[1] - across[1] * down[0] >= 0
        return recognition_corners(self.valleys, "left" if clockwise else "right")


class PKLNetLocalizer:
    """Finds the points that a palm's ROI hangs from with PKLNet, from a photo alone.

    Parameters
    ----------
    weights : str
        Path of PKLNet's state dict, a safetensors file or a torch checkpoint.
    device : str
        Where the network runs, one photo at a time, so that no batch can change a result.

    Raises
    ------
    MissingWeights
        If the file is absent or empty; at first use, if it is broken or does not hold a PKLNet.
    """

    name = "pklnet"

    def __init__(self, weights: str, device: str = "cpu") -> None:
        path, self._device, self._told = Path(weights), device, False
        require_file(
            path,
            f"PKLNet's weights are missing: {weights}. They do not come with palmbench: get them from the "
            "authors and name the file with detector.valley_weights=, or set detector.valleys=embedded.",
        )
        self._file = Pinned.now(path)

    def settings(self) -> dict[str, Any]:
        """The digest of the weights, and versions of the code."""
        versions = versions_of("palmbench.hands.pklnet", "localizer", "network", "view")
        return {"name": self.name, "weights": self._file.digest, "versions": versions}

    def valleys(self, photo: np.ndarray) -> PKLNetResult:
        """The palm of a photo (uint8, height x width x 3, RGB)."""
        import torch

        from palmbench.hands.pklnet.network import HEIGHT, WIDTH
        from recognizers.networks.precision import single_precision

        view, place = view_of(photo, (HEIGHT, WIDTH))
        with torch.inference_mode(), single_precision(self._device):
            found = self._network(torch.from_numpy(view)[None].to(self._device))
            points = found.points[0].double().cpu().numpy()
            logits = found.logits[0].permute(1, 2, 0).cpu().numpy()
        background, palm, edge = np.moveaxis(place.map_in_photo(logits), 2, 0)
        placed = place.points_in_photo(points).astype(np.float32)
        # A tie goes to the class that is named first, as with argmax.
        return PKLNetResult(
            palm=(palm > background) & (palm >= edge),
            edge=(edge > background) & (edge > palm),
            valleys=placed[:2],
            centre=placed[2],
        )

    @property
    def _network(self) -> PKLNet:
        from palmbench.hands.pklnet.weights import load_pklnet

        weights = load_pklnet(self._file, self._device)
        if weights.remark and not self._told:
            warnings.warn(weights.remark, stacklevel=3)
        self._told = True
        return weights.network

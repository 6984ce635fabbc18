"""CCNet, a recognizer of palm ROIs: embeddings compared by their angle. Its layers are in `networks/ccnet.py`."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from recognizers.cards import CARDS
from recognizers.common.errors import MissingWeights
from recognizers.input_checks import rois as checked_rois
from recognizers.networks.ccnet_settings import WIDTHS
from recognizers.networks.embedding import EmbeddingRecognizer, Stated

if TYPE_CHECKING:
    from torch import Tensor

VERSION = 1
# Templates are rounded to float32: below this many radians an angle is the rounding's.
_SAME = 1e-6


class CCNetRecognizer(EmbeddingRecognizer):
    """Embeddings of CCNet, compared by angle as published: arccos(<a, b>) / pi.

    The embedded weights are of a compact network of the same architecture, trained on drawn palms of nobody
    (`experiments/weights/train_ccnet.py`): what it scores stands for no published number. Weights of the full network
    are the authors' or come from a training of one's own.

    Parameters
    ----------
    weights : str
        "embedded" (the compact network), or the path of a state dict: of the full network (.pth or .safetensors), or
        of the compact one (.safetensors, marked in its metadata). What a file lacks or has too much, where that is
        harmless (see `networks.ccnet_weights`), is told in a warning by every recognizer that reads it.
    device : str
        Where the network runs. On a CPU it sees one ROI at a time, so that no batch can change a result.

    Attributes
    ----------
    identities : tuple of str, or None
        Palms that the network was trained to tell apart, where its file names them (safetensors metadata
        "identities"); published checkpoints do not.

    Raises
    ------
    MissingWeights
        If the weight file is absent, broken, or not of this network.
    """

    name = "ccnet"
    title = "CCNet"
    card = CARDS["ccnet"]
    takes: Literal["roi"] = "roi"
    _code = ("ccnet", "networks.ccnet", "networks.gabor_conv")
    _advice = (
        "Name a published checkpoint of the full network with recognizer.weights=, or train the compact one "
        "(python -m experiments.weights.train_ccnet)."
    )
    _classifier = "arclayer_.weight"
    _block = 256

    def extract(self, rois: np.ndarray) -> np.ndarray:
        """Templates of grey ROIs.

        Parameters
        ----------
        rois : (n, 128, 128) uint8
            Recognition ROIs.

        Returns
        -------
        (n, 2048) float32
            Embeddings of unit length; (n, 128) of the compact network.

        Raises
        ------
        ValueError
            If the ROIs have another shape or type.
        MissingWeights
            If the weights are broken, or do not fit the network.
        """
        from recognizers.networks.ccnet import normalised

        rois, network = checked_rois(rois, self.title), self._weights().network
        return self._answers(rois, lambda block: network.embed(normalised(block)), (self._file.stated.size,))

    @classmethod
    def _stated(cls, path: Path, notes: dict[str, str]) -> Stated:
        if (network := notes.get("network", "ccnet")) != "ccnet":
            raise MissingWeights(f"{path} is of {network} and not of CCNet, as its metadata say; name another file.")
        variant = "compact" if notes.get("variant") == "compact" else "full"
        return Stated(variant, WIDTHS[variant].embedding, WIDTHS[variant])

    @classmethod
    def _filled(cls, stated: Stated, state: dict[str, Tensor], path: Path) -> tuple[Any, str | None]:
        from recognizers.networks.ccnet import CCNet
        from recognizers.networks.ccnet_weights import fill

        network = CCNet(None, stated.shape)
        return network, fill(network, state, path)

    @staticmethod
    def _apart(cosines: np.ndarray) -> np.ndarray:
        # In single precision the angle between equal templates could be 1e-4.
        angles = np.arccos(cosines)
        return np.where(angles < _SAME, 0, angles) / math.pi


def __getattr__(name: str) -> Any:
    # The network under its short name, for whoever trains or loads one: `recognizers.ccnet.CCNet(num_classes)`.
    if name == "CCNet":
        from recognizers.networks.ccnet import CCNet

        return CCNet
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

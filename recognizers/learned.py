"""CCNet as a recognizer: embeddings of ROIs, compared by their angle."""

from __future__ import annotations

import math
import warnings
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from recognizers import inputs
from recognizers.common.errors import MissingWeights
from recognizers.common.paths import weights_dir
from recognizers.common.pinned import Pinned
from recognizers.common.versions import versions_of
from recognizers.networks.checkpoint import (
    class_centres,
    class_names,
    fill,
    metadata,
    read_state,
    require_file,
    require_finite,
)

if TYPE_CHECKING:
    from recognizers.ccnet import CCNet

VERSION = 1
_WHO = "CCNet"
_BLOCK = 256
# Templates are rounded to float32: below this many radians an angle is the rounding's.
_SAME = 1e-6


class CCNetRecognizer:
    """Embeddings of CCNet (TIFS 2023, doi 10.1109/TIFS.2023.3306104), compared by angle as published.

    The embedded weights are of a compact network of the same architecture, trained on rendered palms
    (`experiments/weights/train_ccnet.py`): what it scores stands for no published number. Weights of the full network
    are the authors' or come from a training of one's own.

    Parameters
    ----------
    weights : str
        "embedded" (the compact network), or the path of a state dict: of the full network (.pth or .safetensors), or
        of the compact one (.safetensors, marked in its metadata). What a file lacks or has too much, where that is
        harmless (see `checkpoint.fill`), is told in a warning by every recognizer that reads it.
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
    takes: Literal["roi"] = "roi"

    def __init__(self, weights: str = "embedded", device: str = "cpu") -> None:
        self._path = weights_dir() / "ccnet" / "ccnet.safetensors" if weights == "embedded" else Path(weights)
        require_file(
            self._path,
            f"CCNet's weights are missing: {self._path}. Name a published checkpoint of the full network with "
            "recognizer.weights=, or train the compact one (python -m experiments.weights.train_ccnet).",
        )
        self._device, self._told = device, False
        self._file = _identify(Pinned.now(self._path))
        self.identities = self._file.identities

    def settings(self) -> dict[str, Any]:
        """Variant ("full" or "compact"), digest of the weights, and versions of the code."""
        network = versions_of("recognizers", "ccnet") | versions_of("recognizers.networks", "gabor_conv")
        return {
            "name": self.name,
            "variant": self._file.variant,
            "weights": self._file.digest,
            "versions": {"learned": VERSION, **network},
        }

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
        from recognizers.ccnet import normalised
        from recognizers.networks.passes import through

        rois = inputs.rois(rois, _WHO)
        network = self._read().network
        size = network.fc1.out_features
        templates = through(lambda block: network.embed(normalised(block)), rois, (size,), self._device, _BLOCK)
        require_finite(templates, self._path)
        return templates

    def distances(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Distances between two lists of templates: arccos(<a, b>) / pi.

        Parameters
        ----------
        a, b : (n, size), (m, size) float32
            Templates of `extract`.

        Returns
        -------
        (n, m) float32
            In [0, 1]: 0 for identical templates, near 0.5 for different palms.

        Raises
        ------
        ValueError
            If a template is of another network, or not a number.
        """
        a, b = map(_unit, inputs.check_pair(a, b, np.float32, (self._size,), _WHO))
        # In single precision the angle between equal templates could be 1e-4.
        angles = np.arccos(np.clip(a @ b.T, -1, 1))
        return (np.where(angles < _SAME, 0, angles) / math.pi).astype(np.float32)

    def classify(self, templates: np.ndarray) -> np.ndarray:
        """Palm that the network's own classifier sees in each template: the class centre at the smallest angle.

        Parameters
        ----------
        templates : (n, size) float32
            Templates of `extract`.

        Returns
        -------
        (n,) int64
            Class, an index into `identities` where these are known.

        Raises
        ------
        ValueError
            If the weights have no classifier, or a template is of another network, or not a number.
        MissingWeights
            If the weights do not fit the network.
        """
        centres = self._read().centres
        if centres is None:
            raise ValueError(f"{self._path} has no classifier; take weights that were saved with arclayer_.weight")
        own = inputs.check_templates(templates, np.float32, (self._size,), _WHO)
        return (_unit(own) @ centres.T).argmax(axis=1).astype(np.int64)

    @property
    def _size(self) -> int:
        from recognizers.ccnet import WIDTHS

        return WIDTHS[self._file.variant].embedding

    def _read(self) -> _Weights:
        weights = _read(self._path, self._file, self._device)
        # Not where the file is read: another recognizer of the same file would be silent about it.
        if weights.remark and not self._told:
            warnings.warn(weights.remark, stacklevel=3)
        self._told = True
        return weights


class _WeightFile(NamedTuple):
    variant: Literal["full", "compact"]
    digest: str
    identities: tuple[str, ...] | None


class _Weights(NamedTuple):
    network: CCNet
    centres: np.ndarray | None
    remark: str | None


@lru_cache(maxsize=8)
def _identify(pinned: Pinned) -> _WeightFile:
    path, digest = pinned
    notes, identities = metadata(path), class_names(path)
    pinned.require_same()
    if (network := notes.get("network", "ccnet")) != "ccnet":
        raise MissingWeights(f"{path} is of {network} and not of CCNet, as its metadata say; name another file.")
    variant: Literal["full", "compact"] = "compact" if notes.get("variant") == "compact" else "full"
    return _WeightFile(variant, digest, identities)


@lru_cache(maxsize=2)
def _read(path: Path, file: _WeightFile, device: str) -> _Weights:
    from recognizers.ccnet import WIDTHS, CCNet

    network, state = CCNet(None, WIDTHS[file.variant]), read_state(Pinned(path, file.digest))
    remark = fill(network, state, path)
    centres = class_centres(state, network.fc1.out_features, path)
    return _Weights(network.to(device), None if centres is None else _unit(centres.numpy()), remark)


def _unit(vectors: np.ndarray) -> np.ndarray:
    wide = vectors.astype(np.float64)
    return wide / np.maximum(np.linalg.norm(wide, axis=1, keepdims=True), 1e-12)

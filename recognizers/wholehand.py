"""The reconstruction of EEHNet as a recognizer: one embedding of palm and fingers, compared by its cosine."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from recognizers.common.errors import MissingWeights, RequestError
from recognizers.common.paths import weights_dir
from recognizers.common.pinned import Pinned
from recognizers.common.versions import versions_of
from recognizers.inputs import check_pair, check_templates, hands
from recognizers.networks.checkpoint import (
    class_centres,
    class_names,
    metadata,
    read_state,
    require_file,
    require_finite,
    require_fit,
    some,
)
from recognizers.networks.eehnet_settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from recognizers.eehnet import EEHNet

VERSION = 1
_CODE = ("backbones", "hand_landmarks", "tps")
_BLOCK = 64
_WHO = "EEHNet"
_CLASSIFIERS = "arc."
_CENTRES = "arc.whole.weight"


class EEHNetRecognizer:
    """A reconstruction of EEHNet (arXiv 2311.05383), not the authors' network: see `recognizers.eehnet`.

    The paper's code and weights are not public. This is EE-PRnet's localiser and alignment, extended to the fingers by
    assumptions that `recognizers.eehnet` lists; nearly all are settings of the training, and its weight file says them.
    Usually there are 29 landmarks (nine of the palm computed from keypoints and valley points, four joints a finger),
    one thin-plate spline for the palm and one for each finger, a palm branch and one branch that the fingers share, and
    unit embeddings weighed and put side by side. What it scores stands for no published number. The embedded weights
    are of a narrow network of the same architecture, trained on rendered hands (`experiments/weights/train_eehnet.py`).

    Parameters
    ----------
    weights : str
        "embedded", or the path of a .safetensors file whose metadata says that it is of this network.
    device : str
        Where the network runs. On a CPU it sees one hand at a time, so that no batch can change a result.

    Attributes
    ----------
    identities : tuple of str, or None
        Identity of each class; None where the file has no classifier, or does not name them.

    Raises
    ------
    MissingWeights
        If the weight file is absent, broken, or not of this network.
    """

    name = "eehnet"
    takes: Literal["hand"] = "hand"

    def __init__(self, weights: str = "embedded", device: str = "cpu") -> None:
        self._path = weights_dir() / "eehnet" / "eehnet.safetensors" if weights == "embedded" else Path(weights)
        require_file(
            self._path,
            f"EEHNet's weights are missing: {self._path}. No published ones exist; train the compact network "
            "(python -m experiments.weights.train_eehnet), or name a file with recognizer.weights=.",
        )
        self._device = device
        self._file = _identify(Pinned.now(self._path))
        self.identities: tuple[str, ...] | None = self._file.identities

    def settings(self) -> dict[str, Any]:
        """Variant ("full", "compact" or "other"), digest of the weights, and versions of the code."""
        network = versions_of("recognizers", "eehnet") | versions_of("recognizers.networks", *_CODE)
        return {
            "name": self.name,
            "variant": self._file.variant,
            "weights": self._file.digest,
            "versions": {"wholehand": VERSION, **network},
        }

    def extract(self, crops: np.ndarray) -> np.ndarray:
        """Templates of hand crops.

        Parameters
        ----------
        crops : (n, 224, 224, 3) uint8
            RGB, the whole hand, left hands mirrored to right (`palmbench.hands.geometry.recognition_hand`).

        Returns
        -------
        (n, size) float32
            Embeddings of unit length; size is 288 for the compact network and 3072 for the full one.

        Raises
        ------
        ValueError
            If the crops have another shape or type.
        MissingWeights
            If the weights are broken, or do not fit the network.
        """
        crops = hands(crops, _WHO)
        network = self._read().network
        return self._each(crops, network.embed, (network.size,))

    def landmarks(self, crops: np.ndarray) -> np.ndarray:
        """Landmarks that the network aligns hand crops by, (n, 29, 2) float32: (x, y) in pixels of the crop.

        In the order of `recognizers.networks.hand_landmarks`; crops and errors as in `extract`.
        """
        from recognizers.eehnet import in_pixels
        from recognizers.networks.hand_landmarks import LANDMARKS

        localiser = self._read().network.localiser
        return self._each(hands(crops, _WHO), lambda images: in_pixels(localiser(images)), (LANDMARKS, 2))

    def distances(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Distances between two lists of templates: (1 - cosine) / 2.

        Parameters
        ----------
        a, b : (n, size), (m, size) float32
            Templates of `extract`.

        Returns
        -------
        (n, m) float32
            In [0, 1]: 0 for identical templates, near 0.5 for different hands.

        Raises
        ------
        ValueError
            If a template is of another network, or not a number.
        """
        first, second = (_unit(each) for each in check_pair(a, b, np.float32, (self._file.settings.size,), _WHO))
        # In double precision, and below what float32 templates can tell apart, equal ones are at 0.
        apart = (1 - np.clip(first @ second.T, -1, 1)) / 2
        return np.where(apart < 1e-12, 0, apart).astype(np.float32)

    def classify(self, templates: np.ndarray) -> np.ndarray:
        """Class of each template by the network's own classifier: an index into `identities`.

        Parameters
        ----------
        templates : (n, size) float32
            Of `extract`.

        Returns
        -------
        (n,) int64

        Raises
        ------
        ValueError
            If the weights have no classifier, or a template is of another network, or not a number.
        MissingWeights
            If the weights do not fit the network.
        """
        centres = self._read().centres
        if centres is None:
            raise ValueError(f"{self._path} has no classifier; take weights that were saved with {_CENTRES}")
        own = check_templates(templates, np.float32, (self._file.settings.size,), _WHO)
        return (_unit(own) @ centres.T).argmax(axis=1).astype(np.int64)

    def _read(self) -> _Weights:
        return _read(self._path, self._file, self._device)

    def _each(self, crops: np.ndarray, describe: Callable[[Tensor], Tensor], shape: tuple[int, ...]) -> np.ndarray:
        from recognizers.networks.passes import through

        normalised = self._read().network.normalised
        results = through(lambda block: describe(normalised(block)), crops, shape, self._device, _BLOCK)
        require_finite(results, self._path)
        return results


class _WeightFile(NamedTuple):
    settings: Settings
    variant: str
    digest: str
    identities: tuple[str, ...] | None


class _Weights(NamedTuple):
    network: EEHNet
    centres: np.ndarray | None


@lru_cache(maxsize=8)
def _identify(pinned: Pinned) -> _WeightFile:
    path, digest = pinned
    notes, identities = metadata(path), class_names(path)
    pinned.require_same()
    if notes.get("network") != "eehnet":
        named = f"of {notes['network']}" if notes.get("network") else "of no network that it names"
        raise MissingWeights(
            f"{path} does not say that it is of EEHNet, but {named}: a .safetensors file's metadata need "
            "network=eehnet and the settings as JSON, as `palmbench train eehnet` writes them."
        )
    try:
        settings = Settings.from_json(json.loads(notes["settings"]), "its settings")
    except (KeyError, ValueError, RecursionError) as error:
        raise MissingWeights(
            f"{path}: its metadata hold no settings that this EEHNet knows: they are no JSON. Train it again."
        ) from error
    except RequestError as error:
        raise MissingWeights(
            f"{path}: its metadata hold no settings that this EEHNet knows: {error} It was probably written by another "
            "version; train it again."
        ) from error
    return _WeightFile(settings, notes.get("variant", "other"), digest, identities)


@lru_cache(maxsize=2)
def _read(path: Path, file: _WeightFile, device: str) -> _Weights:
    import torch

    from recognizers.eehnet import EEHNet

    state = read_state(Pinned(path, file.digest))
    try:
        network = EEHNet(file.settings)
    except ValueError as error:
        raise MissingWeights(f"{path}: {error}. Train it again.") from error
    own = network.state_dict()
    require_fit(own, state, path, "the network's", _likely_cause)
    if missing := sorted(own.keys() - state.keys()):
        raise MissingWeights(f"{path} is incomplete: it has no {some(missing)}. Fetch it or train it again.")
    if extra := sorted(name for name in state.keys() - own.keys() if not name.startswith(_CLASSIFIERS)):
        raise MissingWeights(f"{path} also holds {some(extra)}: it is of another network.")
    network.load_state_dict({name: state[name].to(own[name].dtype) for name in own})
    network.requires_grad_(False).eval()
    network = network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    centres = class_centres(state, network.size, path, _CENTRES)
    return _Weights(network, None if centres is None else _unit(centres.numpy()))


def _likely_cause(name: str, found: tuple[int, ...]) -> str:
    return "the file was probably written with other settings than its metadata say"


def _unit(templates: np.ndarray) -> np.ndarray:
    wide = templates.astype(np.float64)
    return wide / np.maximum(np.linalg.norm(wide, axis=1, keepdims=True), 1e-12)

"""What recognizers that are networks share: weights of a file, images to embeddings, the nearest class of a classifier.

Importing it imports no torch: keys are made of settings before, and often without, what takes seconds to import.
"""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

import numpy as np

from recognizers.cards import Card
from recognizers.common.cache_keys import versions_of
from recognizers.common.paths import weights_dir
from recognizers.common.pinned import Pinned
from recognizers.input_checks import check_pair, check_templates
from recognizers.networks.checkpoint import (
    class_centres,
    class_names,
    metadata,
    read_state,
    require_file,
    require_finite,
)

if TYPE_CHECKING:
    from torch import Tensor

VERSION = 1


class Stated(NamedTuple):
    """What a file of weights says of its network, read without torch.

    Attributes
    ----------
    variant : str
        "full" (the published widths), "compact" (the embedded ones) or "other".
    size : int
        Length of a template.
    shape : object
        The settings that the network is built from.
    """

    variant: str
    size: int
    shape: Any


class EmbeddingRecognizer(ABC):
    """A network whose templates are embeddings of unit length; a subclass says how its file is read and compared.

    Parameters
    ----------
    weights : str
        "embedded", or the path of a file of weights.
    device : str
        Where the network runs. On a CPU it sees one image at a time, so that no batch can change a result.

    Attributes
    ----------
    identities : tuple of str, or None
        Identity of each class; None where the file has no classifier, or does not name them.

    Raises
    ------
    MissingWeights
        If the weight file is absent, broken, or not of this network.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    card: ClassVar[Card]
    takes: Literal["roi", "hand"]
    # Modules of `recognizers` that decide a template or a distance.
    _code: ClassVar[tuple[str, ...]]
    # What to do where there is no file of weights.
    _advice: ClassVar[str]
    # The classifier's tensor.
    _classifier: ClassVar[str]
    # Images at a time on a GPU.
    _block: ClassVar[int]

    def __init__(self, weights: str = "embedded", device: str = "cpu") -> None:
        embedded = weights_dir() / self.name / f"{self.name}.safetensors"
        self._path = embedded if weights == "embedded" else Path(weights)
        require_file(self._path, f"{self.title}'s weights are missing: {self._path}. {self._advice}")
        self._device, self._told = device, False
        self._file = _identify(type(self), Pinned.now(self._path))
        self.identities: tuple[str, ...] | None = self._file.identities

    @property
    def network(self) -> Any:
        """The network with the file's weights, frozen, on the device: for whoever wants gradients of what it sees."""
        return self._weights().network

    def settings(self) -> dict[str, Any]:
        """Variant ("full", "compact" or "other"), digest of the weights, and versions of the code."""
        return {
            "name": self.name,
            "variant": self._file.stated.variant,
            "weights": self._file.digest,
            "versions": versions_of("recognizers", *self._code, "networks.embedding"),
        }

    def distances(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Distances between two lists of templates.

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
            If a template is of another network, or NaN or infinite.
        """
        first, second = map(unit, check_pair(a, b, np.float32, (self._file.stated.size,), self.title))
        return self._apart(np.clip(first @ second.T, -1, 1)).astype(np.float32)

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
            If the weights have no classifier, or a template is of another network, or NaN or infinite.
        MissingWeights
            If the weights do not fit the network.
        """
        centres = self._weights().centres
        if centres is None:
            raise ValueError(f"{self._path} has no classifier; take weights that were saved with {self._classifier}")
        checked = check_templates(templates, np.float32, (self._file.stated.size,), self.title)
        return (unit(checked) @ centres.T).argmax(axis=1).astype(np.int64)

    @classmethod
    @abstractmethod
    def _stated(cls, path: Path, notes: dict[str, str]) -> Stated:
        """What a file is of, by its metadata; MissingWeights if it is of another network."""

    @classmethod
    @abstractmethod
    def _filled(cls, stated: Stated, state: dict[str, Tensor], path: Path) -> tuple[Any, str | None]:
        """The network with the file's tensors, ready for inference, and a remark on what the file lacks."""

    @staticmethod
    @abstractmethod
    def _apart(cosines: np.ndarray) -> np.ndarray:
        """Distances in [0, 1] of cosines (n, m) float64; 0 where rounding alone keeps two templates apart."""

    def _weights(self) -> _Weights:
        weights = _load(type(self), self._path, self._file, self._device)
        # Not where the file is read: another recognizer of the same file would be silent about it.
        if weights.remark and not self._told:
            warnings.warn(weights.remark, stacklevel=3)
        self._told = True
        return weights

    def _answers(self, images: np.ndarray, answer: Callable[[Tensor], Tensor], shape: tuple[int, ...]) -> np.ndarray:
        """What the network answers to each image, (n, *shape) float32; MissingWeights if it is NaN or infinite."""
        from recognizers.networks.forward import through

        results = through(answer, images, shape, self._device, self._block)
        require_finite(results, self._path)
        return results


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors (n, size) at unit length, in double precision."""
    wide = vectors.astype(np.float64)
    return wide / np.maximum(np.linalg.norm(wide, axis=1, keepdims=True), 1e-12)


class _File(NamedTuple):
    stated: Stated
    digest: str
    identities: tuple[str, ...] | None


class _Weights(NamedTuple):
    network: Any
    centres: np.ndarray | None
    remark: str | None


@lru_cache(maxsize=8)
def _identify(kind: type[EmbeddingRecognizer], pinned: Pinned) -> _File:
    path, digest = pinned
    notes, identities = metadata(path), class_names(path)
    pinned.require_same()
    return _File(kind._stated(path, notes), digest, identities)


@lru_cache(maxsize=4)
def _load(kind: type[EmbeddingRecognizer], path: Path, file: _File, device: str) -> _Weights:
    state = read_state(Pinned(path, file.digest))
    network, remark = kind._filled(file.stated, state, path)
    centres = class_centres(state, file.stated.size, path, kind._classifier)
    return _Weights(network.to(device), None if centres is None else unit(centres.numpy()), remark)

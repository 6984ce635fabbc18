"""The reconstruction of EEHNet, a recognizer of whole hands: embeddings of palm and fingers, compared by their cosine.

Its layers, and all that is assumed of them, are in `networks/eehnet.py`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from recognizers.cards import CARDS
from recognizers.common.errors import MissingWeights, RequestError
from recognizers.input_checks import hands
from recognizers.networks.checkpoint import require_fit, some
from recognizers.networks.eehnet_settings import Settings
from recognizers.networks.embedding import EmbeddingRecognizer, Stated

if TYPE_CHECKING:
    from torch import Tensor

VERSION = 1


class EEHNetRecognizer(EmbeddingRecognizer):
    """A reconstruction of EEHNet (arXiv 2311.05383), not the authors' network: see `recognizers.networks.eehnet`.

    The paper's code and weights are not public. This is EE-PRnet's localiser and alignment, extended to the fingers by
    assumptions that `recognizers.networks.eehnet` lists; nearly all are settings of the training, and its weight file
    says them. Usually there are 29 landmarks (nine of the palm computed from keypoints and valley points, four joints a
    finger), one thin-plate spline for the palm and one for each finger, a palm branch and one branch that the fingers
    share, and unit embeddings weighed, put side by side and compared by (1 - cosine) / 2. What it scores stands for no
    published number. The embedded weights are of a narrow network of the same architecture, trained on rendered hands
    (`experiments/weights/train_eehnet.py`).

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
    title = "EEHNet"
    card = CARDS["eehnet"]
    takes: Literal["hand"] = "hand"
    _code = ("eehnet", "networks.eehnet", "networks.backbones", "networks.hand_landmarks", "networks.tps")
    _advice = (
        "No published ones exist; train the compact network (python -m experiments.weights.train_eehnet), or name a "
        "file with recognizer.weights=."
    )
    _classifier = "arc.whole.weight"
    _block = 64

    def extract(self, crops: np.ndarray) -> np.ndarray:
        """Templates of hand crops.

        Parameters
        ----------
        crops : (n, 224, 224, 3) uint8
            RGB, the whole hand, left hands mirrored to right (`palmbench.hands.recognition_hand.recognition_hand`).

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
        crops, network = hands(crops, self.title), self._weights().network
        return self._answers(crops, lambda block: network.embed(network.normalised(block)), (network.size,))

    def landmarks(self, crops: np.ndarray) -> np.ndarray:
        """Landmarks that the network aligns hand crops by, (n, 29, 2) float32: (x, y) in pixels of the crop.

        In the order of `recognizers.networks.hand_landmarks`; crops and errors as in `extract`.
        """
        from recognizers.networks.eehnet import in_pixels
        from recognizers.networks.hand_landmarks import LANDMARKS

        crops, network = hands(crops, self.title), self._weights().network
        return self._answers(
            crops, lambda block: in_pixels(network.localiser(network.normalised(block))), (LANDMARKS, 2)
        )

    @classmethod
    def _stated(cls, path: Path, notes: dict[str, str]) -> Stated:
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
                f"{path}: its metadata hold no settings that this EEHNet knows: they are not JSON. Train it again."
            ) from error
        except RequestError as error:
            raise MissingWeights(
                f"{path}: its metadata hold no settings that this EEHNet knows: {error} It was probably written by "
                "another version; train it again."
            ) from error
        return Stated(notes.get("variant", "other"), settings.size, settings)

    @classmethod
    def _filled(cls, stated: Stated, state: dict[str, Tensor], path: Path) -> tuple[Any, str | None]:
        import torch

        from recognizers.networks.eehnet import EEHNet

        try:
            network = EEHNet(stated.shape)
        except ValueError as error:
            raise MissingWeights(f"{path}: {error}. Train it again.") from error
        own = network.state_dict()
        require_fit(own, state, path, "the network's", _likely_cause)
        if missing := sorted(own.keys() - state.keys()):
            raise MissingWeights(f"{path} is incomplete: it has no {some(missing)}. Fetch it or train it again.")
        if extra := sorted(name for name in state.keys() - own.keys() if not name.startswith("arc.")):
            raise MissingWeights(f"{path} also holds {some(extra)}: it is of another network.")
        network.load_state_dict({name: state[name].to(own[name].dtype) for name in own})
        network.requires_grad_(False).eval()
        return network.to(memory_format=torch.channels_last), None

    @staticmethod
    def _apart(cosines: np.ndarray) -> np.ndarray:
        # In double precision, and below what float32 templates can tell apart, equal ones are at 0.
        apart = (1 - cosines) / 2
        return np.where(apart < 1e-12, 0, apart)


def _likely_cause(name: str, found: tuple[int, ...]) -> str:
    return "the file was probably written with other settings than its metadata say"


def __getattr__(name: str) -> Any:
    # The network under its short name, for whoever trains or loads one: `recognizers.eehnet.EEHNet(settings)`.
    if name == "EEHNet":
        from recognizers.networks.eehnet import EEHNet

        return EEHNet
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

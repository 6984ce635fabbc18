"""Features for a Fréchet distance that needs no download: what the embedded hand network's encoder sees.

Why this network, of those that come with palmbench: the autoencoder and the image encoder take part in de-identifying,
so that a distance on their features would favour diffusion over the baselines, and a recognizer's features tell hands
apart, which is what de-identification is to change. The hand network only finds hands. Its four levels hold edges and
creases (the first) as well as the hand's form (the last), and 256 numbers an image need fewer images than 2048.
It is not Inception: the distance is called `fd_hand`, and compares only with others of the same weights.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from palmbench.base.paths import weights_dir
from recognizers.common.cache_keys import versions_of
from recognizers.common.pinned import Pinned

if TYPE_CHECKING:
    from palmbench.quality.networks import Extractor

VERSION = 1
HAND_FEATURES = 256
# Twice what the network was trained on, or palm lines would be lost in the shrinking.
LONGEST_SIDE = 384
_STRIDE = 16


def hand_weights() -> Path:
    """The embedded hand network's weight file; it may be absent."""
    return weights_dir() / "hand" / "hand.safetensors"


def hand_feature_settings(weights: Pinned) -> dict[str, object]:
    """Everything that can change the features, for the key."""
    versions = {"hand_features": VERSION, **versions_of("palmbench.hands", "network")}
    return {"weights": weights.digest, "versions": versions}


def load_hand_features(weights: Pinned, device: str) -> Extractor:
    """Mean activation of each channel of the encoder's four levels: uint8 HWC image to float32 of shape (256,).

    The photo is brought to a longest side of 384 pixels by averaging, both sides to multiples of 16.
    """
    import torch

    from palmbench.hands.network import HandNetwork, folded
    from palmbench.quality.networks import exact, unit
    from recognizers.common.tensor_files import read_tensors

    network = HandNetwork()
    state = read_tensors(weights)
    network.load_state_dict({key: part.float() if part.is_floating_point() else part for key, part in state.items()})
    network = folded(network).requires_grad_(False).to(device)

    @exact()
    def features(image: np.ndarray) -> np.ndarray:
        level = network.stem(unit(_fitted(image), device) * 2 - 1)
        means = [level.mean(dim=(2, 3))]
        for stage in network.down:
            level = stage(level)
            means.append(level.mean(dim=(2, 3)))
        return torch.cat(means, dim=1)[0].float().cpu().numpy()

    return features


def _fitted(image: np.ndarray) -> np.ndarray:
    scale = LONGEST_SIDE / max(image.shape[:2])
    height, width = (max(1, round(side * scale / _STRIDE)) * _STRIDE for side in image.shape[:2])
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)

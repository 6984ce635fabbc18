"""Samples of what looks for palms that no hand was found for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import torch

from palmbench.hands.embedded_weights import embedded_file
from palmbench.hands.network import folded
from palmbench.hands.palm import palm_polygon
from palmbench.hands.spot_network import SpotNetwork
from palmbench.hands.spotting import Spotter, palm_size
from palmbench.photos.overlooked import overlooked
from palmbench.photos.window import in_window
from recognizers.common.tensor_files import read_tensors
from tests.golden import inputs
from tests.golden.artefacts import Golden, sampled

_NETWORK = 2e-3
_CODED = 1e-3
SPOTTING = [f"palmbench.hands.{name}" for name in ("spotting", "spot_network", "network")]
_PLACED = [f"palmbench.hands.{name}" for name in ("several_hands", "palm", "recognition_roi", "roi_squares")]


def spot_weights() -> list[str]:
    return [Spotter().digest]


def _spot_network() -> dict[str, Any]:
    network = SpotNetwork()
    network.load_state_dict({name: part.float() for name, part in read_tensors(embedded_file("spot")).items()})
    views = torch.from_numpy(inputs.photo()[:96, :160].copy()).permute(2, 0, 1)[None].float() / 255
    with torch.inference_mode():
        return {"logits": sampled(folded(network)(views)[0].numpy())}


def _spotting() -> dict[str, Any]:
    spotter, photo = Spotter(), inputs.photo()
    small = cv2.resize(photo, None, fx=0.4, fy=0.4, interpolation=cv2.INTER_AREA)
    hands = (inputs.hand(0), inputs.hand(1))
    return {
        "sizes": [palm_size(palm_polygon(hand.keypoints_2d)) for hand in hands],
        "one": spotter.spots(photo, 0.05),
        "small": spotter.spots(small, 0.05),
    }


def _overlooked() -> dict[str, Any]:
    first, second = inputs.photo(), inputs.photo(1)[: inputs.photo().shape[0]]
    both = np.concatenate([first, second], axis=1)
    wide = replace(inputs.hand(), mask=np.pad(inputs.hand().mask, ((0, 0), (0, second.shape[1]))))
    spotter = Spotter()
    return {
        name: [box for box in overlooked(both, [in_window(hand) for hand in hands], spotter)]
        for name, hands in (("beside one", [wide]), ("beside none", []))
    }


GOLDENS = [
    Golden("palmbench.hands.spotting", "spots", _spotting, SPOTTING[1:], spot_weights, _NETWORK, constants=True),
    Golden("palmbench.hands.spot_network", "logits", _spot_network, weights=spot_weights, tolerance=_NETWORK),
    Golden("palmbench.photos.overlooked", "boxes", _overlooked, [*SPOTTING, *_PLACED, "palmbench.photos.window"],
           spot_weights, tolerance=_CODED),
]  # fmt: skip

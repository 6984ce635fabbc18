"""Samples of image quality, usability, and distances between sets of photos."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest.mock import patch

import cv2
import numpy as np
import torch
from safetensors.torch import save_file

from palmbench.quality import frechet, hand_features, kernel, summary
from palmbench.quality.filters import OPENCV, torch_filters
from palmbench.quality.pixels import image_quality
from palmbench.quality.similarity import similarity_paper, similarity_torchmetrics
from palmbench.quality.usability import usability
from recognizers.common.pinned import Pinned
from tests.golden import inputs
from tests.golden.artefacts import Golden, numbers, sampled

_NETWORK = 2e-3


def _filters() -> dict[str, Any]:
    found = {}
    for name, filters in (("OpenCV", OPENCV), ("torch", torch_filters("cpu"))):
        planes = filters.planes(inputs.photo())
        made = [*filters.uniform(planes[:1]), *filters.gaussian(planes[:1])]
        made += [filters.reflect(planes[1], 5), filters.repeat_before(planes[1]), filters.halve(planes[2])]
        found[name] = [sampled(np.asarray(plane)) for plane in made]
    return found


def _similarity() -> dict[str, Any]:
    before, after = (OPENCV.planes(image) for image in (inputs.photo(), inputs.repainted()))
    palm = inputs.hand().mask
    dark = [OPENCV.planes(image // 16) for image in (inputs.photo(), inputs.repainted())]
    return {
        "in the dark": similarity_paper(*dark, palm, OPENCV),
        "paper": similarity_paper(before, after, palm, OPENCV),
        "torchmetrics": similarity_torchmetrics(before, after, palm, OPENCV),
    }


def _pixels() -> dict[str, Any]:
    before, after, palm = inputs.photo(), inputs.repainted(), inputs.hand().mask
    found: dict[str, Any] = {}
    for convention in ("paper", "torchmetrics"):
        found |= {f"{convention}: {name}": [value]
                  for name, value in image_quality(before, after, convention, palm).items()}  # fmt: skip
    small = [image[60:200, 40:190] for image in (before, after)]
    limits = [[image[:side, :side] for image in (before, after)] for side in (160, 161, 175, 176)]
    for convention in ("paper", "torchmetrics"):
        values = [list(image_quality(*pair, convention).values()) for pair in limits]
        found[f"{convention}: sides of 160, 161, 175 and 176"] = values
    wide = [cv2.resize(image, (2100, 180), interpolation=cv2.INTER_NEAREST) for image in (before, after)]
    return found | {name: list(image_quality(*pair).values()) for name, pair in (("small", small), ("wide", wide))}


def _networks() -> dict[str, Any]:
    from palmbench.quality.networks import load_lpips, load_lpips_torchmetrics

    vgg = [3, 64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512]
    alex = [(64, 3, 11), (192, 64, 5), (384, 192, 3), (256, 384, 3), (256, 256, 3)]
    shapes = {
        "vgg": dict(zip((0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28),
                        [(b, a, 3) for a, b in pairwise(vgg)], strict=True)),
        "alex": dict(zip((0, 3, 6, 8, 10), alex, strict=True)),
    }  # fmt: skip
    found = {}
    for name, load in (("vgg", load_lpips), ("alex", load_lpips_torchmetrics)):
        generator = torch.Generator().manual_seed(1)
        state = {}
        for layer, (out, of, side) in shapes[name].items():
            wide = (2 / (of * side**2)) ** 0.5
            state[f"features.{layer}.weight"] = wide * torch.randn(out, of, side, side, generator=generator)
            state[f"features.{layer}.bias"] = torch.zeros(out)
        # Most weights are the classifier's, which is dropped: they are not drawn.
        with (
            tempfile.TemporaryDirectory() as folder,
            patch.object(torch.nn.Linear, "reset_parameters", _not_drawn),
            patch.object(torch.nn.init, "normal_", _not_drawn),
        ):
            save_file(state, Path(folder) / "backbone.safetensors")
            distance = load(Path(folder) / "backbone.safetensors", "cpu")
        found[name] = [distance(inputs.photo(), inputs.repainted())]
    return found


def _not_drawn(layer: Any, *_: Any) -> Any:
    return layer


def _hand_features() -> dict[str, Any]:
    features = hand_features.load_hand_features(Pinned.now(hand_features.hand_weights()), "cpu")
    return {"features": sampled(features(inputs.photo()))}


def _features(number: int, n: int = 24) -> np.ndarray:
    places = np.arange(n * 16, dtype=np.float64).reshape(n, 16)
    return np.sin(places * (1.3 + number) + number) + 0.1 * number


_IDENTITIES = [f"{i // 3}" for i in range(24)]


def _frechet() -> dict[str, Any]:
    a, b = _features(0), _features(1)
    few = frechet.frechet_distance(a[:5], b[:5])
    distance = frechet.frechet_distance(a, b)
    return {"distance": numbers(few, distance), "interval": frechet.frechet_interval(a, b, distance, _IDENTITIES)}


def _kernel() -> dict[str, Any]:
    a, b = _features(0), _features(1)
    found = kernel.kernel_distance(a, b)
    usual = kernel.kernel_distance(a, b, subset_size=10)
    return {
        "distance": numbers(found.value, found.subset_size),
        "subsets": [usual.value, usual.std],
        "interval": kernel.kernel_interval(a, b, found.value, _IDENTITIES),
        "defaults": numbers(kernel.SUBSETS, kernel.SUBSET_SIZE, kernel.SUBSET_SEED),
    }


def _summary() -> dict[str, Any]:
    infinite = float("inf")
    values = ([1.0, 2.0, 4.0], [1.0, infinite, 3.0], [infinite, infinite], [])
    return {"summaries": [summary.summarise(each) for each in values]}


def _usability() -> dict[str, Any]:
    hand = inputs.hand()
    steps = np.linspace(0, 14, 42).reshape(21, 2).astype(np.float32)
    moved = replace(
        hand,
        box=hand.box + np.array([2, -3, 5, 1], np.float32),
        keypoints_2d=hand.keypoints_2d + steps,
        keypoints_3d=hand.keypoints_3d * np.float32(1.05) + np.float32(0.01),
        valleys=hand.valleys + np.array([[1, 2], [-2, 1]], np.float32),
        mask=np.roll(hand.mask, 4, axis=1),
    )
    scales = ("image", "hand")
    return {scale: list(usability(hand, moved, hand.mask.shape, scale).values()) for scale in scales}


def _weights() -> list[str]:
    return [Pinned.now(hand_features.hand_weights()).digest]


GOLDENS = [
    Golden("palmbench.quality.filters", "filtered planes", _filters, tolerance=1e-8),
    Golden("palmbench.quality.similarity", "SSIM or MS-SSIM", _similarity, ["palmbench.quality.filters"],
           constants=True),
    Golden("palmbench.quality.pixels", "numbers", _pixels,
           ["palmbench.quality.filters", "palmbench.quality.similarity"]),
    Golden("palmbench.quality.networks", "LPIPS distances", _networks, tolerance=_NETWORK),
    Golden("palmbench.quality.hand_features", "features", _hand_features,
           ["palmbench.hands.network"], _weights, _NETWORK),
    Golden("palmbench.quality.frechet", "distances or intervals", _frechet, ["palmbench.scoring.jackknife"]),
    Golden("palmbench.quality.kernel", "distances or intervals", _kernel, ["palmbench.scoring.jackknife"]),
    Golden("palmbench.quality.summary", "means", _summary),
    Golden("palmbench.quality.usability", "numbers", _usability, ["palmbench.hands.recognition_roi"]),
]  # fmt: skip

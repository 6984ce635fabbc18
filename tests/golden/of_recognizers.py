"""Samples of the recognizers: templates and distances of fixed ROIs, and of what they share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

import recognizers
from recognizers import codes, matching
from recognizers.codes.gabor import RADIUS, filter_image, gabor_bank, quarters
from recognizers.matching.shifts import ShiftSearch, prepare
from recognizers.networks import hand_landmarks, tps
from recognizers.networks.backbones import backbone
from recognizers.networks.embedding import unit
from recognizers.networks.gabor_conv import GaborConv2d
from tests.golden import inputs
from tests.golden.artefacts import Golden, exact, numbers, sampled

_NETWORK = 2e-3
_CODES = ["recognizers.codes.base", "recognizers.codes.gabor"]
_MATCHING = ["recognizers.matching.shifts"]


def _gabor() -> dict[str, Any]:
    bank = gabor_bank(0.5, 2.0)
    padded = np.pad(inputs.rois()[0].astype(np.float64), RADIUS)
    responses = np.empty((6, 128, 128))
    filter_image(padded, *quarters(bank), responses)
    return {"bank": [sampled(bank), sampled(gabor_bank(0.35, 2.78, -1))], "responses": sampled(responses)}


def _base() -> dict[str, Any]:
    bank = np.stack([np.eye(9) - 1 / 9, np.eye(9)[::-1] - 1 / 9])
    found = codes.responses(inputs.rois()[1], bank)
    ties = np.stack([np.zeros((32, 32)), np.where(np.eye(32, dtype=bool), 5e-10, 2e-9) - 1e-9])
    return {
        "responses": sampled(found),
        "lowest": exact(codes.lowest(found)) + exact(codes.lowest(ties)),
        "packed": exact(codes.packed(found > codes.FLAT)),
        "flat": [float(np.log10(codes.FLAT))],
    }


def _planes(planes: int) -> np.ndarray:
    return np.random.Generator(np.random.PCG64(11)).integers(0, 2**32, (20, planes, 32), dtype=np.uint32)


_SEARCHES = (ShiftSearch(2, 3), ShiftSearch(4, 1), ShiftSearch(2, 6), ShiftSearch(2, 6, "area"))


def _shifts() -> dict[str, Any]:
    planes = _planes(6)
    jobs = [prepare(planes[:2], planes[2:4], search) for search in _SEARCHES]
    square = [matching.distances(planes[:5], planes[5:], search) for search in _SEARCHES]
    among = [matching.pairwise(planes, search) for search in _SEARCHES]
    return {
        "weights": [sampled(job.weights) for job in jobs],
        "denominators": [job.denominator for job in jobs],
        "planes": " ".join(exact(job.probes) + exact(job.gallery) for job in jobs),
        "distances": " ".join(map(exact, square)),
        "pairwise": " ".join(map(exact, among)),
    }


def _code(name: str, **options: Any) -> Callable[[], dict[str, Any]]:
    def compute() -> dict[str, Any]:
        recognizer = recognizers.load(name, **options)
        templates = recognizer.extract(inputs.rois())
        return {
            "templates": exact(templates),
            "distances": numbers(recognizer.distances(templates[:2], templates)),
            "search": " ".join(map(str, recognizer.search)),
        }

    return compute


def _mtcc() -> dict[str, Any]:
    return {
        f"{variant}: {name}": value
        for variant in ("yan", "original") for name, value in _code("mtcc", variant=variant)().items()
    }  # fmt: skip


def _ccnet_recognizer() -> dict[str, Any]:
    recognizer = recognizers.load("ccnet")
    templates = recognizer.extract(inputs.rois())
    return {
        "templates": [sampled(template) for template in templates],
        "distances": recognizer.distances(templates, templates),
    }


def _eehnet_recognizer() -> dict[str, Any]:
    recognizer = recognizers.load("eehnet")
    crops = np.stack([inputs.crop(), inputs.crop()[:, ::-1]])
    templates = recognizer.extract(crops)
    return {
        "templates": [sampled(template) for template in templates],
        "landmarks": sampled(recognizer.landmarks(crops)),  # type: ignore[attr-defined]
        "distances": recognizer.distances(templates, templates),
    }


def _embedding() -> dict[str, Any]:
    return {"units": unit(np.linspace(-3, 5, 24, dtype=np.float32).reshape(4, 6))}


def _ccnet() -> dict[str, Any]:
    from recognizers.networks.ccnet import COMPACT, CCNet, normalised

    torch.manual_seed(4)
    network = CCNet(None, COMPACT).eval()
    rois = torch.from_numpy(inputs.rois()[:1])
    with torch.inference_mode():
        shown = normalised(rois)
        return {"shown": sampled(shown.numpy()), "embedding": sampled(network.embed(shown).numpy())}


def _gabor_conv() -> dict[str, Any]:
    layer = GaborConv2d(9, 35, 1.0)
    image = torch.from_numpy(inputs.rois()[:1, None].astype(np.float32) / 255)
    with torch.inference_mode():
        return {"kernels": sampled(layer.kernels().numpy()), "responses": sampled(layer(image).numpy())}


def _eehnet() -> dict[str, Any]:
    from recognizers.networks.eehnet import COMPACT, EEHNet, in_pixels, in_units

    torch.manual_seed(4)
    network = EEHNet(COMPACT).eval()
    crops = torch.from_numpy(inputs.crop()[None])
    points = torch.linspace(20, 200, 58).reshape(1, 29, 2)
    with torch.inference_mode():
        shown = network.normalised(crops)
        palms, fingers = network.align(shown, in_units(points))
        description = network(shown)
    return {
        "shown": sampled(shown.numpy()),
        "aligned": [sampled(palms.numpy()), sampled(fingers.numpy())],
        "embedding": [sampled(description.whole.numpy()), sampled(description.landmarks.numpy())],
        "pixels": sampled(in_pixels(in_units(points)).numpy()),
    }


def _tps() -> dict[str, Any]:
    targets = torch.tensor([(x, y) for y in (-0.8, 0.1, 0.9) for x in (-0.9, 0.0, 0.7)])
    points = targets * 0.7 + torch.linspace(-0.2, 0.2, 18).reshape(9, 2)
    image = torch.from_numpy(inputs.rois()[:1, None].astype(np.float32))
    bases = [basis(targets, 16, 12) for basis in (tps.thin_plate_basis, tps.affine_basis)]
    grid = tps.thin_plate_grid(bases[0], points)
    return {
        "bases": [sampled(basis.numpy()) for basis in bases],
        "read": sampled(tps.read_grid(image, grid[None, None], 16, 12).numpy()),
    }


def _backbones() -> dict[str, Any]:
    found = {}
    for name in ("vgg16_quarter", "shufflenet_v2_x0_5", "resnet18"):
        torch.manual_seed(2)
        with torch.inference_mode():
            maps = backbone(name).eval()(torch.linspace(-1, 1, 3 * 64 * 64).reshape(1, 3, 64, 64))
        found[name] = sampled(maps.numpy())
        found[f"{name}, shape"] = [*map(float, maps.shape)]
    return found


def _landmarks() -> dict[str, Any]:
    hand = inputs.hand()
    landmarks = hand_landmarks.landmarks_of(hand.keypoints_2d, hand.valleys)
    fingers = hand_landmarks.finger_points(torch.from_numpy(landmarks)[None], 0.2, 0.3)
    return {
        "landmarks": landmarks,
        "fingers": sampled(fingers.numpy()),
        "targets": [hand_landmarks.FINGER_TARGETS.numpy(), hand_landmarks.PALM_TARGETS.numpy()],
    }


def weights_of(name: str) -> Callable[[], list[str]]:
    """What gives the digest of a recognizer's own weights."""
    return lambda: [str(recognizers.load(name).settings()["weights"])]


_EEHNET_USES = [f"recognizers.networks.{name}" for name in ("backbones", "hand_landmarks", "tps")]

GOLDENS = [
    Golden("recognizers.codes.gabor", "filters", _gabor),
    Golden("recognizers.codes.base", "responses or codes", _base, ["recognizers.codes.gabor"]),
    Golden("recognizers.matching.shifts", "distances", _shifts),
    Golden("recognizers.mtcc", "templates or distances", _mtcc, [*_CODES, *_MATCHING]),
    *(
        Golden(f"recognizers.{name}", "templates or distances", _code(name), [*_CODES, *_MATCHING])
        for name in ("bocv", "compcode", "ordinalcode", "palmcode", "rloc")
    ),
    Golden("recognizers.networks.gabor_conv", "filters", _gabor_conv, tolerance=1e-4),
    Golden("recognizers.networks.tps", "grids", _tps, tolerance=1e-4),
    Golden("recognizers.networks.backbones", "feature maps", _backbones, tolerance=_NETWORK),
    Golden("recognizers.networks.hand_landmarks", "landmarks", _landmarks, tolerance=1e-5),
    Golden("recognizers.networks.ccnet", "embeddings", _ccnet, ["recognizers.networks.gabor_conv"],
           tolerance=_NETWORK),
    Golden("recognizers.networks.eehnet", "embeddings or landmarks", _eehnet, _EEHNET_USES, tolerance=_NETWORK,
           constants=True),
    Golden("recognizers.networks.embedding", "directions of embeddings", _embedding),
    Golden("recognizers.ccnet", "templates or distances", _ccnet_recognizer,
           ["recognizers.networks.embedding", "recognizers.networks.ccnet", "recognizers.networks.gabor_conv"],
           weights_of("ccnet"), _NETWORK),
    Golden("recognizers.eehnet", "templates or distances", _eehnet_recognizer,
           ["recognizers.networks.embedding", "recognizers.networks.eehnet", *_EEHNET_USES],
           weights_of("eehnet"), _NETWORK),
]  # fmt: skip

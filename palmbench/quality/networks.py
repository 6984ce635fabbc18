"""The networks behind LPIPS and FID, filled from local weight files: with the contents that the metric's key names."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from recognizers.common.pinned import Pinned
from recognizers.common.tensor_files import read_tensors

VERSION = 1
POOL_FEATURES = 2048
_INCEPTION_SIDE = 299
_VGG_CELL = 16
_VGG_REACH = 208  # its last layer sees 196 pixels; the next whole number of cells

Distance = Callable[[np.ndarray, np.ndarray], float]
Extractor = Callable[[np.ndarray], np.ndarray]


def load_lpips(vgg16_weights: Path | Pinned, device: str) -> Distance:
    """LPIPS, version 0.1 on VGG-16, between two uint8 HWC images of one size, sides of at least 32.

    Parameters
    ----------
    vgg16_weights : Path or Pinned
        State dict of torchvision's VGG-16. The package `lpips` brings its own linear heads.
    device : str

    References
    ----------
    Zhang et al., The unreasonable effectiveness of deep features as a perceptual metric, 2018.
    """
    network = _lpips("vgg", vgg16_weights, device)

    @exact()
    def distance(original: np.ndarray, deidentified: np.ndarray) -> float:
        window = _seen_change(original, deidentified)
        if window is None:
            return 0.0
        pair = (unit(image[window], device) * 2 - 1 for image in (original, deidentified))
        _, layers = network(*pair, retPerLayer=True)
        sizes = [image.shape[:2] for image in (original[window], original)]
        # The package averages over the window; the rest of the photo holds nothing but noughts.
        cells = [[(height >> k) * (width >> k) for k in range(len(layers))] for height, width in sizes]
        return sum(float(layer) * part / whole for layer, part, whole in zip(layers, *cells, strict=True))

    return distance


def load_lpips_torchmetrics(alexnet_weights: Path | Pinned, device: str) -> Distance:
    """LPIPS on AlexNet, torchmetrics' default, between two uint8 HWC images of one size, sides of at least 63.

    Parameters
    ----------
    alexnet_weights : Path or Pinned
        State dict of torchvision's AlexNet. The linear heads are those of the package `lpips`, as torchmetrics' are.
    device : str
    """
    network = _lpips("alex", alexnet_weights, device)

    @exact()
    def distance(original: np.ndarray, deidentified: np.ndarray) -> float:
        signed = (unit(image, device) * 2 - 1 for image in (original, deidentified))
        layers = zip(network.lins, *(network.net(network.scaling_layer(image)) for image in signed), strict=True)
        return float(sum(head((_unit_length(a) - _unit_length(b)) ** 2).mean() for head, a, b in layers))

    return distance


def load_inception(weights: Path | Pinned, device: str, convention: str = "paper") -> Extractor:
    """Pool features of FID's Inception network: uint8 HWC image of any size to float32 of shape (2048,).

    Parameters
    ----------
    weights : Path or Pinned
        `pytorch-fid`'s port of the 2015 TensorFlow network, which torchmetrics has through torch-fidelity.
    device : str
    convention : {"paper", "torchmetrics"}
        How an image becomes 299 x 299: as `pytorch-fid` 0.3 resizes and scales it, or as torchmetrics does, by
        TensorFlow 1's bilinear resizing of 8-bit levels.
    """
    from pytorch_fid.inception import InceptionV3

    paper = convention == "paper"
    with torch.random.fork_rng(devices=[]), _instead_of_downloading(weights):
        block = InceptionV3.BLOCK_INDEX_BY_DIM[POOL_FEATURES]
        network = InceptionV3([block], resize_input=paper, normalize_input=paper)
    network = network.eval().requires_grad_(False).to(device)

    @exact()
    def features(image: np.ndarray) -> np.ndarray:
        views = unit(image, device) if paper else (as_tensorflow_1_resizes(levels(image, device)) - 128) / 128
        return network(views)[0].reshape(-1).float().cpu().numpy()

    return features


def levels(image: np.ndarray, device: str) -> Tensor:
    """A uint8 HWC image as float32 (1, 3, height, width) on the device, levels in [0, 255]."""
    planes = torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))
    return planes[None].to(device).float()


def unit(image: np.ndarray, device: str) -> Tensor:
    """A uint8 HWC image as float32 (1, 3, height, width) on the device, in [0, 1]."""
    return levels(image, device) / 255


@contextlib.contextmanager
def exact() -> Iterator[None]:
    """Inference in full single precision: by default a graphics card rounds convolutions to ten bits."""
    with torch.inference_mode(), torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        yield


def _lpips(net: str, weights: Path | Pinned, device: str) -> Any:
    """The network of the package `lpips` with its own linear heads, and the backbone of a file."""
    import lpips

    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # lpips still says `pretrained=` to torchvision
        network = lpips.LPIPS(net=net, version="0.1", pnet_rand=True, verbose=False)
    backbone = read_tensors(weights)
    for name, layer in _numbered_layers(network.net):
        layer.load_state_dict({key: backbone[f"features.{name}.{key}"] for key in ("weight", "bias")})
    return network.eval().requires_grad_(False).to(device)


def _unit_length(features: Tensor) -> Tensor:
    # torchmetrics adds to the squares, where lpips adds to the length: features that all but vanish differ.
    return features / torch.sqrt(1e-8 + features.square().sum(dim=1, keepdim=True))


def _seen_change(original: np.ndarray, deidentified: np.ndarray) -> tuple[slice, slice] | None:
    """The part of a photo that VGG-16 has to see, so that what it sees of the change is what it sees in the whole.

    No cell of its last layer sees both a changed pixel and one outside the part, and the part begins and ends where
    cells do; None when nothing changed.
    """
    changed = (original != deidentified).any(axis=2)
    part = []
    for axis in (1, 0):
        places = np.flatnonzero(changed.any(axis=axis))
        if not len(places):
            return None
        first, last = (int(places[end]) // _VGG_CELL * _VGG_CELL for end in (0, -1))
        part.append(slice(max(0, first - _VGG_REACH), last + _VGG_CELL + _VGG_REACH))
    return part[0], part[1]


def as_tensorflow_1_resizes(image: Tensor) -> Tensor:
    """To 299 x 299, pixel corners aligned rather than centres, no averaging: what FID was defined with."""
    for axis in (3, 2):
        length = image.shape[axis]
        scale = torch.tensor(length / _INCEPTION_SIDE, dtype=torch.float32, device=image.device)
        place = torch.arange(_INCEPTION_SIDE, dtype=torch.float32, device=image.device) * scale
        low = place.long()
        share = (place - low).reshape([-1 if a == axis else 1 for a in range(4)])
        before = image.index_select(axis, low)
        image = before + (image.index_select(axis, (low + 1).clamp_max(length - 1)) - before) * share
    return image


def _numbered_layers(slices: nn.Module) -> list[tuple[str, nn.Module]]:
    named = ((name.split(".")[-1], layer) for name, layer in slices.named_modules())
    return [(name, layer) for name, layer in named if isinstance(layer, nn.Conv2d)]


@contextlib.contextmanager
def _instead_of_downloading(weights: Path | Pinned) -> Iterator[None]:
    # pytorch-fid always asks its own loader, which downloads, and unpickles without `weights_only`.
    from pytorch_fid import inception

    stock = inception.load_state_dict_from_url
    inception.load_state_dict_from_url = lambda url, progress=True: read_tensors(weights)
    try:
        yield
    finally:
        inception.load_state_dict_from_url = stock

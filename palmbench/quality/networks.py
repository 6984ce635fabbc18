"""The networks behind LPIPS and FID, filled from local weight files read with `weights_only=True`."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

POOL_FEATURES = 2048


def load_lpips(vgg16_weights: Path, device: str) -> Callable[[np.ndarray, np.ndarray], float]:
    """LPIPS, version 0.1 on VGG-16, between two uint8 HWC images of one size, sides of at least 32.

    Parameters
    ----------
    vgg16_weights : Path
        State dict of torchvision's VGG-16. The package `lpips` brings its own linear heads.
    device : str

    References
    ----------
    Zhang et al., The unreasonable effectiveness of deep features as a perceptual metric, 2018.
    """
    import lpips

    backbone = torch.load(vgg16_weights, map_location="cpu", weights_only=True)
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # lpips still says `pretrained=` to torchvision
        network = lpips.LPIPS(net="vgg", version="0.1", pnet_rand=True, verbose=False)
    for name, layer in _numbered_layers(network.net):
        layer.load_state_dict({key: backbone[f"features.{name}.{key}"] for key in ("weight", "bias")})
    network = network.eval().requires_grad_(False).to(device)

    @torch.inference_mode()
    def distance(original: np.ndarray, deidentified: np.ndarray) -> float:
        return float(network(_signed(original, device), _signed(deidentified, device)))

    return distance


def load_inception(weights: Path, device: str) -> Callable[[np.ndarray], np.ndarray]:
    """Pool features of FID's Inception network: uint8 HWC image of any size to float32 of shape (2048,).

    References
    ----------
    The port of the 2015 TensorFlow network by `pytorch-fid` 0.3, bilinear resizing to 299 x 299 included.
    """
    from pytorch_fid.inception import InceptionV3

    with torch.random.fork_rng(devices=[]), _instead_of_downloading(weights):
        block = InceptionV3.BLOCK_INDEX_BY_DIM[POOL_FEATURES]
        network = InceptionV3([block]).eval().requires_grad_(False).to(device)

    @torch.inference_mode()
    def features(image: np.ndarray) -> np.ndarray:
        pooled = network(_unit(image, device))[0]
        return pooled.reshape(-1).float().cpu().numpy()

    return features


def _numbered_layers(slices: nn.Module) -> list[tuple[str, nn.Module]]:
    named = ((name.split(".")[-1], layer) for name, layer in slices.named_modules())
    return [(name, layer) for name, layer in named if isinstance(layer, nn.Conv2d)]


@contextlib.contextmanager
def _instead_of_downloading(weights: Path) -> Iterator[None]:
    # pytorch-fid always asks its own loader, which downloads, and unpickles without `weights_only`.
    from pytorch_fid import inception

    stock = inception.load_state_dict_from_url
    inception.load_state_dict_from_url = lambda url, progress=True: torch.load(
        weights, map_location="cpu", weights_only=True
    )
    try:
        yield
    finally:
        inception.load_state_dict_from_url = stock


def _unit(image: np.ndarray, device: str) -> Tensor:
    planes = torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))
    return planes[None].to(device).float() / 255


def _signed(image: np.ndarray, device: str) -> Tensor:
    return _unit(image, device) * 2 - 1

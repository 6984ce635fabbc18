"""A small U-Net from crops of de-identified palms to their originals, and its training."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import cast

import numpy as np
import torch
from safetensors.torch import load, save
from torch import Tensor, nn
from torch.nn import functional
from torchmetrics.functional.image import structural_similarity_index_measure
from torchvision.transforms.functional import gaussian_blur

from recognizers.common.errors import RequestError
from recognizers.networks.precision import single_precision

WIDTHS = (24, 48, 96)
_FOLD = 2  # pixels of a crop, along both axes, that are channels of one place
_MEASUREMENTS = 6
_BLOCK = 32
_SHIFT = 4  # pixels of a crop of 128
_FINE, _COARSE = 1.0, 4.0  # pixels: creases lie between
_WINDOW = 0.8  # pixels, of the SSIM: half of its usual width, for a third of the time
_LINES = 2.0  # weight of the creases' loss


class UNet(nn.Module):
    """What is to be added to a grey crop, from the crop: three levels, the finest of half its resolution.

    Parameters
    ----------
    widths : tuple of int
        Channels of each level.
    """

    def __init__(self, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        self.down = nn.ModuleList(_pair(before, own) for before, own in zip((_FOLD**2, *widths), widths, strict=False))
        coarser = list(zip(reversed(widths[:-1]), reversed(widths[1:]), strict=True))
        self.up = nn.ModuleList(_pair(below + own, own) for own, below in coarser)
        self.last = nn.Conv2d(widths[0], _FOLD**2, 1)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(cast(Tensor, self.last.bias))

    def forward(self, crops: Tensor) -> Tensor:
        """The crops as they may have been, (n, 1, side, side), of crops in [0, 1]."""
        found, levels = functional.pixel_unshuffle(2 * crops - 1, _FOLD), []
        for number, level in enumerate(self.down):
            found = level(functional.avg_pool2d(found, 2) if number else found)
            levels.append(found)
        for level, finer in zip(self.up, reversed(levels[:-1]), strict=True):
            larger = functional.interpolate(found, scale_factor=2, mode="bilinear", align_corners=False)
            found = level(torch.cat([larger, finer], dim=1))
        return crops + functional.pixel_shuffle(self.last(found), _FOLD)


def trained(
    pairs: np.ndarray, held_out: np.ndarray, steps: int, batch: int, rate: float, seed: int, device: str
) -> tuple[bytes, float]:
    """Train a network on pairs, and take it as it restores others best.

    Parameters
    ----------
    pairs, held_out : (n, 2, side, side) uint8
        Each the de-identified crop, and the original's.
    steps, batch : int
    rate : float
        Adam's learning rate at the start; it falls to 0 along a cosine.
    seed : int
    device : str

    Returns
    -------
    weights : bytes
        A safetensors file.
    error : float
        1 - SSIM of what was held out and restored, in [0, 1].

    Raises
    ------
    RequestError
        If the loss is not a number any more.
    """
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    network = UNet().to(device)
    optimiser = torch.optim.Adam(network.parameters(), lr=rate)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    least, best = math.inf, {}
    every = max(1, steps // _MEASUREMENTS)
    with single_precision(device):
        for step in range(1, steps + 1):
            chosen = pairs[random.integers(len(pairs), size=batch)]
            seen, meant = _tensor(_shifted(chosen, random), device).split(1, dim=1)
            loss = _loss(network(seen), meant)
            if not bool(torch.isfinite(loss)):
                raise RequestError("the loss is not a number any more; a lower attack.rate helps.")
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            falling.step()
            if step % every == 0 or step == steps:
                error = 1 - similarity(network, held_out, device)
                if error < least:
                    least = error
                    best = {name: value.cpu().clone() for name, value in network.state_dict().items()}
    return save(best), min(1.0, max(0.0, least))


def restorer(weights: bytes, device: str = "cpu") -> Callable[[np.ndarray], np.ndarray]:
    """What turns crops (n, side, side) uint8 into restored ones, by a network's safetensors file."""
    network = UNet()
    network.load_state_dict(load(weights))
    network = network.requires_grad_(False).eval().to(device)

    def restored(crops: np.ndarray) -> np.ndarray:
        with torch.inference_mode(), single_precision(device):
            found = [network(each).cpu().numpy()[:, 0] for each in _blocks(crops[:, None], device)]
        return np.clip(np.round(255 * np.concatenate(found)), 0, 255).astype(np.uint8)

    return restored


@torch.no_grad()
def similarity(network: UNet, pairs: np.ndarray, device: str) -> float:
    """Mean SSIM of the originals of pairs and what a network makes of the de-identified crops."""
    total = 0.0
    for block in _blocks(pairs, device):
        seen, meant = block.split(1, dim=1)
        total += len(block) * float(_ssim(network(seen), meant))
    return total / len(pairs)


def _loss(found: Tensor, meant: Tensor) -> Tensor:
    lines = functional.l1_loss(_creases(found), _creases(meant))
    return functional.l1_loss(found, meant) + (1 - _ssim(found, meant)) + _LINES * lines


def _ssim(found: Tensor, meant: Tensor) -> Tensor:
    return cast(Tensor, structural_similarity_index_measure(found, meant, sigma=_WINDOW, data_range=1.0))


def _creases(crops: Tensor) -> Tensor:
    """What lies between a fine and a coarse blur."""
    return _blurred(crops, _FINE) - _blurred(crops, _COARSE)


def _blurred(crops: Tensor, sigma: float) -> Tensor:
    return gaussian_blur(crops, 2 * math.ceil(3 * sigma) + 1, sigma)


def _shifted(pairs: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Each pair moved by a few pixels, what leaves it on one side coming in on the other."""
    moves = random.integers(-_SHIFT, _SHIFT + 1, size=(len(pairs), 2))
    return np.stack([np.roll(pair, move, axis=(1, 2)) for pair, move in zip(pairs, moves, strict=True)])


def _blocks(crops: np.ndarray, device: str) -> Iterator[Tensor]:
    for start in range(0, len(crops), _BLOCK):
        yield _tensor(crops[start : start + _BLOCK], device)


def _tensor(crops: np.ndarray, device: str) -> Tensor:
    return torch.from_numpy(crops).to(device).float() / 255


def _pair(before: int, channels: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, channels, 3, padding=1),
        nn.GroupNorm(4, channels),
        nn.SiLU(),
        nn.Conv2d(channels, channels, 3, padding=1),
        nn.GroupNorm(4, channels),
        nn.SiLU(),
    )

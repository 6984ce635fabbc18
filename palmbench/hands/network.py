"""The embedded hand network: one small convolutional network that finds a hand, its keypoints and its mask.

It looks twice with the same weights: at the whole photo, to see whether and where there is a hand, and then
at the square about that hand. Trained on rendered hands only (`experiments/weights/train_hand.py`).
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

POINTS = 23  # 21 keypoints, then the two valley points
INPUT_SIZE = 192
GRID = INPUT_SIZE // 4


class Sight(NamedTuple):
    """What the network sees in a batch of square views.

    Attributes
    ----------
    points : Tensor of shape (n, 23, 2)
        (x, y) in pixels of the view.
    depths : Tensor of shape (n, 21)
        Depth of the keypoints relative to the wrist, in hand lengths.
    mask : Tensor of shape (n, 1, 96, 96)
        Logits of the hand mask.
    presence : Tensor of shape (n,)
        Logit of "there is a hand".
    heat : Tensor of shape (n, 23, 48 * 48)
        Log-probabilities of each point's place.
    """

    points: Tensor
    depths: Tensor
    mask: Tensor
    presence: Tensor
    heat: Tensor


class HandNetwork(nn.Module):
    """Encoder and decoder with skips: heat maps and depths at a quarter of the view, the mask at a half.

    Parameters
    ----------
    widths : sequence of 5 int
        Channels at 1/2, 1/4, 1/8, 1/16 and 1/32 of the view.
    """

    def __init__(self, widths: tuple[int, ...] = (20, 40, 80, 128, 160)) -> None:
        super().__init__()
        self.widths = tuple(widths)
        stem, quarter, eighth, sixteenth, bottom = self.widths
        self.stem = _convolution(3, stem, stride=2)
        steps = list(pairwise(self.widths))
        self.down = nn.ModuleList(
            nn.Sequential(_convolution(a, b, stride=2), *(_Residual(b) for _ in range(blocks)))
            for (a, b), blocks in zip(steps, (1, 2, 2, 2), strict=True)
        )
        self.lateral = nn.ModuleList(nn.Conv2d(b, a, 1) for a, b in reversed(steps))
        self.merge = nn.ModuleList(_Residual(width) for width in (sixteenth, eighth, quarter, stem))
        self.refine = _Residual(quarter)
        self.heat = nn.Conv2d(quarter, POINTS, 1)
        self.depth = nn.Conv2d(quarter, 21, 1)
        self.mask = nn.Conv2d(stem, 1, 3, padding=1)
        self.presence = nn.Linear(bottom, 1)

    def forward(self, views: Tensor) -> Sight:
        """Look at views, float (n, 3, 192, 192) in [0, 1]."""
        features = [self.stem(views * 2 - 1)]
        for stage in self.down:
            features.append(stage(features[-1]))
        presence = self.presence(features[-1].mean(dim=(2, 3))).squeeze(1)
        merged = features.pop()
        levels = []
        for lateral, merge in zip(self.lateral, self.merge, strict=True):
            merged = functional.interpolate(lateral(merged), scale_factor=2.0, mode="bilinear", align_corners=False)
            merged = merge(merged + features.pop())
            levels.append(merged)
        quarter = self.refine(levels[2])
        heat = self.heat(quarter).flatten(2).float().log_softmax(dim=2)
        share = heat.exp()
        depths = (share[:, :21] * self.depth(quarter).flatten(2).float()).sum(dim=2)
        return Sight(
            points=_expected_place(share),
            depths=depths - depths[:, :1],
            mask=self.mask(levels[3]).float(),
            presence=presence.float(),
            heat=heat,
        )


def _expected_place(share: Tensor) -> Tensor:
    """Mean place of each heat map, in pixels of the view; cell centres lie at 4 k + 1.5."""
    centres = torch.arange(GRID, device=share.device, dtype=share.dtype) * 4 + 1.5
    grid = share.unflatten(2, (GRID, GRID))
    return torch.stack([(grid.sum(dim=2) * centres).sum(dim=2), (grid.sum(dim=3) * centres).sum(dim=2)], dim=2)


def _convolution(channels_in: int, channels_out: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(inplace=True),
    )


class _Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            _convolution(channels, channels),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
        )

    def forward(self, features: Tensor) -> Tensor:
        return functional.relu(features + self.body(features))

"""CCNet, the comprehensive competition network of Yang, Huangfu, Leng, Zhang, Teoh and Zhang (TIFS 2023)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from recognizers.networks.ccnet_settings import COMPACT, FULL, WIDTHS, Widths
from recognizers.networks.gabor_conv import GaborConv2d
from recognizers.networks.losses import ArcMargin

__all__ = ["COMPACT", "FULL", "WIDTHS", "CCNet", "Widths", "competition", "flat_size", "normalised"]

VERSION = 1
SIDE = 128
DROPOUT = 0.5
# Share of the competition among directions; the rest is split between rows and columns.
ACROSS_DIRECTIONS = 0.8
KERNELS = ((35, 1.0), (17, 0.5), (7, 0.25))


class CCNet(nn.Module):
    """Three competitive blocks of learnable Gabor filters, then two linear layers. The state dict is the published one.

    Parameters
    ----------
    num_classes : int or None
        Palms that the classifier tells apart; None leaves the classifier out.
    widths : Widths
        `FULL` as published, or `COMPACT`.
    """

    def __init__(self, num_classes: int | None, widths: Widths = FULL) -> None:
        super().__init__()
        first, second, third = widths.filters
        self.cb1 = CompetitiveBlock(first, *KERNELS[0], widths.channels)
        self.cb2 = CompetitiveBlock(second, *KERNELS[1], widths.channels)
        self.cb3 = CompetitiveBlock(third, *KERNELS[2], widths.channels)
        self.fc = nn.Linear(flat_size(widths.channels), widths.hidden)
        self.fc1 = nn.Linear(widths.hidden, widths.embedding)
        self.drop = nn.Dropout(DROPOUT)
        self.arclayer_ = None if num_classes is None else ArcMargin(widths.embedding, num_classes)

    def forward(self, images: Tensor, labels: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Logits, and the feature that the contrastive loss compares.

        Parameters
        ----------
        images : (batch, 1, 128, 128) float
            Normalised ROIs, see `normalised`.
        labels : (batch,) int64, optional
            Palms; with them the logit of the true palm is lowered by the margin.

        Returns
        -------
        logits : (batch, num_classes)
        feature : (batch, hidden + embedding)
            Both linear layers' outputs side by side, of unit length.

        Raises
        ------
        ValueError
            If the network has no classifier.
        """
        if self.arclayer_ is None:
            raise ValueError("this CCNet has no classifier: make it with num_classes")
        hidden = self.fc(self._flat(images))
        code = self.fc1(hidden)
        feature = functional.normalize(torch.cat([hidden, code], dim=1).float())
        return self.arclayer_(self.drop(code), labels), feature

    def embed(self, images: Tensor) -> Tensor:
        """Embeddings (batch, embedding) of unit length of normalised ROIs (batch, 1, 128, 128)."""
        return functional.normalize(self.fc1(self.fc(self._flat(images))).float())

    def features(self, images: Tensor) -> list[Tensor]:
        """Feature maps (batch, channels, height, width) of first and second order, block after block."""
        return [maps for block in self.blocks for maps in block(images)]

    @property
    def blocks(self) -> tuple[CompetitiveBlock, CompetitiveBlock, CompetitiveBlock]:
        """The three blocks, of coarse to fine filters."""
        return self.cb1, self.cb2, self.cb3

    def _flat(self, images: Tensor) -> Tensor:
        return torch.cat([maps.flatten(1) for maps in self.features(images)], dim=1)


class CompetitiveBlock(nn.Module):
    """Gabor responses of first and second order, each turned into a competition map, weighed, convolved and pooled."""

    def __init__(self, n: int, size: int, ratio: float, channels: int) -> None:
        super().__init__()
        self.gabor_conv2d = GaborConv2d(n, size, ratio)
        self.gabor_conv2d2 = GaborConv2d(n, size, ratio)
        self.conv1_1 = nn.Conv2d(n, channels, 5, stride=2)
        self.conv2_1 = nn.Conv2d(n, channels, 5, stride=2)
        self.se1, self.se2 = ChannelWeights(n), ChannelWeights(n)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Feature maps of first and of second order, (batch, channels, ...), of images (batch, 1, side, side)."""
        first = self.gabor_conv2d(images)
        second = self.gabor_conv2d2(first)
        first, second = self.se1(competition(first)), self.se2(competition(second))
        return functional.max_pool2d(self.conv1_1(first), 2), functional.max_pool2d(self.conv2_1(second), 2)


class ChannelWeights(nn.Module):
    """Squeeze and excitation: each channel times a number in (0, 1) made of all channels' means."""

    def __init__(self, n: int) -> None:
        super().__init__()
        self.fc = nn.Sequential(nn.Linear(n, n, bias=False), nn.ReLU(), nn.Linear(n, n, bias=False), nn.Sigmoid())

    def forward(self, maps: Tensor) -> Tensor:
        """`maps` (batch, n, height, width), weighed."""
        return maps * self.fc(maps.mean(dim=(2, 3)))[:, :, None, None]


def competition(responses: Tensor) -> Tensor:
    """Soft competition of responses (batch, n, height, width) among directions, and along rows and columns."""
    along = (1 - ACROSS_DIRECTIONS) / 2
    places = responses.softmax(dim=2) + responses.softmax(dim=3)
    return ACROSS_DIRECTIONS * responses.softmax(dim=1) + along * places


def normalised(rois: Tensor) -> Tensor:
    """ROIs as CCNet takes them: zero mean and unit deviation over the pixels that are not 0; pixels of 0 stay 0.

    Parameters
    ----------
    rois : (batch, 128, 128) uint8 or float
        Grey levels on any scale.

    Returns
    -------
    (batch, 1, 128, 128) float32
    """
    grey = rois.float()[:, None] / 255
    seen = (grey > 0).float()
    count = seen.sum(dim=(2, 3), keepdim=True)
    mean = grey.sum(dim=(2, 3), keepdim=True) / count.clamp(min=1)
    away = (grey - mean) * seen
    deviation = (away.square().sum(dim=(2, 3), keepdim=True) / (count - 1).clamp(min=1)).sqrt()
    return away / (deviation + 1e-6)


def flat_size(channels: int, side: int = SIDE) -> int:
    """Length of the three blocks' features together, for ROIs of `side` pixels."""
    first = (side + 1) // 2
    second = (first + 1) // 2
    return len(KERNELS) * channels * sum((((each - 5) // 2 + 1) // 2) ** 2 for each in (first, second))

"""A learnable Gabor layer, whose filters share their shape and differ in direction (Yang et al., 2023)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

VERSION = 1


class GaborConv2d(nn.Module):
    """Convolution by `n` Gabor filters that are made anew from five learnable or fixed numbers.

    With x the row and y the column offset, x' = x cos t + y sin t and y' = -x sin t + y cos t, filter i is

        G(x, y) = -exp(-((gamma x')^2 + y'^2) / (16 sigma^2)) * cos(2 pi f x' + psi),   t = theta_i = i pi / n,

    less its mean. The same filter is laid on every input channel, so the channels are summed first and filtered
    once: the same sum in another order.

    Parameters
    ----------
    n : int
        Filters, and channels of the answer.
    size : int
        Side of the filters, odd.
    ratio : float
        Scale of the filters at the start: sigma = 9.2 ratio, f = 0.057 / ratio.
    stride : int
        Step in both directions; the border is filled with zeros, half a filter wide.
    """

    def __init__(self, n: int, size: int, ratio: float, stride: int = 2) -> None:
        super().__init__()
        self.size, self.stride = size, stride
        self.gamma = nn.Parameter(torch.tensor([2.0]))
        self.sigma = nn.Parameter(torch.tensor([9.2 * ratio]))
        self.theta = nn.Parameter(torch.arange(n, dtype=torch.float32) * math.pi / n, requires_grad=False)
        self.f = nn.Parameter(torch.tensor([0.057 / ratio]))
        self.psi = nn.Parameter(torch.tensor([0.0]), requires_grad=False)

    def kernels(self) -> Tensor:
        """The filters, float32 (n, 1, size, size)."""
        offsets = torch.arange(self.size, dtype=torch.float32, device=self.theta.device) - self.size // 2
        x, y = offsets[:, None], offsets[None, :]
        theta = self.theta[:, None, None]
        across = x * theta.cos() + y * theta.sin()
        along = y * theta.cos() - x * theta.sin()
        envelope = torch.exp(-((self.gamma * across) ** 2 + along**2) / (16 * self.sigma**2))
        bank = -envelope * torch.cos(2 * math.pi * self.f * across + self.psi)
        return (bank - bank.mean(dim=(1, 2), keepdim=True))[:, None]

    def forward(self, images: Tensor) -> Tensor:
        """Responses (batch, n, height / stride, width / stride) to images (batch, channels, height, width)."""
        one = images.sum(dim=1, keepdim=True)
        return functional.conv2d(one, self.kernels(), stride=self.stride, padding=self.size // 2)

"""Layers of diffusers' networks, computed with fewer passes over memory: the same weights and sums, other rounding."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import torch
import torch.nn.functional as F
from diffusers.models.resnet import ResnetBlock2D
from torch import Tensor, nn

VERSION = 1


class Resnet(nn.Module):
    """A residual block without copies: activations in place, the time's share as part of a bias, no division by 1.

    Raises
    ------
    ValueError
        For a block of another kind: one that scales by the time, resamples, or divides its result.
    """

    def __init__(self, block: ResnetBlock2D) -> None:
        super().__init__()
        added = block.time_embedding_norm == "default" or block.time_emb_proj is None
        plain = block.upsample is None and block.downsample is None and block.output_scale_factor == 1
        if not added or not plain or not isinstance(block.nonlinearity, nn.SiLU):
            raise ValueError("it has residual blocks of another kind")
        self.norm1, self.conv1, self.norm2, self.conv2 = block.norm1, block.conv1, block.norm2, block.conv2
        self.conv_shortcut = block.conv_shortcut
        self.time_emb_proj = block.time_emb_proj

    def first_bias(self, time: Tensor) -> Tensor:
        """Of embedded times, after their activation, (n, dim): the bias of the first convolution at each, (n, C)."""
        assert self.conv1.bias is not None
        return self.conv1.bias + self.time_emb_proj(time)

    def forward(self, hidden: Tensor, temb: Tensor | None = None, **_: Any) -> Tensor:
        """(B, C, h, w) to (B, C', h, w); `temb` is a bias of `first_bias`, (C',), or None where there is no time."""
        inner = F.silu(self.norm1(hidden), inplace=True)
        inner = convolved(inner, self.conv1, temb)
        inner = convolved(F.silu(self.norm2(inner), inplace=True), self.conv2)
        if self.conv_shortcut is not None:
            hidden = mapped(hidden.permute(0, 2, 3, 1), self.conv_shortcut).permute(0, 3, 1, 2)
        return inner.add_(hidden)


def lean(network: nn.Module) -> None:
    """Replace, in place, every residual block of a network by a `Resnet` of its weights."""
    for module in list(network.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, ResnetBlock2D):
                setattr(module, name, Resnet(child))


def settle(
    network: nn.Module, device: torch.device, dtype: torch.dtype = torch.float32, but: Collection[nn.Module] = ()
) -> None:
    """Bring a network's numbers to a device, in a precision and in the layout in which convolutions are fastest.

    Parameters
    ----------
    network : nn.Module
        Changed in place; its parameters become others.
    device : torch.device
    dtype : torch.dtype
    but : collection of nn.Module
        Parts of it that keep their precision.
    """
    kept = {id(layer) for part in but for layer in part.modules()}
    for module in network.modules():
        for name, value in [*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)]:
            wanted = dtype if value.is_floating_point() and id(module) not in kept else value.dtype
            layout = torch.channels_last if value.ndim == 4 else torch.preserve_format
            moved = value.detach().to(device, wanted, memory_format=layout)
            setattr(
                module, name, nn.Parameter(moved, requires_grad=False) if isinstance(value, nn.Parameter) else moved
            )


def convolved(hidden: Tensor, layer: Any, bias: Tensor | None = None) -> Tensor:
    """A convolution, with another bias than its own where one is given.

    In float32 on a CPU by oneDNN whatever its size: left to itself torch takes a slower way for small images.
    """
    weight, own = layer.weight, layer.bias
    bias = own if bias is None else bias
    if not _by_onednn(hidden):
        return F.conv2d(hidden, weight, bias, layer.stride, layer.padding)
    return torch.mkldnn_convolution(hidden, weight, bias, layer.padding, layer.stride, layer.dilation, 1)


def affine(hidden: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """`F.linear`: (..., in) to (..., out).

    In float32 on a CPU by oneDNN's convolution, which is twice as fast as the BLAS library's product on processors
    that this library was not written for, and as fast on the others.
    """
    if not _by_onednn(hidden):
        return F.linear(hidden, weight, bias)
    rows = hidden.reshape(1, -1, 1, hidden.shape[-1]).permute(0, 3, 1, 2)
    sums = torch.mkldnn_convolution(rows, weight[:, :, None, None], bias, (0, 0), (1, 1), (1, 1), 1)
    return sums.permute(0, 2, 3, 1).reshape(*hidden.shape[:-1], len(weight))


def mapped(hidden: Tensor, layer: Any) -> Tensor:
    """A linear layer, or a convolution of one pixel's width, applied to the last axis: (..., in) to (..., out)."""
    return affine(hidden, layer.weight.flatten(1), layer.bias)


def joined(hidden: Tensor, skip: Tensor) -> Tensor:
    """Channels of both: (n * B, C, h, w) and (B, D, h, w) to (n * B, C + D, h, w), the second repeated n times."""
    batch, channels, height, width = hidden.shape
    shape = (batch, channels + skip.shape[1], height, width)
    both = torch.empty(shape, dtype=hidden.dtype, device=hidden.device, memory_format=torch.channels_last)
    both[:, :channels] = hidden
    both[:, channels:].unflatten(0, (-1, len(skip)))[...] = skip
    return both


def _by_onednn(hidden: Tensor) -> bool:
    if torch.compiler.is_compiling():  # which chooses for itself
        return False
    return hidden.device.type == "cpu" and hidden.dtype == torch.float32 and torch.backends.mkldnn.is_available()

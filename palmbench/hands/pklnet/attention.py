"""The transformer block of HRFormer (Yuan et al., 2021): attention inside windows, then a convolutional feed-forward.

Attribute names are those of its published state dicts.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.ops import StochasticDepth

WINDOW = 7
_EPSILON = 1e-6


class WindowAttention(nn.Module):
    """Multi-head self-attention inside windows of 7 x 7 cells, with a bias for each relative position.

    A map is padded with zeros on all sides to whole windows; the padding takes part in the attention, as published.

    Parameters
    ----------
    channels : int
    heads : int
        Divides the channels.
    """

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.attn = _Attention(channels, heads)

    def forward(self, cells: Tensor) -> Tensor:
        """Attend within windows of a map (n, height, width, channels); same shape."""
        count, height, width, channels = cells.shape
        across, down = -width % WINDOW, -height % WINDOW
        left, top = across // 2, down // 2
        padded = functional.pad(cells, (0, 0, left, across - left, top, down - top))
        rows, columns = padded.shape[1] // WINDOW, padded.shape[2] // WINDOW
        grid = padded.view(count, rows, WINDOW, columns, WINDOW, channels).transpose(2, 3)
        attended = self.attn(grid.reshape(-1, WINDOW * WINDOW, channels))
        attended = attended.view(count, rows, columns, WINDOW, WINDOW, channels).transpose(2, 3)
        attended = attended.reshape(count, rows * WINDOW, columns * WINDOW, channels)
        return attended[:, top : top + height, left : left + width]


class TransformerBlock(nn.Module):
    """Window attention and a feed-forward with a depth-wise convolution, each with a residual.

    Parameters
    ----------
    channels : int
    heads : int
    drop_path : float
        Probability, in training, that a sample skips a residual.
    """

    def __init__(self, channels: int, heads: int, drop_path: float = 0.0) -> None:
        super().__init__()
        self.attn = WindowAttention(channels, heads)
        self.norm1 = nn.LayerNorm(channels, eps=_EPSILON)
        self.norm2 = nn.LayerNorm(channels, eps=_EPSILON)
        self.drop_path = StochasticDepth(drop_path, "row")
        self.mlp = _ConvolutionalFeedForward(channels, 4 * channels)

    def forward(self, features: Tensor) -> Tensor:
        """A map (n, channels, height, width) to one of the same shape."""
        cells = features.permute(0, 2, 3, 1)
        cells = cells + self.drop_path(self.attn(self.norm1(cells)))
        return cells.permute(0, 3, 1, 2) + self.drop_path(self.mlp(self.norm2(cells).permute(0, 3, 1, 2)))


class CoordinateBlock(nn.Module):
    """Window attention with a residual, then two fully connected layers from the whole map to coordinates.

    Parameters
    ----------
    channels : int
    heads : int
    shape : (int, int)
        Height and width of the map.
    hidden : int
        Width between the two layers.
    outputs : int
    """

    def __init__(self, channels: int, heads: int, shape: tuple[int, int], hidden: int, outputs: int) -> None:
        super().__init__()
        self.attn = WindowAttention(channels, heads)
        self.norm1 = nn.LayerNorm(channels, eps=_EPSILON)
        self.norm2 = nn.LayerNorm(channels, eps=_EPSILON)
        self.mlp = _FeedForward(channels * shape[0] * shape[1], hidden, outputs)

    def forward(self, features: Tensor) -> Tensor:
        """A map (n, channels, height, width) to (n, outputs)."""
        cells = features.permute(0, 2, 3, 1)
        cells = cells + self.attn(self.norm1(cells))
        # Channels vary fastest, then columns, then rows.
        return self.mlp(self.norm2(cells).flatten(1))


class _Attention(nn.Module):
    relative_position_index: Tensor

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.k_proj = nn.Linear(channels, channels)
        self.v_proj = nn.Linear(channels, channels)
        self.q_proj = nn.Linear(channels, channels)
        self.out_proj = nn.Linear(channels, channels)
        self.relative_position_bias_table = nn.Parameter(torch.zeros((2 * WINDOW - 1) ** 2, heads))
        nn.init.trunc_normal_(self.relative_position_bias_table, std=0.02)
        self.register_buffer("relative_position_index", _relative_positions())

    def forward(self, windows: Tensor) -> Tensor:
        query, key, value = (
            project(windows).unflatten(2, (self.heads, -1)).transpose(1, 2)
            for project in (self.q_proj, self.k_proj, self.v_proj)
        )
        bias = self.relative_position_bias_table[self.relative_position_index].permute(2, 0, 1).contiguous()
        attended = functional.scaled_dot_product_attention(query, key, value, attn_mask=bias[None])
        return self.out_proj(attended.transpose(1, 2).flatten(2))


class _ConvolutionalFeedForward(nn.Module):
    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.fc1 = nn.Conv2d(channels, hidden, 1)
        self.norm1 = nn.BatchNorm2d(hidden)
        self.dw3x3 = nn.Conv2d(hidden, hidden, 3, padding=1, groups=hidden)
        self.norm2 = nn.BatchNorm2d(hidden)
        self.fc2 = nn.Conv2d(hidden, channels, 1)
        self.norm3 = nn.BatchNorm2d(channels)

    def forward(self, features: Tensor) -> Tensor:
        features = functional.gelu(self.norm1(self.fc1(features)))
        features = functional.gelu(self.norm2(self.dw3x3(features)))
        return functional.gelu(self.norm3(self.fc2(features)))


class _FeedForward(nn.Module):
    def __init__(self, inputs: int, hidden: int, outputs: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(inputs, hidden)
        self.fc2 = nn.Linear(hidden, outputs)

    def forward(self, features: Tensor) -> Tensor:
        return self.fc2(functional.gelu(self.fc1(features)))


def _relative_positions() -> Tensor:
    """Row of the bias table for each pair of cells of a window, int64 (49, 49): by row offset, then column offset."""
    cells = torch.arange(WINDOW * WINDOW)
    rows, columns = cells // WINDOW, cells % WINDOW
    down = rows[:, None] - rows + WINDOW - 1
    across = columns[:, None] - columns + WINDOW - 1
    return down * (2 * WINDOW - 1) + across

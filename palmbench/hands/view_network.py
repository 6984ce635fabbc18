"""The view network: what an upright hand shows, its palm, its back or fingers closed over it, or that it is no hand.

Trained on rendered hands only (`experiments/weights/train_view.py`).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from palmbench.hands.network import VIEWS, Residual, convolution

VERSION = 1
_DROPPED = 0.1  # share of the features that training leaves out


class ViewNetwork(nn.Module):
    """Convolutions down to a sixteenth of the view, and what they see of all of it at once.

    Parameters
    ----------
    widths : sequence of 4 int
        Channels at 1/2, 1/4, 1/8 and 1/16 of the view.
    """

    def __init__(self, widths: tuple[int, ...] = (16, 32, 64, 112)) -> None:
        super().__init__()
        half, quarter, eighth, bottom = widths
        self.body = nn.Sequential(
            convolution(3, half, stride=2),
            convolution(half, quarter, stride=2),
            Residual(quarter),
            convolution(quarter, eighth, stride=2),
            Residual(eighth),
            Residual(eighth),
            convolution(eighth, bottom, stride=2),
            Residual(bottom, 2),
            Residual(bottom),
        )
        self.out = nn.Linear(2 * bottom, len(VIEWS) + 1)

    def forward(self, views: Tensor) -> Tensor:
        """Logits (n, 4) of `VIEWS` and of no hand, of views, float (n, 3, side, side) in [0, 1]; trained on 96 x 96."""
        cells = self.body(views * 2 - 1).flatten(2)
        seen = torch.cat([cells.mean(dim=2), cells.amax(dim=2)], dim=1)
        return self.out(functional.dropout(seen, _DROPPED, self.training))

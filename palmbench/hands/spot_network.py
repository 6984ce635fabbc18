"""The spot network: where in a picture a palm lies, fingers or no fingers.

Trained on rendered hands only (`experiments/weights/train_spot.py`).
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from palmbench.hands.network import Residual, convolution, descent
from palmbench.hands.spotting import KINDS

VERSION = 1


class SpotNetwork(nn.Module):
    """The hand network down to a sixteenth of the view and back to an eighth, and an answer for each cell there.

    Its parts are called as those of `palmbench.hands.network.HandNetwork`, from whose weights a training begins.

    Parameters
    ----------
    widths : sequence of 4 int
        Channels at 1/2, 1/4, 1/8 and 1/16 of the view.
    dilations : sequence of int
        Of the residual blocks at the bottom.
    """

    def __init__(self, widths: tuple[int, ...] = (16, 32, 64, 144), dilations: tuple[int, ...] = (2, 4)) -> None:
        super().__init__()
        half, _, eighth, bottom = widths
        self.stem = convolution(3, half, stride=2)
        self.down = descent(widths, dilations)
        self.lateral = nn.ModuleList([nn.Conv2d(bottom, eighth, 1)])
        self.merge = nn.ModuleList([Residual(eighth)])
        self.out = nn.Sequential(Residual(eighth), nn.Conv2d(eighth, len(KINDS), 1))

    def forward(self, views: Tensor) -> Tensor:
        """Logits (n, 3, height / 8, width / 8) of `KINDS`, of views, float (n, 3, height, width) in [0, 1]."""
        cells = self.stem(views * 2 - 1)
        for stage in self.down[:-1]:
            cells = stage(cells)
        whole: Tensor = self.lateral[0](self.down[-1](cells))
        whole = functional.interpolate(whole, scale_factor=2.0, mode="bilinear", align_corners=False)
        answers: Tensor = self.out(self.merge[0](whole + cells))
        return answers

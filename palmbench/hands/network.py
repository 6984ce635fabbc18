"""The embedded hand network: a small convolutional network that finds a hand, what it shows, its keypoints and mask.

It looks with the same weights at the whole photo, to see whether and where there is a hand, and then at the
square about that hand. Trained on rendered hands only (`experiments/weights/train_hand.py`).
"""

from __future__ import annotations

from copy import deepcopy
from itertools import pairwise
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from palmbench.hands.hand import View
from recognizers.common.errors import MissingWeights
from recognizers.common.pinned import Pinned
from recognizers.networks.checkpoint import read_state

VERSION = 2
POINTS = 23  # 21 keypoints, then the two valley points
INPUT_SIZE = 192
GRID = INPUT_SIZE // 4
VIEWS: tuple[View, ...] = ("palm", "back", "closed")
Network = TypeVar("Network", bound=nn.Module)


class Outputs(NamedTuple):
    """What the network sees in a batch of views, height x width.

    Attributes
    ----------
    points : Tensor of shape (n, 23, 2)
        (x, y) in pixels of the view.
    depths : Tensor of shape (n, 21)
        Depth of the keypoints relative to the wrist, in hand lengths.
    mask, palm : Tensor of shape (n, 1, height / 2, width / 2)
        Logits of the hand mask, and of the skin of its palm that can be seen.
    presence : Tensor of shape (n,)
        Logit of "there is a hand".
    views : Tensor of shape (n, 3)
        Logits of what a hand shows, in the order of `VIEWS`.
    heat : Tensor of shape (n, 23, height / 4, width / 4)
        Log-probabilities of each point's place.
    """

    points: Tensor
    depths: Tensor
    mask: Tensor
    palm: Tensor
    presence: Tensor
    views: Tensor
    heat: Tensor


class HandNetwork(nn.Module):
    """Encoder and decoder with skips: heat maps and depths at a quarter of the view, the mask at a half.

    At the bottom, a sixteenth of the view, dilated convolutions let every place see the whole hand.

    Parameters
    ----------
    widths : sequence of 4 int
        Channels at 1/2, 1/4, 1/8 and 1/16 of the view.
    dilations : sequence of int
        Of the residual blocks at the bottom.
    """

    def __init__(self, widths: tuple[int, ...] = (16, 32, 64, 144), dilations: tuple[int, ...] = (2, 4)) -> None:
        super().__init__()
        half, quarter, eighth, bottom = widths
        self.stem = convolution(3, half, stride=2)
        self.down = descent(widths, dilations)
        self.lateral = nn.ModuleList(nn.Conv2d(b, a, 1) for a, b in reversed(list(pairwise(widths))))
        self.merge = nn.ModuleList(
            [Residual(eighth), nn.Sequential(Residual(quarter), Residual(quarter)), convolution(half, half)]
        )
        self.heat = nn.Conv2d(quarter, POINTS, 1)
        self.depth = nn.Conv2d(quarter, 21, 1)
        self.mask, self.palm = nn.Conv2d(half, 1, 1), nn.Conv2d(half, 1, 1)
        self.presence, self.views = nn.Linear(2 * bottom, 1), nn.Linear(2 * bottom, len(VIEWS))

    def forward(self, views: Tensor) -> Outputs:
        """Look at views, float (n, 3, height, width) in [0, 1]; it was trained on 192 x 192."""
        features = [self.stem(views * 2 - 1)]
        for stage in self.down:
            features.append(stage(features[-1]))
        merged = features.pop()
        # A small hand fills few cells: their mean alone would hardly tell of it.
        cells = merged.flatten(2)
        whole = torch.cat([cells.mean(dim=2), cells.amax(dim=2)], dim=1)
        presence, views = self.presence(whole).squeeze(1), self.views(whole)
        levels = []
        for lateral, merge in zip(self.lateral, self.merge, strict=True):
            merged = functional.interpolate(lateral(merged), scale_factor=2.0, mode="bilinear", align_corners=False)
            merged = merge(merged + features.pop())
            levels.append(merged)
        logits = self.heat(levels[1]).float()
        heat = logits.flatten(2).log_softmax(dim=2).view_as(logits)
        share = heat.exp()
        depths = (share[:, :21] * self.depth(levels[1]).float()).sum(dim=(2, 3))
        return Outputs(
            points=expected_place(share),
            depths=depths - depths[:, :1],
            mask=self.mask(levels[2]).float(),
            palm=self.palm(levels[2]).float(),
            presence=presence.float(),
            views=views.float(),
            heat=heat,
        )


def read_network(network: Network, file: Pinned, device: str, name: str) -> Network:
    """A network with the weights of a safetensors file, for inference; errors as of `observer.Observer`."""
    # NaN must not pass: a confidence of NaN is below no threshold.
    state = read_state(file)
    try:
        network.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in state.items()})
    except RuntimeError as error:
        detail = " ".join(" ".join(str(error).splitlines()[:2]).split())[:160]
        raise MissingWeights(f"{file.path} does not hold the {name} network's weights ({detail}).") from error
    return folded(network).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]


def folded(network: Network) -> Network:
    """The same network for inference: its batch normalisations are folded into the convolutions before them."""
    network = deepcopy(network).eval()
    for part in network.modules():
        if isinstance(part, nn.Sequential):
            for index in range(len(part) - 1):
                convolution, normalisation = part[index], part[index + 1]
                if isinstance(convolution, nn.Conv2d) and isinstance(normalisation, nn.BatchNorm2d):
                    part[index], part[index + 1] = fuse_conv_bn_eval(convolution, normalisation), nn.Identity()
    return network


def expected_place(share: Tensor) -> Tensor:
    """Mean place of each heat map (n, points, rows, columns), in pixels of the view; cell centres lie at 4 k + 1.5."""
    rows, columns = (torch.arange(length, device=share.device) * 4 + 1.5 for length in share.shape[2:])
    return torch.stack([(share.sum(dim=2) * columns).sum(dim=2), (share.sum(dim=3) * rows).sum(dim=2)], dim=2)


def descent(widths: tuple[int, ...], dilations: tuple[int, ...]) -> nn.ModuleList:
    """From 1/2 of a view down to 1/4, 1/8 and 1/16; arguments as of `HandNetwork`."""
    half, quarter, eighth, bottom = widths
    return nn.ModuleList(
        [
            nn.Sequential(convolution(half, quarter, stride=2), Residual(quarter)),
            nn.Sequential(convolution(quarter, eighth, stride=2), Residual(eighth), Residual(eighth)),
            nn.Sequential(convolution(eighth, bottom, stride=2), *(Residual(bottom, d) for d in dilations)),
        ]
    )


def convolution(channels_in: int, channels_out: int, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    """A convolution of 3 x 3, batch normalisation and ReLU."""
    return nn.Sequential(*_normalised(channels_in, channels_out, stride, dilation), nn.ReLU(inplace=True))


def _normalised(channels_in: int, channels_out: int, stride: int = 1, dilation: int = 1) -> list[nn.Module]:
    convolution = nn.Conv2d(
        channels_in, channels_out, 3, stride=stride, padding=dilation, dilation=dilation, bias=False
    )
    return [convolution, nn.BatchNorm2d(channels_out)]


class Residual(nn.Module):
    """Two convolutions whose result is added to what goes in, float (n, channels, height, width)."""

    def __init__(self, channels: int, dilation: int = 1) -> None:
        super().__init__()
        self.body = nn.Sequential(
            convolution(channels, channels, dilation=dilation), *_normalised(channels, channels, dilation=dilation)
        )

    def forward(self, features: Tensor) -> Tensor:
        return functional.relu(features + self.body(features), inplace=True)

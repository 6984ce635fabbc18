"""PKLNet's backbone: HRFormer (Yuan et al., 2021) with fewer blocks and channels, four resolutions side by side.

Attribute names are those of HRFormer's published state dicts.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, linspace, nn
from torch.nn import functional

from palmbench.hands.pklnet.attention import TransformerBlock

STEM = 64
STAGE1_BLOCKS = 2
HEADS = (1, 2, 4, 8)
STAGES = (((32, 64), 1), ((32, 64, 64), 1), ((32, 64, 64, 64), 2))  # channels of the branches, modules
CHANNELS = STAGES[-1][0]
DROP_PATH = 0.2


class Backbone(nn.Module):
    """Features of a view at 1/4, 1/8, 1/16 and 1/32 of its size, with 32, 64, 64 and 64 channels.

    A stem of two strided convolutions, two bottlenecks, and three stages that each add a branch of half the
    resolution; every module of a stage has one transformer block a branch and then mixes the branches.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, STEM, 3, stride=2, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(STEM)
        self.conv2 = nn.Conv2d(STEM, STEM, 3, stride=2, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(STEM)
        wide = _Bottleneck.growth * STEM
        self.layer1 = nn.Sequential(
            _Bottleneck(STEM, STEM), *(_Bottleneck(wide, STEM) for _ in range(STAGE1_BLOCKS - 1))
        )
        (second, depth2), (third, depth3), (fourth, depth4) = STAGES
        drops = linspace(0, DROP_PATH, depth2 + depth3 + depth4).tolist()
        self.transition1 = _transition((wide,), second)
        self.stage2 = nn.Sequential(*(_Module(second, drop) for drop in drops[:depth2]))
        self.transition2 = _transition(second, third)
        self.stage3 = nn.Sequential(*(_Module(third, drop) for drop in drops[depth2 : depth2 + depth3]))
        self.transition3 = _transition(third, fourth)
        self.stage4 = nn.Sequential(*(_Module(fourth, drop) for drop in drops[depth2 + depth3 :]))

    def forward(self, views: Tensor) -> list[Tensor]:
        """The four maps of a batch of views (n, 3, height, width), the finest first."""
        features = functional.relu(self.bn1(self.conv1(views)))
        features = functional.relu(self.bn2(self.conv2(features)))
        features = self.layer1(features)
        branches = self.stage2([change(features) for change in self.transition1])
        for transition, stage in ((self.transition2, self.stage3), (self.transition3, self.stage4)):
            # The new branch is drawn from the coarsest one.
            branches = stage([change(x) for change, x in zip(transition, [*branches, branches[-1]], strict=True)])
        return branches


class _Bottleneck(nn.Module):
    growth = 4

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        wide = self.growth * width
        self.conv1 = nn.Conv2d(channels, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, wide, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(wide)
        self.downsample = nn.Identity() if channels == wide else nn.Sequential(*_convolution(channels, wide, 1))

    def forward(self, features: Tensor) -> Tensor:
        inner = functional.relu(self.bn1(self.conv1(features)))
        inner = functional.relu(self.bn2(self.conv2(inner)))
        return functional.relu(self.bn3(self.conv3(inner)) + self.downsample(features))


class _Module(nn.Module):
    """One transformer block on each branch, then every branch receives the sum of all, brought to its resolution."""

    def __init__(self, channels: Sequence[int], drop_path: float) -> None:
        super().__init__()
        heads = HEADS[: len(channels)]
        self.branches = nn.ModuleList(
            nn.Sequential(TransformerBlock(width, count, drop_path))
            for width, count in zip(channels, heads, strict=True)
        )
        self.fuse_layers = nn.ModuleList(
            nn.ModuleList(_route(channels, source, target) for source in range(len(channels)))
            for target in range(len(channels))
        )

    def forward(self, features: Sequence[Tensor]) -> list[Tensor]:
        features = [branch(x) for branch, x in zip(self.branches, features, strict=True)]
        mixed = []
        for goal, routes in zip(features, self.fuse_layers, strict=True):
            brought = [_fitted(route(x), goal) for route, x in zip(routes.children(), features, strict=True)]
            mixed.append(functional.relu(sum(brought[1:], brought[0])))
        return mixed


def _fitted(features: Tensor, goal: Tensor) -> Tensor:
    """Only where a side of the finer branch is odd does an upsampled one miss its size."""
    if features.shape[2:] == goal.shape[2:]:
        return features
    return functional.interpolate(features, size=goal.shape[2:], mode="bilinear", align_corners=True)


def _route(channels: Sequence[int], source: int, target: int) -> nn.Module:
    """From one branch to another: a narrowing convolution and upsampling, or strided depth-wise steps."""
    if source == target:
        return nn.Identity()
    if source > target:
        return nn.Sequential(
            *_convolution(channels[source], channels[target], 1),
            nn.Upsample(scale_factor=2 ** (source - target), mode="nearest"),
        )
    steps = []
    for level in range(source + 1, target + 1):
        last = level == target
        step = [
            *_convolution(channels[source], channels[source], 3, stride=2, groups=channels[source]),
            *_convolution(channels[source], channels[target] if last else channels[source], 1),
        ]
        steps.append(nn.Sequential(*step) if last else nn.Sequential(*step, nn.ReLU()))
    return nn.Sequential(*steps)


def _transition(before: Sequence[int], after: Sequence[int]) -> nn.ModuleList:
    """Branches kept (a convolution where the channels change) and one more of half the resolution."""
    kept = [
        nn.Identity() if old == new else nn.Sequential(*_convolution(old, new, 3), nn.ReLU())
        for old, new in zip(before, after, strict=False)
    ]
    added = nn.Sequential(nn.Sequential(*_convolution(before[-1], after[-1], 3, stride=2), nn.ReLU()))
    return nn.ModuleList([*kept, added])


def _convolution(channels_in: int, channels_out: int, kernel: int, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    convolution = nn.Conv2d(
        channels_in, channels_out, kernel, stride=stride, padding=kernel // 2, groups=groups, bias=False
    )
    return [convolution, nn.BatchNorm2d(channels_out)]

"""PKLNet's two heads: the palm and its edge by object-contextual representations, and the three points.

Attribute names are those of the authors' state dict.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from palmbench.hands.pklnet.attention import CoordinateBlock, TransformerBlock

CLASSES = 3  # background, palm, edge of the palm
POINTS = 3  # two valley points, centre of the ROI
_CUBE = 2 * CLASSES
_HEADS = 3
_LOCALIZED = (64, 21, 15)  # what the localisation network leaves of a 400 x 300 cube
_WARPED = (200, 150)


class SegmentationHead(nn.Module):
    """Classes of each cell, from what it looks like and from what each class looks like (OCR; Yuan et al., 2020).

    Parameters
    ----------
    channels : int
        Of the features; the keys of the attention have half as many.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv3x3 = nn.Sequential(nn.Conv2d(channels, channels, 3, padding=1), _normalised(channels))
        self.ocr_gather_head = _Gather()
        self.ocr_distri_head = _Distribute(channels, channels // 2)
        self.cls_head = nn.Conv2d(channels, CLASSES, 1)
        self.aux_head = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1), _normalised(channels), nn.Conv2d(channels, CLASSES, 1)
        )

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of the classes (n, 3, height, width) and the first guess at them, from features of that size."""
        guess = self.aux_head(features)
        pixels = self.conv3x3(features)
        return self.cls_head(self.ocr_distri_head(pixels, self.ocr_gather_head(pixels, guess))), guess


class Places(NamedTuple):
    """What the key-point head finds; coordinates as in `KeypointHead.forward`.

    Attributes
    ----------
    points : Tensor of shape (n, 3, 2)
    heat : Tensor of shape (n, 3, 200, 150)
        Probability of each point's place in the warped cube.
    transform : Tensor of shape (n, 2, 3)
        Affine map from the warped cube to the cube.
    """

    points: Tensor
    heat: Tensor
    transform: Tensor


class KeypointHead(nn.Module):
    """Three points from the classes of each pixel: a spatial transformer, then heat maps and a direct regression.

    The answer is the mean of the two ways. The weight `s` of the published state dict is trained and never used.
    """

    def __init__(self) -> None:
        super().__init__()
        self.s = nn.Parameter(torch.zeros(1))
        self.localization = nn.Sequential(
            nn.AvgPool2d(2),
            nn.BatchNorm2d(_CUBE),
            *_localizing(_CUBE, 16, 3),
            *_localizing(16, 64, 5),
            *_localizing(64, 64, 5),
        )
        channels, height, width = _LOCALIZED
        last = nn.Linear(128, 6)
        nn.init.zeros_(last.weight)
        with torch.no_grad():
            last.bias.copy_(torch.eye(2, 3).flatten())
        self.fc_loc = nn.Sequential(nn.Linear(channels * height * width, 128), nn.ReLU(), last)
        halved = (_WARPED[0] // 2, _WARPED[1] // 2)
        self.kp_head = nn.Sequential(
            nn.AvgPool2d(2), _normalised(_CUBE), CoordinateBlock(_CUBE, _HEADS, halved, 256, 2 * POINTS)
        )
        self.PPU = nn.Sequential(TransformerBlock(_CUBE, _HEADS))
        self.hm = nn.Sequential(
            nn.BatchNorm2d(_CUBE), nn.Conv2d(_CUBE, 36, 1), nn.ReLU(), nn.Conv2d(36, POINTS, 1, bias=False)
        )

    def forward(self, logits: Tensor) -> Places:
        """Points in [-1, 1] of the view (-1 and 1 are its edges), from logits of the classes (n, 3, 400, 300)."""
        warped, transform = self.warp(torch.cat([logits, logits.softmax(dim=1)], dim=1))
        scores = self.hm(self.PPU(warped))
        heat = scores.flatten(2).softmax(dim=2).view_as(scores)
        height, width = heat.shape[2:]
        # Published so: the correction of the rows divides x, that of the columns y.
        stretch = heat.new_tensor([1 - 1 / height, 1 - 1 / width])
        regressed = self.kp_head(warped).view(-1, POINTS, 2)
        points = (expected_place(heat) / stretch + regressed) / 2
        return Places(points @ transform[:, :, :2].mT + transform[:, None, :, 2], heat, transform)

    def warp(self, cube: Tensor) -> tuple[Tensor, Tensor]:
        """The cube (n, 6, 400, 300) as the spatial transformer turns it, at half the size, and the transform."""
        transform = self.fc_loc(self.localization(cube).flatten(1)).view(-1, 2, 3)
        grid = functional.affine_grid(transform, [*cube.shape[:2], *_WARPED], align_corners=False)
        return functional.grid_sample(cube, grid, align_corners=False), transform


def expected_place(heat: Tensor) -> Tensor:
    """Mean place (x, y) of each heat map (n, points, height, width), shape (n, points, 2), in [-1, 1].

    The differentiable spatial to numerical transform of Nibali et al. (2018): cell k of m lies at (2 k + 1) / m - 1.
    """
    rows, columns = ((2 * torch.arange(m, device=heat.device) + 1) / m - 1 for m in heat.shape[2:])
    return torch.stack([(heat.sum(dim=2) * columns).sum(dim=2), (heat.sum(dim=3) * rows).sum(dim=2)], dim=2)


class _Gather(nn.Module):
    """What each class looks like: features averaged over the cells that look like it."""

    def forward(self, pixels: Tensor, guess: Tensor) -> Tensor:
        share = guess.flatten(2).softmax(dim=2)
        return (pixels.flatten(2) @ share.mT)[..., None]


class _Distribute(nn.Module):
    def __init__(self, channels: int, keys: int) -> None:
        super().__init__()
        self.object_context_block = _ObjectAttention(channels, keys)
        self.conv_bn_dropout = nn.Sequential(
            nn.Conv2d(2 * channels, channels, 1), _normalised(channels), nn.Dropout2d(0.05)
        )

    def forward(self, pixels: Tensor, objects: Tensor) -> Tensor:
        return self.conv_bn_dropout(torch.cat([self.object_context_block(pixels, objects), pixels], dim=1))


class _ObjectAttention(nn.Module):
    """Each cell asks, each class answers."""

    def __init__(self, channels: int, keys: int) -> None:
        super().__init__()
        self.f_pixel = nn.Sequential(*_projection(channels, keys), *_projection(keys, keys))
        self.f_object = nn.Sequential(*_projection(channels, keys), *_projection(keys, keys))
        self.f_down = nn.Sequential(*_projection(channels, keys))
        self.f_up = nn.Sequential(*_projection(keys, channels))

    def forward(self, pixels: Tensor, objects: Tensor) -> Tensor:
        query = self.f_pixel(pixels).flatten(2).mT
        key = self.f_object(objects).flatten(2).mT
        value = self.f_down(objects).flatten(2).mT
        context = functional.scaled_dot_product_attention(query, key, value)
        return self.f_up(context.mT.unflatten(2, pixels.shape[2:]))


def _projection(channels_in: int, channels_out: int) -> list[nn.Module]:
    return [nn.Conv2d(channels_in, channels_out, 1), _normalised(channels_out)]


def _normalised(channels: int) -> nn.Sequential:
    return nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU())


def _localizing(channels_in: int, channels_out: int, kernel: int) -> list[nn.Module]:
    return [nn.Conv2d(channels_in, channels_out, kernel), nn.MaxPool2d(2), nn.BatchNorm2d(channels_out), nn.ReLU()]

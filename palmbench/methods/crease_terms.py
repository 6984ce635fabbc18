"""What FingerSafe asks of a perturbation besides fooling a network, for palms: other directions of creases, no noise.

FingerSafe (IEEE TIP 2024) turns the ridges of fingerprints and holds down new contrast. A palm has no ridges that a
photo shows: the direction at a place is that of the Gabor filter that answers most, as in competitive codes.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from recognizers.codes.gabor import gabor_bank

VERSION = 1
_ORIENTATIONS = 6
_OMEGA, _KAPPA = 0.35, 2.78  # waves of 18 ROI pixels
_STRIDE = 2
_SHARPNESS = 0.5  # per grey level: how soon the strongest of two responses wins
_CENTRE, _SURROUND = 2.0, 4.0  # pixels
_MASKING = 4.0  # grey levels of contrast beside which as much again is seen half as well
_SMALL = 1e-4


class Creases(NamedTuple):
    """Directions and strengths of creases in ROIs.

    Attributes
    ----------
    direction : Tensor of shape (n, 2, h, w)
        Cosine and sine of twice the angle.
    strength : Tensor of shape (n, 1, h, w)
        The strongest response, from 0 on.
    """

    direction: Tensor
    strength: Tensor


def creases(rois: Tensor) -> Creases:
    """Creases of ROIs (n, 1, 128, 128), grey levels, at every second pixel; differentiable.

    A direction is the mean over six, weighed by a soft competition of the filters' responses to dark lines.
    """
    bank, doubled = (each.to(rois.device) for each in _filters())
    away = rois - rois.mean(dim=(2, 3), keepdim=True)
    responses = functional.conv2d(away, bank, stride=_STRIDE, padding=bank.shape[-1] // 2)
    weights = (_SHARPNESS * responses).softmax(dim=1)
    mean = functional.conv2d(weights, doubled)
    length = (mean.square().sum(dim=1, keepdim=True) + _SMALL).sqrt()
    return Creases(mean / length, responses.amax(dim=1, keepdim=True).clamp(min=0))


def turned(now: Creases, before: Creases) -> Tensor:
    """Mean |sin| of the angles by which creases turned, weighed by how strong they were; in [0, 1]."""
    # The square of the sine is (1 - cosine of the doubled angle) / 2.
    squared = (1 - (now.direction * before.direction).sum(dim=1, keepdim=True)).clamp(min=0) / 2
    return ((squared + _SMALL).sqrt() * before.strength).sum() / before.strength.sum().clamp(min=_SMALL)


def new_contrast(picture: Tensor, before: Tensor, region: Tensor) -> Tensor:
    """Mean increase of local contrast inside a region, grey levels, weighed by how well it is seen.

    The contrast of a place is the difference of its centre from its surround. Where there was some, more is seen less.

    Parameters
    ----------
    picture, before : Tensor of shape (1, 1, h, w)
        Grey levels.
    region : Tensor of shape (1, 1, h, w)
        1 inside.
    """
    was = _contrast(before)
    seen = region * _MASKING / (_MASKING + was)
    return ((_contrast(picture) - was).clamp(min=0) * seen).sum() / region.sum()


def _contrast(picture: Tensor) -> Tensor:
    return (_smoothed(picture, _CENTRE) - _smoothed(picture, _SURROUND)).abs()


def _smoothed(picture: Tensor, sigma: float) -> Tensor:
    reach = int(np.ceil(2.5 * sigma))
    along = torch.arange(-reach, reach + 1, dtype=picture.dtype, device=picture.device)
    weights = torch.exp(-(along**2) / (2 * sigma**2))
    weights = weights / weights.sum()
    wider = functional.pad(picture, (reach, reach, reach, reach), mode="replicate")
    return functional.conv2d(functional.conv2d(wider, weights.view(1, 1, 1, -1)), weights.view(1, 1, -1, 1))


@cache
def _filters() -> tuple[Tensor, Tensor]:
    """The bank (6, 1, side, side), and the doubled angle of each filter as weights (2, 6, 1, 1)."""
    bank = gabor_bank(_OMEGA, _KAPPA, sign=-1, orientations=_ORIENTATIONS, radius=10)
    doubled = 2 * np.pi * np.arange(_ORIENTATIONS) / _ORIENTATIONS
    directions = np.stack([np.cos(doubled), np.sin(doubled)])[..., None, None]
    return torch.from_numpy(bank[:, None]).float(), torch.from_numpy(directions).float()

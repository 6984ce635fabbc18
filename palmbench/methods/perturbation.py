"""A small change of a palm that leads recognizers astray: projected gradient steps with momentum."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor

from palmbench.hands import Hand
from palmbench.methods.crease_terms import creases, new_contrast, smoothed, turned
from palmbench.methods.victims import Frame, Victim, jitter, read, roi_reading
from recognizers.networks.precision import single_precision

VERSION = 1
_SIDE = 256  # most cells of a change along a side: on large photos it is coarser than their pixels
_STEP = 0.1  # of eps
_MOMENTUM = 1.0
_CROPS = 2  # of each victim and step


class Aim(NamedTuple):
    """A victim, an embedding of its network (size,), and whether to come closer to it or to get away."""

    victim: Victim
    embedding: Tensor
    closer: bool


class Strength(NamedTuple):
    """How a change is sought: see the settings of `palmbench.methods.adversarial`."""

    eps: int
    steps: int
    smoothing: float
    orientation: float
    contrast: float


def perturbation(
    photo: np.ndarray,
    hand: Hand,
    region: np.ndarray,
    aims: list[Aim],
    strength: Strength,
    generator: np.random.Generator,
    device: str = "cpu",
) -> np.ndarray:
    """Grey levels to be added to every channel of a photo, float32 (H, W): at most eps, and 0 outside the region.

    The steps are those of MI-FGSM (Dong et al., CVPR 2018) from a random start, each against fresh crops of the hand
    (`victims.jitter`), its gradient smoothed as Dong et al. (CVPR 2019) do.

    Parameters
    ----------
    photo : ndarray of shape (H, W, 3), uint8
    hand : Hand
    region : ndarray of shape (H, W), bool
        Has at least one pixel.
    aims : list of Aim
    strength : Strength
    generator : numpy.random.Generator
    device : str

    Raises
    ------
    NoROIError
        If the palm is too small to be read.
    """
    rows, columns = np.flatnonzero(region.any(axis=1)), np.flatnonzero(region.any(axis=0))
    frame = Frame(int(columns[0]), int(rows[0]), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1)
    box = np.s_[frame.top : frame.top + frame.height, frame.left : frame.left + frame.width]
    coarser = max(1.0, max(frame.width, frame.height) / _SIDE)
    size = round(frame.width / coarser), round(frame.height / coarser)
    grey = cv2.cvtColor(np.ascontiguousarray(photo[box]), cv2.COLOR_RGB2GRAY)
    before = _plane(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), device)
    inside = _plane(cv2.resize(region[box].astype(np.uint8), size, interpolation=cv2.INTER_NEAREST), device)
    seeker = _Seeker(photo, hand, frame, before, inside, aims, strength)
    with torch.enable_grad(), single_precision(device):
        change = seeker.sought(generator)
    found = cv2.resize(change[0, 0].cpu().numpy(), (frame.width, frame.height), interpolation=cv2.INTER_LINEAR)
    whole = np.zeros(region.shape, np.float32)
    whole[box] = np.where(region[box], found, 0)
    return whole


class _Seeker(NamedTuple):
    photo: np.ndarray
    hand: Hand
    frame: Frame
    before: Tensor
    inside: Tensor
    aims: list[Aim]
    strength: Strength

    def sought(self, generator: np.random.Generator) -> Tensor:
        eps = self.strength.eps
        # A change that leaves 0 to 255 is cut off, and does nothing.
        lowest, highest = -eps * torch.ones_like(self.before), eps * torch.ones_like(self.before)
        lowest, highest = torch.maximum(lowest, -self.before), torch.minimum(highest, 255 - self.before)
        start = generator.uniform(-eps, eps, self.before.shape).astype(np.float32)
        change = torch.from_numpy(start).to(self.before.device).clamp(lowest, highest) * self.inside
        momentum = torch.zeros_like(change)
        for _ in range(self.strength.steps):
            change.requires_grad_()
            (gradient,) = torch.autograd.grad(self._loss(change, generator), change)
            gradient = gradient * self.inside
            if self.strength.smoothing:
                gradient = smoothed(gradient, self.strength.smoothing)
            momentum = _MOMENTUM * momentum + gradient / gradient.abs().sum().clamp(min=1e-12)
            change = (change.detach() - _STEP * eps * momentum.sign()).clamp(lowest, highest) * self.inside
        return change

    def _loss(self, change: Tensor, generator: np.random.Generator) -> Tensor:
        loss = torch.zeros((), device=change.device)
        for aim in self.aims:
            readings = [aim.victim.reading(self.photo, self.hand, jitter(generator)) for _ in range(_CROPS)]
            alike = (aim.victim.embed(readings, change, self.frame) @ aim.embedding).mean()
            loss = loss - alike if aim.closer else loss + alike
        if self.strength.orientation:
            reading = roi_reading(self.photo, self.hand, jitter(generator))
            roi = read([reading], change, self.frame)
            own = torch.from_numpy(reading.pixels)[None].to(change.device)
            loss = loss - self.strength.orientation * turned(creases(roi), creases(own))
        if self.strength.contrast:
            more = new_contrast(self.before + change, self.before, self.inside)
            loss = loss + self.strength.contrast * more / self.strength.eps
        return loss


def _plane(pixels: np.ndarray, device: str) -> Tensor:
    return torch.from_numpy(pixels.astype(np.float32))[None, None].to(device)

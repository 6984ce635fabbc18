"""A small change of a palm that leads recognizers astray: projected gradient steps with momentum."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor

from palmbench.hands import Hand
from palmbench.methods.crease_terms import creases, new_contrast, turned
from palmbench.methods.victims import WIDEST, Frame, Jitter, Victim, jitter, read, roi_reading
from recognizers.common.errors import SampleError
from recognizers.networks.precision import single_precision

VERSION = 1
_SIDE = 256  # most cells of a change along a side: on large photos it is coarser than their pixels
_STEP = 0.1  # of eps
_MOMENTUM = 1.0


class Aim(NamedTuple):
    """A victim, an embedding of its network (size,), and whether to come closer to it or to get away."""

    victim: Victim
    embedding: Tensor
    closer: bool


class Strength(NamedTuple):
    """How a change is sought: see the settings of `palmbench.methods.adversarial`."""

    eps: int
    steps: int
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

    The steps are those of MI-FGSM (Dong et al., CVPR 2018), each against a fresh crop of the hand (`victims.jitter`).

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
    SampleError
        If no victim reads any of the region: the photo would stay as it is.
    """
    rows, columns = np.flatnonzero(region.any(axis=1)), np.flatnonzero(region.any(axis=0))
    frame = Frame(int(columns[0]), int(rows[0]), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1)
    box = np.s_[frame.top : frame.top + frame.height, frame.left : frame.left + frame.width]
    coarser = max(1.0, max(frame.width, frame.height) / _SIDE)
    size = max(1, round(frame.width / coarser)), max(1, round(frame.height / coarser))
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
        eps, free = self.strength.eps, self._read()
        # A change that leaves 0 to 255 is cut off, and does nothing.
        lowest, highest = torch.clamp(-self.before, min=-eps), torch.clamp(255 - self.before, max=eps)
        change, momentum = torch.zeros_like(self.before), torch.zeros_like(self.before)
        for _ in range(self.strength.steps):
            change.requires_grad_()
            step = torch.zeros_like(momentum)
            for weight, loss in self._losses(change, generator):
                (gradient,) = torch.autograd.grad(loss, change)
                step += weight * _of_unit_size(gradient * free)
            momentum = _MOMENTUM * momentum + _of_unit_size(step)
            change = (change.detach() - _STEP * eps * momentum.sign()).clamp(lowest, highest)
        return change

    def _read(self) -> Tensor:
        """1 where the palm is read by a victim at all: a change elsewhere would only be seen."""
        change = torch.zeros_like(self.before).requires_grad_()
        widest = [aim.victim.reading(self.photo, self.hand, Jitter(scale=WIDEST)) for aim in self.aims]
        read_of = [read([each], change, self.frame).sum() for each in widest]
        (reach,) = torch.autograd.grad(torch.stack(read_of).sum(), change)
        free = self.inside * (reach > 0)
        if not free.any():
            raise SampleError("No recognizer that the change is made against reads the palm region.")
        return free

    def _losses(self, change: Tensor, generator: np.random.Generator) -> Iterator[tuple[float, Tensor]]:
        """What each term loses, and its weight; the gradient of one is as large as that of any other."""
        for victim, embedding, closer in self.aims:
            reading = victim.reading(self.photo, self.hand, jitter(generator))
            alike = (victim.embed([reading], change, self.frame) @ embedding).mean()
            yield 1.0, -alike if closer else alike
        if self.strength.orientation:
            reading = roi_reading(self.photo, self.hand, jitter(generator))
            roi, own = read([reading], change, self.frame), torch.from_numpy(reading.pixels)[None].to(change.device)
            yield self.strength.orientation, -turned(creases(roi), creases(own))
        if self.strength.contrast:
            yield self.strength.contrast, new_contrast(self.before + change, self.before, self.inside)


def _of_unit_size(gradient: Tensor) -> Tensor:
    return gradient / gradient.abs().sum().clamp(min=1e-12)


def _plane(pixels: np.ndarray, device: str) -> Tensor:
    return torch.from_numpy(pixels.astype(np.float32))[None, None].to(device)

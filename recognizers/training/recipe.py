"""What a network brings to its training: how a photo is changed, what its loss is, what its weight file says."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np
from torch import Tensor, nn


class Photos(NamedTuple):
    """Photos to learn from, as a recognizer takes them.

    Attributes
    ----------
    images : (n, ...) uint8
        Recognition ROIs (n, 128, 128), or hand crops (n, 224, 224, 3).
    labels : (n,) int64
        Palm of each photo, 0 to the number of palms - 1; each palm has two photos or more.
    landmarks : (n, 29, 2) float32, or None
        In pixels of a hand crop; None for ROIs.
    """

    images: np.ndarray
    labels: np.ndarray
    landmarks: np.ndarray | None = None


class Step(NamedTuple):
    """What a batch gives: the loss to go down, and how many photos were classified rightly, None if nobody counts."""

    loss: Tensor
    correct: int | None


class Recipe(Protocol):
    """A network with a classifier, and how it is trained.

    Attributes
    ----------
    network : nn.Module
    """

    @property
    def network(self) -> nn.Module: ...

    def start(self, photos: Photos) -> None:
        """Ready the new network for these photos, before the first epoch."""
        ...

    def view(self, photos: Photos, index: int, random: np.random.Generator, epoch: int) -> tuple[np.ndarray, ...]:
        """One photo changed at random as in that epoch (from 0), as the arrays that `step` wants of each."""
        ...

    def step(self, views: tuple[Tensor, ...], labels: Tensor, epoch: int) -> Step:
        """Loss of a batch.

        Parameters
        ----------
        views : tuple of tensors, each (2 * batch, ...)
            First views of all photos, then second ones: another photo of the same palm each.
        labels : (batch,) int64
        epoch : int
            From 0.
        """
        ...

    def embed(self, images: Tensor) -> Tensor:
        """Templates (n, size), unit length, of images (n, ...) uint8."""
        ...

    def centres(self) -> Tensor:
        """Class centres (classes, size) of the classifier: a template is of the class at the smallest angle."""
        ...

    def notes(self) -> dict[str, Any]:
        """What the weight file has to say of the network, besides the identities; plain JSON values."""
        ...

"""CCNet's training as published (Yang et al., TIFS 2023): ArcFace on one view, supervised contrast with a second."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from recognizers.networks.ccnet import WIDTHS, CCNet, normalised
from recognizers.networks.losses import supervised_contrast
from recognizers.training.augment import augment
from recognizers.training.recipe import Photos, Step

_CALIBRATION = 200  # ROIs


class CCNetRecipe:
    """Loss (1 - contrast) CE + contrast SupCon; the second view takes part in the contrast only.

    Parameters
    ----------
    classes : int
        Palms.
    widths : {"full", "compact"}
    contrast : float
        Weight of the contrastive loss, published 0.2.
    start : {"standardised", "published"}
        Random weights as published, or `standardise`d, which spares the first tens of steps.
    """

    def __init__(self, classes: int, widths: str = "full", contrast: float = 0.2, start: str = "standardised") -> None:
        self.network = CCNet(classes, WIDTHS[widths])
        self.widths, self.contrast, self._standardised = widths, contrast, start == "standardised"

    def start(self, photos: Photos) -> None:
        """Standardise, if that was asked for."""
        if self._standardised:
            standardise(self.network, photos.images)

    def view(self, photos: Photos, index: int, random: np.random.Generator, epoch: int) -> tuple[np.ndarray, ...]:
        """The ROI with one of the published changes."""
        return (augment(photos.images[index], random),)

    def step(self, views: tuple[Tensor, ...], labels: Tensor, epoch: int) -> Step:
        """The published loss; first views are classified with the margin, and counted so too."""
        logits, features = self.network(normalised(views[0]), labels.repeat(2))
        first = logits[: len(labels)]
        with torch.autocast(first.device.type, enabled=False):
            contrast = supervised_contrast(features, labels.repeat(2))
            loss = (1 - self.contrast) * functional.cross_entropy(first, labels) + self.contrast * contrast
        return Step(loss, int((first.argmax(dim=1) == labels).sum()))

    def embed(self, images: Tensor) -> Tensor:
        """Embeddings of ROIs (n, 128, 128) uint8."""
        return self.network.embed(normalised(images))

    def centres(self) -> Tensor:
        """Rows of `arclayer_.weight`."""
        assert self.network.arclayer_ is not None
        return self.network.arclayer_.weight

    def notes(self) -> dict[str, Any]:
        """Network and variant."""
        return {"network": "ccnet", "variant": self.widths}


@torch.no_grad()
def standardise(network: CCNet, rois: np.ndarray) -> None:
    """Scale the blocks' convolutions, in place, so that each channel of their features has mean 0 and deviation 1.

    Competition maps are positive and much alike. From random weights all palms point the same way, and the first tens
    of steps are spent on turning them apart.

    Parameters
    ----------
    network : CCNet
    rois : (n, 128, 128) uint8
        Palms to measure by; at most 200 of them, evenly chosen, are looked at.
    """
    chosen = np.unique(np.linspace(0, len(rois) - 1, min(len(rois), _CALIBRATION)).astype(int))
    features = network.features(normalised(torch.from_numpy(np.asarray(rois[chosen]))))
    layers = [layer for block in network.blocks for layer in (block.conv1_1, block.conv2_1)]
    for layer, own in zip(layers, features, strict=True):
        deviation, mean = torch.std_mean(own, dim=(0, 2, 3))
        layer.weight /= deviation[:, None, None, None]
        assert layer.bias is not None
        layer.bias.sub_(mean).div_(deviation)

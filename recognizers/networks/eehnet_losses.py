"""The losses by which EEHNet is trained: of landmarks, of ArcFace's classifiers, and of triplets."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from recognizers.networks.eehnet import EEHNet, in_units
from recognizers.networks.eehnet_settings import ASSUMED, LossWeights
from recognizers.networks.losses import batch_hard_triplet


class Losses(NamedTuple):
    """Scalars; `total` is the weighted sum of the others."""

    total: Tensor
    landmark: Tensor
    arc: Tensor
    triplet: Tensor


def eehnet_loss(
    network: EEHNet, crops: Tensor, landmarks: Tensor, labels: Tensor, weights: LossWeights = ASSUMED
) -> Losses:
    """The losses by which everything is trained together.

    Parameters
    ----------
    network : EEHNet
        With classifiers.
    crops : (n, 3, 224, 224) float
        Normalised.
    landmarks : (n, 29, 2) float
        True ones in pixels of the crop; NaN where unknown.
    labels : (n,) int64
        Palms, each at least twice.
    weights : LossWeights

    Raises
    ------
    ValueError
        If the network has no classifiers.
    """
    if network.arc is None:
        raise ValueError("this EEHNet has no classifiers: make it with classes")
    seen = network(crops)
    landmark = landmark_loss(seen.landmarks, landmarks)
    entropies = {
        name: functional.cross_entropy(classifier(getattr(seen, name), labels), labels)
        for name, classifier in network.arc.items()
    }
    arc = weights.palm * entropies["palm"] + weights.fingers * entropies["fingers"] + weights.whole * entropies["whole"]
    triplet = batch_hard_triplet(seen.whole, labels, weights.triplet_margin)
    return Losses(weights.landmark * landmark + arc + weights.triplet * triplet, landmark, arc, triplet)


def landmark_loss(found: Tensor, true: Tensor) -> Tensor:
    """Mean squared distance of landmarks (n, 29, 2) in [-1, 1] from true ones in pixels; NaN ones do not count."""
    known = true.isfinite().all(dim=2, keepdim=True)
    apart = torch.where(known, found - in_units(true), 0.0)
    return apart.square().sum() / known.sum().clamp(min=1)

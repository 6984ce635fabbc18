"""What learned recognizers are trained by: additive angular margin, and supervised contrast of two views."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

TEMPERATURE = 0.07


class ArcMargin(nn.Module):
    """ArcFace classifier (Deng et al., 2019): cosines to class centres, the true class's angle widened by a margin.

    Parameters
    ----------
    size : int
        Length of the embeddings.
    classes : int
    scale : float
        Factor of the logits.
    margin : float
        Added to the angle of the true class, radians.
    """

    def __init__(self, size: int, classes: int, scale: float = 30.0, margin: float = 0.5) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(classes, size))
        self.scale, self.margin = scale, margin
        nn.init.xavier_uniform_(self.weight)

    def forward(self, embeddings: Tensor, labels: Tensor | None = None) -> Tensor:
        """Logits (batch, classes), float32; without labels (batch,) there is no margin."""
        cosine = functional.normalize(embeddings.float()) @ functional.normalize(self.weight.float()).T
        if labels is None:
            return self.scale * cosine
        true = cosine.gather(1, labels[:, None])
        sine = (1 - true.square()).clamp(1e-12, 1).sqrt()  # the root has no slope at 0
        widened = true * math.cos(self.margin) - sine * math.sin(self.margin)
        # Beyond pi - margin the widened angle would turn back: there the cosine is lowered by as much instead.
        turned = true - self.margin * math.sin(self.margin)
        lowered = torch.where(true > -math.cos(self.margin), widened, turned)
        return self.scale * cosine.scatter(1, labels[:, None], lowered)


def supervised_contrast(features: Tensor, labels: Tensor) -> Tensor:
    """Supervised contrastive loss (Khosla et al., 2020) with every view as an anchor.

    Parameters
    ----------
    features : (n, size) float
        Of unit length.
    labels : (n,) int64
        Each occurs at least twice.
    """
    logits = features @ features.T / TEMPERATURE
    itself = torch.eye(len(features), dtype=torch.bool, device=features.device)
    log_share = logits - logits.masked_fill(itself, -torch.inf).logsumexp(dim=1, keepdim=True)
    same = ((labels[:, None] == labels[None]) & ~itself).float()
    return -((same * log_share).sum(dim=1) / same.sum(dim=1)).mean()


def batch_hard_triplet(features: Tensor, labels: Tensor, margin: float) -> Tensor:
    """Triplet loss of the hardest pairs in a batch (Hermans, Beyer and Leibe, 2017).

    ``max(0, margin + farthest of the same label - nearest of another)``, the mean over all features as anchors.

    Parameters
    ----------
    features : (n, size) float
        Compared by Euclidean distance.
    labels : (n,) int64
        At least two different ones.
    margin : float
    """
    apart = (features[:, None] - features[None]).square().sum(dim=2).clamp(min=1e-12).sqrt()
    same = labels[:, None] == labels[None]
    farthest = apart.masked_fill(~same, -torch.inf).amax(dim=1)
    nearest = apart.masked_fill(same, torch.inf).amin(dim=1)
    return functional.relu(margin + farthest - nearest).mean()

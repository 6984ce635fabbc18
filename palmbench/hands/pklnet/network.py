"""PKLNet (Liang et al., 2023): the palm, its edge and the points that the recognition ROI hangs from."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from palmbench.hands.pklnet.backbone import CHANNELS, Backbone
from palmbench.hands.pklnet.heads import KeypointHead, SegmentationHead

VERSION = 1
HEIGHT, WIDTH = 400, 300


class Localization(NamedTuple):
    """What the network finds in a batch of views.

    Attributes
    ----------
    points : Tensor of shape (n, 3, 2)
        (x, y) of two valley points and the ROI's centre in pixels of the view, whose corners are (0, 0) and
        (300, 400): the centre of pixel k lies at k + 0.5.
    logits : Tensor of shape (n, 3, 400, 300)
        Of background, palm, and edge of the palm.
    first_logits : Tensor of shape (n, 3, 400, 300)
        The first guess at them, which only training needs.
    heat : Tensor of shape (n, 3, 200, 150)
        Probability of each point's place, in the coordinates of the spatial transformer.
    """

    points: Tensor
    logits: Tensor
    first_logits: Tensor
    heat: Tensor


class PKLNet(nn.Module):
    """The two-stage network: a reduced HRFormer segments the palm, and three points are read off the segmentation.

    16,523,255 parameters: 1,153,640 in the backbone, 1,134,678 in the segmentation, 14,234,937 in the points.

    Notes
    -----
    Known: sizes and the names of all parts (`backbone`, `bre_segment`, `kcr` and below) are those of the authors'
    code, of which only copies made by others are public; the backbone's inner names are also those of HRFormer's
    own release, and the segmentation head's those of the OCR code released with it. Two peculiarities are kept
    because trained weights rely on them: the half-cell corrections of x and y are exchanged, and `kcr.s` has no
    part in the answer.

    Inferred: the authors have released no weights yet, so no state dict of theirs has been loaded under these
    names. That coordinates count from the view's corner, not from the centre of its first pixel, follows from how
    that code turns photos back; that the valley points are those beside the index and the little finger, from the
    ROI that it hangs from them.

    References
    ----------
    X. Liang et al., "PKLNet: Keypoint Localization Neural Network for Touchless Palmprint Recognition Based on
    Edge-Aware Regression", IEEE JSTSP 17(3), 2023. Y. Yuan et al., "HRFormer", NeurIPS 2021.
    """

    def __init__(self) -> None:
        super().__init__()
        self.backbone = Backbone()
        self.bre_segment = SegmentationHead(sum(CHANNELS))
        self.kcr = KeypointHead()

    def forward(self, views: Tensor) -> Localization:
        """Localise palms.

        Parameters
        ----------
        views : Tensor of shape (n, 3, 400, 300), float
            As `pklnet_view.view_of` makes them.

        Raises
        ------
        ValueError
            If the shape is another one: the fully connected layers fix the size.
        """
        if views.ndim != 4 or views.shape[1:] != (3, HEIGHT, WIDTH):
            raise ValueError(f"PKLNet reads views of shape (n, 3, {HEIGHT}, {WIDTH}), not {tuple(views.shape)}.")
        features = self.features(views)
        logits, first = (
            functional.interpolate(x, size=(HEIGHT, WIDTH), mode="bilinear", align_corners=True)
            for x in self.bre_segment(features)
        )
        places = self.kcr(logits)
        half = views.new_tensor([WIDTH / 2, HEIGHT / 2])
        return Localization(places.points * half + half, logits, first, places.heat)

    def features(self, views: Tensor) -> Tensor:
        """The backbone's four maps in one, (n, 224, 100, 75)."""
        finest, *coarse = self.backbone(views)
        size = finest.shape[2:]
        raised = (functional.interpolate(x, size=size, mode="bilinear", align_corners=True) for x in coarse)
        return torch.cat([finest, *raised], dim=1)

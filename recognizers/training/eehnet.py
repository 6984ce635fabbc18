"""Training of the reconstructed EEHNet: first the localiser alone, then everything together.

The phases, one of the augmentations and Adam's rate are EE-PRnet's (TIFS 2020); losses and margins are assumed, see
`recognizers.eehnet`. True landmarks come from the detector's keypoints.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from recognizers.eehnet import (
    VARIANTS,
    EEHNet,
    LossWeights,
    Settings,
    eehnet_loss,
    in_units,
    landmark_loss,
    normalised,
)
from recognizers.protocol import HAND_SIDE
from recognizers.training.recipe import Photos, Step

# EE-PRnet's affine changes, one a photo: turns in degrees, scales, shifts along either axis in halves of the side.
TURNS = (-90.0, -20.0, -5.0, 0.0, 5.0, 20.0, 90.0)
SCALES = (0.8, 0.9, 1.0, 1.1, 1.2)
SHIFTS = (-0.2, -0.15, -0.1, 0.1, 0.15, 0.2)
AFFINES = (
    *((turn, 1.0, 0.0, 0.0) for turn in TURNS),
    *((0.0, scale, 0.0, 0.0) for scale in SCALES),
    *((0.0, 1.0, shift, 0.0) for shift in SHIFTS),
    *((0.0, 1.0, 0.0, shift) for shift in SHIFTS),
)
SATURATION, CONTRAST = 0.9, 0.7
# Ours, for hands that a detector has set upright already: limits of turn, scale and shifts, and of the colours.
MILD_AFFINE = (12.0, 0.1, 0.05)
MILD_COLOUR = 0.2


class EEHNetRecipe:
    """Landmark loss alone for some epochs, then all losses; both views are classified.

    Parameters
    ----------
    classes : int
        Palms.
    settings : Settings
    losses : LossWeights
    alignment : int
        Epochs in which only the localiser learns. EE-PRnet: 25.
    margin : float
        ArcFace's margin at its widest, radians.
    eased : int
        Epochs over which it grows: with all of it from the start small networks collapse.
    changes : {"mild", "eeprnet"}
        How photos are changed: a little, or as strongly as EE-PRnet's, up to a turn by a right angle.
    weights : mapping of str to str
        Paths of ImageNet state dicts by the name of the backbone; without one a backbone starts at random.
    """

    def __init__(
        self,
        classes: int,
        settings: Settings,
        losses: LossWeights,
        alignment: int = 25,
        margin: float = 0.4,
        eased: int = 20,
        changes: str = "mild",
        weights: Mapping[str, str] | None = None,
    ) -> None:
        self.network = EEHNet(settings, classes, weights)
        self.losses, self.alignment, self.margin, self.eased = losses, alignment, margin, eased
        self._mild = changes == "mild"
        self._logits: Tensor | None = None
        assert self.network.arc is not None
        self.network.arc["whole"].register_forward_hook(self._keep)

    def start(self, photos: Photos) -> None:
        """Let the localiser answer with the mean landmarks."""
        mean = np.nanmean(_landmarks(photos), axis=0)
        self.network.localiser.start_at(in_units(torch.from_numpy(mean)))

    def view(self, photos: Photos, index: int, random: np.random.Generator) -> tuple[np.ndarray, ...]:
        """The crop and its landmarks under an affine change, the crop in other colours."""
        turn, scale, along, down = self._affine(random)
        middle = (HAND_SIDE - 1) / 2
        transform = cv2.getRotationMatrix2D((middle, middle), turn, scale)
        transform = transform + np.array([(0, 0, along), (0, 0, down)]) * HAND_SIDE / 2
        size = (HAND_SIDE, HAND_SIDE)
        image = cv2.warpAffine(photos.images[index], transform, size, borderMode=cv2.BORDER_REPLICATE)
        landmarks = _landmarks(photos)[index] @ transform[:, :2].T + transform[:, 2]
        saturation, contrast = (MILD_COLOUR, MILD_COLOUR) if self._mild else (SATURATION, CONTRAST)
        return _recoloured(image, random, saturation, contrast), landmarks.astype(np.float32)

    def step(self, views: tuple[Tensor, ...], labels: Tensor, epoch: int) -> Step:
        """The losses of the epoch's phase; in the second one whole templates of first views are counted."""
        crops, landmarks = normalised(views[0]), views[1]
        if epoch < self.alignment:
            return Step(self.losses.landmark * landmark_loss(self.network.localiser(crops), landmarks), None)
        self.network.set_margin(self.margin * min(1.0, (epoch + 1 - self.alignment) / max(1, self.eased)))
        loss = eehnet_loss(self.network, crops, landmarks, labels.repeat(2), self.losses).total
        assert self._logits is not None
        return Step(loss, int((self._logits[: len(labels)].argmax(dim=1) == labels).sum()))

    def embed(self, images: Tensor) -> Tensor:
        """Templates of hand crops (n, 224, 224, 3) uint8."""
        return self.network.embed(normalised(images))

    def centres(self) -> Tensor:
        """Class centres of whole templates."""
        assert self.network.arc is not None
        return self.network.arc["whole"].weight  # type: ignore[return-value]

    def notes(self) -> dict[str, Any]:
        """Network, variant ("other" where its settings are nobody's) and settings."""
        settings = self.network.settings
        variant = next((name for name, known in VARIANTS.items() if known == settings), "other")
        return {"network": "eehnet", "variant": variant, "settings": settings.as_json()}

    def _affine(self, random: np.random.Generator) -> tuple[float, float, float, float]:
        if not self._mild:
            return AFFINES[random.integers(len(AFFINES))]
        turn, scale, shift = MILD_AFFINE
        along, down = random.uniform(-shift, shift, 2).tolist()
        return random.uniform(-turn, turn), random.uniform(1 - scale, 1 + scale), along, down

    def _keep(self, classifier: nn.Module, inputs: tuple[Tensor, ...], logits: Tensor) -> None:
        self._logits = logits.detach()


def _landmarks(photos: Photos) -> np.ndarray:
    if photos.landmarks is None:
        raise ValueError("EEHNet learns from hand crops with landmarks")
    return photos.landmarks


def _recoloured(image: np.ndarray, random: np.random.Generator, saturation: float, contrast: float) -> np.ndarray:
    """Saturation and contrast times 1 - limit to 1 + limit, each about its own mean."""
    wide = image.astype(np.float32)
    grey = wide.mean(axis=2, keepdims=True)
    wide = grey + (wide - grey) * np.float32(random.uniform(1 - saturation, 1 + saturation))
    mean = wide.mean(axis=(0, 1))
    wide = mean + (wide - mean) * np.float32(random.uniform(1 - contrast, 1 + contrast))
    return np.clip(wide, 0, 255).astype(np.uint8)

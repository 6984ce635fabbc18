"""Training of the reconstructed EEHNet: first the localiser alone, then everything together.

The alignment phase, its frozen epochs, one of the kinds of changes and Adam's rate are EE-PRnet's (TIFS 2020); the rest
is assumed, see `recognizers.networks.eehnet`. True landmarks come from the detector's keypoints.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from recognizers.common.pinned import Pinned
from recognizers.networks.eehnet import EEHNet, in_units
from recognizers.networks.eehnet_losses import eehnet_loss, landmark_loss
from recognizers.networks.eehnet_settings import VARIANTS, Changes, LossWeights, Phases, Settings
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
USUAL_PHASES, USUAL_CHANGES = Phases(), Changes()


class EEHNetRecipe:
    """Landmark loss alone for some epochs, then all losses; both views are classified.

    Parameters
    ----------
    classes : int
        Palms.
    settings : Settings
    losses : LossWeights
    phases : Phases
    changes : Changes
    weights : mapping of str to str or Pinned
        Files of ImageNet state dicts by the name of the backbone; without one a backbone starts at random, and is not
        frozen in any epoch.
    """

    def __init__(
        self,
        classes: int,
        settings: Settings,
        losses: LossWeights,
        phases: Phases = USUAL_PHASES,
        changes: Changes = USUAL_CHANGES,
        weights: Mapping[str, str | Pinned] | None = None,
    ) -> None:
        self.network = EEHNet(settings, classes, weights)
        self.losses, self.phases, self.changes = losses, phases, changes
        self._pretrained = frozenset(weights or ())
        self._logits: Tensor | None = None
        assert self.network.arc is not None
        self.network.arc["whole"].register_forward_hook(self._keep)

    def start(self, photos: Photos) -> None:
        """Let the localiser answer with the mean landmarks, if that was asked for."""
        if self.phases.localiser_start == "random":
            return
        mean = np.nanmean(_landmarks(photos), axis=0)
        self.network.localiser.start_at(in_units(torch.from_numpy(mean)))

    def view(self, photos: Photos, index: int, random: np.random.Generator, epoch: int) -> tuple[np.ndarray, ...]:
        """The crop and its landmarks under an affine change, the crop in other colours; as they are in early epochs."""
        if epoch < self.changes.since:
            return photos.images[index], _landmarks(photos)[index].astype(np.float32)
        turn, scale, along, down = self._affine(random)
        middle = (HAND_SIDE - 1) / 2
        transform = cv2.getRotationMatrix2D((middle, middle), turn, scale)
        transform = transform + np.array([(0, 0, along), (0, 0, down)]) * HAND_SIDE / 2
        size = (HAND_SIDE, HAND_SIDE)
        image = cv2.warpAffine(photos.images[index], transform, size, borderMode=cv2.BORDER_REPLICATE)
        landmarks = _landmarks(photos)[index] @ transform[:, :2].T + transform[:, 2]
        mild = self.changes.kind == "mild"
        colours = (self.changes.saturation, self.changes.contrast) if mild else (SATURATION, CONTRAST)
        return _recoloured(image, random, *colours), landmarks.astype(np.float32)

    def step(self, views: tuple[Tensor, ...], labels: Tensor, epoch: int) -> Step:
        """The losses of the epoch's phase; in the second one whole templates of first views are counted."""
        crops, landmarks, phases = self.network.normalised(views[0]), views[1], self.phases
        self._freeze(epoch)
        if epoch < phases.alignment:
            return Step(self.losses.landmark * landmark_loss(self.network.localiser(crops), landmarks), None)
        self.network.set_margin(phases.margin * min(1.0, (epoch + 1 - phases.alignment) / max(1, phases.eased)))
        loss = eehnet_loss(self.network, crops, landmarks, labels.repeat(2), self.losses).total
        assert self._logits is not None
        return Step(loss, int((self._logits[: len(labels)].argmax(dim=1) == labels).sum()))

    def embed(self, images: Tensor) -> Tensor:
        """Templates of hand crops (n, 224, 224, 3) uint8."""
        return self.network.embed(self.network.normalised(images))

    def centres(self) -> Tensor:
        """Class centres of whole templates."""
        assert self.network.arc is not None
        return self.network.arc["whole"].weight  # type: ignore[return-value]

    def notes(self) -> dict[str, Any]:
        """Network, variant ("other" where its settings are nobody's), settings, and how it was trained."""
        settings = self.network.settings
        variant = next((name for name, known in VARIANTS.items() if known == settings), "other")
        training = {"losses": asdict(self.losses), "phases": asdict(self.phases), "changes": asdict(self.changes)}
        pretrained = {"pretrained": sorted(self._pretrained)}
        return {
            "network": "eehnet", "variant": variant, "settings": settings.as_json(), "training": training | pretrained
        }  # fmt: skip

    def _freeze(self, epoch: int) -> None:
        """Say what learns in this epoch: what is held takes no gradient, and keeps its running means."""
        phases, network = self.phases, self.network
        after = epoch - phases.alignment
        away = 0 <= after < phases.localiser_held
        _hold(network.localiser, away)
        if not away:
            _hold(network.localiser.trunk, epoch < phases.frozen and network.settings.localiser in self._pretrained)
        backbones = (network.settings.palm, *[network.settings.fingers] * (len(network.branch_trunks) - 1))
        for trunk, backbone in zip(network.branch_trunks, backbones, strict=True):
            _hold(trunk, after < phases.branches_frozen and backbone in self._pretrained)

    def _affine(self, random: np.random.Generator) -> tuple[float, float, float, float]:
        if self.changes.kind == "eeprnet":
            return AFFINES[random.integers(len(AFFINES))]
        turn, scale, shift = self.changes.turn, self.changes.scale, self.changes.shift
        along, down = random.uniform(-shift, shift, 2).tolist()
        return random.uniform(-turn, turn), random.uniform(1 - scale, 1 + scale), along, down

    def _keep(self, classifier: nn.Module, inputs: tuple[Tensor, ...], logits: Tensor) -> None:
        self._logits = logits.detach()


def _hold(module: nn.Module, held: bool) -> None:
    module.requires_grad_(not held)
    if held:
        module.eval()


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

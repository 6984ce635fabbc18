"""A reconstruction of EEHNet, the end-to-end hand network of Matkowski, Li and Kong (arXiv 2311.05383).

The paper's code and weights are not public; "EEHNet" is what the de-identification paper calls it. Known, of its
abstract: spatial transformers localise palm and fingers, pretrained networks describe the aligned crops, and everything
is trained together with several losses. The parts come from the first author's EE-PRnet (TIFS 2020, arXiv 1911.12514),
whose code is public; how they are put together is assumed. No number of this network stands for a published one.

Assumed, each a setting (`eehnet_settings`; `palmbench train eehnet --help` lists them with their keys):

- which backbones, how large the crops, the layers and the embeddings are, and the dropout (`Settings`; what EE-PRnet's
  code says is marked there);
- the input's mean and deviation (`mean`, `deviation`);
- where the palm's nine landmarks lie (`palm_columns`, `palm_rows`), where a finger's crop begins and how wide it is
  (`finger_start`, `finger_width`);
- a thin-plate spline for the palm and one for each finger, and not affine maps (`palm_transform`, `finger_transform`);
- one branch that the fingers share, and not five (`finger_branches`); batch normalisation of embeddings (`batch_norm`);
- how much palm and fingers weigh in a template (`palm_weight`, `finger_weight`);
- the share of the recognition losses' gradient that reaches the localiser (`through_alignment`);
- which losses there are and their weights: landmarks, ArcFace for palm, fingers and whole, a triplet loss; the triplet
  loss's margin (`LossWeights`; a weight of 0 leaves a loss out); ArcFace's scale (`arc_scale`), its margin, and over
  how many epochs that grows (`Phases`);
- how long the localiser learns alone, how long backbones stay frozen, whether the localiser is held while the branches
  begin, and what it answers at the start (`Phases`);
- how photos are changed in training, within which limits and from which epoch on (`Changes`); EE-PRnet's come late;
- how the crop is reduced for the localiser (`localiser_reduction`), and what lies between a branch's maps and its
  embedding (`branch_hidden`).

No assumptions of this file, but what palmbench gives every whole-hand recognizer and asks of it: right hands, left
ones mirrored, in crops of 224 pixels; the 29 landmarks that follow from a hand detector's 21 keypoints and two valley
points; templates of unit embeddings side by side, compared by their cosine. EE-PRnet matches by partial least squares,
fitted to the gallery; there is no such matcher here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from recognizers.common.pinned import Pinned
from recognizers.networks.backbones import backbone
from recognizers.networks.eehnet_settings import COMPACT, FULL, VARIANTS, Settings, Triple
from recognizers.networks.hand_landmarks import FINGER_TARGETS, FINGERS, LANDMARKS, PALM, PALM_TARGETS, finger_points
from recognizers.networks.losses import ArcMargin
from recognizers.networks.tps import affine_basis, read_grid, thin_plate_basis, thin_plate_grid
from recognizers.protocol import HAND_SIDE

__all__ = [
    "COMPACT",
    "FULL",
    "VARIANTS",
    "Description",
    "EEHNet",
    "Settings",
    "in_pixels",
    "in_units",
    "normalised",
]

VERSION = 1
# EE-PRnet's.
_SLOPE = 0.01
_NORM_FLOOR = 1e-6
_BASES = {"spline": thin_plate_basis, "affine": affine_basis}


class Description(NamedTuple):
    """What the network says of a batch: landmarks (n, 29, 2) in [-1, 1], and embeddings of unit length."""

    landmarks: Tensor
    palm: Tensor
    fingers: Tensor
    whole: Tensor


class EEHNet(nn.Module):
    """Localiser, alignment, a branch for the palm, and one that the fingers share or one for each of them.

    Parameters
    ----------
    settings : Settings
    classes : int or None
        Palms that the classifiers tell apart; None leaves them out.
    weights : mapping of str to str
        Paths of ImageNet state dicts by the name of the backbone; backbones without one start at random.

    Raises
    ------
    ValueError
        If a crop is too small for its backbone, or neither palm nor fingers have a weight.
    MissingWeights
        If a backbone's file is absent, or of another network.
    """

    palm_basis: Tensor
    finger_basis: Tensor

    def __init__(
        self, settings: Settings = FULL, classes: int | None = None, weights: Mapping[str, str | Pinned] | None = None
    ) -> None:
        super().__init__()
        if settings.palm_weight == settings.finger_weight == 0:
            raise ValueError("EEHNet: palm_weight and finger_weight are both 0, and leave nothing of a template")
        self.settings = settings
        files = weights or {}
        side = settings.palm_side
        self.localiser = Localiser(settings, files.get(settings.localiser))
        self.palm = Branch(settings.palm, (side, side), settings.palm_embedding, settings, files.get(settings.palm))
        file = files.get(settings.fingers)
        finger = settings.fingers, settings.finger_size, settings.finger_embedding, settings, file
        own = settings.finger_branches == "own"
        self.fingers = nn.ModuleList(Branch(*finger) for _ in range(FINGERS)) if own else Branch(*finger)
        # Not in the state dict: they follow from the settings.
        of_palm, of_finger = _BASES[settings.palm_transform], _BASES[settings.finger_transform]
        self.register_buffer("palm_basis", of_palm(PALM_TARGETS, side, side), persistent=False)
        self.register_buffer("finger_basis", of_finger(FINGER_TARGETS, *settings.finger_size), persistent=False)
        five = FINGERS * settings.finger_embedding
        sizes = {"palm": settings.palm_embedding, "fingers": five, "whole": settings.palm_embedding + five}
        self.arc = None
        if classes is not None:
            scale = settings.arc_scale
            self.arc = nn.ModuleDict({name: ArcMargin(size, classes, scale) for name, size in sizes.items()})

    @property
    def size(self) -> int:
        """Length of a template."""
        return self.settings.size

    def set_margin(self, margin: float) -> None:
        """Give all classifiers this angular margin, radians: small networks collapse that start with all of it."""
        for classifier in self.arc.values() if self.arc is not None else ():
            classifier.margin = margin  # type: ignore[assignment]

    def forward(self, crops: Tensor) -> Description:
        """Landmarks and embeddings of normalised hand crops (n, 3, 224, 224)."""
        landmarks = self.localiser(crops)
        held = landmarks.detach()
        palms, fingers = self.align(crops, held + self.settings.through_alignment * (landmarks - held))
        palm = functional.normalize(self.palm(palms).float())
        each = functional.normalize(self._fingers(fingers).float()).unflatten(0, (-1, FINGERS)).flatten(1)
        parts = [self.settings.palm_weight * palm, self.settings.finger_weight * each]
        whole = functional.normalize(torch.cat(parts, dim=1))
        return Description(landmarks, palm, functional.normalize(each), whole)

    @property
    def branch_trunks(self) -> list[nn.Module]:
        """Backbones of the palm's branch and of the fingers'."""
        fingers = self.fingers if isinstance(self.fingers, nn.ModuleList) else [self.fingers]
        return [branch.trunk for branch in (self.palm, *fingers)]

    def normalised(self, crops: Tensor) -> Tensor:
        """Hand crops as this network takes them, see the function of that name."""
        return normalised(crops, self.settings.mean, self.settings.deviation)

    def embed(self, crops: Tensor) -> Tensor:
        """Templates (n, size) of unit length of normalised hand crops (n, 3, 224, 224)."""
        return self(crops).whole

    def align(self, crops: Tensor, landmarks: Tensor) -> tuple[Tensor, Tensor]:
        """Aligned palms and fingers.

        Parameters
        ----------
        crops : (n, 3, 224, 224) float
        landmarks : (n, 29, 2) float
            In [-1, 1].

        Returns
        -------
        palms : (n, 3, palm_side, palm_side)
            Fingers above, the little finger on the left.
        fingers : (5 * n, 3, height, width)
            Tips above; thumb to little finger of the first hand, then of the second, and so on.
        """
        settings, side = self.settings, self.settings.palm_side
        points = finger_points(landmarks, settings.finger_start, settings.finger_width)
        palms = read_grid(crops, thin_plate_grid(self.palm_basis, landmarks[:, None, :PALM]), side, side)
        return palms, read_grid(crops, thin_plate_grid(self.finger_basis, points), *settings.finger_size)

    def _fingers(self, crops: Tensor) -> Tensor:
        if not isinstance(self.fingers, nn.ModuleList):
            return self.fingers(crops)
        of_each = crops.unflatten(0, (-1, FINGERS)).unbind(1)
        found = [branch(own) for branch, own in zip(self.fingers, of_each, strict=True)]
        return torch.stack(found, dim=1).flatten(0, 1)


class Localiser(nn.Module):
    """Landmarks from a small picture of the hand, as ROI-LAnet of EE-PRnet finds them: (n, 29, 2) in [-1, 1]."""

    def __init__(self, settings: Settings, weights: str | Pinned | None) -> None:
        super().__init__()
        self.side, self.reduction = settings.localiser_side, settings.localiser_reduction
        self.trunk = backbone(settings.localiser, weights)
        (first, second), (early, late) = settings.localiser_hidden, settings.localiser_dropout
        self.head = nn.Sequential(
            nn.Linear(_flat_size(self.trunk, (self.side, self.side)), first),
            nn.LeakyReLU(_SLOPE),
            nn.Dropout(early),
            nn.Linear(first, second),
            nn.LeakyReLU(_SLOPE),
            nn.Dropout(late),
            nn.Linear(second, 2 * LANDMARKS),
        )

    @torch.no_grad()
    def start_at(self, landmarks: Tensor) -> None:
        """Answer with these landmarks (29, 2) before any training, whatever the picture: a regular hand, say."""
        last = self.head[-1]
        last.weight.mul_(0.01)  # type: ignore[operator]
        last.bias.copy_(landmarks.flatten())  # type: ignore[operator]

    def forward(self, crops: Tensor) -> Tensor:
        """Landmarks of normalised hand crops (n, 3, 224, 224)."""
        if self.reduction == "area":
            small = functional.adaptive_avg_pool2d(crops, self.side)
        else:
            small = functional.interpolate(crops, size=(self.side, self.side), mode="bilinear", align_corners=False)
        return self.head(_unit_pixels(self.trunk(small)).flatten(1)).float().unflatten(1, (LANDMARKS, 2))


class Branch(nn.Module):
    """Embedding of an aligned crop: backbone, every pixel of its maps at unit length, one linear layer.

    EE-PRnet's layers; before the last one another, and after it ArcFace's batch normalisation, if they are set.
    """

    def __init__(
        self, name: str, shape: tuple[int, int], size: int, settings: Settings, weights: str | Pinned | None
    ) -> None:
        super().__init__()
        self.trunk = backbone(name, weights)
        self.drop = nn.Dropout(settings.dropout)
        width = _flat_size(self.trunk, shape)
        self.hidden: nn.Module = nn.Identity()
        if settings.branch_hidden is not None:
            self.hidden = nn.Sequential(nn.Linear(width, settings.branch_hidden), nn.LeakyReLU(_SLOPE))
            width = settings.branch_hidden
        self.embedding = nn.Linear(width, size)
        self.norm = nn.BatchNorm1d(size) if settings.batch_norm else nn.Identity()

    def forward(self, crops: Tensor) -> Tensor:
        """Embeddings (n, size) of crops (n, 3, height, width)."""
        return self.norm(self.embedding(self.hidden(self.drop(_unit_pixels(self.trunk(crops)).flatten(1)))))


def in_units(landmarks: Tensor) -> Tensor:
    """Pixels of a hand crop as coordinates in [-1, 1], its first and last pixel centres."""
    return landmarks * (2 / (HAND_SIDE - 1)) - 1


def in_pixels(landmarks: Tensor) -> Tensor:
    """Coordinates in [-1, 1] as pixels of a hand crop."""
    return (landmarks + 1) * ((HAND_SIDE - 1) / 2)


def normalised(crops: Tensor, mean: Triple = FULL.mean, deviation: Triple = FULL.deviation) -> Tensor:
    """Hand crops as the network takes them: (n, 224, 224, 3) uint8 RGB to (n, 3, 224, 224) float32, channels last."""
    # Whole rows at a time: vectors of three are slow.
    away, by = (torch.tensor(values * crops.shape[2], device=crops.device) for values in (mean, deviation))
    return crops.flatten(2).float().sub_(away).div_(by).view(crops.shape).permute(0, 3, 1, 2)


def _unit_pixels(maps: Tensor) -> Tensor:
    maps = maps.float()
    return maps * (maps.square().sum(dim=1, keepdim=True) + _NORM_FLOOR).rsqrt()


@torch.no_grad()
def _flat_size(trunk: nn.Module, shape: tuple[int, int]) -> int:
    training = trunk.training
    try:
        size = trunk.eval()(torch.zeros(1, 3, *shape)).numel()
    except RuntimeError as error:  # a pooling that leaves nothing
        height, width = shape
        raise ValueError(f"EEHNet: a crop of {height} x {width} pixels is too small for its backbone") from error
    trunk.train(training)
    return size

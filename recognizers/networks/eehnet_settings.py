"""What the reconstruction of EEHNet assumes: its settings, full and compact, the losses, phases and changes of photos.

"Known" marks what the first author's code for EE-PRnet says (TIFS 2020, arXiv 1911.12514); everything else is open.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from recognizers.common.strict import build, setting

Backbone = Literal[
    "vgg16", "vgg16_quarter", "resnet18", "resnet50", "densenet121", "mobilenet_v3_small", "shufflenet_v2_x0_5"
]
Triple = tuple[float, float, float]


@dataclass(frozen=True)
class Settings:
    """The network: what has to be known to read its weights. Limits are checked by `from_json`.

    Attributes
    ----------
    localiser, palm, fingers : str
        Backbones, see `backbones.backbone`. Known for EE-PRnet's localiser and palm: VGG-16 through pool3.
    localiser_side : int
        Side to which the crop is reduced for the localiser, pixels. Known: 56.
    localiser_reduction : {"area", "bilinear"}
        How the crop is reduced for it: each pixel the mean of those that it replaces, or read between four of them.
    localiser_hidden : (int, int)
        Its fully connected layers. Known: 512 and 128.
    localiser_dropout : (float, float)
        After each of them. Known: 0.2 and 0.1.
    palm_side : int
        Side of the aligned palm, pixels. Known: 112.
    finger_size : (int, int)
        Height and width of an aligned finger, pixels.
    finger_start, finger_width : float
        Where a finger's crop begins and how wide it is, see `hand_landmarks.finger_points`.
    dropout : float
        Before the layer that embeds a branch. Known: 0.5.
    branch_hidden : int or None
        Neurons of a layer between a branch's maps and its embedding; None leaves it out. Known for the palm: none.
    palm_embedding, finger_embedding : int
        Length of the palm's embedding and of one finger's. Known for the palm: 512.
    palm_weight, finger_weight : float
        What the unit embeddings of the palm and of each finger are multiplied by where they are put side by side.
    through_alignment : float
        Share of the recognition losses' gradient that reaches the localiser beside the landmark loss. EE-PRnet's
        localiser learns at a tenth of the rate once recognition is trained too; a share of the gradient is not that.
    mean, deviation : (float, float, float)
        What is taken from red, green and blue, and what the rest is divided by, on a scale of 0 to 255. ImageNet's as
        torchvision's networks want them. Known for EE-PRnet: (123.68, 116.78, 103.94), and no division.
    palm_columns, palm_rows : (float, float, float)
        Where the palm's nine landmarks lie, see `hand_landmarks.landmarks_of`: columns from the middle of the valley
        line, in distances of the two valley points; rows as shares of the way from that line to the wrist.
        EE-PRnet's were marked by hand; in the aligned palm they are, known, a regular grid from edge to edge.
    palm_transform, finger_transform : {"spline", "affine"}
        What lays landmarks on their places in an aligned crop: a thin-plate spline that meets them all, or the affine
        map of least squares. Known for the palm: a spline.
    finger_branches : {"shared", "own"}
        One branch that describes all five fingers, or a branch for each.
    batch_norm : bool
        Batch normalisation of the embeddings, as ArcFace's authors have it. Known for EE-PRnet: none.
    arc_scale : float
        Factor of the classifiers' logits. ArcFace's authors take 64, CCNet's 30. No template depends on it.
    """

    localiser: Backbone = "vgg16"
    palm: Backbone = "vgg16"
    fingers: Backbone = "vgg16"
    localiser_side: int = setting(56, low=8, high=224)
    localiser_reduction: Literal["area", "bilinear"] = "area"
    localiser_hidden: tuple[int, int] = setting((512, 128), low=1, high=65536)
    localiser_dropout: tuple[float, float] = setting((0.2, 0.1), low=0, high=0.99)
    palm_side: int = setting(112, low=8, high=448)
    finger_size: tuple[int, int] = setting((112, 56), low=8, high=448)
    finger_start: float = setting(0.35, low=0, high=1)
    finger_width: float = setting(0.32, above=0, high=2)
    dropout: float = setting(0.5, low=0, high=0.99)
    branch_hidden: int | None = setting(None, low=1, high=65536)
    palm_embedding: int = setting(512, low=1, high=65536)
    finger_embedding: int = setting(512, low=1, high=65536)
    palm_weight: float = setting(1.0, low=0, high=1000)
    finger_weight: float = setting(0.3, low=0, high=1000)
    through_alignment: float = setting(0.1, low=0, high=1)
    mean: tuple[float, float, float] = setting((123.675, 116.28, 103.53), low=0, high=255)
    deviation: tuple[float, float, float] = setting((58.395, 57.12, 57.375), above=0, high=255)
    palm_columns: tuple[float, float, float] = setting((-0.7, 0.0, 0.7), low=-3, high=3)
    palm_rows: tuple[float, float, float] = setting((0.05, 0.4, 0.75), low=-1, high=2)
    palm_transform: Literal["spline", "affine"] = "spline"
    finger_transform: Literal["spline", "affine"] = "spline"
    finger_branches: Literal["shared", "own"] = "shared"
    batch_norm: bool = True
    arc_scale: float = setting(30.0, above=0, high=1000)

    @property
    def size(self) -> int:
        """Length of a template: the palm's embedding and five fingers'."""
        return self.palm_embedding + 5 * self.finger_embedding

    def as_json(self) -> dict[str, Any]:
        """All fields as plain JSON values."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @classmethod
    def from_json(cls, values: Any, key: str = "settings") -> Settings:
        """The settings whose `as_json` gave `values`.

        Parameters
        ----------
        values : mapping
            What it lacks keeps its default: files of before a setting was added do.
        key : str
            Where the values stand, for messages.

        Raises
        ------
        RequestError
            If a name is unknown, or a value is of another type or beyond its limits.
        """
        return build(cls, {**cls().as_json(), **values} if isinstance(values, Mapping) else values, key)


FULL = Settings()
COMPACT = Settings(
    localiser="vgg16_quarter",
    palm="vgg16_quarter",
    fingers="vgg16_quarter",
    localiser_hidden=(128, 64),
    palm_side=80,
    finger_size=(64, 16),
    dropout=0.2,
    palm_embedding=128,
    finger_embedding=32,
)
VARIANTS = {"full": FULL, "compact": COMPACT}


@dataclass(frozen=True)
class LossWeights:
    """Weights of the losses, all assumed.

    Attributes
    ----------
    landmark : float
        Of the mean squared distance of landmarks, in halves of a crop's side. EE-PRnet's loss is their sum.
    palm, fingers, whole : float
        Of ArcFace's cross-entropy for the palm, for the five fingers together, and for the whole template. EE-PRnet
        has a plain cross-entropy for the palm.
    triplet : float
        Of the batch-hard triplet loss on whole templates.
    triplet_margin : float
        Euclidean distance of unit vectors.
    """

    landmark: float = 10.0
    palm: float = 0.5
    fingers: float = 0.5
    whole: float = 1.0
    triplet: float = 1.0
    triplet_margin: float = 0.3


ASSUMED = LossWeights()


@dataclass(frozen=True)
class Phases:
    """When which part of the network learns.

    Attributes
    ----------
    alignment : int
        Epochs in which only the localiser learns. Known: 25.
    frozen : int
        First epochs in which the localiser's backbone keeps its ImageNet weights. Known: 10. A backbone that starts
        from random weights has none to keep and learns from the first epoch.
    branches_frozen : int
        Epochs after `alignment` in which the branches' backbones keep theirs. EE-PRnet's never learn; the paper trains
        end to end.
    localiser_held : int
        Epochs after `alignment` in which the localiser does not learn at all. Known: 20 in EE-PRnet, after which only
        its fully connected layers do; the paper trains end to end.
    localiser_start : {"mean", "random"}
        Whether the new localiser answers with the mean landmarks of the training photos. Known for EE-PRnet: random.
    margin : float
        ArcFace's margin at its widest, radians.
    eased : int
        Epochs over which it grows: with all of it from the start small networks collapse.
    """

    alignment: int = 25
    frozen: int = 10
    branches_frozen: int = 0
    localiser_held: int = 0
    localiser_start: Literal["mean", "random"] = "mean"
    margin: float = 0.4
    eased: int = 20


@dataclass(frozen=True)
class Changes:
    """How photos are changed in training.

    Attributes
    ----------
    kind : {"mild", "eeprnet"}
        A little, within the limits below, for hands that a detector has set upright; or one of EE-PRnet's 24 affine
        maps, up to a turn by a right angle, with its colours, and no limit below has a meaning.
    turn : float
        Degrees to either side.
    scale : float
        Share by which a hand is enlarged or reduced.
    shift : float
        Along either axis, in halves of the crop's side.
    saturation, contrast : float
        Shares by which they are raised or lowered, each about its mean.
    since : int
        First epoch, from 0, in which photos are changed. Known for EE-PRnet: the 21st after the alignment.
    """

    kind: Literal["mild", "eeprnet"] = "mild"
    turn: float = 12.0
    scale: float = 0.1
    shift: float = 0.05
    saturation: float = 0.2
    contrast: float = 0.2
    since: int = 0

"""What the reconstruction of EEHNet assumes: its settings, full and compact, and the weights of its losses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Settings:
    """What the reconstruction assumes. "Known" marks what EE-PRnet's code says; the rest is open.

    Attributes
    ----------
    localiser, palm, fingers : str
        Backbones, see `backbones.backbone`. Known for EE-PRnet's localiser and palm: VGG-16 through pool3.
    localiser_side : int
        Side to which the crop is reduced for the localiser. Known: 56.
    localiser_hidden : (int, int)
        Its fully connected layers. Known: 512 and 128.
    localiser_dropout : (float, float)
        After each of them. Known: 0.2 and 0.1.
    palm_side : int
        Side of the aligned palm. Known: 112.
    finger_size : (int, int)
        Height and width of an aligned finger.
    finger_start, finger_width : float
        Where a finger's crop begins and how wide it is, see `hand_landmarks.finger_points`.
    dropout : float
        Before the layer that embeds a branch. Known: 0.5.
    palm_embedding, finger_embedding : int
        Length of the palm's embedding and of one finger's. Known for the palm: 512.
    palm_weight, finger_weight : float
        What the unit embeddings of the palm and of each finger are multiplied by where they are put side by side.
    through_alignment : float
        Share of the recognition losses' gradient that reaches the localiser beside the landmark loss. EE-PRnet's
        localiser learns at a tenth of the rate once recognition is trained too; a share of the gradient is not that.
    """

    localiser: str = "vgg16"
    palm: str = "vgg16"
    fingers: str = "vgg16"
    localiser_side: int = 56
    localiser_hidden: tuple[int, int] = (512, 128)
    localiser_dropout: tuple[float, float] = (0.2, 0.1)
    palm_side: int = 112
    finger_size: tuple[int, int] = (112, 56)
    finger_start: float = 0.35
    finger_width: float = 0.32
    dropout: float = 0.5
    palm_embedding: int = 512
    finger_embedding: int = 512
    palm_weight: float = 1.0
    finger_weight: float = 0.3
    through_alignment: float = 0.1

    @property
    def size(self) -> int:
        """Length of a template: the palm's embedding and five fingers'."""
        return self.palm_embedding + 5 * self.finger_embedding

    def as_json(self) -> dict[str, Any]:
        """All fields as plain JSON values."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Settings:
        """The settings whose `as_json` gave `values`; TypeError if a name is unknown."""
        fields: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
        }
        return cls(**fields)


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
        Of the mean squared distance of landmarks, in halves of a crop's side.
    palm, fingers, whole : float
        Of ArcFace's cross-entropy for the palm, for the five fingers together, and for the whole template.
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

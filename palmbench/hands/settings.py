"""Settings of hand detectors and segmenters."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Literal

from recognizers.common.errors import RequestError
from recognizers.common.strict import setting

if TYPE_CHECKING:
    from palmbench.hands.hand import Detector


@dataclass(frozen=True)
class DetectorConfig(ABC):
    """Settings of a hand detector, and what every run asks of one.

    A detector's settings are a frozen dataclass derived from this one. Its `name` and its settings have defaults, and
    the values that a setting takes are those of `recognizers.common.strict.build`. The first line of its docstring is
    the detector's line in `palmbench ls detector`. Importing it imports no network's library.

    Attributes
    ----------
    name : str
        What it is called on the command line and in keys.
    hands : int
        Hands to report of a photo; where it is more than one, hands beyond are "unsure".
    valleys : str
        Who finds the valley points that the recognition ROI hangs from: "embedded" is the detector itself.
    valley_weights : str or None
        PKLNet's weights.
    """

    name: str
    _: KW_ONLY
    hands: int = setting(1, low=1, high=100, says="hands to report of a photo at most")
    valleys: Literal["embedded", "pklnet"] = setting("embedded", says="valley points: embedded (its own) or pklnet")
    valley_weights: str | None = setting(None, says="PKLNet's weight file, with valleys=pklnet")

    def __post_init__(self) -> None:
        if self.valleys == "pklnet" and self.valley_weights is None:
            raise RequestError(
                "detector.valleys=pklnet needs PKLNet's weights, which do not come with palmbench: "
                "name their file with detector.valley_weights=."
            )
        if self.valleys != "pklnet" and self.valley_weights is not None:
            raise RequestError("detector.valley_weights is for PKLNet: set detector.valleys=pklnet, or leave it out.")
        if self.valleys == "pklnet" and self.hands > 1:
            raise RequestError(
                "PKLNet knows of one hand a photo: with detector.valleys=pklnet leave detector.hands at 1."
            )

    @property
    def on_device(self) -> bool:
        """Whether it, or PKLNet with it, computes on an accelerator where there is one."""
        return True

    @abstractmethod
    def load(self, device: str = "cpu") -> Detector:
        """The detector with these settings, its own valley points; see `palmbench.hands.load_detector`."""


@dataclass(frozen=True)
class EmbeddedConfig(DetectorConfig):
    """The hand network that ships with palmbench; `weights` is "embedded" or the file of another one."""

    name: Literal["embedded"] = "embedded"
    weights: str = "embedded"
    threshold: float = setting(0.9, low=0, high=1)

    def load(self, device: str = "cpu") -> Detector:
        from palmbench.hands.embedded import EmbeddedDetector

        return EmbeddedDetector(self.weights, self.threshold, device, self.hands)


@dataclass(frozen=True)
class MediaPipeConfig(DetectorConfig):
    """MediaPipe's hand model in the environment of an interpreter; None means the default ones."""

    name: Literal["mediapipe"] = "mediapipe"
    python: str | None = None
    threshold: float = setting(0.5, low=0, high=1)

    @property
    def on_device(self) -> bool:
        return self.valleys == "pklnet"

    def load(self, device: str = "cpu") -> Detector:
        from palmbench.hands.external import ExternalDetector

        return ExternalDetector(self.name, self.python, None, self.threshold, self.hands, device)


@dataclass(frozen=True)
class WiLoRConfig(DetectorConfig):
    """WiLoR in the environment of an interpreter; `weights` None means those inside its package."""

    name: Literal["wilor"] = "wilor"
    python: str | None = None
    weights: str | None = None
    threshold: float = setting(0.3, low=0, high=1)

    def load(self, device: str = "cpu") -> Detector:
        from palmbench.hands.external import ExternalDetector

        return ExternalDetector(self.name, self.python, self.weights, self.threshold, self.hands, device)


@dataclass(frozen=True)
class SegmenterConfig:
    """Hand mask; closing is the side of the structuring square in pixels, 0 = off."""

    name: Literal["embedded"] = "embedded"
    closing: int = setting(5, low=0, high=255)


@dataclass(frozen=True)
class SAM2Config:
    """SAM 2 prompted with the 21 keypoints; `weights` is a hub id or a folder in the hub's layout."""

    name: Literal["sam2"] = "sam2"
    weights: str = "facebook/sam2.1-hiera-large"
    package: Literal["auto", "transformers", "sam2"] = "auto"
    closing: int = setting(5, low=0, high=255)


AnySegmenterConfig = SegmenterConfig | SAM2Config

"""Settings of hand detectors and segmenters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from recognizers.common.errors import RequestError
from recognizers.common.strict import setting


def _check_valleys(valleys: str, weights: str | None, hands: int) -> None:
    if valleys == "pklnet" and weights is None:
        raise RequestError(
            "detector.valleys=pklnet needs PKLNet's weights, which do not come with palmbench: "
            "name their file with detector.valley_weights=."
        )
    if valleys != "pklnet" and weights is not None:
        raise RequestError("detector.valley_weights is for PKLNet: set detector.valleys=pklnet, or leave it out.")
    if valleys == "pklnet" and hands > 1:
        raise RequestError("PKLNet knows of one hand a photo: with detector.valleys=pklnet leave detector.hands at 1.")


@dataclass(frozen=True)
class DetectorConfig:
    """Hand detector and its 21 keypoints; who finds the valley points that the recognition ROI hangs from."""

    name: Literal["embedded"] = "embedded"
    weights: str = "embedded"
    threshold: float = setting(0.5, low=0, high=1)
    hands: int = setting(1, low=1, high=100)
    valleys: Literal["embedded", "pklnet"] = "embedded"
    valley_weights: str | None = None

    def __post_init__(self) -> None:
        _check_valleys(self.valleys, self.valley_weights, self.hands)


@dataclass(frozen=True)
class MediaPipeConfig:
    """MediaPipe's hand model in the environment of an interpreter; None means the default ones."""

    name: Literal["mediapipe"] = "mediapipe"
    python: str | None = None
    threshold: float = setting(0.5, low=0, high=1)
    hands: int = setting(1, low=1, high=100)
    valleys: Literal["embedded", "pklnet"] = "embedded"
    valley_weights: str | None = None

    def __post_init__(self) -> None:
        _check_valleys(self.valleys, self.valley_weights, self.hands)


@dataclass(frozen=True)
class WiLoRConfig:
    """WiLoR in the environment of an interpreter; `weights` None means those inside its package."""

    name: Literal["wilor"] = "wilor"
    python: str | None = None
    weights: str | None = None
    threshold: float = setting(0.3, low=0, high=1)
    hands: int = setting(1, low=1, high=100)
    valleys: Literal["embedded", "pklnet"] = "embedded"
    valley_weights: str | None = None

    def __post_init__(self) -> None:
        _check_valleys(self.valleys, self.valley_weights, self.hands)


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


AnyDetectorConfig = DetectorConfig | MediaPipeConfig | WiLoRConfig
AnySegmenterConfig = SegmenterConfig | SAM2Config

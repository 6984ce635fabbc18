"""Settings of image quality and usability."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class QualityConfig:
    """How losses are scored; a weight file None means: look in the usual caches, else leave the metric out."""

    name: Literal["paper", "torchmetrics"] = "paper"
    lpips_weights: str | None = None
    inception_weights: str | None = None
    usability_scale: Literal["image", "hand"] = "image"

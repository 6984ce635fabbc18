"""Settings of de-identification methods."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from recognizers.common.errors import RequestError
from recognizers.common.strict import setting

ROI_NAMES = ("s", "m", "f")  # small, medium and full-scale exemplar square, in the paper's order


def canonical_fusion(fusion: str) -> str:
    """Fusion set in the paper's order: "m+s" and "s+m" are the same mean of embeddings.

    Raises
    ------
    RequestError
        If a part is not s, m or f, or occurs twice.
    """
    parts = [part.strip() for part in fusion.split("+")]
    if not set(parts) <= set(ROI_NAMES) or len(set(parts)) < len(parts):
        raise RequestError(
            f"method.fusion must join different ones of s, m and f with +, such as s+m or s+m+f, not {fusion}."
        )
    return "+".join(name for name in ROI_NAMES if name in parts)


@dataclass(frozen=True)
class DiffusionConfig:
    """Exemplar-guided inpainting of the palm (Section III of the paper)."""

    name: Literal["diffusion"] = "diffusion"
    weights: str = "embedded"
    fusion: str = "s+m"
    alpha: float = setting(0.1, low=0, high=1)
    guidance: float = setting(3.0, low=0, high=100)
    sampler: Literal["dpmsolver++", "plms"] = "dpmsolver++"
    steps: int = setting(20, low=1, high=1000)
    noise: Literal["sample", "shared"] = "sample"
    crop: Literal["palm", "hand"] = "palm"
    whole_palm: bool = True
    size: int | None = setting(256, low=32, high=4096, multiple_of=8)
    posterior: Literal["mode", "sample"] = "mode"
    colour: Literal["match", "raw"] = "match"
    contrast: Literal["match", "raw"] = "match"
    grain: Literal["match", "none"] = "match"
    scales: dict[str, float] = field(
        default_factory=lambda: {"s": 0.1, "m": 0.5, "f": 1.0}, metadata={"above": 0, "high": 1}
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "fusion", canonical_fusion(self.fusion))


@dataclass(frozen=True)
class MaskConfig:
    """The palm painted over with one grey level."""

    name: Literal["mask"] = "mask"
    fill: int = setting(0, low=0, high=255)


@dataclass(frozen=True)
class BlurConfig:
    """Gaussian blur inside the palm; sigma in pixels."""

    name: Literal["blur"] = "blur"
    sigma: float = setting(4.0, above=0, high=1000)


@dataclass(frozen=True)
class PixelateConfig:
    """Mosaic inside the palm; block side in pixels."""

    name: Literal["pixelate"] = "pixelate"
    block: int = setting(9, low=1, high=4096)


@dataclass(frozen=True)
class IdentityConfig:
    """The photo unchanged."""

    name: Literal["identity"] = "identity"


MethodConfig = DiffusionConfig | MaskConfig | BlurConfig | PixelateConfig | IdentityConfig

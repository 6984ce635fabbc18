"""What a photo lost by de-identification, measured against the original: SSIM, MS-SSIM, PSNR, LPIPS, FID, KID."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from palmbench.quality.frechet import frechet_distance
    from palmbench.quality.instrument import ImageQuality
    from palmbench.quality.kernel import kernel_distance
    from palmbench.quality.pixels import image_quality
    from palmbench.quality.sets import set_distances
    from palmbench.quality.summary import Summary, summarise
    from palmbench.quality.weights import missing_weights

__all__ = [
    "ImageQuality",
    "Summary",
    "frechet_distance",
    "image_quality",
    "kernel_distance",
    "missing_weights",
    "set_distances",
    "summarise",
]

_HOMES = {
    "ImageQuality": "instrument",
    "Summary": "summary",
    "frechet_distance": "frechet",
    "image_quality": "pixels",
    "kernel_distance": "kernel",
    "missing_weights": "weights",
    "set_distances": "sets",
    "summarise": "summary",
}


def __getattr__(name: str) -> Any:
    # At the first use: listings read the settings beside these modules, and do without numba and torch.
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

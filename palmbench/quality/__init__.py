"""What a photo lost by de-identification, measured against the original: SSIM, MS-SSIM, PSNR, LPIPS, FID, KID."""

from palmbench.quality.frechet import frechet_distance
from palmbench.quality.instrument import ImageQuality
from palmbench.quality.kernel import kernel_distance
from palmbench.quality.pixels import image_quality
from palmbench.quality.sets import SetDistance, set_distances
from palmbench.quality.summary import Summary, summarise
from palmbench.quality.weights import missing_weights

__all__ = [
    "ImageQuality",
    "SetDistance",
    "Summary",
    "frechet_distance",
    "image_quality",
    "kernel_distance",
    "missing_weights",
    "set_distances",
    "summarise",
]

"""What a photo lost by de-identification, measured against the original: SSIM, MS-SSIM, PSNR, LPIPS, FID."""

from palmbench.quality.frechet import frechet_distance
from palmbench.quality.instrument import ImageQuality
from palmbench.quality.pixels import image_quality
from palmbench.quality.summary import Summary, summarise
from palmbench.quality.weights import missing_weights

__all__ = ["ImageQuality", "Summary", "frechet_distance", "image_quality", "missing_weights", "summarise"]

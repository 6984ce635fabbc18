"""The image-quality instrument of a run: what can be measured on this machine, and with which weights."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np

from palmbench.quality.pixels import PIXEL_METRICS, check_pair, fit_size, image_quality
from palmbench.quality.weights import INCEPTION, VGG16, QualityWeights, WeightFile, locate, missing_weights, sha256_of


class ImageQuality:
    """Measures pairs of photos; one instrument serves a whole run.

    Parameters
    ----------
    config : QualityWeights
        `name` of the convention ("paper"), `lpips_weights`, `inception_weights`; a weight file left None is looked
        for in torch's cache. Nothing is downloaded.
    device : str
        Where the networks run: "cpu", "cuda". Networks are loaded at their first use.

    Attributes
    ----------
    missing : dict of str to str
        Metrics that are not measured here ("lpips", "fid") and what is absent for each.

    Raises
    ------
    MissingWeights
        If a weight file is named and absent, or its contents are not the published ones.
    """

    def __init__(self, config: QualityWeights, device: str = "cpu") -> None:
        self.convention: str = getattr(config, "name", "paper")
        self.device = device
        self.missing = missing_weights(config)
        self._vgg16 = self._usable(VGG16, config)
        self._inception = self._usable(INCEPTION, config)

    def settings(self) -> dict:
        """Everything that can change a measurement, for the key: convention, metrics, digests of the weights."""
        return {
            "convention": self.convention,
            "metrics": list(self.metrics()),
            "lpips_weights": sha256_of(self._vgg16)[:32] if self._vgg16 else None,
            "inception_weights": sha256_of(self._inception)[:32] if self._inception else None,
        }

    def metrics(self) -> tuple[str, ...]:
        """Names of what `per_image` measures."""
        return PIXEL_METRICS + (("lpips",) if self._vgg16 else ())

    def per_image(self, original: np.ndarray, deidentified: np.ndarray) -> dict[str, float]:
        """Metrics of one pair of uint8 HWC images; see `palmbench.quality.image_quality`. "lpips" is a distance."""
        values = image_quality(original, deidentified, self.convention)
        if self._vgg16:
            pair = check_pair(original, deidentified)
            values["lpips"] = self._lpips(*map(fit_size, pair))
        return values

    def features(self, image: np.ndarray) -> np.ndarray | None:
        """Features of one uint8 HWC image for FID, float32 of shape (2048,); None without Inception weights.

        FID compares files, so the image is taken at its own size.
        """
        return self._pool_features(image) if self._inception else None

    @cached_property
    def _lpips(self):
        from palmbench.quality.networks import load_lpips

        assert self._vgg16
        return load_lpips(self._vgg16, self.device)

    @cached_property
    def _pool_features(self):
        from palmbench.quality.networks import load_inception

        assert self._inception
        return load_inception(self._inception, self.device)

    def _usable(self, file: WeightFile, config: QualityWeights) -> Path | None:
        return None if file.metric in self.missing else locate(file, config)

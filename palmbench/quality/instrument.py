"""The image-quality instrument of a run: what can be measured on this machine, and with which weights."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from palmbench.quality.hand_features import hand_feature_settings, hand_weights
from palmbench.quality.pixels import PIXEL_METRICS, REGION_METRICS, check_pair, fit_size, image_quality
from palmbench.quality.sets import SET_METRICS
from palmbench.quality.weights import INCEPTION, WEIGHT_FILES, QualityWeights, WeightFile, locate, missing_weights
from recognizers.common.cache_keys import versions_of
from recognizers.common.errors import MissingWeights
from recognizers.common.pinned import Pinned, changed


class ImageQuality:
    """Measures pairs of photos; one instrument serves a whole run.

    A pair is measured by itself, so that no batch can change its numbers.

    Parameters
    ----------
    config : QualityWeights
        `name` of the convention ("paper" or "torchmetrics"), `lpips_weights`, `inception_weights`; a weight file left
        None is looked for in torch's cache. Nothing is downloaded.
    device : str
        Where everything is computed: "cpu", "cuda". Networks are loaded at their first use.

    Attributes
    ----------
    missing : dict of str to str
        Metrics that are not measured here ("lpips", "fid", "kid") and what is absent for each.
    features_of : {"inception", "hand"} or None
        What `features` are of: Inception where its weights are, else the embedded hand network, or nothing where that
        is not either.

    Raises
    ------
    MissingWeights
        If a weight file is named and absent, or its contents are not the published ones.
    """

    def __init__(self, config: QualityWeights, device: str = "cpu") -> None:
        self.convention = config.name
        self.device = device
        self.missing = missing_weights(config)
        self._lpips_weights, self._inception = (self._usable(file, config) for file in WEIGHT_FILES[config.name])
        self._hand = Pinned.now(hand_weights()) if hand_weights().is_file() else None
        self.features_of: str | None = "hand" if self._hand else None
        if self._inception:
            self.features_of = "inception"

    def settings(self) -> dict[str, Any]:
        """What can change a measurement, for the key: convention, metrics, digests of weights, versions of the code."""
        return {
            "convention": self.convention,
            "metrics": list(self._whole()),
            "lpips_weights": self._lpips_weights.digest if self._lpips_weights else None,
            "inception_weights": self._inception.digest if self._inception else None,
            "versions": versions_of("palmbench.quality", "filters", "networks", "pixels", "similarity"),
        }

    def feature_settings(self) -> dict[str, Any]:
        """Everything that can change `features`, for the key; empty where there are none."""
        if self._inception:
            versions = versions_of("palmbench.quality", "networks")
            return {
                "of": self.features_of,
                "convention": self.convention,
                "weights": self._inception.digest,
                "versions": versions,
            }
        return {"of": self.features_of, **hand_feature_settings(self._hand)} if self._hand else {}

    def metrics(self) -> tuple[str, ...]:
        """Names of what `per_image` measures, those inside and outside the palm last."""
        return self._whole() + REGION_METRICS

    def set_metrics(self) -> tuple[str, ...]:
        """Names of the distances between sets of photos that `features` give."""
        return SET_METRICS[self.features_of] if self.features_of else ()

    def per_image(
        self, original: np.ndarray, deidentified: np.ndarray, region: np.ndarray | None = None
    ) -> dict[str, float]:
        """Metrics of one pair of uint8 HWC images; see `palmbench.quality.image_quality`. "lpips" is a distance.

        Without a region (bool HW, the palm) there are no metrics inside and outside it.
        """
        values = image_quality(original, deidentified, self.convention, region, self.device)
        if self._lpips_weights:
            pair = check_pair(original, deidentified)
            values["lpips"] = self._lpips(*map(fit_size, pair)) if self.convention == "paper" else self._lpips(*pair)
        return values

    def features(self, image: np.ndarray) -> np.ndarray:
        """Features of one uint8 HWC image at its own size, float32: (2048,) of Inception, (256,) of the hand network.

        Raises
        ------
        MissingWeights
            If neither network's weights are there.
        """
        return self._features(image)

    @cached_property
    def _lpips(self) -> Any:
        from palmbench.quality.networks import load_lpips, load_lpips_torchmetrics

        assert self._lpips_weights
        load = load_lpips if self.convention == "paper" else load_lpips_torchmetrics
        return load(self._lpips_weights, self.device)

    @cached_property
    def _features(self) -> Any:
        from palmbench.quality.hand_features import load_hand_features
        from palmbench.quality.networks import load_inception

        if self._inception:
            return load_inception(self._inception, self.device, self.convention)
        if self._hand is None:
            raise MissingWeights(f"Features of photos need {INCEPTION.name} or {hand_weights()}; neither is there.")
        return load_hand_features(self._hand, self.device)

    def _whole(self) -> tuple[str, ...]:
        return PIXEL_METRICS + (("lpips",) if self._lpips_weights else ())

    def _usable(self, file: WeightFile, config: QualityWeights) -> Pinned | None:
        path = None if file.metric in self.missing else locate(file, config)
        if path is None:
            return None
        pinned = Pinned.now(path)
        if not pinned.digest.startswith(file.sha256):
            raise changed(path)
        return pinned

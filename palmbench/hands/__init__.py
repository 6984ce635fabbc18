"""Hands in photos: what is known of one, how it is found, and the geometry of its palm. Imports networks when asked."""

from __future__ import annotations

from palmbench.hands.hand import Detector, Hand, Segmenter
from palmbench.hands.settings import AnyDetectorConfig, AnySegmenterConfig, DetectorConfig, SegmenterConfig, WiLoRConfig

__all__ = ["Detector", "Hand", "Segmenter", "load_detector", "load_segmenter"]


def load_detector(config: AnyDetectorConfig, device: str = "cpu") -> Detector:
    """The detector that a configuration names.

    Raises
    ------
    RequestError
        If its package is not to be had; MissingWeights if its weights are absent.
    """
    detector: Detector
    if isinstance(config, DetectorConfig):
        from palmbench.hands.embedded import EmbeddedDetector

        detector = EmbeddedDetector(config.weights, config.threshold, device, config.hands)
    else:
        from palmbench.hands.external import ExternalDetector

        weights = config.weights if isinstance(config, WiLoRConfig) else None
        detector = ExternalDetector(config.name, config.python, weights, config.threshold, config.hands, device)
    if config.valley_weights is None:
        return detector
    from palmbench.hands.pklnet.localizer import PKLNetLocalizer
    from palmbench.hands.valleys import PKLNetValleys

    return PKLNetValleys(detector, PKLNetLocalizer(config.valley_weights, device))


def load_segmenter(config: AnySegmenterConfig, device: str = "cpu") -> Segmenter:
    """The segmenter that a configuration names. Raises MissingWeights when its weights are absent."""
    if isinstance(config, SegmenterConfig):
        from palmbench.hands.embedded import EmbeddedSegmenter

        return EmbeddedSegmenter(config.closing)
    from palmbench.hands.sam2 import load_sam2

    return load_sam2(config.weights, config.package, config.closing, device)

"""Hands in photos: what is known of one, how it is found, and the geometry of its palm."""

from __future__ import annotations

from palmbench.hands.embedded import EmbeddedDetector, EmbeddedSegmenter
from palmbench.hands.hand import Detector, Hand, Segmenter
from palmbench.hands.pklnet.localizer import PKLNetLocalizer
from palmbench.hands.valleys import PKLNetValleys
from palmbench.schema import DetectorConfig, SegmenterConfig

__all__ = ["Detector", "Hand", "Segmenter", "load_detector", "load_segmenter"]


def load_detector(config: DetectorConfig, device: str = "cpu") -> Detector:
    """The detector that a configuration names. Raises MissingWeights when its weights are absent."""
    detector = EmbeddedDetector(config.weights, config.threshold, device, config.hands)
    if config.valley_weights is None:
        return detector
    return PKLNetValleys(detector, PKLNetLocalizer(config.valley_weights, device))


def load_segmenter(config: SegmenterConfig) -> Segmenter:
    """The segmenter that a configuration names."""
    return EmbeddedSegmenter(config.closing)

"""Hands in photos: what is known of one, how it is found, and the geometry of its palm. Imports networks when asked."""

from __future__ import annotations

from dataclasses import asdict

from palmbench.hands.hand import Detector, Hand, Segmenter
from palmbench.hands.registry import DETECTORS
from palmbench.hands.settings import AnySegmenterConfig, DetectorConfig, SegmenterConfig
from recognizers.common.errors import no_exit
from recognizers.common.strict import build, setting

__all__ = ["Detector", "DetectorConfig", "Hand", "Segmenter", "load_detector", "load_segmenter", "setting"]


def load_detector(config: DetectorConfig, device: str = "cpu") -> Detector:
    """The detector that a configuration asks for; every answer of one of another package is checked.

    Raises
    ------
    RequestError
        If a setting is out of range, or its package is not to be had; MissingWeights if its weights are absent.
    """
    # A configuration that was made in Python has not been through the checks of the command line's.
    config = build(type(config), asdict(config), "detector")
    with no_exit(f"detector={config.name}"):
        detector = config.load(device)
    if config.name not in DETECTORS:
        from palmbench.hands.output_checks import CheckedDetector

        detector = CheckedDetector(detector, config.name)
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

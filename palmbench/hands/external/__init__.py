"""Detectors that cannot share palmbench's environment: each runs in its own, driven as a worker process."""

from palmbench.hands.external.detector import ExternalDetector

__all__ = ["ExternalDetector"]

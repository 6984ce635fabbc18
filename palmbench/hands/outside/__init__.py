"""Detectors that cannot share palmbench's environment: each runs in its own, driven as a worker process."""

from palmbench.hands.outside.detector import OutsideDetector

__all__ = ["OutsideDetector"]

"""The detectors by name: ours, and those that installed packages add; found, and set strictly."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import EntryPoint
from typing import Any

from palmbench.hands.settings import DetectorConfig
from recognizers.common.entry_points import SettingsOffers

DETECTORS = {
    "embedded": "palmbench.hands.settings:EmbeddedConfig",
    "mediapipe": "palmbench.hands.settings:MediaPipeConfig",
    "wilor": "palmbench.hands.settings:WiLoRConfig",
}
ENTRY_POINTS = "palmbench.detectors"
_OFFERS: SettingsOffers[DetectorConfig] = SettingsOffers("detector", ENTRY_POINTS, DETECTORS, DetectorConfig)


def names() -> list[str]:
    """Names of the detectors: ours, and those that installed packages add under `palmbench.detectors`."""
    return _OFFERS.names()


def added() -> dict[str, EntryPoint]:
    """Entry points of detectors that installed packages add, by name; ours are never replaced."""
    return _OFFERS.added()


def find(name: str) -> type[DetectorConfig]:
    """The class of a detector's settings; errors as of `SettingsOffers.find`."""
    return _OFFERS.find(name)


def named(name: str, **settings: Any) -> DetectorConfig:
    """A detector by its name: some settings, all others at their defaults; errors as of `SettingsOffers.named`."""
    return _OFFERS.named(name, **settings)


def detector_config(values: Mapping[str, Any]) -> DetectorConfig:
    """Settings of a detector from a plain mapping, strictly; errors as of `SettingsOffers.config`."""
    return _OFFERS.config(values)

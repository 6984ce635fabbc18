"""The disclosures by name: ours, and those that installed packages add; found, and set strictly."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import EntryPoint
from typing import Any

from palmbench.disclosures.disclosure import DisclosureConfig
from recognizers.common.entry_points import SettingsOffers

# One more is a file beside these, a line here and a YAML in conf/disclosure: docs/attacks.md.
DISCLOSURES = {
    "attribute": "palmbench.disclosures.attribute:AttributeConfig",
    "memory": "palmbench.disclosures.memory:MemoryConfig",
    "processing": "palmbench.disclosures.processing:ProcessingConfig",
    "replay": "palmbench.disclosures.replay:ReplayConfig",
}
ENTRY_POINTS = "palmbench.disclosures"
_OFFERS: SettingsOffers[DisclosureConfig] = SettingsOffers(
    "disclosure", ENTRY_POINTS, DISCLOSURES, DisclosureConfig, "version"
)


def names() -> list[str]:
    """Names of the disclosures: ours, and those that installed packages add under `palmbench.disclosures`."""
    return _OFFERS.names()


def added() -> dict[str, EntryPoint]:
    """Entry points of disclosures that installed packages add, by name; ours are never replaced."""
    return _OFFERS.added()


def find(name: str) -> type[DisclosureConfig]:
    """The class of a disclosure; errors as of `SettingsOffers.find`."""
    return _OFFERS.find(name)


def named(name: str, **settings: Any) -> DisclosureConfig:
    """A disclosure by its name: some settings, all others at their defaults; errors as of `SettingsOffers.named`."""
    return _OFFERS.named(name, **settings)


def disclosure_config(values: Mapping[str, Any]) -> DisclosureConfig:
    """Settings of a disclosure from a plain mapping, strictly; errors as of `SettingsOffers.config`."""
    return _OFFERS.config(values)

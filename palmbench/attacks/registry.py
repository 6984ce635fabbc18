"""The attacks by name: ours, and those that installed packages add; found, and set strictly."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import EntryPoint
from typing import Any

from palmbench.attacks.attack import AttackConfig
from recognizers.common.entry_points import SettingsOffers

# One more is a file beside these, a line here and a YAML in conf/attack: docs/attacks.md.
ATTACKS = {
    "bit_weights": "palmbench.attacks.bit_weights:BitWeightsConfig",
    "finetuned": "palmbench.attacks.finetuned:FineTunedConfig",
    "floor": "palmbench.attacks.floor:FloorConfig",
    "fusion": "palmbench.attacks.fusion:FusionConfig",
    "restored": "palmbench.attacks.restored:RestoredConfig",
    "restored_unet": "palmbench.attacks.restored_unet:RestoredUNetConfig",
    "traits": "palmbench.attacks.traits:TraitsConfig",
    "unchanged": "palmbench.attacks.unchanged:UnchangedConfig",
    "whitened": "palmbench.attacks.whitened:WhitenedConfig",
}
ENTRY_POINTS = "palmbench.attacks"
_OFFERS: SettingsOffers[AttackConfig] = SettingsOffers("attack", ENTRY_POINTS, ATTACKS, AttackConfig, "version")


def names() -> list[str]:
    """Names of the attacks: ours, and those that installed packages add under `palmbench.attacks`."""
    return _OFFERS.names()


def added() -> dict[str, EntryPoint]:
    """Entry points of attacks that installed packages add, by name; ours are never replaced."""
    return _OFFERS.added()


def find(name: str) -> type[AttackConfig]:
    """The class of an attack; errors as of `SettingsOffers.find`."""
    return _OFFERS.find(name)


def named(name: str, **settings: Any) -> AttackConfig:
    """An attack by its name: some settings, all others at their defaults; errors as of `SettingsOffers.named`."""
    return _OFFERS.named(name, **settings)


def attack_config(values: Mapping[str, Any]) -> AttackConfig:
    """Settings of an attack from a plain mapping, strictly; errors as of `SettingsOffers.config`."""
    return _OFFERS.config(values)

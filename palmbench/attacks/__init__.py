"""Attacks on de-identified photos: who has what of whom, what it knows, and how it compares."""

from palmbench.attacks.attack import AttackConfig, Channel, Labelled, Side, Training
from palmbench.attacks.registry import ENTRY_POINTS, added, attack_config, find, named, names
from recognizers.common.strict import setting
from recognizers.output_checks import Matcher

__all__ = [
    "ENTRY_POINTS", "AttackConfig", "Channel", "Labelled", "Matcher", "Side", "Training", "added", "attack_config",
    "find", "named", "names", "setting",
]  # fmt: skip

"""A recognizer as it is: it knows nothing of de-identification."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from palmbench.attacks.attack import AttackConfig

VERSION = 1


@dataclass(frozen=True)
class UnchangedConfig(AttackConfig):
    """The run's recognizer, which knows nothing of the method."""

    name: Literal["unchanged"] = "unchanged"

    version = VERSION

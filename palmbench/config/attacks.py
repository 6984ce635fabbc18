"""What `palmbench attack` is asked for: points of a sweep, each tried by attacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from palmbench.attacks import AttackConfig, attack_config
from palmbench.attacks.people import PeopleConfig
from palmbench.attacks.unchanged import UnchangedConfig
from palmbench.config.compose import OF_ATTACKS, compose_points, key_of, resolved_values
from palmbench.config.listing import option_names
from palmbench.config.schema import RunConfig
from recognizers.common.errors import RequestError
from recognizers.common.strict import build, check, setting

_ROOT = "attacks"


@dataclass(frozen=True)
class TrialConfig:
    """One attack and on whom it is tried.

    Attributes
    ----------
    attack : AttackConfig
    people : PeopleConfig
    attacker_seed : int
        The run seed that the attacker's own outputs are drawn from; never that of a release.
    """

    attack: AttackConfig = field(default_factory=UnchangedConfig)
    people: PeopleConfig = field(default_factory=PeopleConfig)
    attacker_seed: int = setting(1_000_003, low=0, high=2**63 - 1)


class Asked(NamedTuple):
    """Points, the attacks that each is tried by, and whether those were named; all that were must be possible."""

    points: list[RunConfig]
    trials: list[TrialConfig]
    named: bool


def compose_attacks(overrides: Sequence[str]) -> Asked:
    """Points and attacks of the words of a command line.

    Parameters
    ----------
    overrides : sequence of str
        Those of a run, see `compose_points`, and `attack`, `people` and `attacker_seed`. Without an attack every one in
        `conf/attack` is taken. No point where a flag made Hydra print something instead.

    Raises
    ------
    RequestError
        If the words do not compose, or a value is not allowed.
    """
    flags_and_run = [word for word in overrides if key_of(word) not in OF_ATTACKS]
    own = [word for word in overrides if key_of(word) in OF_ATTACKS]
    points = compose_points(flags_and_run)
    if not points:
        return Asked([], [], False)
    named = any(word.lstrip("+").partition("=")[0] == "attack" for word in own)
    if not named:
        own.append(f"attack={','.join(option_names('attack'))}")
    trials: list[TrialConfig] = []
    for values in resolved_values([*_folders(flags_and_run), *own], _ROOT):
        trial = trial_config(values)
        if trial not in trials:
            trials.append(trial)
    return Asked(points, trials, named)


def trial_config(values: Mapping[str, Any]) -> TrialConfig:
    """An attack and on whom, from a plain mapping, strictly; RequestError where it is not as it must be."""
    attack = values["attack"]
    if not isinstance(attack, Mapping):
        raise RequestError(f"attack must be a group of settings, not {attack}.")
    limits = TrialConfig.__dataclass_fields__["attacker_seed"].metadata
    return TrialConfig(
        attack_config(attack),
        build(PeopleConfig, values["people"], "people"),
        check(values["attacker_seed"], int, "attacker_seed", limits),
    )


def _folders(words: Sequence[str]) -> list[str]:
    """The words that name folders of one's own settings."""
    found, following = [], False
    for word in words:
        if following or word.startswith("--config-dir=") or word in ("--config-dir", "-cd"):
            found.append(word)
        following = word in ("--config-dir", "-cd")
    return found

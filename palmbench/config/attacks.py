"""What `palmbench attack` is asked for: points of a sweep, each tried by attacks, and what is looked for beside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from palmbench.attacks import AttackConfig, attack_config
from palmbench.attacks.people import PeopleConfig
from palmbench.attacks.unchanged import UnchangedConfig
from palmbench.config.compose import OF_ATTACKS, compose_points, key_of, resolved_values
from palmbench.config.listing import option_names
from palmbench.config.schema import RunConfig
from palmbench.disclosures import DisclosureConfig, disclosure_config
from palmbench.disclosures.processing import ProcessingConfig
from recognizers.common.errors import RequestError
from recognizers.common.strict import build, check, setting

_ROOT = "attacks"
_GROUPS = ("attack", "disclosure")
_Trial = TypeVar("_Trial")


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


@dataclass(frozen=True)
class DisclosureTrial:
    """One disclosure and on whom it is looked for; `people` and `attacker_seed` as of `TrialConfig`."""

    disclosure: DisclosureConfig = field(default_factory=ProcessingConfig)
    people: PeopleConfig = field(default_factory=PeopleConfig)
    attacker_seed: int = setting(1_000_003, low=0, high=2**63 - 1)


class Asked(NamedTuple):
    """Points, what each is tried by, and whether that was named; everything that was must be possible."""

    points: list[RunConfig]
    trials: list[TrialConfig]
    disclosures: list[DisclosureTrial]
    named: bool


def compose_attacks(overrides: Sequence[str]) -> Asked:
    """Points and attacks of the words of a command line.

    Parameters
    ----------
    overrides : sequence of str
        Those of a run, see `compose_points`, and `attack`, `disclosure`, `people` and `attacker_seed`. With neither an
        attack nor a disclosure every one in `conf/attack` and `conf/disclosure` is taken. No point where a flag made
        Hydra print something instead.

    Raises
    ------
    RequestError
        If the words do not compose, a value is not allowed, or persons are shared out in several ways.
    """
    flags_and_run = [word for word in overrides if key_of(word) not in OF_ATTACKS]
    own = [word for word in overrides if key_of(word) in OF_ATTACKS]
    points = compose_points(flags_and_run)
    if not points:
        return Asked([], [], [], False)
    named = [group for group in _GROUPS if any(word.lstrip("+").partition("=")[0] == group for word in own)]
    wanted = {key_of(word) for word in own} & set(_GROUPS) if named else set(_GROUPS)
    values: dict[str, list[dict[str, Any]]] = {group: [] for group in _GROUPS}
    for group in wanted:
        words = [word for word in own if key_of(word) not in set(_GROUPS) - {group}]
        if not named:
            words.append(f"{group}={','.join(option_names(group))}")
        values[group] = list(resolved_values([*_folders(flags_and_run), *words], _ROOT))
    trials = _different(map(trial_config, values["attack"]))
    disclosures = _different(map(disclosure_trial, values["disclosure"]))
    on_whom = {(each.people, each.attacker_seed) for each in trials}
    on_whom |= {(each.people, each.attacker_seed) for each in disclosures}
    if len(on_whom) > 1:
        raise RequestError(
            "people and attacker_seed take one value in a command: its attacks are set against each other on the same "
            "persons. Give a command for each value."
        )
    return Asked(points, trials, disclosures, bool(named))


def trial_config(values: Mapping[str, Any]) -> TrialConfig:
    """An attack and on whom, from a plain mapping, strictly; RequestError where it is not as it must be."""
    return TrialConfig(attack_config(_group(values, "attack")), *_on_whom(values))


def disclosure_trial(values: Mapping[str, Any]) -> DisclosureTrial:
    """A disclosure and on whom, from a plain mapping, strictly; RequestError where it is not as it must be."""
    return DisclosureTrial(disclosure_config(_group(values, "disclosure")), *_on_whom(values))


def _group(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    group = values[name]
    if not isinstance(group, Mapping):
        raise RequestError(f"{name} must be a group of settings, not {group}.")
    return group


def _on_whom(values: Mapping[str, Any]) -> tuple[PeopleConfig, int]:
    limits = TrialConfig.__dataclass_fields__["attacker_seed"].metadata
    seed = check(values["attacker_seed"], int, "attacker_seed", limits)
    return build(PeopleConfig, values["people"], "people"), seed


def _different(trials: Iterable[_Trial]) -> list[_Trial]:
    found: list[_Trial] = []
    for trial in trials:
        if trial not in found:
            found.append(trial)
    return found


def _folders(words: Sequence[str]) -> list[str]:
    """The words that name folders of one's own settings."""
    found, following = [], False
    for word in words:
        if following or word.startswith("--config-dir=") or word in ("--config-dir", "-cd"):
            found.append(word)
        following = word in ("--config-dir", "-cd")
    return found

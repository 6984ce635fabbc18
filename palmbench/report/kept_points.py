"""Points as their records tell them, of a folder of results or a bundle: no photo, no store and no weights needed."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

import recognizers
from palmbench.attacks import AttackConfig
from palmbench.attacks.trained import TrainedConfig
from palmbench.engine.attack_health import Health, health_of
from palmbench.engine.attack_record import Attacked, Disclosure
from palmbench.engine.bundle import Kept
from palmbench.engine.run import setting_text
from palmbench.methods import method_config
from palmbench.methods.identity import IdentityConfig
from palmbench.report.attack_matrix import Resisted
from palmbench.report.names import PHOTOS, PLACES, flat, told_apart
from palmbench.scoring.number import Number
from recognizers.common.cache_keys import digest
from recognizers.common.errors import RequestError

_OF_ATTACKS = ("recognizer", "eer")  # no part of what a photo lost


@dataclass(frozen=True)
class KeptPoint:
    """A point: its run, and what was measured on the same persons, attacks and what it discloses beside identity.

    Attributes
    ----------
    name : str
        Of the method, with everything by which points of its data set are told, without the recognizer.
    label : str
        Of the method alone.
    run : Kept or None
        With the point's recognizer, else with another that was given the same photos.
    attacks : tuple of Kept
        Without controls.
    health : mapping of str to Health
        By what an attack is called, of those that learn and whose controls are there.
    unchecked : tuple of str
        Attacks that learn and whose controls are not there.
    disclosures : tuple of Kept
    """

    name: str
    label: str
    run: Kept | None
    attacks: tuple[Kept, ...]
    health: Mapping[str, Health]
    unchecked: tuple[str, ...] = ()
    disclosures: tuple[Kept, ...] = ()

    @property
    def any(self) -> Kept:
        """One of its records; the run, which another recognizer may have looked on, only where there is no other."""
        if tried := (*self.attacks, *self.disclosures):
            return tried[0]
        assert self.run is not None
        return self.run

    @property
    def own_run(self) -> Kept | None:
        """Its run, unless that is another recognizer's."""
        return self.run if self.run is not None and essential(self.run) == essential(self.any) else None

    @property
    def dataset(self) -> str:
        return str(self.any.point["dataset"])

    @property
    def method(self) -> str:
        """As points call it, without settings."""
        return str(self.any.point["method"])

    @property
    def recognizer(self) -> str:
        return recognizer_text(self.any.point)

    @property
    def people(self) -> str:
        """Who is in which share and what the attacker's own outputs are drawn from; empty of a run alone."""
        return "" if self.any.kind == "runs" else _people(self.any)

    @property
    def photos(self) -> str:
        """Digest of the data set's photos."""
        return str(self.any.record.content["photos"])

    @property
    def numbers(self) -> dict[str, Number]:
        """Of its run, by name of the metric; empty without one."""
        return {} if self.run is None else dict(self.run.record.metrics["metrics"])

    @cached_property
    def resisted(self) -> Resisted | None:
        """How attacks fared on it; None where none was tried."""
        attacked = tuple(Attacked(each.record) for each in self.attacks)
        return Resisted(self.name, self.label, attacked, self.health) if attacked else None

    @property
    def disclosed(self) -> list[Disclosure]:
        """What it discloses beside identity; empty where that was not looked for."""
        return [Disclosure(each.record) for each in self.disclosures]


def points_of(kept: Sequence[Kept]) -> list[KeptPoint]:
    """The points that records are of, by data set, recognizer and method.

    What was tried on other persons, or by an attacker of another seed, is another point, with the same run. Of records
    that differ in the versions of their code or in weights alone the last counts, and that is said.
    """
    kept = _latest(kept)
    settings = {each.key: _on_photos(each) for each in kept}
    groups: dict[tuple[str, str], list[Kept]] = {}
    runs = {_digest(settings[each.key]): each for each in kept if each.kind == "runs"}
    # What a photo lost is the same whichever recognizer looked on.
    seen = {_digest(_of_photos(settings[each.key])): each for each in kept if each.kind == "runs"}
    tried = {_identity(each, settings[each.key]): Attacked(each.record) for each in kept if each.trial is not None}
    for each in kept:
        if each.kind != "runs" and not each.record.content.get("attack", {}).get("permuted"):
            group = _digest(settings[each.key]), _people(each)
            groups.setdefault(group, []).append(each)
    beside_runs = {point for point, _ in groups}
    groups |= {(point, ""): [] for point in runs if point not in beside_runs}
    names = _names(groups, runs, settings)
    found = []
    for (point, people), members in groups.items():
        first = (members or [runs[point]])[0]
        run = runs.get(point) or seen.get(_digest(_of_photos(settings[first.key])))
        attacks = tuple(each for each in members if each.trial is not None)
        disclosures = tuple(each for each in members if each.trial is None)
        health, unchecked = _health(attacks, settings, tried)
        found.append(KeptPoint(names[point, people], _label(first), run, attacks, health, unchecked, disclosures))
    return sorted(found, key=lambda each: (each.dataset, each.recognizer, each.people, each.photos, each.name))


def _latest(kept: Sequence[Kept]) -> list[Kept]:
    """Of records of the same settings, photos and persons the one that was written last."""
    found: dict[str, Kept] = {}
    for each in sorted(kept, key=lambda each: (str(each.record.content["written"]), each.key)):
        what = digest(
            "kept",
            settings=_on_photos(each),
            tried=each.trial,
            disclosed=each.disclosed,
            people=each.record.content.get("people_digest"),
        )
        found[what] = each
    if older := len(kept) - len(found):
        print(
            f"Left out: {older} records that were made again later, by other versions of the code or with other "
            "weights.",
            file=sys.stderr,
        )
    there = {each.key for each in found.values()}
    return [each for each in kept if each.key in there]


def _on_photos(kept: Kept) -> dict[str, Any]:
    """Settings that can change a number, and the digest of the photos: those of a folder may be others by now."""
    return {**essential(kept), PHOTOS: str(kept.record.content["photos"])[:12]}


def _people(kept: Kept) -> str:
    tried = kept.trial or kept.disclosed
    assert tried is not None
    return digest("people", people=kept.record.content["people_digest"], attacker_seed=tried["attacker_seed"])


def essential(kept: Kept) -> dict[str, Any]:
    """Settings of a record's point that can change a number of it."""
    return {name: value for name, value in kept.settings.items() if name not in PLACES}


def recognizer_text(point: Mapping[str, Any]) -> str:
    """A point's recognizer with its variant, as `mtcc yan`."""
    return f"{point['recognizer']}{recognizers.origin(point['recognizer'])} {point['variant']}".strip()


def _digest(settings: Mapping[str, Any]) -> str:
    return digest("settings", **settings)


def _of_photos(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if name not in _OF_ATTACKS}


def _identity(kept: Kept, settings: Mapping[str, Any], attack: AttackConfig | None = None) -> str:
    """What an attack on a point is, or another one by the same attacker on the same persons."""
    assert kept.trial is not None
    return digest(
        "attack",
        settings=settings,
        attack=kept.record.content["attack"] if attack is None else asdict(attack),
        people=kept.record.content["people_digest"],
        attacker_seed=kept.trial["attacker_seed"],
    )


def _label(kept: Kept) -> str:
    try:
        return method_config(kept.settings["method"]).label or str(kept.point["method"])
    except RequestError:  # of a package that is not installed here
        return str(kept.point["method"])


def _names(
    groups: Mapping[tuple[str, str], list[Kept]], runs: Mapping[str, Kept], settings: Mapping[str, Mapping[str, Any]]
) -> dict[tuple[str, str], str]:
    """Names of groups: the method's settings, and what else points that would be called alike differ in."""
    first = {group: (tried or [runs[group[0]]])[0] for group, tried in groups.items()}
    told = told_apart(
        [setting_text(each.point) for each in first.values()],
        [flat(settings[each.key]) for each in first.values()],
        [(each.point["dataset"], settings[each.key][PHOTOS]) for each in first.values()],
        [(each.point["dataset"], recognizer_text(each.point), people) for (_, people), each in first.items()],
    )
    return dict(zip(first, told, strict=True))


def _health(
    attacks: Sequence[Kept], settings: Mapping[str, Mapping[str, Any]], tried: Mapping[str, Attacked]
) -> tuple[dict[str, Health], tuple[str, ...]]:
    """Health of the attacks that learn, by what they are called, and those whose controls are not all there."""
    health, unchecked = {}, []
    for kept in attacks:
        attacked = Attacked(kept.record)
        config = attacked.attack
        if not isinstance(config, TrainedConfig):
            continue
        own = settings[kept.key]
        plain = {**own, "method": asdict(IdentityConfig())}
        permuted = replace(config, permuted=True)
        controls = [(own, config.untrained()), (own, permuted), (plain, config), (plain, config.untrained())]
        found = [each for point, attack in controls if (each := tried.get(_identity(kept, point, attack))) is not None]
        if len(found) == len(controls):
            health[attacked.called] = health_of(attacked, *found)
        else:
            unchecked.append(attacked.called)
    return health, tuple(unchecked)

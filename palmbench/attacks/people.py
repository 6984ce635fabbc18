"""Who is whose: persons that an attacker has photos of, persons on whom attacks are chosen, and persons evaluated."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from palmbench.datasets.splits import person_share
from recognizers.common.cache_keys import digest
from recognizers.common.errors import RequestError
from recognizers.common.strict import setting

VERSION = 1
LEAST = 2  # persons on whom attacks are chosen, and persons evaluated: one alone has no stranger


@dataclass(frozen=True)
class PeopleConfig:
    """How the persons of a data set are shared out; the rest is the attacker's, to learn from."""

    evaluated: float = setting(0.5, above=0, high=0.95)
    validation: float = setting(0.2, above=0, high=0.95)
    seed: int = setting(0, low=0, high=2**63 - 1)


class People(NamedTuple):
    """Persons, in three sets that have nobody in common; both hands of a person are in one of them."""

    attackers: frozenset[str]
    validation: frozenset[str]
    evaluated: frozenset[str]

    @property
    def digest(self) -> str:
        """Of who is in which set: part of keys."""
        return digest("people", versions={"people": VERSION}, **{name: sorted(each) for name, each in self._parts()})

    def _parts(self) -> Iterable[tuple[str, frozenset[str]]]:
        return zip(self._fields, self, strict=True)


def share_out(persons: Iterable[str], config: PeopleConfig) -> People:
    """Share out the persons of a data set, in the order of `palmbench.datasets.splits.person_share`.

    Raises
    ------
    RequestError
        If there are not two persons to evaluate and two to choose attacks on.
    """
    order = sorted(set(persons), key=lambda person: (person_share(person, config.seed), person))
    evaluated, validation = (round(share * len(order)) for share in (config.evaluated, config.validation))
    if evaluated < LEAST or validation < LEAST or evaluated + validation > len(order):
        raise RequestError(
            f"people.evaluated={config.evaluated:g} and people.validation={config.validation:g} of {len(order)} persons"
            f" are {evaluated} and {validation}. An attack wants {LEAST} of each at least, and no more than there are: "
            "take more persons, or other shares."
        )
    parts = order[:evaluated], order[evaluated : evaluated + validation], order[evaluated + validation :]
    shown, chosen_on, own = map(frozenset, parts)
    return People(own, chosen_on, shown)

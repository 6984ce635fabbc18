"""What points are told apart by, in the names of rows, cells and curves."""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from recognizers.common.errors import RequestError

PLACES = ("results_dir", "data_dir", "executor", "tracker")  # never change a result
PHOTOS = "photos"  # their digest: told of points that nothing else tells apart
_RECOGNIZER = "recognizer"  # has columns of its own

Thing = TypeVar("Thing")


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Settings by their full names, as `method.sigma`."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        found |= flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {f"{prefix}{name}": value}
    return found


def differing(settings: Sequence[Mapping[str, Any]]) -> list[str]:
    """Full names of settings that are not the same in all points: a group by its name where its options differ."""
    found: dict[str, None] = {}
    for path in dict.fromkeys(itertools.chain.from_iterable(settings)):
        group = path.partition(".")[0]
        if len({repr(each.get(path)) for each in settings}) > 1:
            options = {repr(each.get(f"{group}.name")) for each in settings}
            found[group if len(options) > 1 else path] = None
    return list(found)


def words_of(paths: Iterable[str], settings: Mapping[str, Any]) -> str:
    """Settings of a point as its name ends in them: ` steps 20 detector embedded`."""
    return "".join(f" {path.rpartition('.')[2]} {settings.get(path, settings.get(f'{path}.name'))}" for path in paths)


def told_apart(
    names: Sequence[str],
    settings: Sequence[Mapping[str, Any]],
    sets: Sequence[Hashable],
    looks: Sequence[Hashable],
) -> list[str]:
    """Names of points, and what those differ in that would be called alike.

    Parameters
    ----------
    names : sequence of str
    settings : sequence of mapping
        Of each point, flat.
    sets : sequence of hashable
        Points of equal ones share rows: those are told apart by all but the recognizer, which has its own columns.
    looks : sequence of hashable
        Points of equal ones share a column as well, and are told apart by everything.
    """
    told = list(names)
    # Twice, since options of a group can differ again once the group is told; photos only where nothing else helps.
    for among, untold in [(sets, _RECOGNIZER)] * 2 + [(looks, PHOTOS)] * 2 + [(looks, "")]:
        alike: dict[tuple[Hashable, str], list[int]] = {}
        for place, group in enumerate(zip(among, told, strict=True)):
            alike.setdefault(group, []).append(place)
        for places in alike.values():
            paths = differing([settings[place] for place in places])
            shown = [path for path in paths if path.partition(".")[0] != untold]
            for place in places:
                told[place] += words_of(shown, settings[place])
    return told


def same(one: object, other: object) -> bool:
    """Whether two results are the same, NaN being NaN."""
    return one is other or repr(one) == repr(other)


def by_name(named: Iterable[tuple[str, Thing]]) -> dict[str, Thing]:
    """What each name stands for. Raises RequestError where one stands for two different things."""
    found: dict[str, Thing] = {}
    for name, thing in named:
        if not same(found.setdefault(name, thing), thing):
            raise RequestError(f"Two different points are called {name}; take them one by one.")
    return found

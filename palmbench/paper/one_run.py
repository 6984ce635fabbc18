"""Settings that give several runs where one is meant: refused, with the word of the command line to blame."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from palmbench.config.schema import RunConfig, plain_values
from palmbench.paper.request import Override
from recognizers.common.errors import RequestError


def require_one_run_each(title: str, points: Sequence[RunConfig], overrides: Sequence[Override]) -> None:
    """Refuse settings that give several runs for one place: data set, method, fusion, alpha and recognizer.

    Parameters
    ----------
    title : str
        What needs one run in each place, as in "Figure 4".
    points : sequence of RunConfig
    overrides : sequence of Override
        The user's, among which the setting to blame is looked for.

    Raises
    ------
    RequestError
        If two different points have one place.
    """
    seen: dict[tuple[Any, ...], RunConfig] = {}
    for point in points:
        method, recognizer = point.method, point.recognizer
        setting = tuple(map(method.point().get, ("fusion", "alpha")))
        variant = str(recognizer.options.get("variant"))
        place = (point.dataset.name, method.name, *setting, recognizer.name, variant)
        other = seen.setdefault(place, point)
        if other != point:
            which = swept_setting(other, point, [each.text for each in overrides])
            raise RequestError(
                f"{which}: {title} needs one run of each setting; take them one by one, with a results_dir each."
            )


def swept_setting(one: RunConfig, other: RunConfig, words: Sequence[str]) -> str:
    """The word of a command line that tells two points apart; the name of a setting where no word does."""
    values = [dict(_flat(plain_values(point))) for point in (one, other)]
    names = sorted(name for name in {**values[0], **values[1]} if values[0].get(name) != values[1].get(name))
    keys = {word.lstrip("+").partition("=")[0]: word for word in words}
    exact = [keys[name] for name in names if name in keys]
    groups = [word for key, word in keys.items() if any(name.startswith(f"{key}.") for name in names)]
    return [*exact, *groups, *names][0]


def _flat(values: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", value

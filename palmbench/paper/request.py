"""What a table is asked to be drawn from: its data sets, and its points with the user's settings put in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import NamedTuple

import recognizers
from palmbench import methods
from recognizers.common.errors import RequestError
from recognizers.common.hints import not_found
from recognizers.common.options import options_of

_RECOGNIZER = "recognizer"
_FIXED = ("method.fusion", "method.alpha")


class Override(NamedTuple):
    """One `key=value` of the command line."""

    key: str
    value: str
    text: str


def parse_overrides(texts: Sequence[str]) -> list[Override]:
    """The settings of a table's command line.

    Raises
    ------
    RequestError
        If a word is not key=value, or names what the rows of a table are made of.
    """
    overrides = []
    for text in texts:
        key, equals, value = text.lstrip("+").partition("=")
        if not equals:
            raise RequestError(f"{text} is not a setting; settings are written key=value.")
        if key in _FIXED or key in ("ablation", "+ablation"):
            raise RequestError(f"{text}: the rows of the table set {key} themselves; leave it out.")
        if key == "method" and not value.startswith("diffusion"):
            raise RequestError(
                f"{text}: a table shows every method; method= only picks which diffusion, as in method=diffusion_paper."
            )
        overrides.append(Override(key, value, text))
    return overrides


def value_of(overrides: Sequence[Override], key: str) -> str | None:
    """The last value given to a key, or None."""
    values = [override.value for override in overrides if override.key == key]
    return values[-1] if values else None


def attackers(overrides: Sequence[Override], usual: Sequence[str]) -> list[list[str]]:
    """Overrides that compose each recognizer of a table: `recognizer=` picks which, and its settings go with it.

    Parameters
    ----------
    overrides : sequence of Override
        The user's.
    usual : sequence of str
        Recognizers of the table when the user names none.

    Raises
    ------
    RequestError
        If a setting belongs to none of them, or to several.
    """
    named = value_of(overrides, _RECOGNIZER)
    chosen = [name.strip() for name in named.split(",")] if named else list(usual)
    known = {name: options_of(recognizers.find(name)) for name in chosen if name in recognizers.names()}
    words = {name: [f"{_RECOGNIZER}={name}"] for name in chosen}
    for override in overrides:
        group, _, setting = override.key.partition(".")
        if group != _RECOGNIZER or not setting:
            continue
        owners = [name for name, options in known.items() if setting in options]
        if len(owners) > 1:
            raise RequestError(
                f"{override.text}: {setting} is a setting of {' and of '.join(owners)}; choose one with recognizer=."
            )
        if not owners and len(known) == len(chosen):
            every = {option for options in known.values() for option in options}
            raise RequestError(not_found(f"no recognizer of this table has a setting {setting}", setting, every))
        for name in owners:
            words[name].append(override.text)
    return list(words.values())


def with_overrides(points: Sequence[Sequence[str]], overrides: Sequence[Override]) -> list[list[str]]:
    """Each list of a table's overrides with the user's put in where they belong.

    `dataset` and `recognizer` have been heeded elsewhere. `method=diffusion_paper` replaces the diffusion, a setting
    `method.steps` goes to the methods that have it, and everything else to all.

    Raises
    ------
    RequestError
        If no method of the table has the setting.
    """
    known = set().union(*map(_settings_of, points))
    for override in overrides:
        if (name := _method_setting(override)) and name not in known:
            raise RequestError(not_found(f"no method of this table has a setting {name}", name, known))
    merged = []
    for words in points:
        words = list(words)
        own = _settings_of(words)
        for override in overrides:
            if override.key == "method" and "method=diffusion" in words:
                words[words.index("method=diffusion")] = override.text
            elif override.key.partition(".")[0] == _RECOGNIZER:
                continue
            elif override.key not in ("method", "dataset") and _method_setting(override) in {None, *own}:
                words.append(override.text)
        merged.append(words)
    return merged


def _method_setting(override: Override) -> str | None:
    group, _, name = override.key.partition(".")
    return name.split(".")[0] if group == "method" and name else None


def _settings_of(words: Sequence[str]) -> set[str]:
    options = [word.removeprefix("method=") for word in words if word.startswith("method=")]
    names = {"diffusion" if option.startswith("diffusion") else option for option in options}
    return {item.name for name in names for item in fields(methods.find(name))} - {"name"}

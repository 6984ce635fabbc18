"""The options of a recognizer, read from its constructor: names, defaults, and the types they are annotated with."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple, get_type_hints

# Where and how wide to compute is the caller's to say, and changes no result.
PLACES = ("device", "threads")
REQUIRED = inspect.Parameter.empty
_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


class Option(NamedTuple):
    """An option of a recognizer.

    Attributes
    ----------
    default : Any
        A plain value, or `REQUIRED`.
    kind : Any
        Type annotation; None where there is none that can be read.
    """

    default: Any
    kind: Any


def options_of(constructor: Callable[..., Any]) -> dict[str, Option]:
    """Options of a recognizer's class, in their order; `device` and `threads` are not options.

    Parameters whose default is not a plain value cannot be written as a setting and are left out.
    """
    try:
        hints = get_type_hints(constructor.__init__ if inspect.isclass(constructor) else constructor)
    except NameError:
        hints = {}  # names that only a type checker imports
    found = {
        name: Option(parameter.default, hints.get(name))
        for name, parameter in inspect.signature(constructor).parameters.items()
        if parameter.kind in _NAMED and name not in PLACES
    }
    return {name: option for name, option in found.items() if option.default is REQUIRED or plain(option.default)}


def takes(constructor: Callable[..., Any], name: str) -> bool:
    """Whether the constructor has a parameter of that name."""
    return name in inspect.signature(constructor).parameters


def plain(value: Any) -> bool:
    """Whether a value is one that a setting can hold: nothing, a truth value, a number, text, or a list of these."""
    if isinstance(value, (list, tuple)):
        return all(map(plain, value))
    return value is None or isinstance(value, (bool, int, float, str))

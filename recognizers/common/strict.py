"""Plain mappings to frozen dataclasses, strictly: every key known, present, of its type and in its range."""

from __future__ import annotations

import dataclasses
import math
import types
from collections.abc import Mapping
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from recognizers.common.did_you_mean import did_you_mean, not_found
from recognizers.common.errors import RequestError
from recognizers.common.options import plain
from recognizers.common.path_settings import is_path, path_setting

_Settings = TypeVar("_Settings")
_SIGNIFICANT_DIGITS = 12


def setting(
    default: Any,
    *,
    low: float | None = None,
    high: float | None = None,
    above: float | None = None,
    multiple_of: int | None = None,
    says: str | None = None,
) -> Any:
    """Dataclass field with a default, a range, and what it means.

    Parameters
    ----------
    default : Any
        Value when the field is not given in Python.
    low, high : float, optional
        Least and greatest value allowed.
    above : float, optional
        Exclusive lower bound.
    multiple_of : int, optional
        The value must be a multiple of it.
    says : str, optional
        What the setting means, with its unit, for listings; settings that have a YAML say it there.
    """
    told = {"low": low, "high": high, "above": above, "multiple_of": multiple_of, "says": says}
    return dataclasses.field(default=default, metadata={k: v for k, v in told.items() if v is not None})


def build(cls: type[_Settings], values: Any, key: str) -> _Settings:
    """Instance of the dataclass `cls` from a plain mapping.

    Parameters
    ----------
    cls : type
        Frozen dataclass whose fields are bool, int, float, str, `Literal` of str, optionals of these, tuples of a
        fixed length, `tuple[str, ...]` (a single text stands for a tuple of it), a mapping of str to float, or such a
        dataclass again.
    values : mapping
        One entry per field, no more and no fewer.
    key : str
        Where the mapping stands in the configuration ("method"), for the messages.

    Returns
    -------
    instance of `cls`
        Numbers in float fields are floats, rounded to 12 significant digits; in paths `~` is the home folder.

    Raises
    ------
    RequestError
        On an unknown or missing key, a wrong type, an unknown choice or a value out of range.
    """
    if not isinstance(values, Mapping):
        raise RequestError(f"{key} must be a group of settings, not {_show(values)}.")
    fields = {field.name: field for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    owner = f"{key}={values['name']}" if isinstance(values.get("name"), str) else key
    for name in values:
        if name not in fields:
            raise RequestError(not_found(f"{key}.{name} is not a setting of {owner}", str(name), fields, f"{key}."))
    hints = get_type_hints(cls)
    checked = {}
    for name, field in fields.items():
        if name not in values:
            raise RequestError(f"{key}.{name} is missing; {owner} needs it.")
        checked[name] = check(values[name], hints[name], f"{key}.{name}", field.metadata)
    return cls(**checked)


def check(value: Any, kind: Any, key: str, limits: Mapping[str, float]) -> Any:
    """`value` as `kind`, or a RequestError that names `key`; see `build` for the kinds."""
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        if value is None:
            return None
        inner = next(part for part in get_args(kind) if part is not type(None))
        return _checked(value, inner, key, limits, "null or ")
    return _checked(value, kind, key, limits, "")


def check_plain(value: Any, kind: Any, key: str) -> Any:
    """`value` as the type that a constructor's parameter is annotated with, or a RequestError that names `key`.

    Parameters
    ----------
    value : Any
        What the settings say.
    kind : Any
        bool, int, float, str, `Literal` of str and optionals of these are checked as in `build`; with anything else,
        or None, every value is taken that is plain: nothing, a truth value, a number, text, or a list of these.
    key : str
        The setting.
    """
    if _is_simple(kind):
        return check(value, kind, key, {})
    if not plain(value):
        raise RequestError(f"{key} must be a number, text, true, false, null or a list of these, not {_show(value)}.")
    if isinstance(value, str) and is_path(key):
        return path_setting(key, value)
    return list(value) if isinstance(value, tuple) else value


def _is_simple(kind: Any) -> bool:
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        inner = [part for part in get_args(kind) if part is not type(None)]
        return len(inner) == 1 and _is_simple(inner[0])
    if origin is Literal:
        return all(isinstance(choice, str) for choice in get_args(kind))
    return kind in (bool, int, float, str)


def _checked(value: Any, kind: Any, key: str, limits: Mapping[str, float], nullable: str) -> Any:
    origin = get_origin(kind)
    if origin is Literal:
        return _choice(value, get_args(kind), key)
    if origin is dict:
        return _shares(value, key, limits)
    if origin is tuple:
        return _tuple(value, get_args(kind), key, limits)
    if dataclasses.is_dataclass(kind):
        return value if isinstance(value, kind) else build(kind, value, key)  # type: ignore[arg-type]
    if kind is bool:
        if isinstance(value, bool):
            return value
    elif kind is int:
        # 3.0 comes of arithmetic in a sweep (range, ${...}) and means 3.
        if _is_number(value) and float(value).is_integer():
            return _in_range(int(value), key, limits)
    elif kind is float:
        if _is_number(value) and math.isfinite(value):
            return _in_range(float(f"{value:.{_SIGNIFICANT_DIGITS}g}"), key, limits)
    elif isinstance(value, str) and value.strip():
        return path_setting(key, value) if is_path(key) else value
    quote = f"; to pass it as text, write '{key}=\"{value}\"'" if kind is str and _is_number(value) else ""
    sweep = _as_sweep(value, key)
    raise RequestError(f"{key} must be {nullable}{_described(kind, limits)}, not {_show(value)}{quote}{sweep}.")


def _choice(value: Any, choices: tuple[str, ...], key: str) -> str:
    if value in choices and isinstance(value, str):
        return value
    listed = ", ".join(choices[:-1]) + f" or {choices[-1]}" if len(choices) > 1 else choices[0]
    hint = did_you_mean(value, choices) if isinstance(value, str) else ""
    raise RequestError(f"{key} must be {listed}, not {_show(value)}{hint or _as_sweep(value, key) + '.'}")


def _shares(value: Any, key: str, limits: Mapping[str, float]) -> dict[str, float]:
    wanted = ("s", "m", "f")
    if not isinstance(value, Mapping) or sorted(map(str, value)) != sorted(wanted):
        raise RequestError(f"{key} must hold one number for each of {', '.join(wanted)}, not {_show(value)}.")
    return {name: _checked(value[name], float, f"{key}.{name}", limits, "") for name in wanted}


def _tuple(value: Any, kinds: tuple[Any, ...], key: str, limits: Mapping[str, float]) -> tuple[Any, ...]:
    if kinds == (str, ...):
        words = value if isinstance(value, (list, tuple)) else [value]
        return tuple(_checked(each, str, key, limits, "") for each in words)
    if not isinstance(value, (list, tuple)) or len(value) != len(kinds):
        example = ",".join("1" for _ in kinds)
        raise RequestError(f"{key} must be {len(kinds)} numbers, as in {key}=[{example}], not {_show(value)}.")
    return tuple(
        _checked(each, kind, f"{key}[{place}]", limits, "")
        for place, (each, kind) in enumerate(zip(value, kinds, strict=True))
    )


def _in_range(value: Any, key: str, limits: Mapping[str, float]) -> Any:
    fits = (
        value >= limits.get("low", -math.inf)
        and value <= limits.get("high", math.inf)
        and value > limits.get("above", -math.inf)
        and value % limits.get("multiple_of", 1 if isinstance(value, int) else value or 1) == 0
    )
    if fits:
        return value
    raise RequestError(f"{key} must be {_described(type(value), limits)}, not {value}.")


def _described(kind: Any, limits: Mapping[str, float]) -> str:
    words = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}.get(kind, str(kind))
    if "multiple_of" in limits:
        words += f" divisible by {limits['multiple_of']}"
    if "above" in limits:
        words += f" above {limits['above']:g}"
        return words + (f" and at most {limits['high']:g}" if "high" in limits else "")
    if "low" in limits and "high" in limits:
        return f"{words} from {limits['low']} to {limits['high']}"
    return words + (f", at least {limits['low']:g}" if "low" in limits else "")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _as_sweep(value: Any, key: str) -> str:
    if not isinstance(value, (list, tuple)) or not value:
        return ""
    return f"; to try each in turn, write {key}={','.join(map(str, value))}"


def _show(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if value == "":
        return "nothing"
    if isinstance(value, (list, tuple)):
        return f"the list [{', '.join(map(str, value))}]"
    return str(value)

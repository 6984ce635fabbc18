"""Options of other packages: their recognizers, methods, attacks and detectors, where no YAML says what they are."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from importlib.metadata import EntryPoint
from typing import Any, NamedTuple, get_type_hints

import recognizers
from palmbench import attacks, disclosures, methods
from palmbench.config.schema import MISSING
from palmbench.hands import registry
from recognizers.common.errors import RequestError
from recognizers.common.options import REQUIRED, options_of


class PluginSetting(NamedTuple):
    """A setting of a plugin: its name, its default, and what it means or, untold, what type it has."""

    key: str
    value: Any
    says: str


class Plugin(NamedTuple):
    """An option that another package adds to a group: the first line of its docstring, and its settings."""

    group: str
    name: str
    title: str
    settings: list[PluginSetting]


class _Group(NamedTuple):
    added: Callable[[], Mapping[str, EntryPoint]]
    find: Callable[[str], Any]
    settings_of: Callable[[Any], list[PluginSetting]]


def plugin_names(group: str) -> list[str]:
    """Names of a group's options that other packages add; imports none of them."""
    return sorted(_GROUPS[group].added()) if group in _GROUPS else []


def describe_plugin(group: str, name: str) -> Plugin:
    """What a plugin's class says of itself; one that cannot be imported says why in its title, and has no settings."""
    offer = _GROUPS[group]
    try:
        kind = offer.find(name)
    except ImportError as error:
        return Plugin(group, name, str(error), [])
    title = (inspect.getdoc(kind) or offer.added()[name].value).splitlines()[0]
    return Plugin(group, name, title, offer.settings_of(kind))


@contextmanager
def offered_to_hydra(chosen: Iterable[tuple[str, str]]) -> Iterator[None]:
    """Hydra knows the plugins among the `chosen` options, (group, name) each, for a while.

    Raises
    ------
    RequestError
        If one of them cannot be imported.
    """
    from hydra.core.config_store import ConfigStore

    offered = sorted({(group, name) for group, name in chosen if name in plugin_names(group)})
    store = ConfigStore.instance()
    for group, name in offered:
        try:
            _GROUPS[group].find(name)
        except ImportError as error:
            raise RequestError(f"{error}. Mend or remove its package.") from error
        settings = {item.key: item.value for item in describe_plugin(group, name).settings}
        store.store(group=group, name=name, node={"name": name, **settings}, provider="palmbench")
    try:
        yield
    finally:
        for group, name in offered:
            store.repo[group].pop(f"{name}.yaml", None)


def _options(constructor: Any) -> list[PluginSetting]:
    """A recognizer's settings are its constructor's parameters."""
    return [
        PluginSetting(key, MISSING if option.default is REQUIRED else option.default, _kind_text(option.kind))
        for key, option in options_of(constructor).items()
    ]


def _fields(config: Any) -> list[PluginSetting]:
    """A method's, an attack's or a detector's settings are the fields of its dataclass."""
    default, kinds = config(), get_type_hints(config)
    return [
        PluginSetting(item.name, getattr(default, item.name), item.metadata.get("says") or _kind_text(kinds[item.name]))
        for item in fields(config)
        if item.name != "name"
    ]


def _kind_text(kind: Any) -> str:
    if kind is None:
        return "as the recognizer takes it"
    return kind.__name__ if isinstance(kind, type) else str(kind).replace("typing.", "")


_GROUPS = {
    "recognizer": _Group(recognizers.added, recognizers.find, _options),
    "method": _Group(methods.added, methods.find, _fields),
    "attack": _Group(attacks.added, attacks.find, _fields),
    "disclosure": _Group(disclosures.added, disclosures.find, _fields),
    "detector": _Group(registry.added, registry.find, _fields),
}

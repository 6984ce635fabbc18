"""Recognizers of other packages as options of the configuration, where no YAML says what they are."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import recognizers
from palmbench.config.schema import MISSING
from recognizers.common.errors import RequestError
from recognizers.common.options import REQUIRED, options_of

GROUP = "recognizer"


class PluginSetting(NamedTuple):
    """An option of a recognizer: its name, its default as a setting, and what it is annotated with."""

    key: str
    value: Any
    kind: str


class Plugin(NamedTuple):
    """A recognizer of another package: the first line of its docstring, and its options."""

    name: str
    title: str
    settings: list[PluginSetting]


def plugin_names() -> list[str]:
    """Names of the recognizers that other packages add; imports none of them."""
    return sorted(recognizers.added())


def describe_plugin(name: str) -> Plugin:
    """What a plugin's class says of itself; one that cannot be imported says why in its title, and has no settings."""
    try:
        kind = recognizers.find(name)
    except ImportError as error:
        return Plugin(name, str(error), [])
    title = (inspect.getdoc(kind) or f"{recognizers.added()[name].value}").splitlines()[0]
    settings = [
        PluginSetting(key, MISSING if option.default is REQUIRED else option.default, _kind_text(option.kind))
        for key, option in options_of(kind).items()
    ]
    return Plugin(name, title, settings)


@contextmanager
def offered_to_hydra(chosen: Iterable[str]) -> Iterator[None]:
    """Hydra knows the plugins among the `chosen` names for a while.

    Raises
    ------
    RequestError
        If one of them cannot be imported.
    """
    from hydra.core.config_store import ConfigStore

    names = sorted(set(chosen) & set(plugin_names()))
    store = ConfigStore.instance()
    for name in names:
        try:
            recognizers.find(name)
        except ImportError as error:
            raise RequestError(f"{error}. Mend or remove its package.") from error
        settings = {item.key: item.value for item in describe_plugin(name).settings}
        store.store(group=GROUP, name=name, node={"name": name, **settings}, provider="palmbench")
    try:
        yield
    finally:
        for name in names:
            store.repo[GROUP].pop(f"{name}.yaml", None)


def _kind_text(kind: Any) -> str:
    if kind is None:
        return "as the recognizer takes it"
    return kind.__name__ if isinstance(kind, type) else str(kind).replace("typing.", "")

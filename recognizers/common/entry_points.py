"""What can be had by name: ours, and what installed packages add under an entry point."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields, is_dataclass
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from inspect import isabstract, isclass
from typing import Any, Generic, TypeVar

from recognizers.common.did_you_mean import not_found
from recognizers.common.errors import RequestError
from recognizers.common.strict import build

Settings = TypeVar("Settings")


@dataclass(frozen=True)
class Offers:
    """The classes of one kind; none is imported before it is asked for.

    Attributes
    ----------
    kind : str
        What they are, in sentences: "recognizer".
    group : str
        Group of the entry points by which other packages add theirs.
    ours : mapping of str to str
        "module:class" by name; a package cannot take one of these names over.
    """

    kind: str
    group: str
    ours: Mapping[str, str]

    def names(self) -> list[str]:
        """Every name that `find` knows."""
        return sorted({*self.ours, *self.added()})

    def added(self) -> dict[str, EntryPoint]:
        """What installed packages add, by name."""
        return {point.name: point for point in entry_points(group=self.group) if point.name not in self.ours}

    def find(self, name: str) -> Any:
        """The class behind a name; imports its module.

        Raises
        ------
        ValueError
            If there is none of that name.
        ImportError
            If its package cannot be imported, whatever it raised, or has no such class, or two packages have the name.
        """
        if name in self.ours:
            module, _, attribute = self.ours[name].partition(":")
            return getattr(import_module(module), attribute)
        point = self.added().get(name)
        if point is None:
            raise ValueError(not_found(f"there is no {self.kind} {name!r}", name, self.names()))
        if len(offers := sorted({offer.value for offer in entry_points(group=self.group, name=name)})) > 1:
            raise ImportError(
                f"the {self.kind} {name!r} is {' and '.join(offers)}, of two packages: uninstall one, for their "
                "numbers would bear one name"
            )
        cannot = f"the {self.kind} {name!r} ({point.value}) cannot be imported"
        try:
            found = point.load()
        except (Exception, SystemExit) as error:  # a stranger's module may raise anything
            known = isinstance(error, (ImportError, AttributeError))
            raise ImportError(f"{cannot}: {error if known else f'{type(error).__name__}: {error}'}") from error
        if not callable(found):
            raise ImportError(f"{cannot}: it is not a class but {found!r}")
        return found


@dataclass(frozen=True)
class SettingsOffers(Offers, Generic[Settings]):
    """Offers whose classes are dataclasses of settings with a `load`, such as methods and detectors.

    Attributes
    ----------
    base : type
        What the classes of other packages derive from.
    has : str
        What they must have that the base has not.
    """

    base: type[Any]
    has: str = "load"

    def find(self, name: str) -> type[Settings]:
        """The class of the settings of a name; imports its module.

        Raises
        ------
        ValueError
            If there is none of that name.
        ImportError
            If another package adds it and cannot be imported, or what it names is not a class of such settings.
        """
        kind: type[Settings] = super().find(name)
        if name not in self.ours and (wrong := self._wrong(kind, name)):
            raise ImportError(f"the {self.kind} {name!r} ({self.added()[name].value}) cannot be used: {wrong}")
        return kind

    def named(self, name: str, **settings: Any) -> Settings:
        """The settings of a name, all at their defaults but those that are given; RequestError if there is none."""
        return self._kind(name)(**settings)

    def config(self, values: Mapping[str, Any]) -> Settings:
        """Settings from a plain mapping, strictly: the name, and a value for each setting.

        Raises
        ------
        RequestError
            If there is none of that name, it cannot be imported, or a setting is unknown, missing or not allowed.
        """
        return build(self._kind(str(values.get("name"))), values, self.kind)

    def _kind(self, name: str) -> type[Settings]:
        if name not in self.names():
            raise RequestError(
                not_found(f"{self.kind}.name: there is no {self.kind} called {name}", name, self.names())
            )
        try:
            return self.find(name)
        except ImportError as error:
            raise RequestError(f"{error}. Mend or remove its package.") from error

    def _wrong(self, kind: Any, name: str) -> str | None:
        """What keeps a stranger's class from being settings of that name."""
        if (
            not (isclass(kind) and issubclass(kind, self.base) and is_dataclass(kind))
            or isabstract(kind)
            or not hasattr(kind, self.has)
        ):
            base = f"{self.base.__module__.rpartition('.')[0]}.{self.base.__name__}"
            return f"it is not a dataclass derived from {base} that has a {self.has}"
        if needed := [item.name for item in fields(kind) if item.default is item.default_factory is MISSING]:
            return f"its settings need defaults, and {needed[0]} has none"
        if (named := kind.__dataclass_fields__["name"].default) != name:
            return f"its settings are named {named!r}"
        try:
            defaults: Any = kind
            build(kind, asdict(defaults(name)), self.kind)
        except (Exception, SystemExit) as error:  # a stranger's class may raise anything
            return f"its defaults are no settings: {error}"
        return None

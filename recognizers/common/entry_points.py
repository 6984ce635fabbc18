"""What can be had by name: ours, and what installed packages add under an entry point."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from recognizers.common.did_you_mean import not_found


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

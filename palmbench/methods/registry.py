"""The methods by name: ours, and those that installed packages add; found, set strictly, and loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, asdict, fields, is_dataclass
from importlib.metadata import EntryPoint
from inspect import isabstract, isclass
from typing import TYPE_CHECKING, Any

from palmbench.methods.method import Method, MethodConfig
from recognizers.common.did_you_mean import not_found
from recognizers.common.entry_points import Offers
from recognizers.common.errors import RequestError, no_exit
from recognizers.common.strict import build

if TYPE_CHECKING:
    from palmbench.hands.palm import Region

METHODS = {
    "blur": "palmbench.methods.blur:BlurConfig",
    "diffusion": "palmbench.methods.diffusion:DiffusionConfig",
    "identity": "palmbench.methods.identity:IdentityConfig",
    "mask": "palmbench.methods.mask:MaskConfig",
    "pixelate": "palmbench.methods.pixelate:PixelateConfig",
}
ENTRY_POINTS = "palmbench.methods"
_OFFERS = Offers("method", ENTRY_POINTS, METHODS)


def names() -> list[str]:
    """Names of the methods: ours, and those that installed packages add under `palmbench.methods`."""
    return _OFFERS.names()


def added() -> dict[str, EntryPoint]:
    """Entry points of methods that installed packages add, by name; ours are never replaced."""
    return _OFFERS.added()


def find(name: str) -> type[MethodConfig]:
    """The class of a method's settings; imports its module.

    Raises
    ------
    ValueError
        If there is no such method.
    ImportError
        If another package adds it and cannot be imported, or what it names is not a class of settings.
    """
    kind = _OFFERS.find(name)
    if name in METHODS:
        return kind
    wrong = None
    if not (isclass(kind) and issubclass(kind, MethodConfig) and is_dataclass(kind)) or isabstract(kind):
        wrong = "it is not a dataclass derived from palmbench.methods.MethodConfig that has a load"
    elif needed := [item.name for item in fields(kind) if item.default is item.default_factory is MISSING]:
        wrong = f"its settings need defaults, and {needed[0]} has none"
    elif (named := kind.__dataclass_fields__["name"].default) != name:
        wrong = f"its settings are named {named!r}"
    else:
        try:
            build(kind, asdict(kind(name)), "method")
        except (Exception, SystemExit) as error:  # a stranger's class may raise anything
            wrong = f"its defaults are no settings: {error}"
    if wrong:
        raise ImportError(f"the method {name!r} ({added()[name].value}) cannot be used: {wrong}")
    return kind


def named(name: str) -> MethodConfig:
    """The settings of a method by its name, all at their defaults.

    Raises
    ------
    RequestError
        If there is no such method, or it cannot be imported.
    """
    return _kind(name)()  # type: ignore[call-arg]  # `find` makes sure that the name has a default


def method_config(values: Mapping[str, Any]) -> MethodConfig:
    """Settings of a method from a plain mapping, strictly: its name, and a value for each of its settings.

    Raises
    ------
    RequestError
        If there is no such method, it cannot be imported, or a setting is unknown, missing or not allowed.
    """
    return build(_kind(str(values.get("name"))), values, "method")


def load(config: MethodConfig, device: str = "cpu", region: Region = "paper") -> Method:
    """The method that a configuration asks for. Networks are loaded at their first use, weight files found now.

    Parameters
    ----------
    config : MethodConfig
    device : str
        A torch device.
    region : {"paper", "palm"}
        What it repaints of a hand; see `palmbench.hands.palm.palm_mask`.

    Raises
    ------
    RequestError
        If a setting is out of range, or the method cannot be made of these settings.
    MissingWeights
        If its weights are absent.
    """
    # A configuration that was made in Python has not been through the checks of the command line's.
    config = build(type(config), asdict(config), "method")
    try:
        with no_exit(f"method={config.name}"):
            return config.load(device, region)
    except ValueError as error:
        raise RequestError(f"method={config.name}: {error}") from error


def _kind(name: str) -> type[MethodConfig]:
    if name not in names():
        raise RequestError(not_found(f"method.name: there is no method called {name}", name, names()))
    try:
        return find(name)
    except ImportError as error:
        raise RequestError(f"{error}. Mend or remove its package.") from error

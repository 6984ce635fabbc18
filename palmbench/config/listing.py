"""What can be chosen: groups, their options and settings, read from the comments of `conf/`.

Reads the YAML as text lines, so that `palmbench ls` needs neither Hydra nor torch and shows the comments.
Recognizers, methods and detectors of other packages that have no YAML tell their settings themselves.
"""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import wrap
from typing import NamedTuple

from palmbench.base.paths import conf_dir
from palmbench.config.plugins import describe_plugin, plugin_names
from recognizers.cards import CARDS
from recognizers.common.did_you_mean import not_found
from recognizers.common.errors import RequestError

_SETTING = re.compile(r"^(?P<key>\w+):\s+(?P<value>\S.*?)\s+#\s+(?P<comment>.+)$")
_DEFAULT = re.compile(r"^\s*-\s+(?P<group>\w+):\s+(?P<option>\w+)\s*$")
METRICS_GROUP, METHODS_GROUP = "metrics", "methods"
_GROUP_ORDER = (
    "dataset", "method", "detector", "segmenter", "recognizer", "attack", "disclosure", "quality", "executor",
    "tracker", "ablation",
)  # fmt: skip


class Setting(NamedTuple):
    """A key of an option, its value as written, and its comment."""

    key: str
    value: str
    comment: str


class Option(NamedTuple):
    """One file of a group."""

    group: str
    name: str
    title: str
    settings: list[Setting]


def groups() -> list[str]:
    """Names of the configuration groups, in the order of the way of the data."""
    found = {path.name for path in conf_dir().iterdir() if path.is_dir() and any(path.glob("*.yaml"))}
    known = [name for name in _GROUP_ORDER if name in found]
    return known + sorted(found - set(known))


def option_names(group: str) -> list[str]:
    """Names of a group's options; empty for an unknown group."""
    return sorted({path.stem for path in (conf_dir() / group).glob("*.yaml")} | set(plugin_names(group)))


def options(group: str) -> list[Option]:
    """A group's options, the default first.

    Raises
    ------
    RequestError
        If there is no such group.
    """
    if group not in groups():
        raise RequestError(not_found(f"there is no group {group}", group, [*groups(), METRICS_GROUP, METHODS_GROUP]))
    default = defaults().get(group)
    names = sorted(option_names(group), key=lambda name: (name != default, name))
    added = plugin_names(group)
    return [
        _added_option(group, name) if name in added else _read_option(conf_dir() / group / f"{name}.yaml")
        for name in names
    ]


def defaults() -> dict[str, str]:
    """Option that each group takes when nothing is said, of a run and of an attack."""
    files = (conf_dir() / f"{name}.yaml" for name in ("config", "attacks"))
    lines = [line for path in files for line in path.read_text(encoding="utf-8").splitlines()]
    return {match["group"]: match["option"] for line in lines if (match := _DEFAULT.match(line))}


def top_settings() -> list[Setting]:
    """Settings outside any group: seed, results_dir, data_dir."""
    return _read_settings(conf_dir() / "config.yaml")


def listing(group: str | None = None) -> str:
    """Text of `palmbench ls`: a line per option; of a group, its settings too; or metrics, or declarations."""
    if group == METRICS_GROUP:
        return _metrics()
    if group == METHODS_GROUP:
        return _methods()
    default = defaults()
    lines = []
    if group is not None:
        for option in options(group):
            lines.append(_option_line(option, default, indent=0))
            if group == "recognizer" and option.name in CARDS:
                lines += wrap(str(CARDS[option.name]), 96, initial_indent="    ", subsequent_indent="    ")
            lines += [f"    {item.key} = {item.value}".ljust(34) + f"  {item.comment}" for item in option.settings]
        return "\n".join(lines)
    for name in groups():
        lines.append(name)
        lines += [_option_line(option, default, indent=2) for option in options(name)]
    lines.append("settings outside the groups")
    lines += [f"  {item.key}={item.value}".ljust(26) + f"  {item.comment}" for item in top_settings()]
    lines.append("* is the default; `palmbench ls GROUP` shows the settings of its options")
    lines.append(f"`palmbench ls {METHODS_GROUP}` says what each method touches, sees and promises")
    lines.append(f"`palmbench ls {METRICS_GROUP}` says what each number of a run is")
    return "\n".join(lines)


def _methods() -> str:
    """What each method declares at its default settings; a package that cannot be used says why."""
    from palmbench import methods

    lines = []
    for name in methods.names():
        lines.append(name)
        try:
            told = methods.named(name).declaration().words()
        except RequestError as error:
            told = {"Cannot be used": str(error)}
        for about, words in told.items():
            lines += wrap(f"{about + ':':<24} {words}", 100, initial_indent="    ", subsequent_indent=" " * 29)
    return "\n".join(lines)


def _metrics() -> str:
    from palmbench.scoring.metric_table import (
        METRICS,  # with numba, which other listings do without
    )

    lines = []
    for metric in METRICS.values():
        failures = f"; failures {metric.failures}" if metric.failures else ""
        text = f"{metric.says}{failures}"
        lines += wrap(text, 100, initial_indent=f"{metric.name:<29} {metric.heading[-1]} {metric.unit:<8}  ",
                      subsequent_indent=" " * 42)  # fmt: skip
    return "\n".join(lines)


def _option_line(option: Option, default: dict[str, str], indent: int) -> str:
    # An ablation is added to a run, never chosen instead of another: Hydra wants the plus.
    plus = "" if option.group in default else "+"
    star = "*" if default.get(option.group) == option.name else " "
    return f"{' ' * indent}{plus}{option.group}={option.name} {star}".ljust(24 + indent) + f"  {option.title}"


def _added_option(group: str, name: str) -> Option:
    plugin = describe_plugin(group, name)
    settings = [Setting(item.key, _written(item.value), item.says) for item in plugin.settings]
    return Option(group, name, plugin.title, settings)


def _written(value: object) -> str:
    """A default as YAML writes it."""
    words = {None: "null", True: "true", False: "false"}
    return words[value] if value is None or isinstance(value, bool) else str(value)


def _read_option(path: Path) -> Option:
    comments = [line[1:].strip() for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("#")]
    titles = [line for line in comments if not line.startswith("@package")]
    return Option(path.parent.name, path.stem, titles[0] if titles else "", _read_settings(path))


def _read_settings(path: Path) -> list[Setting]:
    matches = map(_SETTING.match, path.read_text(encoding="utf-8").splitlines())
    return [Setting(match["key"], match["value"], match["comment"]) for match in matches if match]

"""Hydra's and OmegaConf's errors in one or two plain sentences."""

from __future__ import annotations

import re
import shlex

from palmbench.config.listing import defaults, groups, option_names, options, top_settings
from recognizers.common.did_you_mean import not_found
from recognizers.common.errors import RequestError
from recognizers.common.path_settings import quoted

_SPECIAL = re.compile(r"[^\w /\\.+:%*@?|$-]", re.ASCII)  # what the grammar of settings does not take for text
_OVERRIDE = re.compile(r"^(?P<prefix>\+\+|\+|~|)(?P<key>[^=]*)(?:=(?P<value>.*))?$", re.DOTALL)
_COULD_NOT = re.compile(r"Could not (?:override|append|delete)[^']*'(?P<key>[^']+)'")
_ALREADY = re.compile(r"(?:An item is already at|Multiple values for) '?(?P<key>[\w./@]+?)'?\.(?:\s|$)")


def explain(error: Exception, settings: list[str]) -> RequestError:
    """The RequestError that says what was wrong with `settings` when Hydra raised `error`."""
    text = _text(error)
    missing = getattr(error, "missing_cfg_file", None)
    if missing is not None and "/" in missing:
        group, _, name = missing.rpartition("/")
        return RequestError(_no_option(group, name))
    if (bad := getattr(error, "override", None)) is not None:
        return RequestError(_unreadable(str(bad)))
    for word in settings:
        if "=" not in word and not word.startswith("~"):
            return RequestError(_unreadable(word))
    if (match := _ALREADY.search(text)) is not None:
        key = match["key"]
        return RequestError(_already(key, settings))
    if (match := _COULD_NOT.search(text)) is not None:
        return RequestError(_no_key(match["key"], settings))
    if text.startswith("Config group override must"):
        return RequestError("A group takes the name of one of its options, such as method=blur, never null.")
    if (mark := getattr(error, "problem_mark", None)) is not None:
        problem = getattr(error, "problem", None) or "not YAML"
        return RequestError(f"{mark.name}, line {mark.line + 1}: this is not YAML that palmbench takes: {problem}.")
    first = " ".join(text.split("\n")[0].split()) or type(error).__name__
    return RequestError(f"these settings do not compose: {first.rstrip('.')}.")


def explain_flag(word: str) -> RequestError:
    """For a word that starts with a dash and is not a flag."""
    key = word.lstrip("-").partition("=")[0].replace("-", "_")
    known = [*groups(), *(item.key for item in top_settings())]
    if key in known:
        return RequestError(f"{word} is not a flag: settings are written without dashes, {key}=VALUE.")
    return RequestError(f"{word} is not a flag of palmbench; `palmbench --help` shows what there is.")


def _text(error: BaseException) -> str:
    """The first message along the chain of causes that says anything."""
    link: BaseException | None = error
    while link is not None:
        if str(link).strip():
            return str(link).strip()
        link = link.__cause__
    return ""


def _unreadable(word: str) -> str:
    if "=" in word:
        key, _, value = word.partition("=")
        special = " ".join(dict.fromkeys(_SPECIAL.findall(value)))
        if not special or not key:
            return f"{word!r} cannot be read as a setting: write key=value, such as method.alpha=0.2."
        return (
            f"{word!r} cannot be read as a setting: a value with {special} in it needs quotes of its own, as in "
            f"{shlex.quote(quoted(key, value))}."
        )
    hint = f" Did you mean {word}=...?" if word.lstrip("+~") in groups() else ""
    return f"{word!r} is not a setting: write key=value, such as method=blur or method.alpha=0.2.{hint}"


def _no_option(group: str, name: str) -> str:
    plus = "+" if group in groups() and group not in defaults() else ""
    if not name:
        return not_found(f"{plus}{group}= names no {group}", name, option_names(group))
    return not_found(f"{plus}{group}={name}: there is no {group} called {name}", name, option_names(group))


def _already(key: str, settings: list[str]) -> str:
    given = [match for word in settings if (match := _OVERRIDE.match(word)) and match["key"] == key]
    if len(given) > 1:
        return f"{key} is set {len(given)} times; keep one. To try several values, write {key}=A,B."
    value = given[0]["value"] if given else "VALUE"
    return f"{key} has a value already, so it takes no plus: write {key}={value}."


def _no_key(key: str, settings: list[str]) -> str:
    group, _, name = key.partition(".")
    deleted = any(word.startswith("~") and word[1:].partition("=")[0] == key for word in settings)
    if group in groups() and group not in defaults() and not name:
        value = next((word.partition("=")[2] for word in settings if word.partition("=")[0] == key), "NAME")
        if deleted:
            return f"~{key}: no {key} was added, so there is none to take away."
        return f"{key} adds to a run instead of replacing something, so it takes a plus: write +{key}={value}."
    if group in defaults() and name:
        return _no_setting(group, name, settings)
    if group == "hydra":
        return f"{key} is not a setting of Hydra."
    known = [*groups(), *(item.key for item in top_settings())]
    return not_found(f"{key} is not a setting of palmbench", key, known)


def _no_setting(group: str, name: str, settings: list[str]) -> str:
    """For `method.sigma` while the method is not blur, or is blur and the word is misspelt."""
    chosen = defaults()[group]
    for word in settings:
        if (match := _OVERRIDE.match(word)) and match["key"] == group and match["value"]:
            chosen = match["value"]
    table = {option.name: [item.key for item in option.settings] for option in options(group)}
    problem = f"{group}.{name} is not a setting of {group}={chosen}"
    if chosen not in table or name in table[chosen]:
        # A sweep inside an ablation, or a glob, has replaced the option that was chosen.
        return f"{group}.{name} is not a setting of every {group} in this sweep; leave it out or choose one {group}."
    owners = sorted(f"{group}={option}" for option, keys in table.items() if name in keys)
    if owners:
        return f"{problem}; it belongs to {', '.join(owners[:-1])}{' and ' * (len(owners) > 1)}{owners[-1]}."
    return not_found(problem, name, table[chosen], f"{group}.")

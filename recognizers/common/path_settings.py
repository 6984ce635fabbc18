"""Settings and words of the command line that are paths, understood in one place."""

from __future__ import annotations

import errno
import os
import re
import shlex
import tempfile
from collections.abc import Sequence

from recognizers.common.errors import RequestError
from recognizers.common.names import encodable

_PATHS = ("dataset.root", "detector.python", "method.path")
_ENDINGS = ("weights", "_dir", "_folder", "_file", "_path")  # of settings, those of others' recognizers among them
_OF_PHOTOS = ("dataset.root", "data_dir")
_PLAIN = re.compile(r"[a-z_][\w./-]*|[\w.-]*/[\w./-]*", re.ASCII | re.IGNORECASE)
_WORDS = ("null", "true", "false", "inf", "nan")  # which the grammar of settings takes for something else than text
_QUOTED = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""", re.DOTALL)
_INTERPOLATION = re.compile(r"\$\{[^{}]*\}")


def is_path(key: str) -> bool:
    """Whether a setting, such as results_dir or method.weights, names a place."""
    return key in _PATHS or key.endswith(_ENDINGS)


def path_setting(key: str, text: str) -> str:
    """A path that a setting names, as `path_text` has it.

    Raises
    ------
    RequestError
        As `path_text` does; and if its bytes are not UTF-8, but for places of photos: libraries refuse such names.
    """
    path = path_text(text)
    if key not in _OF_PHOTOS and path != encodable(path):
        raise RequestError(
            f"{key}={path}: this name is not UTF-8, which only folders of photos may be; choose another."
        )
    return path


def path_text(text: str) -> str:
    """A path as it was given, with the home folder for a leading `~`.

    Raises
    ------
    RequestError
        If it begins with the name of a user who is not here, or can name no file: it is too long, or its links loop.
    """
    whole = os.path.expanduser(text)
    if whole.startswith("~"):
        name = whole.partition("/")[0]
        raise RequestError(f"{text}: there is no user {name[1:]} here; a folder of that name is ./{whole}.")
    _require_possible(whole)
    # Taken apart and joined, ./~ would be ~.
    return os.path.abspath(whole) if os.path.normpath(whole).startswith("~") else whole


def spelled_out(settings: Sequence[str]) -> list[str]:
    """Overrides in which every path is quoted for Hydra, so that it stands for itself whatever is in it.

    Quotes, `null` and `${...}` of the user's own mean what they mean to Hydra.

    Raises
    ------
    RequestError
        If several values are given for a path.
    """
    return [_spelled_out(word) for word in settings]


def _require_possible(path: str) -> None:
    try:
        os.stat(path)
    except ValueError as error:
        raise RequestError(f"{path!r} can be no path: {error}.") from error
    except OSError as error:
        if error.errno in (errno.ENAMETOOLONG, errno.ELOOP):
            raise RequestError(f"{path} can be no path: {error.strerror}.") from error


def require_temporary_folder() -> None:
    """Make sure that there is a folder for temporary files.

    Raises
    ------
    RequestError
        If none can be written.
    """
    try:
        tempfile.gettempdir()
    except FileNotFoundError as error:
        raise RequestError(
            "No folder for temporary files can be written, not /tmp nor this one: name one with TMPDIR=FOLDER."
        ) from error


def quoted(key: str, path: str) -> str:
    """The override that sets `key` to a path, for Hydra."""
    inner = re.sub(r'(\\*)"', r'\1\1\\"', path)
    inner = re.sub(r"(\\+)$", r"\1\1", inner)
    return f'{key}="{inner}"'


def typed(key: str, path: str | os.PathLike[str]) -> str:
    """The word that sets `key` to a path, as a user types it in a shell."""
    text = encodable(os.fspath(path))
    return shlex.quote(f"{key}={text}" if _is_plain(text) else quoted(key, text))


def _is_plain(path: str) -> bool:
    return _PLAIN.fullmatch(path) is not None and path.lower() not in _WORDS


def _spelled_out(word: str) -> str:
    key, equals, value = word.partition("=")
    if not equals or not is_path(key.lstrip("+")) or value in ("", "null") or _QUOTED.fullmatch(value):
        return word
    if "," in _INTERPOLATION.sub("", value):
        raise RequestError(
            f"{word}: a comma parts the values of a sweep, and a path cannot be swept. If the comma is part of the "
            f"name, write {typed(key, value)}; for several places use a command each."
        )
    return word if _is_plain(value) else quoted(key, value)

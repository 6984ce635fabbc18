"""Words of a command line, with complaints that are sentences."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, NoReturn

from recognizers.common.did_you_mean import not_found
from recognizers.common.errors import RequestError

Command = Callable[[list[str]], int]


class Parser(argparse.ArgumentParser):
    """argparse that answers with a RequestError where the original leaves the process."""

    def __init__(self, verb: str, description: str) -> None:
        super().__init__(prog=f"palmbench {verb}", description=description, allow_abbrev=False, add_help=False)
        self.add_argument("-h", "--help", action="store_true", help="show this and exit")

    def parse(self, words: list[str]) -> argparse.Namespace | None:
        """Parsed words; None after printing the help that they asked for.

        Words after `--` are paths, whatever they begin with or look like.
        """
        words = _plain_paths(words)
        if {"-h", "--help"} & set(words):
            self.print_help()
            return None
        return self.parse_intermixed_args(words)

    def error(self, message: str) -> NoReturn:
        raise RequestError(f"{message}; see `{self.prog} --help`.")


def command_of(verb: str, words: Sequence[str], commands: Mapping[str, Command]) -> Command | None:
    """The command that the first word after a verb names; None where no word or a flag follows.

    Raises
    ------
    RequestError
        If there is no such command.
    """
    if not words or words[0].startswith("-"):
        return None
    if words[0] not in commands:
        raise RequestError(not_found(f"{verb}: there is no {words[0]}", words[0], commands))
    return commands[words[0]]


def _plain_paths(words: Sequence[str]) -> list[str]:
    if "--" not in words:
        return list(words)
    place = list(words).index("--")
    # The same path by another name, which no version of argparse takes for a flag, nor we for a setting.
    return [*words[:place], *(f"{os.curdir}/{word}" if _misread(word) else word for word in words[place + 1 :])]


def _misread(word: str) -> bool:
    return word.startswith(("-", "+", "~")) or "=" in word.partition("/")[0]


class Folders(NamedTuple):
    """Where a command looks.

    Attributes
    ----------
    results : Path
        Of results; it is there.
    data : str or None
        Of data sets, where the user names it.
    """

    results: Path
    data: str | None


def folders_of(verb: str, settings: Sequence[str]) -> Folders:
    """The folders that the settings of a command name, which reads no others.

    Raises
    ------
    RequestError
        If another setting is given, one is not understood, or there is no such folder of results.
    """
    # Imported here: Hydra takes a quarter of a second that help and listings need not spend.
    from palmbench.config.compose import compose_points, read_words
    from palmbench.config.schema import require_read

    require_read(settings, f"{verb} looks into a folder of results, and", ("data_dir", "results_dir"))
    (config,) = compose_points(list(settings))
    results = Path(config.results_dir)
    if not results.is_dir():
        raise RequestError(f"There is no folder {results}; name the folder of results with results_dir=FOLDER.")
    return Folders(results, config.data_dir if "data_dir" in {word.key for word in read_words(settings)} else None)

"""Words of a command line, with complaints that are sentences."""

from __future__ import annotations

import argparse
from typing import NoReturn

from palmbench.errors import RequestError


class Parser(argparse.ArgumentParser):
    """argparse that answers with a RequestError where the original leaves the process."""

    def __init__(self, verb: str, description: str) -> None:
        super().__init__(prog=f"palmbench {verb}", description=description, allow_abbrev=False, add_help=False)
        self.add_argument("-h", "--help", action="store_true", help="show this and exit")

    def parse(self, words: list[str]) -> argparse.Namespace | None:
        """Parsed words; None after printing the help that they asked for."""
        if {"-h", "--help"} & set(words):
            self.print_help()
            return None
        return self.parse_intermixed_args(words)

    def error(self, message: str) -> NoReturn:
        raise RequestError(f"{message}; see `{self.prog} --help`.")

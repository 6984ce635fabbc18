"""The fenced blocks of the documentation: commands that a reader types, and Python that a reader runs."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "data" / "README.md"])
SHELL = ("bash", "sh", "console")

# What a machine may lack; a block that wants it says so in an HTML comment above it.
NEEDS = {
    "network",
    "a GPU",
    "a cluster",
    "data set iitd",
    "published weights",
    "mediapipe",
    "an account at Weights & Biases",
    "the package above",
    "the photos above",
}
_BLOCK = re.compile(r"^(?:<!-- ([^>]*) -->\n)?( *)```(\w*)[^\n]*\n(.*?)^\2```", re.DOTALL | re.MULTILINE)


class Block(NamedTuple):
    """A fenced block: where it is, its language, the comment above it, and what it holds."""

    page: str
    line: int
    language: str
    mark: str
    text: str

    @property
    def needs(self) -> str:
        """What the machine must have for it; empty if nothing."""
        return self.mark.removeprefix("needs: ") if self.mark.startswith("needs: ") else ""

    @property
    def commands(self) -> list[list[str]]:
        """The words of each command, comments left out."""
        lines = self.text.replace("\\\n", " ").splitlines()
        return [words for line in lines if (words := shlex.split(line, comments=True))]

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(*languages: str) -> Iterator[Block]:
    """Blocks of these languages, page by page; of every language where none is named."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in _BLOCK.finditer(text):
            mark, _, language, body = match.groups()
            if not languages or language in languages:
                line = text.count("\n", 0, match.start(3)) + 1
                yield Block(str(page.relative_to(ROOT)), line, language, mark or "", body)

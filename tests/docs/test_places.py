"""What the documentation says of places in the code is so: files, folders, and names in them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.docs.blocks import PAGES, ROOT

_PATH = re.compile(r"`((?:palmbench|recognizers|experiments|conf|tests|docs|results/paper|data/splits)/[\w/.-]*)`")
_NAMES_IN = re.compile(r"((?:`\w+`, )*`\w+`) in `([\w/]+\.py)`")


def found(pattern: re.Pattern[str]) -> Iterator[tuple[str, re.Match[str]]]:
    for page in PAGES:
        if page.name == "CHANGELOG.md":  # tells of what was
            continue
        for match in pattern.finditer(page.read_text(encoding="utf-8")):
            yield page.name, match


def test_every_file_and_folder_is_there() -> None:
    places = [(page, match[1]) for page, match in found(_PATH)]
    assert len(places) > 50
    assert [(page, place) for page, place in places if not (ROOT / place).exists()] == []


def test_every_function_is_in_the_file_that_is_named() -> None:
    named = [(match[2], name) for _, match in found(_NAMES_IN) for name in re.findall(r"\w+", match[1])]
    assert len(named) > 10
    lacking = [
        (file, name)
        for file, name in named
        if not re.search(rf"^ *(?:def|class) {name}\b|^{name} = ", (ROOT / file).read_text(), re.MULTILINE)
    ]
    assert lacking == []

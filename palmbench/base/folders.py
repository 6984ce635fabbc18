"""Texts that leave a machine: without the folders of absolute paths, which are nobody else's business."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# A slash that begins a word, and the folders after it, blanks in their names and all.
_NO_NAME = r"\n/`'\"<>|:;,="
_FOLDERS = re.compile(
    rf"(?:^|(?<=[\s'\"`=(\[,])|(?<=file://))/(?:[^\s{_NO_NAME}](?:[^{_NO_NAME}]*[^\s{_NO_NAME}])?/)*(?=[^\s/])"
)


def without_folders(said: str) -> str:
    """A text in which each absolute path is only its last part, after an ellipsis."""
    return _FOLDERS.sub("…/", said)


def all_without_folders(value: Any) -> Any:
    """Plain values with `without_folders` of every text in them; tuples become lists."""
    if isinstance(value, Mapping):
        return {key: all_without_folders(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [all_without_folders(each) for each in value]
    return without_folders(value) if isinstance(value, str) else value

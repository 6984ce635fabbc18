"""Names of files and folders as text that every record, table, page and terminal takes, and back again."""

from __future__ import annotations

import os
import re
import unicodedata

_ESCAPE = re.compile(r"\\x([0-9a-f]{2})")
_ESCAPED_BYTE = re.compile(rb"\\x([0-9a-f]{2})")
_UNDECODED = re.compile(r"[\udc80-\udcff]")
_NO_TEXT = ("Cc", "Zl", "Zp")  # categories of Unicode: control characters, and separators of lines and paragraphs


def text_of(path: str | os.PathLike[str]) -> str:
    r"""A name as text of one line, the same in every locale and different for different names.

    Parameters
    ----------
    path : str or path-like
        As the operating system gives it: where its bytes are not UTF-8, with lone surrogates.

    Returns
    -------
    str
        Bytes that are not UTF-8, control characters and separators of lines are written `\xNN`, a byte each; so is a
        backslash that would be read as the beginning of such an escape.
    """
    literal = _ESCAPE.sub(r"\\x5cx\1", os.fsencode(path).decode("utf-8", "surrogateescape"))
    return encodable("".join(map(_one_line, literal)))


def path_of(text: str) -> str:
    """The name that `text_of` made the text of, as the operating system takes it."""
    return os.fsdecode(_ESCAPED_BYTE.sub(lambda found: bytes([int(found[1], 16)]), text.encode()))


def encodable(text: str) -> str:
    r"""A message or setting with such names in it as text: bytes that are not UTF-8 as `\xNN`, all else as it is."""
    text = re.sub(r"[\ud800-\udc7f\udd00-\udfff]", lambda found: f"\\u{ord(found[0]):04x}", text)
    names = text.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")
    return _UNDECODED.sub(lambda found: f"\\x{ord(found[0]) - 0xDC00:02x}", names)


def _one_line(character: str) -> str:
    if unicodedata.category(character) not in _NO_TEXT:
        return character
    return "".join(f"\\x{byte:02x}" for byte in character.encode())

"""Seals: what an artefact or a record says of itself, so that only what was computed under its name is believed.

An artefact ends with a line of JSON that holds its name and the SHA-256 of what is before that line; readers of PNG
and npz files pass over it. A JSON record holds the SHA-256 of the rest of itself. Another artefact under this name, a
lost end, zeros and a single changed bit are all told from what was written.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

SHA256 = "sha256"
_DIGITS = 64
_END = b'"}\n'


def sealed(name: str, payload: bytes) -> bytes:
    """The payload with its seal behind it."""
    return payload + _seal(name, payload)


def bears(name: str, end: bytes) -> bool:
    """Whether a file that ends so bears the seal of that name, its payload not looked at."""
    return len(end) == seal_length(name) and end.startswith(_begin(name)) and end.endswith(_END)


def unsealed(name: str, data: bytes) -> bytes:
    """The payload of `sealed`.

    Raises
    ------
    ValueError
        If the data is not what `sealed` made for this name.
    """
    payload = data[: -seal_length(name)]
    if data[len(payload) :] != _seal(name, payload):
        raise ValueError(f"not the {name} that was written")
    return payload


def seal_length(name: str) -> int:
    """Bytes of the seal of that name."""
    return len(_begin(name)) + _DIGITS + len(_END)


def sealed_record(content: dict[str, Any]) -> dict[str, Any]:
    """The record as JSON has it, with the SHA-256 of its content."""
    plain = json.loads(json.dumps(content))
    return {**plain, SHA256: _content_sha256(plain)}


def unsealed_record(data: bytes) -> dict[str, Any]:
    """The content of a JSON record that was written as `sealed_record`.

    Raises
    ------
    ValueError
        If it is not such a record, or was changed.
    """
    try:
        record = json.loads(data)
    except RecursionError as error:
        raise ValueError("not a record") from error
    if not isinstance(record, dict):
        raise ValueError("not a record")
    written = record.pop(SHA256, None)
    if written != _content_sha256(record):
        raise ValueError("not the record that was written")
    return record


def sha256(data: bytes) -> str:
    """SHA-256, 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def _seal(name: str, payload: bytes) -> bytes:
    return _begin(name) + sha256(payload).encode() + _END


def _begin(name: str) -> bytes:
    return f'\n{{"palmbench": {json.dumps(name)}, "{SHA256}": "'.encode()


def _content_sha256(content: dict[str, Any]) -> str:
    return sha256(json.dumps(content, sort_keys=True, ensure_ascii=True).encode())

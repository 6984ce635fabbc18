"""Identity of artefacts: what makes two results the same result.

An artefact's key is a hash of everything that can change it, and of nothing else: settings, what it is made from, and
the versions of the code; which of them, says `key` of its stage. Batch size, device, worker count, paths and dates are
recorded beside a result, never hashed. `KEY_VERSION` is part of every key; `tests/engine/test_keys.py` pins it.

Each module that decides pixels or numbers states its `VERSION`. Whoever changes what such a module gives raises the
number beside it; the golden artefacts (`tests/golden`) ask for it.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

KEY_VERSION = 1
KEY_LENGTH = 32
_SIGNIFICANT_DIGITS = 12
_STATED = re.compile(r"^VERSION = (\d+)$", re.MULTILINE)


def digest(kind: str, **parts: Any) -> str:
    """Key of an artefact.

    Parameters
    ----------
    kind : str
        What the key is for ("prepare", "deidentify", ...); two kinds never share a key.
    **parts
        Whatever can change the artefact: None, bool, int, float, str, and lists, tuples and
        mappings of them. Order of keywords and of mapping keys does not matter.

    Returns
    -------
    str
        32 hexadecimal digits.

    Raises
    ------
    TypeError
        If a part has no canonical form (an array, a path, an object).
    """
    text = json.dumps(
        {"kind": kind, "parts": _canonical(parts), "version": KEY_VERSION},
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=True,
    )
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:KEY_LENGTH]


def sample_seed(run_seed: int, sample_id: str) -> int:
    """Seed of one sample, in [0, 2**63): the same whatever the order, the batch, the shard or the machine."""
    return int(digest("sample seed", run_seed=run_seed, sample_id=sample_id)[:16], 16) >> 1


def bytes_digest(data: bytes | memoryview) -> str:
    """Digest of a file's contents held in memory, 32 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()[:KEY_LENGTH]


def file_digest(path: Path) -> str:
    """Digest of a file's contents, 32 hexadecimal digits."""
    sha = hashlib.sha256()
    with open(path, "rb") as stream:
        while block := stream.read(1 << 20):
            sha.update(block)
    return sha.hexdigest()[:KEY_LENGTH]


def _canonical(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        # 0.1 + 0.2 and 0.3 name the same setting; 1 and 1.0 do too.
        rounded = float(f"{value:.{_SIGNIFICANT_DIGITS}g}")
        return int(rounded) if rounded.is_integer() and abs(rounded) < 2**53 else rounded
    if isinstance(value, Mapping):
        return {str(key): _canonical(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray)):
        return [_canonical(item) for item in value]
    raise TypeError(f"a key cannot hold {type(value).__name__}: {value!r}")


def versions_of(package: str, *modules: str) -> dict[str, int]:
    """Versions of some modules of a package, by their names.

    None of them is imported for it: keys are made before, and often without, what takes seconds to import.

    Parameters
    ----------
    package : str
        Full name, as "palmbench.hands".
    *modules : str
        Names in it.

    Raises
    ------
    ValueError
        If one does not exist or states no version.
    """
    return {module: _version(f"{package}.{module}") for module in modules}


def _version(module: str) -> int:
    loaded = getattr(sys.modules.get(module), "VERSION", None)
    return _stated(module) if loaded is None else int(loaded)


@cache
def _stated(module: str) -> int:
    spec = find_spec(module)
    source = spec.loader.get_source(module) if spec and spec.loader else None  # type: ignore[attr-defined]
    if source is None or not (found := _STATED.search(source)):
        raise ValueError(f"{module} states no VERSION")
    return int(found[1])

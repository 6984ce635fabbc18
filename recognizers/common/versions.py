"""Versions of the code behind a number: each module that decides pixels or numbers says its `VERSION`, for keys.

Whoever changes what such a module gives raises the number beside it; the golden artefacts (`tests/golden`) ask for it.
"""

from __future__ import annotations

import re
import sys
from functools import cache
from importlib.util import find_spec

_STATED = re.compile(r"^VERSION = (\d+)$", re.MULTILINE)


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

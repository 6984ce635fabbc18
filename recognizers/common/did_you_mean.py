"""Words for names that do not exist: what was meant, and what there is."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str], prefix: str = "") -> str:
    """'; did you mean X?' for the name nearest to `word`, or an empty string when none is near."""
    names = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word.lower(), list(names), n=1, cutoff=0.6)
    return f"; did you mean {prefix}{names[near[0]]}?" if near else ""


def not_found(problem: str, word: str, known: Iterable[str], prefix: str = "") -> str:
    """Sentences about the missing name `word`: `problem`, the likely meaning, and all names there are.

    `prefix` is written before the name that was likely meant ("method.").
    """
    names = sorted(set(known))
    hint = did_you_mean(word, names, prefix)
    there_are = f" Choose from: {', '.join(names)}." if names else ""
    return f"{problem}{hint or '.'}{there_are}"

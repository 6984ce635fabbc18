"""A number that a run reports: its value, how sure it is, what it is over, and why where there is none."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

_ONLY_WHERE_SAID = ("missing", "note", "seeds", "seed_std")


@dataclass(frozen=True)
class Number:
    """One number of one run, or of several that differ in their seed.

    Attributes
    ----------
    value : float or None
        Infinite where every photo's is, such as the PSNR of untouched photos; None where it was not measured.
    std : float or None
        Population standard deviation over photos, or over the subsets of a kernel distance.
    lo, hi : float or None
        Ends of the 95 % interval.
    n, failed : int
        Samples that the number is over, and samples that failed.
    missing : str or None
        What it would take to measure it, as in "an impostor pair".
    note : str or None
        What to mind in reading it.
    seeds : int
        Run seeds that it is the mean of.
    seed_std : float or None
        Standard deviation between them; None for a single one.
    """

    value: float | None
    std: float | None = None
    lo: float | None = None
    hi: float | None = None
    n: int = 0
    failed: int = 0
    missing: str | None = None
    note: str | None = None
    seeds: int = 1
    seed_std: float | None = None

    @classmethod
    def of(
        cls,
        value: float | None,
        bounds: Iterable[float] | None = None,
        n: int = 0,
        failed: int = 0,
        std: float | None = None,
        note: str | None = None,
    ) -> Number:
        """A number as computed: NaN is no value, and digits that are only rounding are dropped."""
        lo, hi = (None, None) if bounds is None else map(_rounded, bounds)
        return cls(_rounded(value), _rounded(std), lo, hi, n, failed, note=note)

    @classmethod
    def percent(cls, share: float | None, bounds: Iterable[float] | None = None, n: int = 0, failed: int = 0) -> Number:
        """A share with its interval, as percentages."""
        scaled = None if bounds is None else [100 * bound for bound in bounds]
        return cls.of(None if share is None else 100 * float(share), scaled, n, failed)

    @classmethod
    def lacking(cls, missing: str | None, failed: int = 0) -> Number:
        """No number, and what there would have to be for one."""
        return cls(None, failed=failed, missing=missing)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Number:
        """The number that `to_json` wrote."""
        known: dict[str, Any] = {
            name: float(value) if value in ("inf", "-inf") else value for name, value in content.items()
        }
        return cls(**known)

    def to_json(self) -> dict[str, Any]:
        """Plain values by name; infinity as a word, which JSON has no number for."""
        content = {field.name: getattr(self, field.name) for field in fields(Number)}
        return {
            name: str(value) if isinstance(value, float) and math.isinf(value) else value
            for name, value in content.items()
            if name not in _ONLY_WHERE_SAID or value != getattr(Number, name)
        }


def _rounded(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else float(f"{float(value):.10g}")

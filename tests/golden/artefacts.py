"""Golden artefacts: what each piece of code that decides pixels or numbers gives of a small fixed sample.

They are kept in `values.json` beside the versions that gave them. Code that gives something else under the same
versions must not pass: stores would go on serving what the old code gave. `python -m tests.golden` stores the values
of raised versions, and refuses all others.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from tests.golden.modules import source_of, versioned

VALUES = Path(__file__).parent / "values.json"
_GRID = 4
_SAMPLED = 16
_DIGITS = 7

Value = str | list[float]


class Golden:
    """A small fixed sample through one module.

    Parameters
    ----------
    module : str
        Full name of the module whose VERSION is to be raised when the values change.
    what : str
        What it gives, in the plural: the word in the sentence that says it changed.
    compute : callable
        Gives the values by name: text is compared as it is, numbers within `tolerance`.
    uses : iterable of str
        Further modules that have a say in the values.
    weights : callable, optional
        Digests of what is in keys beside versions: weight files, and the capture conditions of rendered photos.
    constants : bool
        Whether the module's own numbers count as values too: thresholds that no small sample meets. Not for modules
        that have numbers of another kind, such as how many rows are computed at a time.
    tolerance : float
        Of a number, as a share of it, and of the list's largest: 1e-6 of double precision, more of networks and
        pictures, whose last bits are the processor's.
    """

    def __init__(
        self,
        module: str,
        what: str,
        compute: Callable[[], Mapping[str, Any]],
        uses: Iterable[str] = (),
        weights: Callable[[], list[str]] = list,
        tolerance: float = 1e-6,
        constants: bool = False,
    ) -> None:
        self.module, self.what, self.uses = module, what, tuple(uses)
        self._compute, self._weights, self._tolerance, self._constants = compute, weights, tolerance, constants

    @property
    def versions(self) -> dict[str, int]:
        """Versions of the module and of what it uses."""
        return {name: versioned()[name].VERSION for name in (self.module, *self.uses)}

    @cached_property
    def weights(self) -> list[str]:
        """Digests of weight files or capture conditions."""
        return self._weights()

    @cached_property
    def values(self) -> dict[str, Value]:
        """What the code gives today."""
        found = {name: _plain(value) for name, value in self._compute().items()}
        return found | {"constants": constants_of(versioned()[self.module])} if self._constants else found

    def changes(self, stored: Stored) -> list[str]:
        """Names of the values that are not the stored ones."""
        names = sorted({*self.values, *stored.values})
        return [name for name in names if not self._same(self.values.get(name), stored.values.get(name))]

    def _same(self, now: Value | None, then: Value | None) -> bool:
        if now is None or then is None or isinstance(now, str) or isinstance(then, str):
            return now == then
        a, b = np.array(now, np.float64), np.array(then, np.float64)
        if a.shape != b.shape:
            return False
        finite = np.abs(b[np.isfinite(b)])
        return bool(np.allclose(a, b, self._tolerance, self._tolerance * finite.max(initial=0), equal_nan=True))


class Stored(NamedTuple):
    """Values of one sample, with the versions and the weights that gave them."""

    versions: dict[str, int]
    weights: list[str]
    values: dict[str, Value]


def read(path: Path = VALUES) -> dict[str, Stored]:
    """All stored values, by the module that they guard; none where the file is not there yet."""
    return (
        {name: Stored(**one) for name, one in json.loads(path.read_text())["goldens"].items()} if path.exists() else {}
    )


def write(stored: Mapping[str, Stored], path: Path = VALUES) -> None:
    """Store values; a line each, so that a change reads well."""
    parts = (
        f"{json.dumps(name)}: {{\n"
        + ",\n".join(f" {json.dumps(field)}: {json.dumps(value)}" for field, value in one._asdict().items())
        + "\n}"
        for name, one in sorted(stored.items())
    )
    path.write_text('{"goldens": {\n' + ",\n".join(parts) + "\n}}\n")


def complaint(golden: Golden, stored: Mapping[str, Stored], others: Mapping[str, Golden]) -> str | None:
    """What is wrong with a sample and its stored values, as a sentence that says what to do; None if nothing is."""
    path, known = source_of(golden.module), stored.get(golden.module)
    if known is None:
        return f"{path} has no golden artefact yet: run `make golden` to store one."
    if golden.versions != known.versions or golden.weights != known.weights:
        return (
            f"The golden artefact of {path} is of other versions or weights ({_differing(golden, known)}): "
            "run `make golden` to store what the code gives now."
        )
    if not (changes := golden.changes(known)):
        return None
    short = golden.module.rpartition(".")[2]
    changed = [name for name in golden.uses if name in stored and name in others and others[name].changes(stored[name])]
    if causes := [name for name in changed if not set(others[name].uses) & set(changed)]:
        raised = " and ".join(source_of(name) for name in causes)
        return (
            f"{path} gives other {golden.what} ({', '.join(changes)}) than golden artefact {short} "
            f"{known.versions[golden.module]}, because of {raised}: raise VERSION there and run `make golden`."
        )
    return (
        f"{path} gives other {golden.what} ({', '.join(changes)}) than golden artefact {short} "
        f"{known.versions[golden.module]}: raise {short}.VERSION and run `make golden` to store the new values."
    )


def stored_anew(goldens: Iterable[Golden], stored: Mapping[str, Stored]) -> tuple[dict[str, Stored], list[str]]:
    """Values to store: new ones where a version was raised or weights are others, else those that are there.

    Returns
    -------
    dict of str to Stored
    list of str
        Refusals, a sentence each: values that changed though no version did, or a version that went back.
    """
    anew, refused = {}, []
    by_name = {golden.module: golden for golden in goldens}
    for name, golden in by_name.items():
        known = stored.get(name)
        if known is not None and golden.versions == known.versions and golden.weights == known.weights:
            anew[name] = known
            if sentence := complaint(golden, stored, by_name):
                refused.append(sentence)
        elif known is not None and any(golden.versions.get(each, was) < was for each, was in known.versions.items()):
            anew[name] = known
            refused.append(f"{source_of(name)}: a version went back ({_differing(golden, known)}); raise it instead.")
        else:
            anew[name] = Stored(golden.versions, golden.weights, golden.values)
    return anew, refused


def constants_of(module: ModuleType) -> str:
    """The numbers, and tuples of them, that a module gives names in capitals."""
    named = ((name, value) for name, value in sorted(vars(module).items()) if name.isupper() and name != "VERSION")
    parts = (f"{name} {value}" for name, value in named if _is_number(value) or _all_numbers(value))
    return ", ".join(parts)


def _all_numbers(value: Any) -> bool:
    return isinstance(value, tuple) and all(map(_is_number, value))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def exact(array: np.ndarray) -> str:
    """Digest of whole numbers and bits."""
    data = np.ascontiguousarray(array)
    return hashlib.sha256(f"{data.dtype.str} {data.shape} ".encode() + data.tobytes()).hexdigest()[:16]


def picture(image: np.ndarray) -> list[float]:
    """What a picture looks like: mean and spread in each field of a coarse grid; a pixel that is off does not show."""
    image = np.asarray(image, np.float64)
    fields = [part for rows in np.array_split(image, _GRID, axis=0) for part in np.array_split(rows, _GRID, axis=1)]
    return [float(number(part)) for number in (np.mean, np.std) for part in fields]


def sampled(array: np.ndarray) -> list[float]:
    """Mean, spread, and some of the numbers of an array, evenly spread over it."""
    flat = np.asarray(array, np.float64).ravel()
    places = np.linspace(0, len(flat) - 1, min(_SAMPLED, len(flat))).round().astype(int)
    return [float(flat.mean()), float(flat.std()), *flat[places].tolist()]


def numbers(*values: Any) -> list[float]:
    """Numbers, and arrays and tuples of them, in one list; None is NaN."""
    found: list[float] = []
    for value in values:
        if value is None:
            found.append(math.nan)
        elif np.isscalar(value):
            found.append(float(value))
        elif isinstance(value, np.ndarray):
            found += np.asarray(value, np.float64).ravel().tolist()
        else:
            found += numbers(*value)
    return found


def _plain(value: Any) -> Value:
    if isinstance(value, str):
        return value
    return [float(f"{number:.{_DIGITS}g}") for number in numbers(value)]


def _differing(golden: Golden, known: Stored) -> str:
    versions = golden.versions
    parts = [
        f"{name.rpartition('.')[2]} {known.versions.get(name, 'new')} -> {versions.get(name, 'gone')}"
        for name in sorted({*versions, *known.versions})
        if versions.get(name) != known.versions.get(name)
    ]
    return ", ".join([*parts, *(["weights"] if golden.weights != known.weights else [])])

"""Palmprint recognizers behind one protocol: ROI to template, templates to distances."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import numpy as np

from palmbench.hints import not_found
from recognizers.protocol import Recognizer

__all__ = ["ENTRY_POINTS", "Recognizer", "load", "names", "pairwise"]

RECOGNIZERS = {
    "ccnet": "recognizers.learned:CCNetRecognizer",
    "mtcc": "recognizers.mtcc:MTCC",
}
ENTRY_POINTS = "palmbench.recognizers"
_BLOCK = 512


def names() -> list[str]:
    """Names that `load` knows: ours, and those that installed packages add under `palmbench.recognizers`."""
    return sorted({*RECOGNIZERS, *_added()})


def load(name: str, **options: Any) -> Recognizer:
    """Make a recognizer by its name.

    Parameters
    ----------
    name : str
        One of `names()`.
    **options
        Settings of that recognizer, for instance ``load("mtcc", variant="original")``.

    Raises
    ------
    ValueError
        If no recognizer has that name, or an option has a value that the recognizer does not know.
    TypeError
        If the recognizer has no such option.
    """
    if name in RECOGNIZERS:
        module, _, attribute = RECOGNIZERS[name].partition(":")
        return getattr(import_module(module), attribute)(**options)
    if added := _added().get(name):
        return added.load()(**options)
    raise ValueError(not_found(f"there is no recognizer {name!r}", name, names()))


def pairwise(recognizer: Recognizer, templates: np.ndarray) -> np.ndarray:
    """Distances of all unordered pairs of templates.

    Returns
    -------
    (n * (n - 1) / 2,) float32
        In the order of `scipy.spatial.distance.squareform`: (0, 1), (0, 2), ..., (1, 2), ...
    """
    if own := getattr(recognizer, "pairwise", None):
        return own(templates)
    n = len(templates)
    parts = [np.empty(0, np.float32)]
    for start in range(0, n, _BLOCK):
        stop = min(start + _BLOCK, n)
        block = recognizer.distances(templates[start:stop], templates[start:])
        parts += [block[row, row + 1 :] for row in range(stop - start)]
    return np.concatenate(parts).astype(np.float32, copy=False)


def _added() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=ENTRY_POINTS)}

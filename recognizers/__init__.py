"""Palmprint recognizers behind one protocol: image to template, templates to distances."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import EntryPoint
from inspect import Parameter, signature
from typing import Any

import numpy as np

from recognizers import output_checks
from recognizers.cards import CARDS, Card
from recognizers.common.did_you_mean import not_found
from recognizers.common.entry_points import Offers
from recognizers.protocol import Recognizer

__all__ = ["CARDS", "ENTRY_POINTS", "Card", "Recognizer", "added", "find", "load", "names", "origin", "pairwise"]

RECOGNIZERS = {
    "bocv": "recognizers.bocv:BOCV",
    "ccnet": "recognizers.ccnet:CCNetRecognizer",
    "compcode": "recognizers.compcode:CompCode",
    "eehnet": "recognizers.eehnet:EEHNetRecognizer",
    "mtcc": "recognizers.mtcc:MTCC",
    "ordinalcode": "recognizers.ordinalcode:OrdinalCode",
    "palmcode": "recognizers.palmcode:PalmCode",
    "rloc": "recognizers.rloc:RLOC",
}
ENTRY_POINTS = "palmbench.recognizers"
_OFFERS = Offers("recognizer", ENTRY_POINTS, RECOGNIZERS)
_BLOCK = 512


def names() -> list[str]:
    """Names that `load` knows: ours, and those that installed packages add under `palmbench.recognizers`."""
    return _OFFERS.names()


def added() -> dict[str, EntryPoint]:
    """Entry points of recognizers that installed packages add, by name; ours are never replaced."""
    return _OFFERS.added()


def origin(name: str) -> str:
    """What belongs behind a recognizer's name: " (reconstruction)" where it is one, else nothing."""
    return " (reconstruction)" if name in CARDS and CARDS[name].reconstruction else ""


def find(name: str) -> Callable[..., Recognizer]:
    """The class behind a name; imports its module.

    Raises
    ------
    ValueError
        If no recognizer has that name.
    ImportError
        If its package cannot be imported, whatever it raised, or has no such class, or two packages have the name.
    """
    return _OFFERS.find(name)


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
    ImportError
        If another package adds it and cannot be imported.
    """
    constructor = find(name)
    parameters = signature(constructor).parameters
    if not any(parameter.kind is Parameter.VAR_KEYWORD for parameter in parameters.values()):
        for option in options:
            if option not in parameters:
                raise TypeError(not_found(f"{name} has no option {option!r}", option, parameters))
    return constructor(**options)


def pairwise(recognizer: Recognizer, templates: np.ndarray) -> np.ndarray:
    """Distances of all unordered pairs of templates.

    Returns
    -------
    (n * (n - 1) / 2,) float32
        In the order of `scipy.spatial.distance.squareform`: (0, 1), (0, 2), ..., (1, 2), ...

    Raises
    ------
    RequestError
        If the recognizer's answer has another shape, or a distance is NaN or infinite.
    """
    own = output_checks.pairwise(recognizer, templates)
    if own is not None:
        return own
    n = len(templates)
    distances = np.empty(n * (n - 1) // 2, np.float32)
    written = 0
    for start in range(0, n, _BLOCK):
        stop = min(start + _BLOCK, n)
        block = output_checks.distances(recognizer, templates[start:stop], templates[start:])
        for row in range(stop - start):
            apart = block[row, row + 1 :]
            distances[written : written + len(apart)] = apart
            written += len(apart)
    return distances

"""What the harness asks of a palmprint recognizer."""

from __future__ import annotations

from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np


@runtime_checkable
class Recognizer(Protocol):
    """Turns recognition ROIs into templates, and pairs of templates into distances.

    A recognizer may also have `pairwise(templates)`, the distances of all unordered pairs in condensed
    form, where that is cheaper than the full matrix; `recognizers.pairwise` uses it when it is there.

    Attributes
    ----------
    name : str
        Name used on the command line and in tables.
    takes : {"roi", "hand"}
        What `extract` is given: recognition ROIs, or photographs of whole hands.
    """

    name: str
    takes: Literal["roi", "hand"]

    def settings(self) -> dict[str, Any]:
        """Everything that can change a template or a distance, as plain JSON values. Part of result keys."""
        ...

    def extract(self, rois: np.ndarray) -> np.ndarray:
        """Templates of a batch; each depends on its own image only.

        Parameters
        ----------
        rois : (n, 128, 128) uint8
            Grey recognition ROIs.

        Returns
        -------
        (n, ...) array
            One template a row, ready for `numpy.save`.
        """
        ...

    def distances(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Matching distances, (len(a), len(b)) float32; 0 means identical templates, smaller is closer."""
        ...

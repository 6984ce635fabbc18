"""What the harness asks of a palmprint recognizer."""

from __future__ import annotations

from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np

ROI_SIDE = 128
HAND_SIDE = 224


@runtime_checkable
class Recognizer(Protocol):
    """Turns images of palms into templates, and pairs of templates into distances.

    Its constructor takes its options by name, each with a default that is a plain value (None, bool, int, float or
    str), and answers a bad one with a ValueError. Options that cannot change a template or a distance are `device`
    and `threads`: the harness sets `threads` itself.

    A recognizer may also have `pairwise(templates)`, the distances of all unordered pairs in condensed
    form, where that is cheaper than the full matrix; `recognizers.pairwise` uses it when it is there; and a `card`, its
    reference (`recognizers.cards.Card`). One with a closed-set classifier has what `Classifier` asks for besides.

    Attributes
    ----------
    name : str
        Name used on the command line and in tables.
    takes : {"roi", "hand"}
        What `extract` is given: recognition ROIs, or crops of whole hands.
    """

    name: str
    takes: Literal["roi", "hand"]

    def settings(self) -> dict[str, Any]:
        """Everything that can change a template or a distance, as plain JSON values. Part of result keys."""
        ...

    def extract(self, images: np.ndarray, /) -> np.ndarray:
        """Templates of a batch; each depends on its own image only.

        Parameters
        ----------
        images : (n, 128, 128) uint8, or (n, 224, 224, 3) uint8
            Grey recognition ROIs, where it takes "roi"; RGB crops of whole hands, left ones mirrored to right,
            where it takes "hand" (`palmbench.hands.recognition_hand.recognition_hand`). n may be 0.

        Returns
        -------
        (n, ...) array
            One template a row, ready for `numpy.save`.
        """
        ...

    def distances(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Matching distances, (len(a), len(b)) float32; 0 means identical templates, smaller is closer."""
        ...


@runtime_checkable
class Classifier(Protocol):
    """A recognizer that also knows some palms by name, from its training.

    Attributes
    ----------
    identities : tuple of str, or None
        Identity of each class; None where there is no classifier, or its file does not name them.
    """

    identities: tuple[str, ...] | None

    def classify(self, templates: np.ndarray) -> np.ndarray:
        """Class of each template, (n,) int64: an index into `identities`."""
        ...

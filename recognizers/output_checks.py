"""What a recognizer answers with, checked: a template for each image, and a finite distance for each pair.

A distance that is not a number would pass for that of a photo without a template, and so for a rejection. A recognizer
that calls `sys.exit()` is refused like one that answers wrongly.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from recognizers.common.errors import RequestError, no_exit
from recognizers.protocol import Recognizer


class Matcher(Protocol):
    """What compares templates: a recognizer, or what somebody has made of one."""

    name: str

    def distances(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Distances of every template of `a` to every one of `b`, (len(a), len(b)); smaller is closer."""
        ...


def settings(recognizer: Recognizer) -> dict[str, Any]:
    """Whatever of a recognizer is part of keys."""
    return _asked(recognizer, "settings")


def templates(recognizer: Recognizer, images: np.ndarray) -> np.ndarray:
    """Templates of images, one a row.

    Raises
    ------
    RequestError
        If there are not as many as images.
    """
    found = np.asarray(_asked(recognizer, "extract", images))
    if found.ndim == 0 or len(found) != len(images):
        raise RequestError(
            f"recognizer {recognizer.name}: extract gave an array of shape {found.shape} for {len(images)} images; "
            "it must give one template a row for each image. Mend the recognizer."
        )
    return found


def distances(recognizer: Matcher, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Distances of every template of `a` to every one of `b`, (len(a), len(b)) float32.

    Raises
    ------
    RequestError
        If they have another shape, or one is NaN or infinite.
    """
    return _checked(recognizer, "distances", _asked(recognizer, "distances", a, b), (len(a), len(b)))


def pairwise(recognizer: Recognizer, templates: np.ndarray) -> np.ndarray | None:
    """Distances of all unordered pairs by the recognizer's own `pairwise`, float32; None where it has none.

    Errors are those of `distances`.
    """
    if getattr(recognizer, "pairwise", None) is None:
        return None
    n = len(templates)
    return _checked(recognizer, "pairwise", _asked(recognizer, "pairwise", templates), (n * (n - 1) // 2,))


def classes(recognizer: Recognizer, templates: np.ndarray) -> np.ndarray:
    """The class that a recognizer with a classifier takes each template for, (len(templates),), whole numbers.

    Raises
    ------
    RequestError
        If they have another shape, or one is not a place in `identities`.
    """
    found = np.asarray(_asked(recognizer, "classify", templates))
    count = len(getattr(recognizer, "identities", None) or ())
    if found.shape != (len(templates),) or found.dtype.kind not in "iu" or not ((found >= 0) & (found < count)).all():
        raise RequestError(
            f"recognizer {recognizer.name}: classify must give one of its {count} classes, 0 and up, for each of "
            f"{len(templates)} templates. Mend the recognizer."
        )
    return found


def _asked(recognizer: Matcher, what: str, *arguments: Any) -> Any:
    with no_exit(f"recognizer {recognizer.name}: {what}"):
        return getattr(recognizer, what)(*arguments)


def _checked(recognizer: Matcher, what: str, found: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    numbers = np.asarray(found, np.float32)
    if numbers.shape != shape:
        raise RequestError(
            f"recognizer {recognizer.name}: {what} gave an array of shape {numbers.shape}, and {shape} is wanted. "
            "Mend the recognizer."
        )
    if broken := numbers.size - int(np.isfinite(numbers).sum()):
        raise RequestError(
            f"recognizer {recognizer.name}: {broken} of {numbers.size} distances are NaN or infinite, and would pass "
            "for photos that were not recognized. Mend the recognizer."
        )
    return numbers

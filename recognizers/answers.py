"""What a recognizer answers with, checked: a template for each image, and a finite distance for each pair.

A distance that is not a number would pass for that of a photo without a template, and so for a rejection.
"""

from __future__ import annotations

import numpy as np

from palmbench.errors import RequestError, staying
from recognizers.protocol import Recognizer


def templates(recognizer: Recognizer, images: np.ndarray) -> np.ndarray:
    """Templates of images, one a row.

    Raises
    ------
    RequestError
        If there are not as many as images.
    """
    with staying(f"recognizer {recognizer.name}"):
        found = np.asarray(recognizer.extract(images))
    if found.ndim == 0 or len(found) != len(images):
        raise RequestError(
            f"recognizer {recognizer.name}: extract gave an array of shape {found.shape} for {len(images)} images; "
            "it must give one template a row for each image. Mend the recognizer."
        )
    return found


def distances(recognizer: Recognizer, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Distances of every template of `a` to every one of `b`, (len(a), len(b)) float32.

    Raises
    ------
    RequestError
        If they have another shape, or one is NaN or infinite.
    """
    with staying(f"recognizer {recognizer.name}"):
        found = recognizer.distances(a, b)
    return _checked(recognizer, "distances", found, (len(a), len(b)))


def pairwise(recognizer: Recognizer, templates: np.ndarray) -> np.ndarray | None:
    """Distances of all unordered pairs by the recognizer's own `pairwise`, float32; None where it has none.

    Errors are those of `distances`.
    """
    own = getattr(recognizer, "pairwise", None)
    n = len(templates)
    if own is None:
        return None
    with staying(f"recognizer {recognizer.name}"):
        found = own(templates)
    return _checked(recognizer, "pairwise", found, (n * (n - 1) // 2,))


def _checked(recognizer: Recognizer, what: str, found: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
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

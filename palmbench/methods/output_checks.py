"""What a method answers with, checked: a photo for each photo, of its size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from palmbench.methods.method import Encoding, Method
from recognizers.common.cache_keys import digest
from recognizers.common.errors import RequestError, no_exit

if TYPE_CHECKING:
    from palmbench.hands import Hand


def settings(method: Method) -> dict[str, Any]:
    """Whatever of a method is part of keys.

    Raises
    ------
    RequestError
        If it is not plain.
    """
    with no_exit(f"method={method.name}"):
        return _plain(method, method.settings())


def encode_settings(method: Method) -> dict[str, Any] | None:
    """Whatever of a method is part of the keys of encodings; errors are those of `settings`."""
    with no_exit(f"method={method.name}"):
        found = method.encode_settings()
    return None if found is None else _plain(method, found)


def encodings(method: Method, images: list[np.ndarray], hands: list[Hand]) -> list[dict[str, np.ndarray]]:
    """Encodings of photos; RequestError if there are not as many."""
    with no_exit(f"method={method.name}"):
        given = method.encode(images, hands)
    if len(given) != len(images):
        raise RequestError(
            f"method={method.name} gave {len(given)} encodings of {len(images)} photos. Mend the method."
        )
    return given


def photos(
    method: Method,
    images: list[np.ndarray],
    hands: list[Hand],
    seeds: list[int],
    encodings: Sequence[Encoding | None] | None = None,
) -> list[np.ndarray]:
    """De-identified photos, uint8 (H, W, 3); see `Method.deidentify`.

    Raises
    ------
    RequestError
        If there are not as many as were given, or one has another size or type.
    SampleError
        As the method says.
    """
    with no_exit(f"method={method.name}"):
        given = method.deidentify(images, hands, seeds, list(encodings or [None] * len(images)))
    if len(given) != len(images):
        raise RequestError(f"method={method.name} gave {len(given)} photos for {len(images)}. Mend the method.")
    for image, photo in zip(images, given, strict=True):
        if not isinstance(photo, np.ndarray) or photo.dtype != np.uint8 or photo.shape != image.shape:
            what = f"{photo.dtype} {photo.shape}" if isinstance(photo, np.ndarray) else type(photo).__name__
            raise RequestError(
                f"method={method.name} gave {what} for a photo of uint8 {image.shape}; it must give photos of the same "
                "size and type. Mend the method."
            )
    return given


def moved(method: Method, hand: Hand, seed: int) -> Hand:
    """Where a hand lies in the de-identified photo; see `Method.moved`."""
    with no_exit(f"method={method.name}"):
        given = method.moved(hand, seed)
    if given.keypoints_2d.shape != hand.keypoints_2d.shape or given.mask.shape != hand.mask.shape:
        raise RequestError(f"method={method.name} moved a hand to one of another shape. Mend the method.")
    return given


def _plain(method: Method, found: dict[str, Any]) -> dict[str, Any]:
    try:
        digest("settings", **found)
    except TypeError as error:
        raise RequestError(
            f"method={method.name}: its settings are part of result keys, and must be plain JSON values by name: "
            f"{error}. Mend the method."
        ) from error
    return found

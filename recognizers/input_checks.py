"""Checks that every recognizer makes of what it is given: images of the right kind, templates of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from recognizers.protocol import HAND_SIDE, ROI_SIDE


def rois(images: ArrayLike, who: str) -> np.ndarray:
    """Recognition ROIs as they were given, once they are known to be some.

    Parameters
    ----------
    images : (n, 128, 128) uint8
        Grey ROIs; n may be 0.
    who : str
        The recognizer, for the message.

    Returns
    -------
    (n, 128, 128) uint8

    Raises
    ------
    ValueError
        If they have another shape or type.
    """
    return _images(images, (ROI_SIDE, ROI_SIDE), f"{who} takes uint8 ROIs of shape (n, {ROI_SIDE}, {ROI_SIDE})")


def hands(images: ArrayLike, who: str) -> np.ndarray:
    """Hand crops (n, 224, 224, 3) uint8 as they were given, once they are known to be some; else as `rois`."""
    wanted = f"{who} takes uint8 RGB hand crops of shape (n, {HAND_SIDE}, {HAND_SIDE}, 3)"
    return _images(images, (HAND_SIDE, HAND_SIDE, 3), wanted)


def check_templates(templates: ArrayLike, dtype: DTypeLike, shape: Sequence[int], who: str) -> np.ndarray:
    """Templates as they were given, once they are known to be a recognizer's own.

    Parameters
    ----------
    templates : (n, *shape) dtype
        n may be 0.
    dtype : dtype
        Type of a template's elements.
    shape : sequence of int
        Shape of one template.
    who : str
        The recognizer, for the message.

    Returns
    -------
    (n, *shape) dtype

    Raises
    ------
    ValueError
        If they are of another shape or type, as templates of another recognizer are, or one is not finite.
    """
    array, dtype = np.asarray(templates), np.dtype(dtype)
    if array.dtype != dtype or array.ndim == 0 or array.shape[1:] != tuple(shape):
        wanted = f"{dtype} of shape (n, {', '.join(map(str, shape))})"
        raise ValueError(
            f"{who} templates are {wanted}, not {array.dtype} {array.shape}: these are of another recognizer or of "
            "other weights; give what its own extract returned"
        )
    if dtype.kind == "f" and not np.isfinite(array).all():
        bad = int(np.flatnonzero(~np.isfinite(array).reshape(len(array), -1).all(axis=1))[0])
        raise ValueError(f"{who} template {bad} holds values that are not finite; leave that sample out")
    return array


def check_pair(
    a: ArrayLike, b: ArrayLike, dtype: DTypeLike, shape: Sequence[int], who: str
) -> tuple[np.ndarray, np.ndarray]:
    """Both lists of templates of a comparison, each checked as by `check_templates`."""
    return check_templates(a, dtype, shape, who), check_templates(b, dtype, shape, who)


def _images(images: ArrayLike, shape: tuple[int, ...], wanted: str) -> np.ndarray:
    try:
        array = np.asarray(images)
    except ValueError as error:
        raise ValueError(f"{wanted}, not a list of images of several shapes") from error
    if array.dtype != np.uint8 or array.shape[1:] != shape or array.ndim == 0:
        raise ValueError(f"{wanted}, not {array.dtype} {array.shape}{_mend(array, shape)}")
    return array


def _mend(array: Any, shape: tuple[int, ...]) -> str:
    """What to do about the images, where one can guess."""
    if array.shape == shape:
        return "; one image is a batch of one: image[None]"
    if array.shape[1:] == shape:
        return "; give levels from 0 to 255 as uint8"
    sides = array.shape[1:3], array.shape[-3:-1]  # of a batch, of one colour image
    if (HAND_SIDE, HAND_SIDE) in sides and shape[0] == ROI_SIDE:
        return "; these are crops of whole hands, and it reads ROIs"
    if (ROI_SIDE, ROI_SIDE) in sides and shape[0] == HAND_SIDE:
        return "; these are ROIs, and it reads crops of whole hands"
    if len(shape) == 2 and array.ndim == 4 and 1 in (array.shape[1], array.shape[3]):
        return "; leave out the axis of the one channel"
    if len(shape) == 2 and (array.ndim == 4 or (array.ndim == 3 and array.shape[2] in (3, 4))):
        return "; convert colour to grey first"
    if array.size == 0:
        return "; an empty batch has the shape of its images too"
    if array.ndim == len(shape) + 1 and array.shape[3:] == shape[2:]:
        return f"; scale them to {shape[0]} x {shape[1]} pixels"
    return ""

"""Texture sewn together from patches of a sample: image quilting of Efros and Freeman (SIGGRAPH 2001)."""

from __future__ import annotations

import cv2
import numpy as np

from recognizers.common.errors import SampleError

VERSION = 1
_CANDIDATES = 300
_CALMEST, _STRONGEST = 0.2, 0.7  # ranks of strength: calmer patches are blank, stronger hold creases, nails, edges
_TOLERANCE = 0.3  # a patch is drawn among those whose error exceeds the least one by no more than this share


def quilted(
    texture: np.ndarray, sample: np.ndarray, hole: np.ndarray, patch: int, generator: np.random.Generator
) -> np.ndarray:
    """Cover a hole with patches of the sample, which overlap by a third and are cut where they differ least.

    Parameters
    ----------
    texture : ndarray of shape (H, W, 3), float32
        About 0 in the mean.
    sample : ndarray of shape (H, W), bool
        Where patches may be taken from.
    hole : ndarray of shape (H, W), bool
        What is to be covered; has at least one pixel.
    patch : int
        Side of a patch, pixels; halved where the sample is too narrow for it.
    generator : numpy.random.Generator

    Returns
    -------
    ndarray of shape (H, W, 3), float32
        0 where no patch lies.

    Raises
    ------
    SampleError
        If the sample is too narrow for the smallest patch.
    """
    pieces = _pieces(texture, sample, patch, generator)
    patch = pieces.shape[1]
    overlap = patch // 3
    height, width = hole.shape
    rows, columns = np.flatnonzero(hole.any(axis=1)), np.flatnonzero(hole.any(axis=0))
    sewn = np.zeros((height + patch, width + patch, 3), np.float32)
    laid = np.zeros(sewn.shape[:2], bool)
    step = patch - overlap
    for top in range(rows[0], rows[-1] + 1, step):
        for left in range(columns[0], columns[-1] + 1, step):
            if not hole[top : top + patch, left : left + patch].any():
                continue
            here = slice(top, top + patch), slice(left, left + patch)
            chosen = _fitting(pieces, sewn[here], laid[here], overlap, generator)
            keep = _cut(chosen, sewn[here], laid[here], overlap)
            sewn[here] = np.where(keep[..., None], sewn[here], chosen)
            laid[here] = True
    return sewn[:height, :width]


def _pieces(texture: np.ndarray, sample: np.ndarray, patch: int, generator: np.random.Generator) -> np.ndarray:
    """Patches of the sample, (n, side, side, 3), neither blank ones nor those of the strongest lines."""
    while True:
        inside = cv2.erode(
            sample.astype(np.uint8), np.ones((patch, patch), np.uint8), anchor=(0, 0),
            borderType=cv2.BORDER_CONSTANT, borderValue=0,
        ).astype(bool)  # fmt: skip
        # The patch whose corner is here must end in the picture.
        inside[len(inside) - patch + 1 :] = False
        inside[:, inside.shape[1] - patch + 1 :] = False
        corners = np.argwhere(inside)
        if len(corners):
            break
        if patch // 2 < 3:
            raise SampleError("The skin of the hand around the palm is too narrow to take patches from.")
        patch //= 2
    corners = corners[generator.permutation(len(corners))[: round(_CANDIDATES / (_STRONGEST - _CALMEST))]]
    pieces = np.stack([texture[y : y + patch, x : x + patch] for y, x in corners])
    by_strength = np.argsort(np.square(pieces).mean(axis=(1, 2, 3)), kind="stable")
    first, last = (int(rank * len(pieces)) for rank in (_CALMEST, _STRONGEST))
    return np.asarray(pieces[by_strength[first : last + 1]])


def _fitting(
    pieces: np.ndarray, below: np.ndarray, laid: np.ndarray, overlap: int, generator: np.random.Generator
) -> np.ndarray:
    errors = np.zeros(len(pieces))
    for strip in ((slice(None), slice(overlap)), (slice(overlap), slice(overlap, None))):
        if laid[strip].any():
            differences = (pieces[:, strip[0], strip[1]] - below[strip]) * laid[strip][..., None]
            errors += np.einsum("nijc,nijc->n", differences, differences)
    fitting = np.flatnonzero(errors <= (1 + _TOLERANCE) * errors.min())
    return np.asarray(pieces[generator.choice(fitting)])


def _cut(chosen: np.ndarray, below: np.ndarray, laid: np.ndarray, overlap: int) -> np.ndarray:
    """Where what was laid before stays: left of and above the cuts of least error, bool (side, side)."""
    errors = np.square(chosen - below).sum(axis=-1)
    keep = np.zeros(laid.shape, bool)
    if laid[overlap:, :overlap].any():
        keep |= np.arange(len(keep)) < _seam(errors[:, :overlap])[:, None]
    if laid[:overlap, overlap:].any():
        keep |= np.arange(len(keep))[:, None] < _seam(errors[:overlap].T)
    return keep & laid


def _seam(errors: np.ndarray) -> np.ndarray:
    """The column of each row through which the path of least error runs from top to bottom."""
    length, width = errors.shape
    costs = errors.astype(np.float64)
    for row in range(1, length):
        above = np.pad(costs[row - 1], 1, constant_values=np.inf)
        costs[row] += np.minimum(np.minimum(above[:-2], above[1:-1]), above[2:])
    path = np.empty(length, np.int64)
    path[-1] = costs[-1].argmin()
    for row in range(length - 2, -1, -1):
        low = max(0, path[row + 1] - 1)
        path[row] = low + costs[row, low : min(width, path[row + 1] + 2)].argmin()
    return path

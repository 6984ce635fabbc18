"""What palmprint codes share: filter responses at 32 x 32 pixels, coded in bits and compared over shifts."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from recognizers import matching
from recognizers.cards import Card
from recognizers.codes.gabor import STEP, filter_samples
from recognizers.common.cache_keys import versions_of
from recognizers.common.jit import run_all
from recognizers.input_checks import check_pair, check_templates, rois
from recognizers.matching.shifts import ROWS, ShiftSearch
from recognizers.protocol import ROI_SIDE

VERSION = 1
# In real numbers a flat neighbourhood gives no response; in floating point it leaves a sign without meaning.
FLAT = 1e-9


class PalmprintCode:
    """A recognizer that codes each ROI by itself and compares bit planes.

    A code says how one ROI is coded (`_encode`) and, where its templates are not bit planes, how they become some
    (`planes`).

    Parameters
    ----------
    search : ShiftSearch
        Shifts tried in matching, in code pixels (1 code pixel = 4 ROI pixels), and what is counted.
    threads : int or None
        Threads for extraction and matching; None takes all processors. Cannot change a result.

    Attributes
    ----------
    title : str
        Name used in messages.
    card : Card
        Publication and licence.
    shape, dtype
        Of one template.
    version : int
        Its module's `VERSION`, raised when templates or distances change.
    """

    name: str
    title: str
    card: Card
    takes: Literal["roi", "hand"] = "roi"
    shape: tuple[int, ...]
    dtype: type[np.unsignedinteger] = np.uint32
    version: int

    def __init__(self, search: ShiftSearch, threads: int | None = 1) -> None:
        self.search = search
        self.threads = threads

    def settings(self) -> dict[str, Any]:
        """Name of the code, and versions of it and of what it shares with others: what can change a result."""
        shared = versions_of("recognizers.codes", "base", "gabor") | versions_of("recognizers.matching", "shifts")
        return {"name": self.name, "versions": {self.name: self.version, **shared}}

    def extract(self, images: np.ndarray) -> np.ndarray:
        """Templates of grey ROIs.

        Parameters
        ----------
        images : (n, 128, 128) uint8
            Recognition ROIs; n may be 0.

        Returns
        -------
        (n, *shape) dtype
            Of bit planes (n, planes, 32) uint32, a word is a row of 32 code pixels, column c in bit c.

        Raises
        ------
        ValueError
            If the ROIs have another shape or type.
        """
        images = rois(images, self.title)
        templates = np.zeros((len(images), *self.shape), self.dtype)

        def fill(image: np.ndarray, template: np.ndarray) -> None:
            template[...] = self._encode(image)

        run_all(fill, zip(images, templates, strict=True), self.threads)
        return templates

    def distances(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Distances between two lists of templates.

        Parameters
        ----------
        a, b : (n, *shape), (m, *shape) dtype
            Templates of `extract`.

        Returns
        -------
        (n, m) float32
            In [0, 1]: 0 for identical templates.

        Raises
        ------
        ValueError
            If they are not templates of this code.
        """
        a, b = check_pair(a, b, self.dtype, self.shape, self.title)
        return matching.distances(self.planes(a), self.planes(b), self.search, self.threads)

    def pairwise(self, templates: np.ndarray) -> np.ndarray:
        """Distances of all unordered pairs, (n * (n - 1) / 2,) float32, in scipy's condensed order."""
        templates = check_templates(templates, self.dtype, self.shape, self.title)
        return matching.pairwise(self.planes(templates), self.search, self.threads)

    def planes(self, templates: np.ndarray) -> np.ndarray:
        """Bit planes that are compared, (n, planes, 32) uint32, of templates.

        Raises
        ------
        ValueError
            If they hold what this code never writes.
        """
        return templates

    def _encode(self, roi: np.ndarray) -> np.ndarray:
        raise NotImplementedError(f"{type(self).__name__} does not say how a ROI is coded")


def responses(roi: np.ndarray, bank: np.ndarray) -> np.ndarray:
    """Responses of a bank of filters at every fourth pixel and row of a ROI, from the first.

    Beyond the ROI the image is 0.

    Parameters
    ----------
    roi : (128, 128) array
        Grey levels.
    bank : (k, side, side) float64
        Filters, laid over the image unturned; of an even side the centre is the pixel after the middle.

    Returns
    -------
    (k, 32, 32) float64
    """
    before = bank.shape[1] // 2
    after = bank.shape[1] - 1 - before
    padded = np.pad(roi.astype(np.float64), (before, after))
    out = np.empty((len(bank), ROI_SIDE // STEP, ROI_SIDE // STEP))
    for kernel, response in zip(bank, out, strict=True):
        filter_samples(padded, kernel, response)
    return out


def lowest(values: np.ndarray) -> np.ndarray:
    """Index of the lowest of k responses at each pixel, (32, 32) uint8; the first where several are as low."""
    return (values <= values.min(axis=0) + FLAT).argmax(axis=0).astype(np.uint8)


def packed(bits: np.ndarray) -> np.ndarray:
    """Bit planes (..., 32, 32) bool as words (..., 32) uint32, column c in bit c."""
    octets = np.packbits(bits, axis=-1, bitorder="little")
    return octets.view("<u4").reshape(*bits.shape[:-2], ROWS).astype(np.uint32, copy=False)


def unpacked(words: np.ndarray) -> np.ndarray:
    """Words (..., 32) uint32 as bit planes (..., 32, 32) bool: the inverse of `packed`."""
    return (words[..., None] >> np.arange(ROWS, dtype=np.uint32) & np.uint32(1)).astype(bool)

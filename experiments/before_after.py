"""Palms of photos before and after: both side by side, and how their plain statistics compare.

`experiments.photographs --sheets FOLDER` draws and prints them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from experiments.palm_statistics.statistics import PalmStatistics, table
from palmbench.base.images import write_png

_SIDE = 620  # pixels of a palm on a sheet
_MARGIN = 0.3  # of a polygon's longer extent, around it
_PAIRS = 4  # on a sheet
_INNER = 0.6  # of a polygon's shorter extent: the side of the square within, of which statistics are taken
_ROI = 128  # pixels of a recognition ROI's side, for which those statistics are meant


class Pair(NamedTuple):
    """A palm before and after.

    Attributes
    ----------
    name : str
        Of its photo.
    before, after : ndarray of shape (height, width, 3), uint8
        The whole photo.
    polygon : ndarray of shape (6, 2)
        The paper's, pixels.
    """

    name: str
    before: np.ndarray
    after: np.ndarray
    polygon: np.ndarray


def write_sheets(pairs: Sequence[Pair], folder: Path) -> list[Path]:
    """Write palms beside what became of them, four pairs a sheet; the files."""
    files = []
    for first in range(0, len(pairs), _PAIRS):
        cells = [_side_by_side(pair) for pair in pairs[first : first + _PAIRS]]
        cells += [np.full_like(cells[0], 255)] * (-len(cells) % 2)
        rows = [np.hstack(cells[place : place + 2]) for place in range(0, len(cells), 2)]
        files.append(folder / f"palms-{first // _PAIRS + 1}.png")
        write_png(files[-1], np.vstack(rows))
    return files


def ratios(pairs: Sequence[Pair]) -> dict[str, float]:
    """Medians of the statistics after over those before; of skew, which has no ratio, of the difference.

    NaN where every palm had 0 before.
    """
    before, after = (
        table(_roi(photo, pair.polygon) for pair, photo in zip(pairs, photos, strict=True))
        for photos in ([pair.before for pair in pairs], [pair.after for pair in pairs])
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        found = after / np.where(before == 0, np.nan, before)
    skew = PalmStatistics._fields.index("high_skew")
    found[:, skew] = (after - before)[:, skew]
    known = [column[~np.isnan(column)] for column in found.T]
    medians = [float(np.median(column)) if len(column) else float("nan") for column in known]
    return dict(zip(PalmStatistics._fields, medians, strict=True))


def _side_by_side(pair: Pair) -> np.ndarray:
    low, high = pair.polygon.min(axis=0), pair.polygon.max(axis=0)
    margin = _MARGIN * (high - low).max()
    left, top = np.maximum(low - margin, 0).astype(int)
    right, bottom = np.ceil(high + margin).astype(int)
    cells = np.full((2, _SIDE, _SIDE, 3), 255, np.uint8)
    for cell, photo in zip(cells, (pair.before, pair.after), strict=True):
        palm = photo[top:bottom, left:right]
        scale = _SIDE / max(palm.shape[:2])
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        palm = cv2.resize(palm, (round(palm.shape[1] * scale), round(palm.shape[0] * scale)), interpolation=how)
        cell[: len(palm), : palm.shape[1]] = palm
    cv2.putText(cells[0], pair.name, (8, _SIDE - 8), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255, 0, 255), 2)
    return np.hstack(list(cells))


def _roi(photo: np.ndarray, polygon: np.ndarray) -> np.ndarray:
    """A square in the middle of a polygon, grey, as large as recognition ROIs are."""
    half = 0.5 * _INNER * float(np.ptp(polygon, axis=0).min())
    left, top = np.maximum(polygon.mean(axis=0) - half, 0).astype(int)
    side = max(1, round(2 * half))
    grey = cv2.cvtColor(photo[top : top + side, left : left + side], cv2.COLOR_RGB2GRAY)
    return cv2.resize(grey, (_ROI, _ROI), interpolation=cv2.INTER_AREA if side > _ROI else cv2.INTER_CUBIC)

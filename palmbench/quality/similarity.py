"""SSIM and MS-SSIM of two photos in two conventions, with SSIM apart inside and outside a region.

Where nothing changed, similarity is 1: only the windows that hold a changed pixel are filtered, and the loss of the
others is nought. Each pair is filtered once at each scale.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from palmbench.quality.filters import GAUSSIAN, UNIFORM_SIDE, Filters, Plane

VERSION = 1
_PEAK = 255.0
_C1 = (0.01 * _PEAK) ** 2
_C2 = (0.03 * _PEAK) ** 2
_SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
_COARSEST = len(_SCALE_WEIGHTS) - 1
_UNIFORM_EDGE = UNIFORM_SIDE // 2
_GAUSSIAN_EDGE = len(GAUSSIAN) // 2
_UNIFORM_SAMPLES = UNIFORM_SIDE**2

# torchmetrics wants 11 pixels at the coarsest of its five scales, and so reckons a sixteenth of the side.
TORCHMETRICS_SMALLEST_SIDE = 176


class Similarity(NamedTuple):
    """Similarities of a pair: whole, over the windows centred inside the region, and outside; NaN where undefined."""

    ssim: float
    ms_ssim: float
    ssim_inside: float
    ssim_outside: float


def similarity_paper(x: Sequence[Plane], y: Sequence[Plane], region: Any | None, filters: Filters) -> Similarity:
    """SSIM as scikit-image has it and MS-SSIM as piq has it, of the planes of two images; sides of at least 161.

    Uniform windows with sample covariance, valid windows only; MS-SSIM per channel, then averaged.
    """
    losses = [_losses(a, b, filters, filters.uniform, _UNIFORM_EDGE, _UNIFORM_SAMPLES) for a, b in _pairs(x, y)]
    if region is not None:
        region = region[_UNIFORM_EDGE:-_UNIFORM_EDGE, _UNIFORM_EDGE:-_UNIFORM_EDGE]
    values = []
    for a, b in _pairs(x, y):
        value = 1.0
        for scale, weight in enumerate(_SCALE_WEIGHTS):
            if scale:
                a, b = _halve_as_piq(a, filters), _halve_as_piq(b, filters)
            loss = _losses(a, b, filters, filters.gaussian, _GAUSSIAN_EDGE)
            similarity = loss.mean_similarity() if scale == _COARSEST else loss.mean_contrast()
            value *= max(0.0, similarity) ** weight
        values.append(value)
    return _similarity_of(losses, region, sum(values) / len(values))


def similarity_torchmetrics(x: Sequence[Plane], y: Sequence[Plane], region: Any | None, filters: Filters) -> Similarity:
    """SSIM and MS-SSIM as torchmetrics has them by default with `data_range=255`, of the planes of two images.

    Gaussian windows, mirrored at the border; MS-SSIM averaged over channels at each scale, and NaN below 176 pixels,
    which torchmetrics refuses.
    """

    def mirrored(a: Plane, b: Plane) -> _Losses:
        return _losses(
            filters.reflect(a, _GAUSSIAN_EDGE),
            filters.reflect(b, _GAUSSIAN_EDGE),
            filters,
            filters.gaussian,
            _GAUSSIAN_EDGE,
        )

    finest = [mirrored(a, b) for a, b in _pairs(x, y)]
    if min(finest[0].windows) < TORCHMETRICS_SMALLEST_SIDE:
        return _similarity_of(finest, region, math.nan)
    # The structure of SSIM serves here too, without the windows that reach into the mirrored border.
    scales = [[loss.mean_contrast(margin=_GAUSSIAN_EDGE) for loss in finest]]
    for scale in range(1, len(_SCALE_WEIGHTS)):
        x, y = [filters.halve(a) for a in x], [filters.halve(b) for b in y]
        if scale == _COARSEST:
            scales.append([mirrored(a, b).mean_similarity() for a, b in _pairs(x, y)])
        else:
            losses = (_losses(a, b, filters, filters.gaussian, _GAUSSIAN_EDGE) for a, b in _pairs(x, y))
            scales.append([loss.mean_contrast() for loss in losses])
    means = (max(0.0, sum(scale) / len(scale)) for scale in scales)
    ms_ssim = math.prod(mean**weight for mean, weight in zip(means, _SCALE_WEIGHTS, strict=True))
    return _similarity_of(finest, region, ms_ssim)


class _Losses(NamedTuple):
    """1 - similarity and 1 - contrast of the windows of one plane: `part` of `windows` of them, the others being 0."""

    part: tuple[slice, slice]
    windows: tuple[int, int]
    similarity: Plane | None
    contrast: Plane | None

    def mean_similarity(self) -> float:
        return 1.0 if self.similarity is None else 1 - float(self.similarity.sum()) / math.prod(self.windows)

    def mean_contrast(self, margin: int = 0) -> float:
        """Mean contrast without the outermost `margin` windows on each side."""
        if self.contrast is None:
            return 1.0
        kept = []
        for part, windows in zip(self.part, self.windows, strict=True):
            first, last = max(part.start, margin), min(part.stop, windows - margin)
            kept.append(slice(first - part.start, max(first, last) - part.start))
        rows, columns = (windows - 2 * margin for windows in self.windows)
        return 1 - float(self.contrast[kept[0], kept[1]].sum()) / (rows * columns)


def _similarity_of(losses: Sequence[_Losses], region: Any | None, ms_ssim: float) -> Similarity:
    ssim = sum(loss.mean_similarity() for loss in losses) / len(losses)
    if region is None:
        return Similarity(ssim, ms_ssim, math.nan, math.nan)
    inside, within, outside = int(region.sum()), 0.0, 0.0
    for loss in losses:
        if loss.similarity is not None:
            weights = region[loss.part]
            lost = float((loss.similarity * weights).sum())
            within, outside = within + lost, outside + float(loss.similarity.sum()) - lost
    rest = math.prod(losses[0].windows) - inside
    return Similarity(
        ssim,
        ms_ssim,
        1 - within / (inside * len(losses)) if inside else math.nan,
        1 - outside / (rest * len(losses)) if rest else math.nan,
    )


def _losses(
    x: Plane,
    y: Plane,
    filters: Filters,
    mean: Callable[[Sequence[Plane]], Sequence[Plane]],
    edge: int,
    samples: int | None = None,
) -> _Losses:
    """Losses over the windows that lie within the planes; window (i, j) is centred on pixel (i + edge, j + edge)."""
    height, width = x.shape
    windows = (height - 2 * edge, width - 2 * edge)
    changed = x != y
    rows, columns = (np.flatnonzero(filters.host(changed.any(axis))) for axis in (1, 0))
    if not len(rows):
        return _Losses((slice(0, 0), slice(0, 0)), windows, None, None)
    seen = (
        slice(max(0, int(rows[0]) - 2 * edge), min(height, int(rows[-1]) + 2 * edge + 1)),
        slice(max(0, int(columns[0]) - 2 * edge), min(width, int(columns[-1]) + 2 * edge + 1)),
    )
    luminance, contrast = _terms(x[seen], y[seen], mean, samples)
    part = (slice(seen[0].start, seen[0].stop - 2 * edge), slice(seen[1].start, seen[1].stop - 2 * edge))
    return _Losses(part, windows, 1 - luminance * contrast, 1 - contrast)


def _terms(
    x: Plane, y: Plane, mean: Callable[[Sequence[Plane]], Sequence[Plane]], samples: int | None
) -> tuple[Plane, Plane]:
    unbiased = samples / (samples - 1) if samples else 1.0
    mean_x, mean_y, mean_product, mean_squares = mean([x, y, x * y, x * x + y * y])
    product, squares = mean_x * mean_y, mean_x * mean_x + mean_y * mean_y
    covariance = unbiased * (mean_product - product)
    variances = unbiased * (mean_squares - squares)
    return (2 * product + _C1) / (squares + _C1), (2 * covariance + _C2) / (variances + _C2)


def _pairs(x: Sequence[Plane], y: Sequence[Plane]) -> Iterator[tuple[Plane, Plane]]:
    return zip(x, y, strict=True)


def _halve_as_piq(plane: Plane, filters: Filters) -> Plane:
    # piq pads the top and the left of both axes when either is odd, then drops what does not fill a 2 x 2 cell.
    odd = plane.shape[0] % 2 or plane.shape[1] % 2
    return filters.halve(filters.repeat_before(plane) if odd else plane)

"""From a number per image to the number in a table: mean and population standard deviation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

VERSION = 1


class Summary(NamedTuple):
    """Mean over images, population standard deviation, and how many images they are over."""

    value: float | None
    std: float | None
    n: int


def summarise(values: Sequence[float]) -> Summary:
    """Mean and population standard deviation over the finite values, as in the paper's tables.

    PSNR of an untouched image is infinite, and one such image would make a mean infinite. Such images are left out
    of the mean and of n: that can only lower the number. If every value is infinite the mean is infinite and has no
    deviation, and n counts them all; of no values at all there is no mean.
    """
    array = np.asarray(values, np.float64)
    finite = array[np.isfinite(array)]
    if len(finite):
        return Summary(float(finite.mean()), float(finite.std()), len(finite))
    unbounded = int(np.isposinf(array).sum())
    return Summary(math.inf if unbounded else None, None, unbounded)

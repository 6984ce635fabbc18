"""A painted palm fades into the skin around it."""

from __future__ import annotations

import numpy as np

from palmbench.methods.paste_back import soft_rim


def test_the_rim_is_soft_and_outside() -> None:
    rows, columns = np.mgrid[:128, :128]
    hole = (rows - 64) ** 2 + (columns - 64) ** 2 < 36**2
    share = soft_rim(hole)
    assert (share[hole] == 1).all()
    assert (share[0] == 0).all()
    outwards = share[64, 64:]
    assert (np.diff(outwards) <= 0).all()
    assert 3 < ((outwards > 0) & (outwards < 1)).sum() < 10

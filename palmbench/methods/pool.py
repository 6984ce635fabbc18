"""A pool of palms that nobody has, for methods that mix palms of others: rendered once, and kept in a cache.

Its folder is `palmbench` below $XDG_CACHE_HOME or ~/.cache; it can be removed at any time.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from palmbench.base.store import Store, if_there, pack_arrays, unpack_arrays
from palmbench.hands.palm_frame import SQUARE
from palmbench.synth import SURROGATE_IDENTITIES
from palmbench.synth.flat_palm import FlatPalm, flat_palm, lit
from recognizers.common.cache_keys import digest, versions_of
from recognizers.common.errors import RequestError

VERSION = 1
_KEPT = "pools"
SIZE = 64
SIDE = 256  # pixels of the palm frame: those of a photo of 640 x 480
_COARSE = 0.04  # hand lengths: as what is taken for light of the own palm
_COLOUR = np.array([0.835, 0.645, 0.525])
_LAMP = np.array([-0.35, -0.35, 0.869])  # from the upper left


def identities() -> range:
    """Whose palms the pool holds: none that a benchmark renders, none that a network was trained on."""
    return SURROGATE_IDENTITIES[:SIZE]


@lru_cache(maxsize=1)
def palms() -> FlatPalm:
    """The pool's palms in the palm frame, each layer float16 (SIZE, SIDE, SIDE)."""
    versions = {"pool": VERSION, **versions_of("palmbench.hands", "palm_frame")}
    versions |= versions_of("palmbench.synth", "flat_palm", "seeds")
    whose = identities()
    key = digest("pool", versions=versions, first=whose[0], count=len(whose), side=SIDE)
    folder = Store(Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "palmbench")
    kept = if_there(lambda: folder.load(_KEPT, key, ".npz", unpack_arrays))
    if kept is not None:
        return FlatPalm(**kept)
    pool = rendered(whose)
    with suppress(RequestError):  # there is no place for a cache
        folder.write(_KEPT, key, ".npz", pack_arrays(**pool._asdict()))
    return pool


def rendered(whose: Iterable[int]) -> FlatPalm:
    """Palms of some identities as the pool holds them."""
    layers = zip(*(flat_palm(identity, SIDE) for identity in whose), strict=True)
    return FlatPalm(*(np.stack(layer).astype(np.float16) for layer in layers))


@lru_cache(maxsize=1)
def usual() -> FlatPalm:
    """The mean of the pool's palms, each layer float32 (SIDE, SIDE)."""
    return FlatPalm(*(layer.mean(axis=0, dtype=np.float32) for layer in palms()))


@lru_cache(maxsize=1)
def details() -> np.ndarray:
    """Lines of the pool's palms in one light, float16 (SIZE, SIDE, SIDE): shares of the brightness around them."""
    unit = (SIDE - 1) / SQUARE[2]
    found = []
    for palm in zip(*palms(), strict=True):
        skin = FlatPalm(*(layer.astype(np.float32) for layer in palm))
        seen = lit(skin._replace(mottling=np.zeros_like(skin.mottling)), _COLOUR, _LAMP, unit).mean(axis=2)
        found.append((seen / cv2.GaussianBlur(seen, (0, 0), _COARSE * unit) - 1).astype(np.float16))
    return np.stack(found)

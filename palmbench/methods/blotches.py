"""Blotches that a small painter leaves where the hand has none: patches of shade and of colour, calmed.

A network of a few million weights paints the mounds and the flush of palms as it has learnt them, in a smooth and even
hand too, and there they are what one sees first.
"""

from __future__ import annotations

import numpy as np

from palmbench.methods.bands import between, blurred, facing, inside

VERSION = 3
# Standard deviations, in pixels of the crop, between which patches of shade and of colour lie, and the share of the own
# palm's unevenness that they may have: the rest of it are lines and relief, which are drawn.
_SHADE, _SHADE_SHARE = (2.5, 24.0), 0.5
_COLOUR, _COLOUR_SHARE = (1.0, 24.0), 0.25
_TOLD = (3.0, 8.0)  # the same of what tells how blotchy a palm is: light that falls slowly across it does not count
_MOST = 0.5  # standard deviations that structure may stand out by where the own palm has half as much
_DARK = 0.06  # of full scale: darker skin has no colour to speak of
_FADE = 12.0  # pixels of the crop over which calming ends at the palm's rim


def without_blotches(painted: np.ndarray, original: np.ndarray, repainted: np.ndarray) -> np.ndarray:
    """Calm what of a painted palm stands out further, in shade or in colour, than in the palm that was there.

    Of the palm that was there four numbers are used, how uneven its brightness and its three channels beside that are;
    not where. A palm of twice the shade and four times the colour of the painted one leaves it as it is.

    Parameters
    ----------
    painted : ndarray of shape (size, size, 3), float
        In [0, 1].
    original : ndarray of shape (size, size, 3), uint8
        The crop before.
    repainted : ndarray of shape (size, size), bool
        What was repainted.

    Returns
    -------
    ndarray of shape (size, size, 3), float32
        In [0, 1]; unchanged outside the repainted palm, and where that is nowhere wide.
    """
    inner = facing(repainted)
    if not inner.any():
        return painted
    weights = inside(repainted, _FADE)[..., None]
    (level, tones), (own_level, own_tones) = _parts(painted), _parts(original / np.float32(255))
    calm = level - weights * _beyond(level, own_level, repainted, inner, _SHADE, _SHADE_SHARE)
    tones = tones - weights * _beyond(tones, own_tones, repainted, inner, _COLOUR, _COLOUR_SHARE)
    return np.where(repainted[..., None], np.clip(calm * tones, 0, 1), painted).astype(np.float32)


def _parts(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """An image's brightness (height, width, 1), and its three channels beside that."""
    level = image.mean(axis=2, keepdims=True, dtype=np.float32)
    return level, (image / np.maximum(level, 1e-3)).astype(np.float32)


def _beyond(
    layers: np.ndarray,
    own: np.ndarray,
    repainted: np.ndarray,
    inner: np.ndarray,
    band: tuple[float, float],
    most: float,
) -> np.ndarray:
    """What of layers' structure stands out: nothing where the own palm has far more, most where it has none."""
    told, owned = (_usual(_relative(each, repainted, _TOLD)[inner]) for each in (layers, own))
    around = _around(layers, band)
    structure = between(layers, repainted, band) / around
    share = np.minimum(1.0, most * owned / told)
    limit = _MOST * share / np.maximum(1 - share, 1e-3) * _usual(structure[inner])
    return (structure - limit * np.tanh(structure / limit)) * around


def _relative(layers: np.ndarray, repainted: np.ndarray, band: tuple[float, float]) -> np.ndarray:
    return between(layers, repainted, band) / _around(layers, band)


def _around(layers: np.ndarray, band: tuple[float, float]) -> np.ndarray:
    return np.maximum(blurred(layers, band[1]), _DARK)


def _usual(structure: np.ndarray) -> np.ndarray:
    """Standard deviation of each layer as the median tells it: what stands out does not count."""
    return np.maximum(1e-5, 1.4826 * np.median(np.abs(structure), axis=0)).astype(np.float32)

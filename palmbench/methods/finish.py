"""A painted palm set into its photo: contrast, colour and grain of what was there, and pasted back with a soft rim."""

from __future__ import annotations

import cv2
import numpy as np

VERSION = 1
_RIM = 9
_FEWEST_WITNESSES = 200
_DETAIL = 6.0  # standard deviation, in pixels of the crop, below which structure counts as grain
_LINES = (0.8, 6.0)  # standard deviations, in pixels of the crop, between which structure counts as lines
_STRONGEST = 2.5  # factor of the lines' contrast
_FINEST = 1.6  # standard deviation, in pixels of the crop, below which structure is finer than any line
_COARSEST = 3.0  # factor of the grain


def witnesses(hand: np.ndarray, repainted: np.ndarray) -> np.ndarray:
    """Skin that a painter should have left as it was, bool (size, size).

    The hand's outline is blurred by the autoencoder, and the palm's rim is half painted: neither is a witness.

    Parameters
    ----------
    hand, repainted : ndarray of shape (size, size), bool
        The hand mask and what was repainted, in the crop that the painter saw.
    """
    skin = cv2.erode(hand.astype(np.uint8), np.ones((_RIM, _RIM), np.uint8), borderValue=1)
    rim = cv2.dilate(repainted.astype(np.uint8), np.ones((_RIM, _RIM), np.uint8))
    return (skin > 0) & (rim == 0)


def match_contrast(painted: np.ndarray, original: np.ndarray, repainted: np.ndarray) -> np.ndarray:
    """Deepen a painted palm's lines until they are as deep, on the whole, as those of the palm that was there.

    A small network that has not trained for long paints lines fainter than it has seen them. Of the palm that was there
    one number is used, how strong its lines are; not where they run. Lines are never made fainter.

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
        In [0, 1]; unchanged outside the repainted palm.
    """
    inner = cv2.erode(repainted.astype(np.uint8), np.ones((_RIM, _RIM), np.uint8)) > 0
    if not inner.any():
        return painted
    lines, wanted = (_lines(crop, repainted) for crop in (painted, original.astype(np.float32) / 255))
    found = float(lines.mean(axis=2)[inner].std())
    factor = float(np.clip(wanted.mean(axis=2)[inner].std() / max(found, 1e-6), 1, _STRONGEST))
    return np.clip(painted + (factor - 1) * lines, 0, 1).astype(np.float32)


def match_colour(painted: np.ndarray, original: np.ndarray, skin: np.ndarray) -> np.ndarray:
    """Shift a painted crop's colours by a plane, fitted where its skin should have stayed as it was.

    Parameters
    ----------
    painted : ndarray of shape (size, size, 3), float
        In [0, 1].
    original : ndarray of shape (size, size, 3), uint8
        The crop before.
    skin : ndarray of shape (size, size), bool
        See `witnesses`.

    Returns
    -------
    ndarray of shape (size, size, 3), float32
        In [0, 1]; `painted` itself where there are too few witnesses.
    """
    rows, columns = np.nonzero(skin)
    if len(rows) < _FEWEST_WITNESSES:
        return painted
    size = len(painted)
    known = original[rows, columns] / 255 - painted[rows, columns]
    plane = np.linalg.lstsq(_plane(rows, columns, size), known, rcond=None)[0]
    all_rows, all_columns = np.indices((size, size)).reshape(2, -1)
    shift = (_plane(all_rows, all_columns, size) @ plane).reshape(painted.shape)
    return np.clip(painted + shift, 0, 1).astype(np.float32)


def match_grain(
    painted: np.ndarray,
    original: np.ndarray,
    skin: np.ndarray,
    repainted: np.ndarray,
    generator: np.random.Generator,
) -> np.ndarray:
    """Add grain to a painted crop: random, with the spectrum of what the skin around the palm lost on its way.

    An autoencoder keeps neither pores nor sensor noise, and a small painter no wrinkles. Palms without them look waxen,
    and resemble one another for a recognizer whatever is painted on them. The grain does not tell whose palm it was:
    its phases are random, its spectrum is read off the skin that was not repainted, and of the palm that was there one
    number is used. Within the repainted palm there is as much of it as makes the finest structure as strong as it was.

    Parameters
    ----------
    painted, original, skin
        See `match_colour`.
    repainted : ndarray of shape (size, size), bool
        What was repainted.
    generator : numpy.random.Generator
        Draws the grain.

    Returns
    -------
    ndarray of shape (size, size, 3), float32
        In [0, 1]; `painted` itself where there are too few witnesses.
    """
    if int(skin.sum()) < _FEWEST_WITNESSES:
        return painted
    lost = (original / 255 - painted).mean(axis=2) * skin
    # Only the fine part: a slightly wrong brightness is not grain. Dividing by the blurred mask keeps its rim out.
    share = cv2.GaussianBlur(skin.astype(np.float64), (0, 0), _DETAIL)
    fine = (lost - cv2.GaussianBlur(lost, (0, 0), _DETAIL) / np.maximum(share, 1e-6)) * skin
    power = np.abs(np.fft.fft2(fine)) ** 2 / skin.mean()
    white = np.fft.fft2(generator.standard_normal(fine.shape)) / len(fine)
    grain = np.real(np.fft.ifft2(white * np.sqrt(power)))
    inner = cv2.erode(repainted.astype(np.uint8), np.ones((_RIM, _RIM), np.uint8)) > 0
    if inner.any():
        images = (original.mean(axis=2) / 255, painted.mean(axis=2) + grain, grain)
        wanted, found, own = (_finest(image)[inner].var() for image in images)
        factor = np.clip(np.sqrt(max(0.0, 1 + (wanted - found) / max(own, 1e-12))), 1, _COARSEST)
        grain *= 1 + (factor - 1) * _inwards(repainted)
    return np.clip(painted + grain[..., None], 0, 1).astype(np.float32)


def _lines(crop: np.ndarray, region: np.ndarray) -> np.ndarray:
    """Fine less coarse structure of a region, fading to 0 at its rim; what lies outside, dark or light, is left out."""
    weights = region.astype(np.float32)
    fine, coarse = (
        cv2.GaussianBlur(crop.astype(np.float32) * weights[..., None], (0, 0), sigma)
        / np.maximum(cv2.GaussianBlur(weights, (0, 0), sigma), 1e-6)[..., None]
        for sigma in _LINES
    )
    return (fine - coarse) * _inwards(region)[..., None]


def _finest(level: np.ndarray) -> np.ndarray:
    return level - cv2.GaussianBlur(level, (0, 0), _FINEST)


def _inwards(region: np.ndarray) -> np.ndarray:
    """0 outside a region, rising to 1 within a few pixels of its rim."""
    distance = cv2.distanceTransform(region.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    return np.clip(distance / _RIM, 0, 1)


def _plane(rows: np.ndarray, columns: np.ndarray, size: int) -> np.ndarray:
    return np.stack([np.ones(len(rows)), rows / size - 0.5, columns / size - 0.5], axis=1)

"""Random fields and colours from which backgrounds are made."""

from __future__ import annotations

import colorsys

import cv2
import numpy as np
from numpy.random import Generator

from recognizers.common.jit import compiled


def hue(generator: Generator, saturation: float = 0.75, low: float = 0.08) -> np.ndarray:
    """Any colour, float64 (3,) in [0, 1]: `saturation` and `low` bound its saturation and brightness."""
    vivid = saturation * generator.random() ** 1.8
    return np.array(colorsys.hsv_to_rgb(generator.random(), vivid, generator.uniform(low, 0.97)))


def waves(generator: Generator, size: int, rows: int, columns: int) -> np.ndarray:
    """Smooth noise of about unit variance, float32 (size, size), from so many rows and columns of numbers."""
    knots = generator.standard_normal((rows, columns), dtype=np.float32)
    return cv2.resize(knots, (size, size), interpolation=cv2.INTER_CUBIC if rows * 4 <= size else cv2.INTER_LINEAR)


def fractal(generator: Generator, size: int, octaves: int, roughness: float) -> np.ndarray:
    """Noise of many wavelengths, float32 (size, size): each octave has `roughness` / 2 of the one before."""
    total, weight = np.zeros((size, size), np.float32), 1.0
    for octave in range(octaves):
        knots = min(3 << octave, size)
        total += np.float32(weight) * waves(generator, size, knots, knots)
        weight *= 0.5 * (1 + roughness) / 1.5
    return total


def falloff(height: int, width: int, generator: Generator, slope: float, vignette: float) -> np.ndarray:
    """Light about 1 with a gradient and darker corners, float32 at an eighth of the photo's size."""
    down = np.linspace(-1, 1, max(height // 8, 2), dtype=np.float32)[:, None]
    along = np.linspace(-1, 1, max(width // 8, 2), dtype=np.float32)[None]
    tilt = np.clip(generator.normal(0, slope / 2, 2), -slope, slope).astype(np.float32)
    corners = np.float32(vignette / 2)
    return (1 + tilt[0] * down + tilt[1] * along) * (1 - corners * (down * down + along * along))


def upsampled(field: np.ndarray, height: int, width: int) -> np.ndarray:
    """`field` at the photo's size, float32."""
    return cv2.resize(field.astype(np.float32, copy=False), (width, height), interpolation=cv2.INTER_LINEAR)


def grain(height: int, width: int, generator: Generator, strength: float) -> np.ndarray:
    """Fine grain about 1, float32 (height, width): pixels and, as strong, spots that grow with the photo."""
    fine = generator.integers(0, 256, (height, width), np.uint8)
    spots = generator.integers(0, 256, (300, 400), np.uint8)
    both = cv2.addWeighted(fine, 0.35, cv2.resize(spots, (width, height)), 0.65, 0)
    return both.astype(np.float32) * np.float32(strength / 50) + np.float32(1 - 127.5 * strength / 50)


def lit(image: np.ndarray, light: np.ndarray) -> np.ndarray:
    """`image` (height, width, 3) times `light` (height, width), no brighter than 1, float32."""
    out = np.empty(image.shape, np.float32)
    _multiply(image, light, out)
    return out


def ramp(field: np.ndarray, light: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """Colours (n, 3) along which `field` runs from 0 to 1, times `light`: float32 (height, width, 3) in [0, 1]."""
    out = np.empty((*field.shape, 3), np.float32)
    _colour(field, light, colours, out)
    return out


@compiled
def _multiply(image: np.ndarray, light: np.ndarray, out: np.ndarray) -> None:
    for r in range(light.shape[0]):
        for c in range(light.shape[1]):
            for k in range(3):
                out[r, c, k] = min(max(image[r, c, k] * light[r, c], np.float32(0)), np.float32(1))


@compiled
def _colour(field: np.ndarray, light: np.ndarray, colours: np.ndarray, out: np.ndarray) -> None:
    last = colours.shape[0] - 1
    for r in range(field.shape[0]):
        for c in range(field.shape[1]):
            place = min(max(field[r, c], np.float32(0)), np.float32(1)) * np.float32(last)
            low = min(int(place), last - 1)
            share = place - np.float32(low)
            for k in range(3):
                value = colours[low, k] + (colours[low + 1, k] - colours[low, k]) * share
                out[r, c, k] = min(max(value * light[r, c], np.float32(0)), np.float32(1))

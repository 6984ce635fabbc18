"""Pictures without a hand: people, animals, plants, things, places, signs and surfaces before a changing camera."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.random import Generator

from palmbench.synth.handless.brush import Sheet
from palmbench.synth.handless.nature import animals, plants
from palmbench.synth.handless.people import bodies, faces
from palmbench.synth.handless.places import places
from palmbench.synth.handless.signs import signs, textures
from palmbench.synth.handless.things import things
from palmbench.synth.seeds import VERSION

_DRAW: dict[str, Callable[[Sheet], None]] = {
    "faces": faces,
    "bodies": bodies,
    "animals": animals,
    "plants": plants,
    "things": things,
    "places": places,
    "signs": signs,
    "textures": textures,
}
FAMILIES = tuple(_DRAW)
_OFTEN = np.array([0.16, 0.16, 0.14, 0.13, 0.15, 0.10, 0.09, 0.07])
_STREAM = 301


def empty_scene(seed: int, size: tuple[int, int] = (320, 240), family: str | None = None) -> np.ndarray:
    """A picture in which there is no hand, uint8 (height, width, 3), RGB.

    Parameters
    ----------
    seed : int
        Not negative; the same arguments give the same bytes.
    size : (int, int)
        Width and height in pixels, each at least 32.
    family : str, optional
        One of `FAMILIES`; otherwise the seed chooses, and a third of the pictures show two families.

    Raises
    ------
    ValueError
        If there is no such family.
    """
    if family is not None and family not in _DRAW:
        raise ValueError(f"no family {family!r}: there are {', '.join(FAMILIES)}")
    generator = np.random.Generator(
        np.random.PCG64(np.random.SeedSequence((VERSION, _STREAM, seed, *(family or "").encode("ascii"))))
    )
    chosen, other = (FAMILIES[int(each)] for each in generator.choice(len(FAMILIES), 2, p=_OFTEN))
    sheet = _drawn(family or chosen, size, generator)
    if family is None and generator.random() < 1 / 3:
        _merge(sheet.picture, _drawn(other, size, generator).picture, generator)
    return _photographed(sheet.picture, generator)


def _drawn(family: str, size: tuple[int, int], generator: Generator) -> Sheet:
    tilt, aim = generator.uniform(0.1, 0.85), generator.uniform(0, 2 * np.pi)
    light = np.array([tilt * np.cos(aim), tilt * np.sin(aim), np.sqrt(1 - tilt * tilt)])
    sheet = Sheet(np.zeros((size[1], size[0], 3), np.float32), light, generator)
    _DRAW[family](sheet)
    return sheet


def _merge(picture: np.ndarray, other: np.ndarray, generator: Generator) -> None:
    """Put a part of another picture into this one: a framed piece, a half, or patches that run into each other."""
    rows, columns = picture.shape[:2]
    way = int(generator.integers(3))
    if way == 0:
        share = generator.uniform(0.25, 0.6)
        small = cv2.resize(other, (int(columns * share), int(rows * share)), interpolation=cv2.INTER_AREA)
        top, left = int(generator.uniform(0, rows - len(small))), int(generator.uniform(0, columns - small.shape[1]))
        picture[top : top + small.shape[0], left : left + small.shape[1]] = small
        return
    if way == 1:
        aim, middle = generator.uniform(0, 6.3), generator.uniform(-0.25, 0.25)
        y, x = np.indices((rows, columns), dtype=np.float32)
        field = (x / columns - 0.5) * np.cos(aim) + (y / rows - 0.5) * np.sin(aim) - middle
        mask = np.clip(0.5 + field * generator.choice([200, 20]), 0, 1)
    else:
        patches = cv2.resize(
            generator.standard_normal((4, 5), np.float32), (columns, rows), interpolation=cv2.INTER_CUBIC
        )
        mask = np.clip(0.5 + generator.choice([3, 40]) * patches, 0, 1)
    picture += (other - picture) * mask[..., None].astype(np.float32)


def _photographed(picture: np.ndarray, generator: Generator) -> np.ndarray:
    """The camera: framing, focus, exposure, white balance, noise, JPEG; grey now and then."""
    rows, columns = picture.shape[:2]
    if generator.random() < 0.5:
        turn = cv2.getRotationMatrix2D(
            (columns / 2, rows / 2), float(generator.normal(0, 8)), float(generator.uniform(1, 1.3))
        )
        picture = cv2.warpAffine(picture, turn, (columns, rows), borderMode=cv2.BORDER_REFLECT)
    focus = float(np.exp(generator.uniform(np.log(0.3), np.log(2.5)))) * min(rows, columns) / 240
    picture = cv2.GaussianBlur(np.maximum(picture, 0), (0, 0), focus)
    if generator.random() < 0.12:
        length = int(generator.integers(3, 12))
        streak = np.eye(length, dtype=np.float32)[:, :: int(generator.choice([-1, 1]))] / length
        picture = cv2.filter2D(picture, -1, np.ascontiguousarray(streak))
    y, x = np.linspace(-1, 1, rows, dtype=np.float32)[:, None], np.linspace(-1, 1, columns, dtype=np.float32)
    slope, corners = generator.normal(0, 0.15, 2).astype(np.float32), np.float32(generator.uniform(0, 0.25))
    light = np.clip((1 + slope[0] * x + slope[1] * y) * (1 - corners * (x * x + y * y)), 0.2, 2)
    gain = np.exp(generator.normal(0, 0.22)) * np.exp(generator.normal(0, 0.07, 3) * (1.0, 0.3, 1.2))
    picture = np.clip(picture * (light[..., None] * gain.astype(np.float32)), 0, 1)
    picture = cv2.pow(picture, float(np.exp(generator.normal(0, 0.15))))
    if generator.random() < 0.1:
        picture = np.repeat(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    strength, coloured = np.exp(generator.uniform(np.log(0.003), np.log(0.05))), generator.random() < 0.6
    spots = generator.standard_normal((rows, columns), np.float32) * np.float32(strength)
    # The colours' grains are one field from three places, which costs a third and looks the same.
    grain = np.stack([np.roll(spots, shift * coloured, (0, 1)) for shift in (0, 37, 71)], axis=2)
    developed = (255 * np.clip(picture + grain, 0, 1)).astype(np.uint8)
    if generator.random() < 0.7:
        quality = int(generator.integers(35, 96))
        _, coded = cv2.imencode(".jpg", developed[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
        developed = np.ascontiguousarray(np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR))[..., ::-1])
    return developed

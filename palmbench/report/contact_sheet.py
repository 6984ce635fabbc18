"""A picture of photos side by side, original and de-identified, whole and zoomed on what was changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from palmbench.base.images import encode_png
from palmbench.base.outputs import put_result
from palmbench.base.store import Store, if_there
from palmbench.engine.pipeline import Pipeline
from palmbench.report.figures.photos import pick_hands
from palmbench.report.tables import Setting

TILE = 240
GAP = 6
CAPTION = 22
_FONT_SIZE = 14
_ZOOM_MARGIN = 1.15


class SheetRow(NamedTuple):
    """One hand: a label for each column, and the photos, uint8 HWC RGB of one size, the original first."""

    labels: Sequence[str]
    images: Sequence[np.ndarray]


def sheet_rows(settings: Iterable[tuple[Setting, Pipeline]], hands: int) -> list[SheetRow]:
    """A few hands of a data set, as they are and through every setting that the store has them in.

    Parameters
    ----------
    settings : iterable of (Setting, Pipeline)
        In the order of the columns, all on one data set.
    hands : int
        How many at most; one that the store has in no setting is left out.
    """
    settings = list(settings)
    first = settings[0][1]
    store = Store.of(first.config.results_dir)
    rows = []
    for sample in pick_hands(first.samples, hands):
        labels, images = ["Original"], [np.asarray(first.prepare.photos.load(sample, store))]
        for setting, pipeline in settings:
            painted = if_there(partial(pipeline.deidentify.load, sample, store))
            if painted is not None:
                labels.append(setting.label)
                images.append(painted)
        if len(images) > 1:
            rows.append(SheetRow(labels, images))
    return rows


def contact_sheet(rows: Sequence[SheetRow | tuple[Sequence[str], Sequence[np.ndarray]]], path: str | Path) -> Path:
    """Write a PNG with two rows of tiles for each hand: the whole photos, and below them the changed part.

    Parameters
    ----------
    rows : sequence of SheetRow
        Or pairs of labels and images. Labels are printed once, above the first hand and wherever they change.
    path : str or Path
        Where the PNG goes; its folder is made. It carries no metadata.

    Returns
    -------
    Path
        The path.

    Raises
    ------
    ValueError
        If there is nothing to show, or a row has not one label an image, or its images differ in size.
    """
    put_result(Path(path), encode_png(compose_sheet(rows)))
    return Path(path)


def compose_sheet(rows: Sequence[SheetRow | tuple[Sequence[str], Sequence[np.ndarray]]]) -> np.ndarray:
    """The sheet as an image, uint8 HWC RGB on white; see `contact_sheet`."""
    hands = [SheetRow(*row) for row in rows]
    if not hands:
        raise ValueError("a contact sheet needs at least one hand")
    bands: list[np.ndarray] = []
    width = max(len(hand.images) for hand in hands) * (TILE + GAP) + GAP
    for index, hand in enumerate(hands):
        if len(hand.labels) != len(hand.images) or len({image.shape for image in hand.images}) != 1:
            raise ValueError(f"hand {index}: expected one label an image and images of one size")
        if not index or list(hand.labels) != list(hands[index - 1].labels):
            bands.append(_captions(hand.labels, width))
        left, top, side = changed_square(hand.images)
        bands.append(_tiles(hand.images, width))
        bands.append(_tiles([image[top : top + side, left : left + side] for image in hand.images], width))
    return np.concatenate([*bands, np.full((GAP, width, 3), 255, np.uint8)])


def changed_square(images: Sequence[np.ndarray]) -> tuple[int, int, int]:
    """Square (left, top, side) around the smallest part of the first image that any other image changed.

    Baselines change the palm alone, while diffusion passes the whole hand through its autoencoder: the smallest is
    the palm. If nothing changed, the largest square in the middle.
    """
    original = images[0]
    height, width = original.shape[:2]
    boxes = []
    for image in images[1:]:
        changed = (image != original).any(axis=2)
        if changed.any():
            rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
            boxes.append((columns[0], rows[0], columns[-1] + 1, rows[-1] + 1))
    if not boxes:
        side = min(height, width)
        return (width - side) // 2, (height - side) // 2, side
    x0, y0, x1, y1 = min(boxes, key=lambda box: (box[2] - box[0]) * (box[3] - box[1]))
    side = int(min(round(max(x1 - x0, y1 - y0) * _ZOOM_MARGIN), height, width))
    left = int(np.clip((x0 + x1 - side) // 2, 0, width - side))
    top = int(np.clip((y0 + y1 - side) // 2, 0, height - side))
    return left, top, side


def _tiles(images: Sequence[np.ndarray], width: int) -> np.ndarray:
    height = max(1, round(TILE * images[0].shape[0] / images[0].shape[1]))
    band = np.full((height + GAP, width, 3), 255, np.uint8)
    for column, image in enumerate(images):
        left = GAP + column * (TILE + GAP)
        enlarged = image.shape[1] < TILE
        # Nearest neighbour when enlarging: the tile shows the pixels there are.
        resample = Image.Resampling.NEAREST if enlarged else Image.Resampling.LANCZOS
        tile = Image.fromarray(np.ascontiguousarray(image)).resize((TILE, height), resample)
        band[GAP:, left : left + TILE] = np.asarray(tile)
    return band


def _captions(labels: Sequence[str], width: int) -> np.ndarray:
    font = ImageFont.load_default(_FONT_SIZE)
    lines = [_lines(label, font) for label in labels]
    height = CAPTION * max(map(len, lines)) + GAP
    canvas = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(canvas)
    for column, each in enumerate(lines):
        centre = GAP + column * (TILE + GAP) + TILE / 2
        draw.text((centre, height / 2 + 1), "\n".join(each), fill="black", font=font, anchor="mm", align="center")
    return np.asarray(canvas)


def _lines(label: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> list[str]:
    """A label in lines as wide as a tile, broken between words."""
    lines = [""]
    for word in label.split():
        longer = f"{lines[-1]} {word}".lstrip()
        if lines[-1] and font.getlength(longer) > TILE:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines

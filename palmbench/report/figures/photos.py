"""The photos of a figure: which hands, and what the store has of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from palmbench.base.board import Board
from palmbench.base.store import Store
from palmbench.config.schema import RunConfig
from palmbench.datasets.sample import Sample
from palmbench.engine.flow import Flow
from palmbench.engine.graph import Part, in_a_row
from palmbench.engine.open_executor import open_executor
from palmbench.engine.pipeline import Pipeline
from palmbench.hands.hand import Hand
from palmbench.hands.roi_squares import Square, bounding_square, palm_crop
from palmbench.report.figures.specs import PhotoSpec, Tile, View
from palmbench.stages.artefacts import Artefacts
from palmbench.stages.stage import Stage

NOT_COMPUTED, FAILED_TILE = "not computed", "failed"
_WHOLE_HAND = 1.12  # the detector's box ends at the fingertips; a little air lets the eye see that


class Shot(NamedTuple):
    """A tile of one hand: its picture, uint8 (side, side, 3), RGB, or why there is none."""

    tile: Tile
    image: np.ndarray | None
    absent: str = ""


@dataclass(frozen=True)
class HandPhotos:
    """One hand of a data set through every tile of a figure, in the rows of its declaration."""

    dataset: str
    sample: str
    rows: tuple[tuple[Shot, ...], ...]

    @property
    def shots(self) -> list[Shot]:
        return [shot for row in self.rows for shot in row]


def pick_hands(samples: Sequence[Sample], count: int) -> list[Sample]:
    """The first photo of the first people, left and right hands in turn: never chosen by how they came out."""
    picked: list[Sample] = []
    people: set[str] = set()
    for wanted_side in (True, False):
        for sample in samples:
            if len(picked) == count:
                break
            side = ("left", "right")[len(picked) % 2]
            if sample.person in people or (wanted_side and sample.side not in ("", side)):
                continue
            people.add(sample.person)
            picked.append(sample)
    return picked


def gather(spec: PhotoSpec, points: Sequence[RunConfig]) -> list[HandPhotos]:
    """What the store has of a figure's hands on one data set.

    Parameters
    ----------
    spec : PhotoSpec
    points : sequence of RunConfig
        One for each of the figure's tiles, in order.
    """
    pipelines = [Pipeline.of(point) for point in points]
    hands = []
    for sample in pick_hands(pipelines[0].samples, spec.hands):
        shots = iter([_shot(tile, pipeline, sample) for tile, pipeline in zip(spec.tiles, pipelines, strict=True)])
        rows = tuple(tuple(next(shots) for _ in row) for row in spec.rows)
        hands.append(HandPhotos(points[0].dataset.name, sample.id, rows))
    return hands


def compute(spec: PhotoSpec, points: Sequence[RunConfig]) -> int:
    """Bring a figure's photos, and no others, into the store; the number of tiles that failed."""
    parts = [_part(tile, Pipeline.of(point), spec.hands) for tile, point in zip(spec.tiles, points, strict=True)]
    with open_executor(points[0].executor, points[0].results_dir, parts) as executor:
        Flow(executor, Board()).run(parts)
    return sum(len(part.samples) - len(part.passed()) for part in parts)


def _part(tile: Tile, pipeline: Pipeline, hands: int) -> Part:
    """A tile's photos on their way."""
    needed: list[Stage] = [pipeline.prepare]
    if tile.setting is not None:
        deidentify = pipeline.deidentify
        needed += [deidentify.encode, deidentify] if deidentify.encode else [deidentify]
    store = Store.of(pipeline.config.results_dir)
    return Part(in_a_row(*needed), pick_hands(pipeline.samples, hands), store)


def _shot(tile: Tile, pipeline: Pipeline, sample: Sample) -> Shot:
    store = Store.of(pipeline.config.results_dir)
    prepare, deidentify = pipeline.prepare, pipeline.deidentify
    hand = Artefacts(prepare, store).load_if_there(sample)
    if hand is None:
        return Shot(tile, None, _why_absent(prepare, sample, store))
    if tile.setting is None:
        photo = prepare.photos.load(sample, store)
    else:
        painted = Artefacts(deidentify, store).load_if_there(sample)
        if painted is None:
            return Shot(tile, None, _why_absent(deidentify, sample, store))
        photo = painted
    return Shot(tile, _square(hand, photo.shape[:2], tile.view).crop(photo))


def _why_absent(stage: Stage, sample: Sample, store: Store) -> str:
    return NOT_COMPUTED if Artefacts(stage, store).failure(sample) is None else FAILED_TILE


def _square(hand: Hand, shape: tuple[int, int], view: View) -> Square:
    if view == "palm":
        return palm_crop(hand, shape)
    return bounding_square(hand.box.reshape(2, 2), shape, _WHOLE_HAND)

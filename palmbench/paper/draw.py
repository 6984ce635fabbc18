"""A figure of the paper from what the store holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from palmbench.base.status import DONE, SAMPLES_FAILED
from palmbench.paper.figures import FIGURES
from palmbench.paper.gather import run_missing
from palmbench.paper.sources import choose_attacks, choose_datasets, describe_methods
from palmbench.report.figures.captioned import (
    DrawnFigure,
)
from palmbench.report.figures.permission import may_show
from palmbench.report.figures.specs import CurveSpec, PhotoSpec
from palmbench.report.labels import dataset_label
from palmbench.report.tables import SYNTHETIC, Setting
from recognizers.common.errors import RequestError

if TYPE_CHECKING:
    from palmbench.config.schema import RunConfig
    from palmbench.paper.overrides import Request

_ORIGINAL = Setting("Original", "identity")


def figure_spec(number: int) -> PhotoSpec | CurveSpec:
    """What a figure of the paper shows. Raises RequestError if there is none of that number."""
    if number not in FIGURES:
        raise RequestError(f"There is no figure {number} to draw; there are {', '.join(map(str, FIGURES))}.")
    return FIGURES[number]


def draw_figure(number: int, request: Request, run: bool = False) -> DrawnFigure:
    """One figure, drawn but not written.

    Parameters
    ----------
    number : int
    request : Request
    run : bool
        Compute what is missing first: for the figures of photos those that are shown, for Figure 5 whole runs.

    Raises
    ------
    RequestError
        If there is no such figure, a setting is not understood, or no data set's card allows its photos.
    """
    spec = figure_spec(number)
    request.require_one_seed(f"Figure {number}")
    return _photos(spec, request, run) if isinstance(spec, PhotoSpec) else _curves(spec, request, run)


def _photos(spec: PhotoSpec, request: Request, run: bool) -> DrawnFigure:
    from palmbench.report.figures.drawing import draw_photos
    from palmbench.report.figures.photos import FAILED_TILE, NOT_COMPUTED, compute, gather

    if any(tile.seed is not None for tile in spec.tiles) and request.named("seed"):
        raise RequestError(f"Figure {spec.number} shows several seeds and sets them itself; leave seed= out.")
    chosen = choose_datasets(f"Figure {spec.number}", spec.axis, request)
    shown = may_show(chosen.datasets, spec.hands * len(spec.tiles))
    datasets, notes = shown.datasets, [*chosen.notes, *shown.notes]
    if not datasets and spec.axis == "setting" and not request.named("dataset"):
        datasets = ["synth"]
    if not datasets:
        raise RequestError(f"Figure {spec.number} cannot be drawn. {' '.join(shown.notes)}")
    points = {dataset: _tiles(spec, dataset, request) for dataset in datasets}
    failed = sum(compute(spec, each) for each in points.values()) if run else 0
    hands = [hand for each in points.values() for hand in gather(spec, each)]
    shots = [(hand, shot) for hand in hands for shot in hand.shots]
    if not any(shot.image is not None for _, shot in shots if shot.tile.setting is not None):
        return DrawnFigure(spec.number, spec.caption, (_nothing(spec.number, len(shots), "photos", request),), None)
    for word in (NOT_COMPUTED, FAILED_TILE):
        lacking = [f"{shot.tile.label} ({hand.sample})" for hand, shot in shots if shot.absent == word]
        if lacking:
            how = f"; `{_again(spec.number, request)}` computes them" if word == NOT_COMPUTED else ""
            notes.append(f"{word.capitalize()}: {', '.join(lacking)}{how}.")
    which = "; ".join(
        f"{dataset_label(dataset)} {', '.join(hand.sample for hand in hands if hand.dataset == dataset)}"
        for dataset in datasets
    )
    notes += [f"The first hands of the set, not chosen by how they came out: {which}."]
    said = (*describe_methods([point for each in points.values() for point in each]), *notes)
    status = SAMPLES_FAILED if failed else DONE
    return DrawnFigure(spec.number, _caption(spec, datasets), said, draw_photos(hands), status)


def _tiles(spec: PhotoSpec, dataset: str, request: Request) -> list[RunConfig]:
    """One point for each tile; a photo as it is has that of the unchanged photo."""
    points = request.points(dataset, [tile.setting or _ORIGINAL for tile in spec.tiles])
    return [
        point if tile.seed is None else replace(point, seed=tile.seed)
        for tile, point in zip(spec.tiles, points, strict=True)
    ]


def _curves(spec: CurveSpec, request: Request, run: bool) -> DrawnFigure:
    from palmbench.engine.pipeline import Pipeline
    from palmbench.engine.run import Run
    from palmbench.paper.diversity import measure_diversity, subject_of, summary_path
    from palmbench.report.figures.curves import Panel, diversity_panel, run_panel
    from palmbench.report.figures.drawing import draw_curves
    from palmbench.report.rows import recognizer_name

    datasets, notes = choose_datasets(f"Figure {spec.number}", "dataset", request)
    if not request.named("dataset"):
        datasets = [name for name in datasets if name not in spec.left_out]
    recognizers, absent = choose_attacks(request, spec.attacks, spec.groups, "No panel of")
    of_sets = [request.points(name, [spec.setting], recognizers) for name in datasets]
    points = tuple(point for attack in zip(*of_sets, strict=True) for point in attack)
    status = DONE
    if run:
        status = run_missing(f"figure {spec.number}", points)
        # The green curve: what the experiment finds in the store it takes from there.
        status = max(status, measure_diversity(points))
    panels: list[Panel] = []
    labels = {group.name: group.label for group in spec.groups}
    for point in points:
        pipeline = Pipeline.of(point)
        dataset, recognizer = point.dataset.name, recognizer_name(pipeline.point)
        name = f"{labels.get(recognizer, recognizer)} on {dataset_label(dataset)}"
        repeated = diversity_panel(summary_path(Path(request.results_dir), pipeline), subject_of(pipeline), pipeline)
        if repeated is not None:
            panels.append(repeated)
            notes.append(f"{name}: {repeated.counts_text()}.")
        elif Run.of(pipeline).result is not None:
            panels.append(run_panel(Run.of(pipeline), pipeline))
            notes.append(f"{name}: {panels[-1].counts_text()}.")
            again = " ".join(["palmbench diversity", f"dataset={dataset}", *request.texts_of(spec.setting.method)])
            notes.append(f"{name}: no curve of different seeds; `{again}` computes it.")
        else:
            notes.append(f"Not computed: {name}; `{_again(spec.number, request)}` computes it.")
    if not panels:
        note = _nothing(spec.number, len(points), "runs", request)
        return DrawnFigure(spec.number, spec.caption, (note,), None, status)
    notes.append("Gaussian kernel densities, bandwidth by Silverman's rule.")
    said = (*describe_methods(points), *notes, *absent)
    return DrawnFigure(spec.number, _caption(spec, datasets), said, draw_curves(panels, labels), status)


def _caption(spec: PhotoSpec | CurveSpec, datasets: Sequence[str]) -> str:
    if "synth" not in datasets:
        return spec.caption
    whose = "" if set(datasets) == {"synth"} else f"{dataset_label('synth')}: "
    return f"{spec.caption} {whose}{SYNTHETIC}"


def _nothing(number: int, count: int, what: str, request: Request) -> str:
    return f"none of the {count} {what} of figure {number} is there; `{_again(number, request)}` computes them."


def _again(number: int, request: Request) -> str:
    return " ".join(["palmbench figure", str(number), "--run", *request.texts])

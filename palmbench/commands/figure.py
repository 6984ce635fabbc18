"""`palmbench figure N`: from the store to results/figures, computing first what is missing if asked to."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from palmbench.base.status import CANNOT, DONE, SAMPLES_FAILED
from palmbench.paper.one_run import require_one_run_each
from palmbench.paper.request import Override, parse_overrides, value_of, with_overrides
from palmbench.paper.sources import base_point, choose_attacks, choose_datasets, composed, describe_methods
from palmbench.report.figures.permission import may_show
from palmbench.report.figures.specs import CurveSpec, PhotoSpec
from palmbench.report.labels import dataset_label
from palmbench.report.tables import SYNTHETIC, Setting
from recognizers.common.errors import RequestError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from palmbench.config.schema import RunConfig

FIGURES = (4, 5, 6, 7)


@dataclass(frozen=True)
class DrawnFigure:
    """A figure and what to say below it.

    Attributes
    ----------
    number : int
    caption : str
    notes : tuple of str
    drawing : matplotlib Figure or None
        None where the store has nothing to draw; the notes then say what there would be to compute.
    status : int
        Exit status of what was computed for it.
    """

    number: int
    caption: str
    notes: tuple[str, ...]
    drawing: Figure | None
    status: int = DONE


def figure_command(numbers: Sequence[int], overrides: Sequence[str], run: bool = False) -> int:
    """Draw figures of the paper from what the store holds, and write them below `results_dir`/figures.

    Parameters
    ----------
    numbers : sequence of int
        Figures of the paper, 4 to 7.
    overrides : sequence of str
        Settings for every run behind the figures, as `key=value`; see `palmbench.commands.table.table_command`.
    run : bool
        Compute what is missing first: for the figures of photos those that are shown, for Figure 5 whole runs.

    Returns
    -------
    int
        Exit status: 0 done, 2 if there is nothing to draw, 3 if samples failed.

    Raises
    ------
    RequestError
        If there is no such figure, a setting is not understood, or no data set's card allows its photos.
    """
    from palmbench.report.figures.style import write_figure

    given = parse_overrides(overrides)
    status = DONE
    for figure in (draw_figure(number, given, run) for number in numbers):
        if figure.drawing is None:
            print(f"palmbench: {' '.join(figure.notes)}", file=sys.stderr)
            status = max(status, figure.status, CANNOT)
            continue
        paths = write_figure(figure.drawing, figure.number, Path(base_point(given).results_dir) / "figures")
        print(f"Figure {figure.number}. {figure.caption}\n")
        print("\n".join(f"- {note}" for note in figure.notes), end="\n\n")
        print("\n".join(map(str, paths)))
        status = max(status, figure.status)
    return status


def draw_figure(number: int, overrides: Sequence[Override], run: bool = False) -> DrawnFigure:
    """One figure, drawn but not written; see `figure_command`."""
    if number not in FIGURES:
        raise RequestError(f"There is no figure {number} to draw; there are {', '.join(map(str, FIGURES))}.")
    spec: PhotoSpec | CurveSpec = importlib.import_module(f"palmbench.paper.figure{number}").SPEC
    return _photos(spec, overrides, run) if isinstance(spec, PhotoSpec) else _curves(spec, overrides, run)


def _photos(spec: PhotoSpec, overrides: Sequence[Override], run: bool) -> DrawnFigure:
    from palmbench.report.figures.drawing import draw_photos
    from palmbench.report.figures.photos import FAILED_TILE, NOT_COMPUTED, compute, gather

    if any(tile.seed is not None for tile in spec.tiles) and value_of(overrides, "seed"):
        raise RequestError(f"Figure {spec.number} shows several seeds and sets them itself; leave seed= out.")
    chosen = choose_datasets(f"Figure {spec.number}", spec.axis, overrides, base_point(overrides).data_dir)
    shown = may_show(chosen.datasets, spec.hands * len(spec.tiles))
    datasets, notes = shown.datasets, [*chosen.notes, *shown.notes]
    if not datasets and spec.axis == "setting" and not value_of(overrides, "dataset"):
        datasets = ["synth"]
    if not datasets:
        raise RequestError(f"Figure {spec.number} cannot be drawn. {' '.join(shown.notes)}")
    points = {dataset: _points(spec, dataset, overrides) for dataset in datasets}
    failed = sum(compute(spec, each) for each in points.values()) if run else 0
    hands = [hand for each in points.values() for hand in gather(spec, each)]
    shots = [(hand, shot) for hand in hands for shot in hand.shots]
    every = [point for each in points.values() for point in each]
    if not any(shot.image is not None for _, shot in shots if shot.tile.setting is not None):
        return DrawnFigure(spec.number, spec.caption, (_nothing(spec.number, len(shots), "photos", overrides),), None)
    for word in (NOT_COMPUTED, FAILED_TILE):
        lacking = [f"{shot.tile.label} ({hand.sample})" for hand, shot in shots if shot.absent == word]
        if lacking:
            how = f"; `{_again(spec.number, overrides)}` computes them" if word == NOT_COMPUTED else ""
            notes.append(f"{word.capitalize()}: {', '.join(lacking)}{how}.")
    which = "; ".join(
        f"{dataset_label(dataset)} {', '.join(hand.sample for hand in hands if hand.dataset == dataset)}"
        for dataset in datasets
    )
    notes += [f"The first hands of the set, not chosen by how they came out: {which}."]
    caption = f"{spec.caption} {_whose(datasets)}".strip()
    status = SAMPLES_FAILED if failed else DONE
    return DrawnFigure(
        spec.number, caption, tuple([*describe_methods(every), *notes]), draw_photos(hands), status=status
    )


def _points(spec: PhotoSpec, dataset: str, overrides: Sequence[Override]) -> list[RunConfig]:
    """One point for each tile; a photo as it is has that of the unchanged photo."""
    usable = [each for each in overrides if each.key.partition(".")[0] != "recognizer"]
    names = [tile.setting.method if tile.setting else "identity" for tile in spec.tiles]
    lists = with_overrides([[f"dataset={dataset}", f"method={name}"] for name in names], usable)
    for words in lists:
        require_one_run_each(f"Figure {spec.number}", composed(*words), usable)
    # Composed once a method: Hydra would take seconds for what the tiles say themselves.
    return [_set(composed(*words)[0], tile.setting, tile.seed) for tile, words in zip(spec.tiles, lists, strict=True)]


def _set(point: RunConfig, setting: Setting | None, seed: int | None = None) -> RunConfig:
    """A point with a setting's fusion and alpha, where it has them, and with a seed."""
    if setting is not None and setting.alpha is not None and point.method.name == setting.method:
        ours: dict[str, Any] = {"fusion": setting.fusion, "alpha": setting.alpha}
        point = replace(point, method=replace(point.method, **ours))
    return point if seed is None else replace(point, seed=seed)


def _curves(spec: CurveSpec, overrides: Sequence[Override], run: bool) -> DrawnFigure:
    from palmbench.engine.pipeline import Pipeline
    from palmbench.engine.run import outstanding, record_of, run_folder
    from palmbench.engine.run import run as run_points
    from palmbench.paper.diversity import measure_diversity
    from palmbench.report.figures.curves import Panel, diversity_panel, run_panel
    from palmbench.report.figures.drawing import draw_curves
    from palmbench.report.rows import recognizer_name

    base = base_point(overrides)
    chosen = choose_datasets(f"Figure {spec.number}", "dataset", overrides, base.data_dir)
    datasets, notes = chosen.datasets, chosen.notes
    if not value_of(overrides, "dataset"):
        datasets = [name for name in datasets if name not in spec.left_out]
    attacks = choose_attacks(spec, overrides, absent="No panel of")
    lists = with_overrides([[f"dataset={name}", f"method={spec.setting.method}"] for name in datasets], overrides)
    points = [
        replace(_set(point, spec.setting), recognizer=each)
        for each in attacks.recognizers
        for words in lists
        for point in composed(*words)
    ]
    require_one_run_each(f"Figure {spec.number}", points, overrides)
    others = [each.text for each in overrides if each.key != "dataset"]
    status = DONE
    if run and (missing := outstanding(points)):
        status = run_points(missing) or DONE
    if run:
        # The green curve: what the experiment finds in the store it takes from there.
        status = max(
            status,
            measure_diversity([f"dataset={','.join(datasets)}", *others]),
        )
    panels: list[Panel] = []
    labels = {group.name: group.label for group in spec.groups}
    for point in points:
        pipeline = Pipeline.of(point)
        dataset, recognizer = point.dataset.name, recognizer_name(pipeline.point)
        name = f"{labels.get(recognizer, recognizer)} on {dataset_label(dataset)}"
        repeated = diversity_panel(Path(base.results_dir) / "diversity", pipeline)
        if repeated is not None:
            panels.append(repeated)
            notes.append(f"{name}: {repeated.counts_text()}.")
        elif record_of(point) is not None:
            panels.append(run_panel(run_folder(pipeline), pipeline))
            notes.append(f"{name}: {panels[-1].counts_text()}.")
            again = " ".join(["palmbench diversity", f"dataset={dataset}", *others])
            notes.append(f"{name}: no curve of different seeds; `{again}` computes it.")
        else:
            notes.append(f"Not computed: {name}; `{_again(spec.number, overrides)}` computes it.")
    if not panels:
        note = _nothing(spec.number, len(points), "runs", overrides)
        return DrawnFigure(spec.number, spec.caption, (note,), None, status)
    notes.append("Gaussian kernel densities, bandwidth by Silverman's rule.")
    caption = f"{spec.caption} {_whose(datasets)}".strip()
    notes = [*describe_methods(points), *notes, *attacks.notes]
    return DrawnFigure(spec.number, caption, tuple(notes), draw_curves(panels, labels), status)


def _whose(datasets: Sequence[str]) -> str:
    if "synth" not in datasets:
        return ""
    return SYNTHETIC if set(datasets) == {"synth"} else f"{dataset_label('synth')}: {SYNTHETIC}"


def _nothing(number: int, count: int, what: str, overrides: Sequence[Override]) -> str:
    return f"none of the {count} {what} of figure {number} is there; `{_again(number, overrides)}` computes them."


def _again(number: int, overrides: Sequence[Override]) -> str:
    return " ".join(["palmbench figure", str(number), "--run", *(each.text for each in overrides)])

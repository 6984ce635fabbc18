"""Photos in a grid and curves in panels, as matplotlib figures that no window ever shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from palmbench.report.figures.curves import SETS, Panel, curve
from palmbench.report.figures.photos import HandPhotos, Shot
from palmbench.report.figures.style import PALE, PENS, WIDTH, legend_across, styled
from palmbench.report.labels import dataset_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# inches: between tiles and at the edge, above a row, left of a data set
_GAP, _TITLE, _SIDE = 0.05, 0.18, 0.22
_PANEL_HEIGHT, _PANEL_WIDTH = 1.75, 3.58
_HEAD, _FOOT = 0.42, 0.42  # inches for the legend above all panels and the axis below them


def draw_photos(hands: Sequence[HandPhotos]) -> Figure:
    """A grid of tiles: a block of rows for each hand, its data set's name at the left.

    Labels stand above a row, and are not repeated while they stay the same.
    """
    columns = max(len(row) for hand in hands for row in hand.rows)
    side = (WIDTH - _SIDE - columns * _GAP) / columns
    plan: list[tuple[HandPhotos, Sequence[Shot], bool]] = []
    above: list[str] = []
    for hand in hands:
        for row in hand.rows:
            labels = [shot.tile.label for shot in row]
            plan.append((hand, row, labels != above))
            above = labels
    height = sum(side + _GAP + (_TITLE if titled else 0) for _, _, titled in plan)
    with styled():
        figure = Figure(figsize=(WIDTH, height))
        spans: dict[str, list[float]] = {}
        top = height
        for hand, shots, titled in plan:
            top -= _TITLE if titled else 0
            for column, shot in enumerate(shots):
                left = _SIDE + column * (side + _GAP)
                axes = figure.add_axes(
                    (left / WIDTH, (top - side) / height, side / WIDTH, side / height), label=f"{top} {column}"
                )
                _draw_tile(axes, shot, titled)
            spans.setdefault(hand.dataset, [top, top])[1] = top - side
            top -= side + _GAP
        for dataset, (high, low) in spans.items():
            at = (high + low) / 2 / height
            figure.text(0.4 * _SIDE / WIDTH, at, dataset_label(dataset), rotation=90, ha="center", va="center")
    return figure


def draw_curves(panels: Sequence[Panel], labels: Mapping[str, str]) -> Figure:
    """One panel a recognizer and data set, recognizers in rows; of a single data set they lie side by side.

    Parameters
    ----------
    panels : sequence of Panel
    labels : mapping of str to str
        How recognizers are called.
    """
    datasets = list(dict.fromkeys(panel.dataset for panel in panels))
    recognizers = list(dict.fromkeys(panel.recognizer for panel in panels))
    across, down = (recognizers, datasets) if len(datasets) == 1 else (datasets, recognizers)
    width = min(WIDTH, _PANEL_WIDTH * len(across))
    height = _PANEL_HEIGHT * len(down) + _HEAD + _FOOT
    found = {(panel.dataset, panel.recognizer): panel for panel in panels}
    with styled():
        figure = Figure(figsize=(width, height), layout="constrained")
        grid = figure.subplots(len(down), len(across), squeeze=False)
        for i, low in enumerate(down):
            for j, high in enumerate(across):
                panel = found.get((low, high)) or found.get((high, low))
                axes = grid[i][j]
                if panel is None:
                    _absent(axes, "not computed")
                else:
                    _draw_panel(axes, panel)
                if i == 0:
                    axes.set_title(dataset_label(high) if high in datasets else labels.get(high, high))
                if j == 0:
                    name = labels.get(low, low) if low in recognizers else dataset_label(low)
                    axes.set_ylabel(f"{name}\ndensity")
                if i == len(down) - 1:
                    axes.set_xlabel("distance")
        handles = _legend(panels)
        # Five entries make two rows of related ones, four fit in a line.
        legend_across(figure, handles, most=4 if len(handles) == 4 else 3)
    return figure


def _draw_tile(axes: Axes, shot: Shot, titled: bool) -> None:
    if shot.image is None:
        _absent(axes, shot.absent)
    else:
        axes.imshow(shot.image, interpolation="lanczos", aspect="equal")
        axes.set_axis_off()
    if titled:
        axes.set_title(shot.tile.label, pad=3)


def _absent(axes: Axes, why: str) -> None:
    axes.text(0.5, 0.5, why, transform=axes.transAxes, ha="center", va="center", color=PALE, style="italic")
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set(visible=True, color=PALE, linestyle=(0, (3, 3)))


def _draw_panel(axes: Axes, panel: Panel) -> None:
    for name in SETS:
        if (distribution := panel.distributions.get(name)) is not None:
            pen = PENS[name]
            at, densities = curve(distribution, panel.limits)
            axes.plot(at, densities, color=pen.colour, linestyle=pen.dashes, linewidth=1.4, label=pen.label)
            if name in ("genuine", "impostor"):
                axes.fill_between(at, densities, color=pen.colour, alpha=0.1, linewidth=0)
    if panel.threshold is not None:
        axes.axvline(panel.threshold, color=PALE, linewidth=0.8, zorder=0)
    axes.set_ylim(bottom=0)
    axes.locator_params(axis="y", nbins=4)
    axes.locator_params(axis="x", nbins=6)


def _legend(panels: Sequence[Panel]) -> list[Line2D]:
    drawn = {name for panel in panels for name in panel.distributions}
    lines = [
        Line2D([], [], color=PENS[name].colour, linestyle=PENS[name].dashes, linewidth=1.4, label=PENS[name].label)
        for name in SETS
        if name in drawn
    ]
    return [*lines, Line2D([], [], color=PALE, linewidth=0.8, label="threshold of equal error")]

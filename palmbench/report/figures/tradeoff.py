"""Privacy against quality: what each method leaves to identify a palm by, over how like its photo stays."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from palmbench.report.figures.style import PALE, WIDTH, legend_across, styled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from palmbench.report.comparison import Compared, Comparison
    from palmbench.scoring.number import Number

PRIVACY, QUALITY, CHANCE = "acc_nn", "ssim", "chance"
_HEIGHT, _LEGEND = 2.6, 0.45  # inches
# Okabe and Ito (2008); with the markers, told apart by every kind of sight and in grey print.
_COLOURS = ("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_MARKERS = "osD^vPX*<>hdp"
_NUMBER = re.compile(r"\d+(\.\d+)?")


def draw_tradeoff(comparison: Comparison) -> Figure:
    """One panel a recognizer: rank-1 accuracy over SSIM, with 95 % intervals.

    Settings of a method that differ in nothing but numbers are joined.

    Down is better hidden, right is more like the original; a grey line is what a guess gets.
    """
    labels = list(dict.fromkeys(each.label for each in comparison.compared))
    names = comparison.recognizers
    with styled():
        figure = Figure(figsize=(WIDTH, _HEIGHT + _LEGEND * (1 + len(labels) // 5)), layout="constrained")
        panels = figure.subplots(1, len(names), squeeze=False, sharey=True)[0]
        for axes, name in zip(panels, names, strict=True):
            of_panel = [each for each in comparison.compared if each.recognizer == name]
            for number, label in enumerate(labels):
                curves: dict[str, list[tuple[Number, Number]]] = {}
                for each in of_panel:
                    if each.label == label:
                        curve = curves.setdefault(_NUMBER.sub("", each.name), [])
                        curve.append((each.numbers[QUALITY], each.numbers[PRIVACY]))
                for curve in curves.values():
                    draw_points(axes, curve, number)
            _draw_chance(axes, of_panel)
            axes.set_title(name)
            axes.set_xlabel("SSIM with the original")
            axes.set_ylim(-3, 103)
        panels[0].set_ylabel("identified by the nearest original (%)")
        handles = [pen_of(number, label) for number, label in enumerate(labels)]
        legend_across(figure, handles, most=5, where="outside lower center", length=2)
    return figure


def draw_points(axes: Axes, points: Sequence[tuple[Number, Number]], number: int) -> None:
    """Settings of a method, joined: where each lies along and up, with 95 % intervals.

    Parameters
    ----------
    axes : matplotlib Axes
    points : sequence of (Number, Number)
    number : int
        Of the method in the legend.
    """
    pen = pen_of(number, "")
    shown = [(spread_of(along), spread_of(up)) for along, up in points]
    values = [(along[1], up[1]) for along, up in shown]
    colour = pen.get_color()
    axes.plot(*zip(*values, strict=True), color=colour, linewidth=0.8, alpha=0.6)
    axes.plot(*zip(*values, strict=True), linestyle="", marker=pen.get_marker(), color=colour, markersize=5)
    for along, up in shown:
        axes.vlines(along[1], up[0], up[2], color=colour, linewidth=0.6)
        axes.hlines(up[1], along[0], along[2], color=colour, linewidth=0.6)


def spread_of(number: Number) -> tuple[float, float, float]:
    """Lower end, value and upper end; NaN where there is no value, and the value where there is no interval."""
    value = math.nan if number.value is None else number.value
    return value if number.lo is None else number.lo, value, value if number.hi is None else number.hi


def _draw_chance(axes: Axes, compared: list[Compared]) -> None:
    chances = [number.value for each in compared if (number := each.numbers.get(CHANCE)) and number.value is not None]
    if chances:
        axes.axhline(max(chances), color=PALE, linewidth=0.8, linestyle="dotted", zorder=0)


def pen_of(number: int, label: str) -> Line2D:
    """Colour and marker of a method, as its handle in the legend."""
    colour, marker = _COLOURS[number % len(_COLOURS)], _MARKERS[number % len(_MARKERS)]
    return Line2D([], [], linestyle="", color=colour, marker=marker, markersize=5, label=label)

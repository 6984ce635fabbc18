"""Privacy against quality: what each method leaves to identify a palm by, over how like its photo stays."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from palmbench.report.figures.style import PALE, WIDTH, styled

if TYPE_CHECKING:
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
                _draw_method(axes, [each for each in of_panel if each.label == label], number)
            _draw_chance(axes, of_panel)
            axes.set_title(name)
            axes.set_xlabel("SSIM with the original")
            axes.set_ylim(-3, 103)
        panels[0].set_ylabel("identified by the nearest original (%)")
        handles = [_pen(number, label) for number, label in enumerate(labels)]
        figure.legend(handles=handles, loc="outside lower center", ncols=5, frameon=False)
    return figure


def _draw_method(axes: Axes, compared: list[Compared], number: int) -> None:
    pen = _pen(number, "")
    shown = [(_spread(each.numbers[QUALITY]), _spread(each.numbers[PRIVACY])) for each in compared]
    colour = pen.get_color()
    curves: dict[str, list[tuple[float, float]]] = {}
    for each, (along, up) in zip(compared, shown, strict=True):
        curves.setdefault(_NUMBER.sub("", each.name), []).append((along[1], up[1]))
    for points in curves.values():
        axes.plot(*zip(*points, strict=True), color=colour, linewidth=0.8, alpha=0.6)
        axes.plot(*zip(*points, strict=True), linestyle="", marker=pen.get_marker(), color=colour, markersize=5)
    for along, up in shown:
        axes.vlines(along[1], up[0], up[2], color=colour, linewidth=0.6)
        axes.hlines(up[1], along[0], along[2], color=colour, linewidth=0.6)


def _spread(number: Number) -> tuple[float, float, float]:
    """Lower end, value and upper end; NaN where there is no value, and the value where there is no interval."""
    value = math.nan if number.value is None else number.value
    return value if number.lo is None else number.lo, value, value if number.hi is None else number.hi


def _draw_chance(axes: Axes, compared: list[Compared]) -> None:
    chances = [number.value for each in compared if (number := each.numbers.get(CHANCE)) and number.value is not None]
    if chances:
        axes.axhline(max(chances), color=PALE, linewidth=0.8, linestyle="dotted", zorder=0)


def _pen(number: int, label: str) -> Line2D:
    colour, marker = _COLOURS[number % len(_COLOURS)], _MARKERS[number % len(_MARKERS)]
    return Line2D([], [], linestyle="", color=colour, marker=marker, markersize=5, label=label)

"""What attackers get: over how useful a method leaves photos, naive and worst, and over palms in the gallery."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from palmbench.report.figures.style import PALE, PENS, WIDTH, heading, legend_across, styled
from palmbench.report.figures.tradeoff import draw_points, pen_of, spread_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from palmbench.report.attack_matrix import Resisted
    from palmbench.report.frontier import Curve
    from palmbench.scoring.number import Number

MEASURE = "rank_1"
_HEIGHT, _LEGEND = 2.7, 0.45  # inches
_ACROSS, _PANEL = 3, 1.65
_CURVES = {"worst case": "genuine", "unchanged o-a": "impostor", "floor": "original_deidentified"}


def draw_two_attackers(
    resisted: Sequence[Resisted],
    quality: Mapping[str, Number],
    axis: str = "SSIM with the original",
    areas: Mapping[Curve, Number] | None = None,
) -> Figure:
    """Rank-1 rate over utility or SSIM in two panels: of the recognizer as it is, and of the worst case.

    Down is better hidden, right is more like the original. Arrows lead from what the naive attacker gets to what the
    worst one does, and their tails are hollow; a dotted line is what a guess gets.

    Parameters
    ----------
    resisted : sequence of Resisted
    quality : mapping of str to Number
        By name of the method, where it stands along; methods without a number are left out.
    axis : str
        What that is.
    areas : mapping, optional
        Hypervolumes by `palmbench.report.frontier.curve_of`, for the legend.
    """
    shown = [(each, each.naive, each.worst) for each in resisted if each.name in quality]
    labels = list(dict.fromkeys(each.label for each, _, _ in shown))
    reached = {curve: area for curve, area in (areas or {}).items() if area.value}
    across = 3 if reached else 5
    with styled():
        figure = Figure(figsize=(WIDTH, _HEIGHT + _LEGEND * (1 + len(labels) // across)), layout="constrained")
        left, right = figure.subplots(1, 2, sharex=True, sharey=True)
        for number, label in enumerate(labels):
            own = [(quality[each.name], naive, worst) for each, naive, worst in shown if each.label == label]
            if before := [(like, naive.numbers[MEASURE]) for like, naive, _ in own if naive is not None]:
                draw_points(left, before, number)
            if after := [(like, worst.numbers[MEASURE]) for like, _, worst in own if worst is not None]:
                draw_points(right, after, number)
            for like, naive, worst in own:
                if naive is not None and worst is not None:
                    _draw_arrow(right, like, naive.numbers[MEASURE], worst.numbers[MEASURE], pen_of(number, ""))
        left.set_title("a recognizer as it is")
        right.set_title("the worst case of all attacks")
        left.set_ylabel("named first in the gallery (%)")
        for axes in (left, right):
            axes.set_xlabel(axis)
            axes.set_ylim(-3, 103)
            _draw_chance(axes, resisted)
        handles = [pen_of(number, label + _area_text(label, reached)) for number, label in enumerate(labels)]
        title = "in parentheses: hypervolume of privacy and utility, 95 % interval over persons" if reached else None
        legend_across(figure, handles, most=across, where="outside lower center", length=2, title=title)
    return figure


def draw_over_gallery(resisted: Sequence[Resisted]) -> Figure:
    """Rank-1 rate over palms in the gallery, a panel a method: worst case, naive attacker, floor, and a guess."""
    across = min(_ACROSS, len(resisted))
    down = -(-len(resisted) // across)
    with styled():
        figure = Figure(figsize=(WIDTH * across / _ACROSS, _PANEL * down + 2 * _LEGEND), layout="constrained")
        grid = figure.subplots(down, across, squeeze=False, sharex=True, sharey=True)
        for number, axes in enumerate(grid.ravel()):
            if number >= len(resisted):
                axes.set_axis_off()
                continue
            _draw_curves(axes, resisted[number])
            if number + across >= len(resisted):
                axes.set_xlabel("palms in the gallery")
                axes.tick_params(labelbottom=True)
        for axes in grid[:, 0]:
            axes.set_ylabel("named first (%)")
        handles = [
            Line2D([], [], color=PENS[pen].colour, linestyle=PENS[pen].dashes, linewidth=1.4, label=name)
            for name, pen in _CURVES.items()
        ]
        handles.append(Line2D([], [], color=PALE, linestyle="dotted", linewidth=0.8, label="a guess"))
        legend_across(figure, handles, most=4, where="outside lower center")
    return figure


def _area_text(label: str, areas: Mapping[Curve, Number]) -> str:
    """The hypervolume of a method behind its label, one for each recognizer; nothing where there is none."""
    found = [area for (name, *_), area in areas.items() if name == label]
    said = [f"{area.value:.2f}" + ("" if area.lo is None else f" [{area.lo:.2f}, {area.hi:.2f}]") for area in found]
    return f" ({'; '.join(said)})" if said else ""


def _draw_arrow(axes: Axes, like: Number, naive: Number, worst: Number, pen: Line2D) -> None:
    if like.value is None or naive.value is None or worst.value is None:
        return
    axes.plot(like.value, naive.value, linestyle="", marker=pen.get_marker(), markersize=4, markerfacecolor="none",
              markeredgecolor=pen.get_color(), markeredgewidth=0.7, alpha=0.7)  # fmt: skip
    axes.annotate("", (like.value, worst.value), (like.value, naive.value),
                  arrowprops={"arrowstyle": "->", "color": pen.get_color(), "linewidth": 0.9, "shrinkA": 2,
                              "shrinkB": 2})  # fmt: skip


def _draw_chance(axes: Axes, resisted: Sequence[Resisted]) -> None:
    guesses = [each.by_chance[MEASURE].value for method in resisted for each in method.attacked]
    if known := [guess for guess in guesses if guess is not None]:
        axes.axhline(max(known), color=PALE, linewidth=0.8, linestyle="dotted", zorder=0)


def _draw_curves(axes: Axes, method: Resisted) -> None:
    guesses: dict[int, float] = {}
    attacks = {"worst case": method.winner, "unchanged o-a": method.naive, "floor": method.floor}
    # The worst case is solid and first: where it is one of the others, those dashes lie over it.
    for name, attack in attacks.items():
        if attack is None or not (curve := attack.rank_1_curve):
            continue
        pen = PENS[_CURVES[name]]
        lows, values, highs = zip(*(spread_of(number) for number in curve.values()), strict=True)
        axes.plot(list(curve), values, color=pen.colour, linestyle=pen.dashes, linewidth=1.4)
        axes.fill_between(list(curve), lows, highs, color=pen.colour, alpha=0.1, linewidth=0)
        guesses |= attack.rank_1_curve_by_chance
    if guesses:
        axes.plot(*zip(*sorted(guesses.items()), strict=True), color=PALE, linestyle="dotted", linewidth=0.8)
    winner = "" if method.winner is None else f"\nworst case: {method.winner.called}"
    axes.set_title(f"{heading(method.name)}{winner}", fontsize=7)
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.set_ylim(-3, 103)

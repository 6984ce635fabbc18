"""What an attacker gains by asking more often: over outputs of a photo, and over photos of a palm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from palmbench.report.figures.style import PALE, PENS, WIDTH, heading, legend_across, styled
from palmbench.report.figures.tradeoff import spread_of
from palmbench.scoring.pooling import dprime_of, gaussian_rank_1, pooled_dprime

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from palmbench.attacks import AttackConfig
    from palmbench.engine.attack_record import Attacked
    from palmbench.report.attack_matrix import Resisted

MEASURE = "rank_1"
_ACROSS, _PANEL, _LEGEND = 3, 1.75, 0.4  # panels, inches
_BUDGETS = {"outputs": ("outputs of a photo", "genuine"), "photos": ("photos of a palm", "impostor")}
Series = Mapping[str, Sequence["Attacked"]]


def series_of(method: Resisted) -> dict[AttackConfig, dict[str, list[Attacked]]]:
    """Attacks that differ in nothing but one budget, by that and the attack with none; two budgets at least."""
    found: dict[AttackConfig, dict[str, list[Attacked]]] = {}
    for each in method.counted:
        alone = replace(each.attack, outputs=1, photos=1)
        for name in _BUDGETS:
            if each.attack == replace(alone, **{name: getattr(each.attack, name)}):
                found.setdefault(alone, {}).setdefault(name, []).append(each)
    kept = {alone: {name: sorted(of, key=lambda each: getattr(each.attack, name)) for name, of in series.items()
                    if len(of) > 1} for alone, series in found.items()}  # fmt: skip
    return {alone: series for alone, series in kept.items() if series}


def draw_over_budget(resisted: Sequence[Resisted]) -> Figure | None:
    """Rank-1 rate over the budget, a panel a method and attack; None where no attack was tried with several budgets.

    A thin line is what Gaussian scores of the correlation between outputs that was found, rho, would gain.
    """
    panels = [(method.name, series) for method in resisted for series in series_of(method).values()]
    if not panels:
        return None
    across = min(_ACROSS, len(panels))
    down = -(-len(panels) // across)
    with styled():
        figure = Figure(figsize=(WIDTH * across / _ACROSS, _PANEL * down + 2 * _LEGEND), layout="constrained")
        grid = figure.subplots(down, across, squeeze=False, sharey=True)
        for axes in grid.ravel()[len(panels) :]:
            axes.set_axis_off()
        for axes, (name, series) in zip(grid.ravel(), panels, strict=False):
            _draw(axes, name, series)
        for axes in grid[:, 0]:
            axes.set_ylabel("named first (%)")
        drawn = [budget for budget in _BUDGETS if any(budget in series for _, series in panels)]
        handles = [Line2D([], [], color=PENS[pen].colour, linestyle=PENS[pen].dashes, marker="o", markersize=3,
                          label=label) for label, pen in map(_BUDGETS.__getitem__, drawn)]  # fmt: skip
        if "outputs" in drawn:
            label = "Gaussian scores of that \u03c1"
            handles.append(Line2D([], [], color=PENS["genuine"].colour, linewidth=0.7, label=label))
        handles.append(Line2D([], [], color=PALE, linestyle="dotted", linewidth=0.8, label="a guess"))
        legend_across(figure, handles, most=4, where="outside lower center", length=2)
    return figure


def _draw(axes: Axes, name: str, series: Series) -> None:
    first = next(iter(series.values()))[0]
    palms = int(first.content["gallery"])
    for budget, attacked in series.items():
        _, pen = _BUDGETS[budget]
        at = [getattr(each.attack, budget) for each in attacked]
        lows, values, highs = zip(*(spread_of(each.numbers[MEASURE]) for each in attacked), strict=True)
        axes.plot(at, values, color=PENS[pen].colour, linestyle=PENS[pen].dashes, marker="o", markersize=3)
        axes.fill_between(at, lows, highs, color=PENS[pen].colour, alpha=0.1, linewidth=0)
    words = f"{name}\n{first.called}"
    if "outputs" in series:
        most = series["outputs"][-1]
        correlation = most.content["output_correlation"]
        words += "" if correlation is None else f", \u03c1 = {correlation:.2f}"
        _draw_gaussian(axes, series["outputs"], correlation, palms)
    axes.axhline(first.by_chance[MEASURE].value or 100 / palms, color=PALE, linewidth=0.8, linestyle="dotted", zorder=0)
    axes.set_title(heading(words, 36), fontsize=7)
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.set_ylim(-3, 103)


def _draw_gaussian(axes: Axes, attacked: Sequence[Attacked], correlation: float | None, palms: int) -> None:
    of_one, most = attacked[0], attacked[-1].attack.outputs
    value = of_one.numbers[MEASURE].value
    if correlation is None or value is None or of_one.attack.outputs > 1:
        return
    dprime = dprime_of(value / 100, palms)
    if np.isnan(dprime):
        return
    at = range(1, most + 1)
    rates = [100 * gaussian_rank_1(pooled_dprime(dprime, correlation, outputs), palms) for outputs in at]
    axes.plot(at, rates, color=PENS["genuine"].colour, linewidth=0.7)

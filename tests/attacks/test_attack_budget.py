"""More outputs of a photo: what pooling them gains, in the figure over the attacker's budget."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from palmbench.attacks.unchanged import UnchangedConfig
from palmbench.datasets.sample import Sample
from palmbench.engine.attack_pipeline import Wanted
from palmbench.report.attack_matrix import Resisted
from palmbench.report.figures.budget import draw_over_budget, series_of
from tests.attacks.drawn_templates import attacked, noise


def of_independent_outputs(wanted: Wanted, sample: Sample) -> np.ndarray:
    return 0.25 * noise("palm", sample.identity) + noise(sample.id, wanted.seed)


def of_one_output(wanted: Wanted, sample: Sample) -> np.ndarray:
    return 0.25 * noise("palm", sample.identity) + noise(sample.id, wanted.seed is None)


def test_independent_outputs_pool_and_identical_ones_do_not(tmp_path: Path) -> None:
    found = {}
    for draw in (of_independent_outputs, of_one_output):
        folder = tmp_path / draw.__name__
        every = [attacked(folder, draw, UnchangedConfig(outputs=outputs)) for outputs in (1, 4)]
        method = Resisted("swap", "Swapping", tuple(every))
        ((attack, series),) = series_of(method).items()
        assert attack == UnchangedConfig() and series == {"outputs": every}
        rates = [each.numbers["rank_1"].value for each in every]
        found[draw] = rates[1] - rates[0]
        figure = draw_over_budget([method])
        assert figure is not None
        (axes,), (legend,) = figure.axes, figure.legends
        renderer = FigureCanvasAgg(figure).get_renderer()
        assert legend.get_window_extent(renderer).width <= figure.bbox.width
        assert list(axes.lines[0].get_xdata()) == [1, 4]
        np.testing.assert_allclose(axes.lines[0].get_ydata(), rates)
        assert axes.get_title().endswith(f"\u03c1 = {every[1].content['output_correlation']:.2f}")
    assert found[of_independent_outputs] > 15
    assert found[of_one_output] == pytest.approx(0)


def test_the_legend_names_what_is_drawn_and_nothing_else(tmp_path: Path) -> None:
    every = [attacked(tmp_path, of_one_output, UnchangedConfig(photos=photos)) for photos in (1, 2)]
    figure = draw_over_budget([Resisted("swap", "Swapping", tuple(every))])
    assert figure is not None
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["photos of a palm", "a guess"]


def test_one_budget_is_no_curve(tmp_path: Path) -> None:
    alone = attacked(tmp_path, of_one_output)
    assert draw_over_budget([Resisted("swap", "Swapping", (alone,))]) is None
    other = attacked(tmp_path, of_one_output, replace(UnchangedConfig(), outputs=2, photos=2))
    assert draw_over_budget([Resisted("swap", "Swapping", (alone, other))]) is None

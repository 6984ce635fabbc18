"""The curve's points are told by their work, and what leaves the default's interval is marked."""

from __future__ import annotations

from typing import Any

from experiments.painter_curve import METRICS, Point, drawn, rows, settings, within
from palmbench.config.compose import compose_points
from palmbench.methods.diffusion import DiffusionConfig
from palmbench.scoring import Number


def point(value: float, **config: Any) -> Point:
    number = Number(value, lo=value - 1, hi=value + 1)
    return Point(DiffusionConfig(**config), dict.fromkeys(METRICS, number))


def test_work_is_passes_through_the_network():
    assert point(0).passes == 12
    assert point(0, steps=20, guidance_end=1.0).passes == 40
    assert point(0, steps=8, guidance=1.0).passes == 8


def test_what_lies_outside_the_defaults_interval_is_marked():
    first, near, far = rows([point(5.0), point(5.5, steps=10), point(9.0, steps=4)])[1:]
    assert "*" not in first and "*" not in near and far.count("*") == len(METRICS)
    assert within(5.0, Number(5.5, lo=4.0, hi=6.0)) and not within(5.0, Number(5.0))


def test_every_point_is_a_setting_of_its_own_and_is_drawn():
    configs = [each.method for words in settings() for each in compose_points(words)]
    assert configs[0] == DiffusionConfig() and len(set(map(repr, configs))) == len(configs)
    points = [point(5.0), point(9.0, steps=4), point(7.0, steps=20, spacing=1.0, guidance_end=1.0)]
    lines = {line.get_label(): line.get_xdata().tolist() for line in drawn(points).axes[0].lines}
    assert lines == {"spacing 1": [40], "spacing 1.5, half guided": [6, 12]}

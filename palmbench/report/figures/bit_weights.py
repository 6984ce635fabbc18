"""Where identity survives: what the bits of a palmprint code are worth to an attacker that has learnt it, as images."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from palmbench.report.figures.style import WIDTH, heading, styled

_ACROSS, _PANEL = 5, 1.6  # panels, inches


def draw_bit_weights(weights: Mapping[str, np.ndarray]) -> Figure:
    """A panel a method: the mean weight of the bits at each place of the recognition ROI, all on one scale.

    The fingers are above, the index finger left. A weight is about what its bit's agreement says for one palm, in nats;
    the number in a panel is the sum over all bits of what they say on the average of either sign.

    Parameters
    ----------
    weights : mapping of str to (planes, 32, 32) float32
        By what stands above the panel; at least one.
    """
    places = {name: each.mean(axis=0) for name, each in weights.items()}
    largest = max(float(np.abs(each).max()) for each in places.values()) or 1.0
    across = min(_ACROSS, len(places))
    down = -(-len(places) // across)
    with styled():
        figure = Figure(figsize=(WIDTH * across / _ACROSS, _PANEL * down), layout="constrained")
        grid = figure.subplots(down, across, squeeze=False)
        for axes in grid.ravel():
            axes.set_axis_off()
        for axes, (name, each) in zip(grid.ravel(), places.items(), strict=False):
            image = axes.imshow(each, cmap="PuOr_r", vmin=-largest, vmax=largest, interpolation="bilinear")
            axes.set_title(heading(name, 24), fontsize=7)
            axes.text(0.5, -0.02, f"{np.abs(weights[name]).sum():.0f}", transform=axes.transAxes, ha="center", va="top",
                      fontsize=6.5)  # fmt: skip
        bar = figure.colorbar(image, ax=grid.ravel().tolist(), shrink=0.8, aspect=30)
        bar.set_label("mean weight of a bit", fontsize=7)
    return figure

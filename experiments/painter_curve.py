"""What fewer steps, where they lie, guidance in a part of them and precision do to hiding and quality: a curve.

    python -m experiments.painter_curve [--identities 20] [--samples 4] [--results results] [SETTING ...]

Every point is an ordinary run on rendered palms, in the usual store: the same command goes on where it was stopped, and
computes nothing twice. Printed is a row for each, with the ends of its 95 % intervals and whether each lies within that
of `fast`, the embedded default; `build/painter-curve.png` shows the same over the work of a painting. A guided step is
two passes through the network, any other is one.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from matplotlib.figure import Figure

from palmbench.base.status import DONE
from palmbench.commands.cli import guarded
from palmbench.config.compose import compose_points
from palmbench.config.schema import RunConfig
from palmbench.diffusion.sampler import Sampling
from palmbench.engine.run import Run
from palmbench.engine.sweep import sweep
from palmbench.methods.diffusion import DiffusionConfig
from palmbench.scoring import Number

METRICS = {
    "rr": "RR",
    "dir": "DIR",
    "acc_nn": "rank-1",
    "inter_deid_match": "matches of strangers",
    "ssim": "SSIM",
    "fd_hand": "FD (hand network)",
}
STEPS = {1.0: (4, 6, 8, 10, 12, 15, 20, 30), 1.5: (8, 10), 2.0: (4, 6, 8, 10, 12), 3.0: (3, 4, 5, 6)}  # by spacing
ENDS = (0.5, 1.0)  # shares of the steps until which guidance is on
_MARKERS = {1.0: "o", 1.5: "d", 2.0: "s", 3.0: "^"}  # by spacing


class Point(NamedTuple):
    """A setting of the painter, and what came of it."""

    config: DiffusionConfig
    metrics: Mapping[str, Number]

    @property
    def passes(self) -> int:
        """Passes through the network for a painting."""
        config = self.config
        sampling = Sampling(
            steps=config.steps,
            guidance=config.guidance,
            guidance_start=config.guidance_start,
            guidance_end=config.guidance_end,
        )
        return sum(1 + sampling.guided_at(place, config.steps) for place in range(config.steps))


def settings() -> list[list[str]]:
    """The points, as words of the command line; the first is the embedded default."""
    every = [
        [f"method.steps={n}", f"method.spacing={spacing}", f"method.guidance_end={end}"]
        for spacing, several in STEPS.items()
        for n in several
        for end in ENDS
    ]
    usual = DiffusionConfig()
    default = [
        f"method.steps={usual.steps}",
        f"method.spacing={usual.spacing}",
        f"method.guidance_end={usual.guidance_end}",
    ]
    return [default, *(words for words in every if words != default), [*default, "method.precision=bfloat16"]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run all points, print their rows and draw the curve."""
    parser = argparse.ArgumentParser(prog="python -m experiments.painter_curve", description=__doc__.splitlines()[0])
    parser.add_argument("--identities", type=int, default=20, help="rendered palms (default 20)")
    parser.add_argument("--samples", type=int, default=4, help="photos of each (default 4)")
    parser.add_argument("--results", default="results", help="folder of results (default results)")
    parser.add_argument("--out", type=Path, default=Path("build/painter-curve.png"), help="the figure")
    parser.add_argument("settings", nargs="*", help="further settings of every point, such as executor.workers=1")
    asked = parser.parse_args(arguments)
    common = [f"dataset.identities={asked.identities}", f"dataset.samples={asked.samples}"]
    common += [f"results_dir={asked.results}", *asked.settings]
    points = [point for words in settings() for point in compose_points([*common, *words])]
    sweep(points)
    measured = [_measured(point) for point in points]
    for line in rows(measured):
        print(line)
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    drawn(measured).savefig(asked.out, dpi=150)
    print(f"drawn: {asked.out}")
    return DONE


def rows(points: Sequence[Point]) -> list[str]:
    """A row for each point; * marks a number that lies outside the interval of the first."""
    lines = [
        f"{'steps':>5} {'spacing':>9} {'guided':>7} {'precision':>9} {'passes':>6} "
        + " ".join(f"{m:>24}" for m in METRICS.values())
    ]
    for point in points:
        config = point.config
        cells = [_cell(point.metrics.get(name), points[0].metrics.get(name)) for name in METRICS]
        guided = f"to {config.guidance_end:.0%}"
        told = f"{config.steps:5} {config.spacing:>9g} {guided:>7} {config.precision:>9} {point.passes:6} "
        lines.append(told + " ".join(cells))
    return lines


def within(value: float, usual: Number) -> bool:
    """Whether a number lies in the 95 % interval of another."""
    return usual.lo is not None and usual.hi is not None and usual.lo <= value <= usual.hi


def drawn(points: Sequence[Point]) -> Figure:
    """Each metric over the passes of a painting; the band is the interval of the first point."""
    figure = Figure(figsize=(3 * len(METRICS), 3), layout="constrained")
    for axes, (name, label) in zip(figure.subplots(1, len(METRICS)), METRICS.items(), strict=True):
        usual = points[0].metrics[name]
        if usual.lo is not None and usual.hi is not None:
            axes.axhspan(usual.lo, usual.hi, alpha=0.15)
        for spacing, end in itertools.product(STEPS, ENDS):
            some = [each for each in points if (each.config.spacing, each.config.guidance_end) == (spacing, end)]
            known = sorted(
                (each.passes, each.metrics[name].value) for each in some if each.config.precision == "float32"
            )
            marker = _MARKERS[spacing] + ("-" if end == 1 else ":")
            half = "" if end == 1 else ", half guided"
            if known:
                axes.plot(*zip(*known, strict=True), marker, label=f"spacing {spacing:g}{half}")
        axes.set(title=label, xlabel="passes through the network")
    figure.axes[0].legend(fontsize=7)
    return figure


def _cell(number: Number | None, usual: Number | None) -> str:
    if number is None or number.value is None:
        return f"{'-':>24}"
    ends = "" if number.lo is None else f" [{number.lo:.3g}, {number.hi:.3g}]"
    mark = " " if usual is None or usual.lo is None or within(number.value, usual) else "*"
    return f"{number.value:.4g}{ends}{mark}".rjust(24)


def _measured(config: RunConfig) -> Point:
    result = Run.of(config).result
    assert result is not None and isinstance(config.method, DiffusionConfig)
    return Point(config.method, result["metrics"])


if __name__ == "__main__":
    sys.exit(guarded(main))

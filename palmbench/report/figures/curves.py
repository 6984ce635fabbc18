"""The score distributions of a figure, such as Figure 5's, as runs and the diversity experiment left them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from palmbench.engine.records import read_record
from palmbench.engine.run import Run
from palmbench.report.figures.style import PENS
from palmbench.report.rows import recognizer_name
from palmbench.scoring.distribution import Distribution
from palmbench.scoring.rates import equal_error_rate

if TYPE_CHECKING:
    import pandas as pd

    from palmbench.engine.pipeline import Pipeline

SETS = ("genuine", "impostor", "original_deidentified", "deidentified_deidentified")
_BINS = 4096
_REACH = 3.0  # bandwidths beyond the outermost score; what lies farther out is not visible


@dataclass(frozen=True)
class Panel:
    """The distributions of one recognizer on one data set.

    Attributes
    ----------
    dataset, recognizer : str
        Data set as configured, recognizer as tables name it.
    distributions : mapping of str to Distribution
        By name of the set, one of `SETS`; a set without scores has no entry.
    failed : int
        De-identified photos, or pairs of them, that have no score.
    eer : {"exact", "grid", "roc"}
        Convention of the threshold.
    """

    dataset: str
    recognizer: str
    distributions: Mapping[str, Distribution]
    failed: int = 0
    eer: Literal["exact", "grid", "roc"] = "exact"

    @property
    def threshold(self) -> float | None:
        """Threshold of the equal error rate; None without genuine or without impostor pairs."""
        genuine, impostor = (self.distributions.get(name) for name in ("genuine", "impostor"))
        if genuine is None or impostor is None:
            return None
        return equal_error_rate(genuine, impostor, self.eer).threshold

    @property
    def limits(self) -> tuple[float, float]:
        """Smallest and largest distance of all sets."""
        ends = [found.values[[0, -1]] for found in self.distributions.values()]
        return float(min(low for low, _ in ends)), float(max(high for _, high in ends))

    def counts_text(self) -> str:
        """How many scores each set has, in words."""
        texts = [f"{found.size:,} {PENS[name].label}" for name, found in self.distributions.items()]
        return ", ".join(texts) + (f"; {self.failed} failed" if self.failed else "")


def run_panel(run: Run, pipeline: Pipeline) -> Panel:
    """Three of the four sets from a run's `scores.parquet`: it has one seed, so no photo meets its repetition."""
    scores = run.scores()
    own = scores.loc[scores["set"] == "self", "distance"].to_numpy(float)
    found = {name: _counted(scores, name) for name in ("genuine", "impostor")}
    known = own[np.isfinite(own)]
    if len(known):
        found["original_deidentified"] = Distribution.of(known)
    return _panel(pipeline, found, failed=len(own) - len(known))


def diversity_panel(path: Path, subject: str, pipeline: Pipeline) -> Panel | None:
    """All four sets from the diversity experiment; None where it has not run with the settings of a point.

    Parameters
    ----------
    path : Path
        Its summary; the .parquet beside it holds the columns set, distance and count.
    subject : str
        What it has to be about, see `palmbench.paper.diversity.subject_of`.
    pipeline : Pipeline
        Its seed does not matter: the experiment has its own.
    """
    summary = read_record(path, subject)
    if summary is None:
        return None
    scores = summary.table(path.with_suffix(".parquet").name)
    found = {name: _counted(scores, name) for name in SETS}
    return _panel(pipeline, found, failed=int(summary.content.get("failed") or 0))


def _panel(pipeline: Pipeline, found: Mapping[str, Distribution], failed: int) -> Panel:
    point = pipeline.point
    return Panel(point["dataset"], recognizer_name(point), _there(found), failed, pipeline.config.eer)


def density(distribution: Distribution, at: np.ndarray, bandwidth: float) -> np.ndarray:
    """Gaussian kernel density of a distribution.

    Parameters
    ----------
    distribution : Distribution
    at : ndarray of shape (n,)
        Distances.
    bandwidth : float
        Standard deviation of the kernel, in the unit of the distances.

    Returns
    -------
    ndarray of shape (n,)
        Probability per unit of distance.
    """
    values, counts = distribution.values, distribution.counts.astype(float)
    if len(values) > _BINS:
        # A bin is far narrower than any kernel that one could see, and millions of values become thousands.
        counts, edges = np.histogram(values, bins=_BINS, weights=counts)
        values = (edges[:-1] + edges[1:]) / 2
    apart = (at[:, None] - values) / bandwidth
    return np.exp(-0.5 * apart**2) @ counts / (distribution.size * bandwidth * np.sqrt(2 * np.pi))


def bandwidth_of(distribution: Distribution, least: float) -> float:
    """Silverman's rule (1986, equation 3.31): 0.9 min(deviation, interquartile range / 1.34) n^(-1/5).

    `least` is for scores without any spread, whose density would be a needle.
    """
    cumulated = np.cumsum(distribution.counts) / distribution.size
    low, high = distribution.values[np.searchsorted(cumulated, [0.25, 0.75])]
    spreads = [spread for spread in (np.sqrt(distribution.variance), (high - low) / 1.34) if spread > 0]
    return max(least, 0.9 * min(spreads, default=0.0) * distribution.size**-0.2)


def curve(distribution: Distribution, limits: tuple[float, float], points: int = 512) -> tuple[np.ndarray, np.ndarray]:
    """Distances and densities to draw a distribution by, at the panel's scale."""
    span = max(limits[1] - limits[0], 1e-6)
    width = bandwidth_of(distribution, span / 250)
    low, high = distribution.values[0] - _REACH * width, distribution.values[-1] + _REACH * width
    at = np.linspace(low, high, points)
    return at, density(distribution, at, width)


def _counted(scores: pd.DataFrame, name: str) -> Distribution:
    rows = scores[scores["set"] == name].sort_values("distance")
    return Distribution(rows["distance"].to_numpy(float), rows["count"].to_numpy(np.int64))


def _there(found: Mapping[str, Distribution]) -> dict[str, Distribution]:
    return {name: distribution for name, distribution in found.items() if len(distribution.values)}

"""Points of the benchmark that the report shares with `make demo`: computed through the store, read back from it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import NamedTuple

from palmbench.base.store import Store
from palmbench.config.compose import compose_points
from palmbench.datasets.sample import Sample
from palmbench.engine.pipeline import Pipeline
from palmbench.engine.run import Run, on_finished
from palmbench.report.running import run_points
from palmbench.scoring import Number
from palmbench.stages.enrol import Enrol
from recognizers.common.path_settings import quoted
from tests.gates import sizes
from tests.gates.scores import Template


class Painted(NamedTuple):
    """One finished point.

    Attributes
    ----------
    pipeline : Pipeline
    metrics : dict
        As in the run's `metrics.json`, in percent where the tables have percent.
    """

    pipeline: Pipeline
    metrics: dict[str, Number]

    def value(self, metric: str) -> float:
        """A metric's value; NaN where it could not be measured."""
        value = self.metrics[metric].value
        return float("nan") if value is None else value

    @property
    def store(self) -> Store:
        return Store(Path(self.pipeline.config.results_dir) / "store")

    @property
    def samples(self) -> Sequence[Sample]:
        return self.pipeline.samples

    @property
    def identities(self) -> list[int]:
        """Identity of each sample, as a number."""
        return [int(sample.identity) for sample in self.samples]

    def originals(self) -> list[Template]:
        """Templates of the originals; None where no hand was found."""
        return self._templates(self.pipeline.enrol)

    def deidentified(self) -> list[Template]:
        """Templates of the de-identified photos."""
        return self._templates(self.pipeline.enrol_after)

    def _templates(self, stage: Enrol) -> list[Template]:
        found = on_finished(self.pipeline, lambda outcome, store: self.pipeline.artefacts(stage, outcome, store))
        return [found.get(sample.id) for sample in self.samples]


def compute(methods: dict[str, list[str]], samples: int, identities: int) -> dict[str, Painted]:
    """Compute what is missing of some points on the first palms of the benchmark; progress goes to standard error.

    Parameters
    ----------
    methods : dict of str to list of str
        Overrides of each point, by the name under which it is wanted.

    Raises
    ------
    RequestError
        If the embedded weights are missing, or a setting is wrong.
    """
    shared = ["dataset=synth", f"dataset.identities={identities}", f"dataset.samples={samples}"]
    shared += [quoted("results_dir", sizes.RESULTS)]
    points = {name: compose_points([*words, *shared])[0] for name, words in methods.items()}
    with redirect_stdout(sys.stderr):
        run_points(list(points.values()))
    painted = {}
    for name, point in points.items():
        record = Run.of(point).result
        assert record is not None
        painted[name] = Painted(Pipeline.of(point), record["metrics"])
    return painted

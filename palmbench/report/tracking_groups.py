"""How the runs of one sweep are grouped on a dashboard: the group's name, and each run's name and tags."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import recognizers
from palmbench.config.schema import plain_values
from palmbench.engine.run import setting_text
from palmbench.report.names import PLACES, differing, flat, told_apart, words_of
from palmbench.tracking import TrackedRun
from recognizers.common.cache_keys import digest

if TYPE_CHECKING:
    from palmbench.engine.pipeline import Pipeline

_DIGITS = 8
_WORDS = 4  # of what varies, in a group's name
_TOLD_ELSEWHERE = ("dataset", "method", "recognizer", "region")  # where their options differ


@dataclass(frozen=True)
class Sweep:
    """The points of one command, and what they are called together.

    Attributes
    ----------
    pipelines : tuple of Pipeline
    ablations : tuple of str
        Names of the ablations that the points come from.
    """

    pipelines: tuple[Pipeline, ...]
    ablations: tuple[str, ...] = ()

    @cached_property
    def group(self) -> str:
        """Data set, what varies, and eight digits of the points' keys: the same sweep has the same name."""
        keys = digest("sweep", keys=sorted({pipeline.key for pipeline in self.pipelines}))
        names = list(dict.fromkeys(pipeline.point["dataset"] for pipeline in self.pipelines))
        words = names if len(names) == 1 else [f"{len(names)}-datasets"]
        varying = [path.rpartition(".")[2] for path in self.varying if path != "dataset"]
        what = list(self.ablations) or varying[:_WORDS] or [self.pipelines[0].point["method"]]
        return "-".join([*words, *what, keys[:_DIGITS]])

    @cached_property
    def varying(self) -> tuple[str, ...]:
        """Settings that are not the same in all points: a group by its name where its options differ."""
        return tuple(differing(self._settings))

    def name_of(self, pipeline: Pipeline) -> str:
        """One of the points' method with everything that it is told by: `diffusion s+m alpha 0.1 steps 20`."""
        return self._names[repr(pipeline.config)]

    @cached_property
    def _names(self) -> dict[str, str]:
        """By the settings of a point."""
        points = [pipeline.point for pipeline in self.pipelines]
        names = [
            setting_text(point) + words_of(self._special(pipeline), settings)
            for pipeline, point, settings in zip(self.pipelines, points, self._settings, strict=True)
        ]
        sets = [point["dataset"] for point in points]
        looks = [(point["dataset"], point["recognizer"], point["variant"]) for point in points]
        configs = [repr(pipeline.config) for pipeline in self.pipelines]
        return dict(zip(configs, told_apart(names, self._settings, sets, looks), strict=True))

    def _special(self, pipeline: Pipeline) -> list[str]:
        """What varies and stands neither in a point's setting nor in a column of its own."""
        named = {f"method.{name}" for name in pipeline.config.method.point()}
        return [path for path in self.varying if path not in named and path not in _TOLD_ELSEWHERE]

    @cached_property
    def _settings(self) -> list[dict[str, Any]]:
        plain = [plain_values(pipeline.config) for pipeline in self.pipelines]
        return [flat({name: value for name, value in each.items() if name not in PLACES}) for each in plain]

    def run_of(self, pipeline: Pipeline) -> TrackedRun:
        """What one of the points is called."""
        point = pipeline.point
        attack = f"{point['recognizer']}{recognizers.origin(point['recognizer'])}"
        tags = (point["dataset"], point["method"], point["recognizer"], *self.ablations)
        return TrackedRun(
            id=f"{pipeline.key}-{self.group[-_DIGITS:]}",
            name=f"{point['dataset']} {self.name_of(pipeline)}, {attack}",
            group=self.group,
            tags=tuple(dict.fromkeys(tags)),
            config={**point, "key": pipeline.key, "settings": plain_values(pipeline.config)},
        )

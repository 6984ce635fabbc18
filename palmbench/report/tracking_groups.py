"""How the runs of one sweep are grouped on a dashboard: the group's name, and each run's name and tags."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import recognizers
from palmbench.config.schema import plain_values
from palmbench.engine.run import setting_text
from palmbench.tracking import TrackedRun
from recognizers.common.cache_keys import digest

if TYPE_CHECKING:
    from palmbench.engine.pipeline import Pipeline

_DIGITS = 8
_WORDS = 4  # of what varies, in a group's name
_NOT_VARYING = ("results_dir", "data_dir", "executor", "tracker")  # never change a result


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
        settings = [_flat(plain_values(pipeline.config)) for pipeline in self.pipelines]
        found: dict[str, None] = {}
        for path in dict.fromkeys(itertools.chain.from_iterable(settings)):
            group = path.partition(".")[0]
            if group not in _NOT_VARYING and len({repr(each.get(path)) for each in settings}) > 1:
                options = {repr(each.get(f"{group}.name")) for each in settings}
                found[group if len(options) > 1 else path] = None
        return tuple(found)

    def name_of(self, pipeline: Pipeline) -> str:
        """One of the points' method with everything that it is told by: `diffusion s+m alpha 0.1 steps 20`."""
        settings = plain_values(pipeline.config)
        named = {f"method.{name}" for name in pipeline.config.method.point()}
        special = [path for path in self.varying if path.count(".") and path not in named]
        others = "".join(f" {path.rpartition('.')[2]} {_flat(settings).get(path)}" for path in special)
        return f"{setting_text(pipeline.point)}{others}"

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


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {f"{prefix}{name}": value}
    return flat

"""`palmbench plan`: what a command would do, without doing it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from palmbench.pipeline import Pipeline
from palmbench.run import describe, finished_record, run_folder
from palmbench.schema import RunConfig
from palmbench.store import Store


def plan(points: Sequence[RunConfig]) -> int:
    """Print the points, what the store has of each, what is left, and how long that may take. Runs nothing.

    The estimate takes each stage at the pace of the latest runs below `results_dir`.
    """
    pipelines = [Pipeline.of(point) for point in points]
    left: dict[tuple[str, str], str] = {}
    for pipeline in pipelines:
        store = Store(Path(pipeline.config.results_dir) / "store")
        mine = {
            (stage.name, stage.key(sample)): stage.title
            for stage in pipeline.stages
            for sample in pipeline.samples
            if not store.has(stage.name, stage.key(sample), stage.suffix)
        }
        done = finished_record(pipeline) is not None
        total = len(pipeline.stages) * len(pipeline.samples)
        state = "finished" if done else f"{total - len(mine)} of {total} artefacts are there, {len(mine)} left"
        print(f"{pipeline.key}  {describe(pipeline)}: {state}")
        if not done:
            left.update(mine)
    titles = list(dict.fromkeys(left.values()))
    if not titles:
        print(f"{len(pipelines)} points, nothing left to compute")
        return 0
    pace = _pace(run_folder(pipelines[0]).parent)
    print(f"\n{len(pipelines)} points, {len(left)} artefacts left; points share what they share:")
    seconds, unknown = 0.0, []
    for title in titles:
        count = sum(each == title for each in left.values())
        print(f"  {title:<36} {count:>6}")
        if title in pace:
            seconds += count * pace[title]
        else:
            unknown.append(title)
    print(f"about {seconds / 60:.1f} minutes at the pace of earlier runs" if len(unknown) < len(titles) else "", end="")
    print(f"no pace is known yet for: {', '.join(unknown)}" if unknown else "")
    return 0


def _pace(runs: Path) -> dict[str, float]:
    """Seconds an item of each stage, from the newest records first."""
    pace: dict[str, float] = {}
    records = sorted(runs.glob("*/record.json"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in records[:20]:
        try:
            stages = json.loads(path.read_text(encoding="utf-8"))["stages"]
        except (OSError, ValueError, KeyError):
            continue
        for title, spent in stages.items():
            if spent["computed"] > 0:
                pace.setdefault(title, spent["seconds"] / spent["computed"])
    return pace

"""`palmbench plan`: what a command would do, without doing it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from palmbench.base.plain_files import read_object
from palmbench.base.store import Store
from palmbench.config.schema import RunConfig
from palmbench.engine.pipeline import Pipeline
from palmbench.engine.run import describe, finished_record, run_folder


def plan(points: Sequence[RunConfig]) -> int:
    """Print the points, what the store has of each, what is left, and how long that may take. Runs nothing.

    The estimate takes each stage at the pace of the latest runs below `results_dir`.
    """
    pipelines = [Pipeline.of(point) for point in points]
    left: dict[tuple[str, str], str] = {}
    unfinished = 0
    for pipeline in pipelines:
        state = "finished"
        if finished_record(pipeline) is None:
            unfinished += 1
            found = pipeline.look_up(Store(Path(pipeline.config.results_dir) / "store"))
            there = sum(inventory.reused for _, inventory in found)
            missing = [(stage, sample) for stage, inventory in found for sample in inventory.missing]
            failed = sum(len(inventory.failures) for _, inventory in found)
            state = f"{there} of {there + len(missing)} artefacts are there, {len(missing)} left"
            state += f", {failed} photos without a hand" if failed else ""
            left.update({(stage.name, stage.key(sample)): stage.title for stage, sample in missing})
        print(f"{pipeline.key}  {describe(pipeline)}: {state}")
    of_points = f"{len(pipelines)} point{'s' if len(pipelines) > 1 else ''}"
    titles = list(dict.fromkeys(left.values()))
    if not titles:
        print(f"{of_points}, {f'{unfinished} left to measure' if unfinished else 'nothing left to compute'}")
        return 0
    pace, odd = _pace(run_folder(pipelines[0]).parent)
    shared = "; points share what they share" if len(pipelines) > 1 else ""
    print(f"\n{of_points}, {len(left)} artefacts left{shared}:")
    seconds, unknown = 0.0, []
    for title in titles:
        count = sum(each == title for each in left.values())
        print(f"  {title:<36} {count:>6}")
        if title in pace:
            seconds += count * pace[title]
        else:
            unknown.append(title)
    if len(unknown) < len(titles):
        print(f"about {seconds / 60:.1f} minutes at the pace of earlier runs")
    if unknown:
        print(f"no pace is known yet for: {', '.join(unknown)}")
    if odd:
        print(f"left out, since they are not records of runs: {', '.join(map(str, odd))}")
    return 0


def _pace(runs: Path) -> tuple[dict[str, float], list[Path]]:
    """Seconds an item of each stage, from the newest records first, and files that are not records though named so."""
    pace: dict[str, float] = {}
    odd = []
    for path in sorted(runs.glob("*/record.json"), key=_age)[:20]:
        try:
            stages = (read_object(path) or {})["stages"]
            found = {
                title: spent["seconds"] / spent["computed"] for title, spent in stages.items() if spent["computed"]
            }
        except (KeyError, TypeError, AttributeError):
            odd.append(path)
        else:
            pace = found | pace
    return pace, odd


def _age(path: Path) -> float:
    try:
        return -path.stat().st_mtime
    except OSError:  # a loop of links
        return 0.0

"""`palmbench plan`: what a command would do, without doing it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from palmbench.base.store import Store
from palmbench.config.executors import AnyExecutorConfig, RayConfig, SlurmConfig
from palmbench.config.schema import RunConfig
from palmbench.engine.executor import Executor, available_cores
from palmbench.engine.footprint import Footprints, Point
from palmbench.engine.pace import MEASURE, Kind, Paces
from palmbench.engine.pipeline import Pipeline
from palmbench.engine.run import Account, Run, describe

_RECENT = 40  # runs whose pace counts
_START = 4.0  # seconds until a command's first stage, and of its worker processes


@dataclass
class _Left:
    """What is left of one stage: photos, seconds, and how those are known."""

    title: str
    lane: str
    count: int
    seconds: float
    sources: set[str]


def plan(points: Sequence[RunConfig]) -> int:
    """Print the points, what the store has of each, what is left, and how long that may take. Runs nothing.

    The estimate takes each stage at the pace of earlier runs below `results_dir` that did the same: with the same
    settings, else with the same tool, and where no run did, at a pace that is built in. Of memory it takes what the
    processes of an earlier run of the kind held at most, or built-in figures.
    """
    pipelines = [Pipeline.of(point) for point in points]
    workers, devices = _width(points[0].executor)
    earlier = _earlier(points[0].results_dir, _kind(",".join(devices) or "cpu"))
    paces = Paces((name, spent, account.workers) for account in earlier for name, spent in account.stages.items())
    left: dict[str, _Left] = {}
    planned: set[tuple[str, str]] = set()
    unfinished = 0

    def add(pipeline: Pipeline, name: str, title: str, kind: Kind, count: int, lane: str, width: int) -> None:
        config = pipeline.config
        tools = [config.method.name, config.recognizer.name, *(["rendered"] if pipeline.dataset.rendered else [])]
        pace = paces.estimate(name, kind, tools)
        line = left.setdefault(name, _Left(title, lane, 0, 0.0, set()))
        line.count += count
        line.seconds += count * pace.seconds / width
        line.sources.add(pace.source)

    for pipeline in pipelines:
        run = Run.of(pipeline)
        state = "finished"
        if not run.finished:
            unfinished += 1
            found = pipeline.look_up(Store.of(pipeline.config.results_dir))
            there = sum(inventory.reused for _, inventory in found)
            missing = sum(len(inventory.missing) for _, inventory in found)
            failed = sum(len(inventory.failures) for _, inventory in found)
            state = f"{there} of {there + missing} artefacts are there, {missing} left"
            state += f", {failed} photos without a hand" if failed else ""
            for stage, inventory in found:
                keys = {(stage.name, stage.key(sample)) for sample in inventory.missing} - planned
                planned |= keys
                if keys:
                    kind = Kind.of(stage, pipeline.config)
                    lane, width = ("device", len(devices)) if stage.on_device and devices else ("cpu", workers)
                    add(pipeline, stage.name, stage.title, kind, len(keys), lane, min(width, len(keys)))
            kind = Kind.of_measuring(pipeline.enrol.settings, len(pipeline.samples))
            add(pipeline, MEASURE, "measure", kind, len(pipeline.samples), MEASURE, 1)
        print(f"{run.key}  {describe(pipeline.point)} ({pipeline.extent}): {state}")
    of_points = f"{len(pipelines)} point{'s' if len(pipelines) > 1 else ''}"
    if not unfinished:
        print(f"{of_points}, nothing left to compute")
        return 0
    measured = left.pop(MEASURE)
    # Devices and processors work at the same time.
    of_lane = (sum(line.seconds for line in left.values() if line.lane == lane) for lane in ("cpu", "device"))
    seconds = _START + max(of_lane) + measured.seconds
    if left:
        shared = "; points share what they share" if len(pipelines) > 1 else ""
        print(f"\n{of_points}, {sum(line.count for line in left.values())} artefacts left{shared}:")
        for line in left.values():
            print(f"  {line.title:<36} {line.count:>6} {_duration(line.seconds):>9}{_how(line.sources)}")
    else:
        print(f"\n{of_points}, {unfinished} left to measure:")
    print(f"  {'measure the points':<36} {unfinished:>6} {_duration(measured.seconds):>9}{_how(measured.sources)}")
    beside = f" and {len(devices)} device{'s' if len(devices) > 1 else ''}" if devices else ""
    who = f"{workers} worker{'s' if workers > 1 else ''}{beside}"
    footprints = Footprints((Point(account.point, _photos(account)), account.memory) for account in earlier)
    wanted = footprints.wanted(
        [Point(pipeline.point, len(pipeline.samples)) for pipeline in pipelines], workers, len(devices)
    )
    where = "here" if points[0].executor.name == "local" else "there, once they have begun"
    print(f"about {_duration(seconds)} and {wanted.gib:.1f} GiB of memory with {who}, if nothing else runs {where}")
    return 0


def _width(config: AnyExecutorConfig) -> tuple[int, tuple[str, ...]]:
    """Workers, and devices beside them; of a cluster what the settings say, and nobody is asked."""
    if isinstance(config, SlurmConfig):
        return config.tasks * config.cpus_per_task, ("cuda:0",) * (config.tasks * config.gpus_per_task)
    if isinstance(config, RayConfig):
        return config.workers or available_cores(), config.devices if config.devices[0].startswith("cpu:") else ()
    executor = Executor(config)
    return executor.workers, executor.devices


def _kind(devices: str) -> str:
    """What is comparable: every device of a kind, and processors without one."""
    return devices.partition(":")[0] + ":" * (":" in devices)


def _earlier(results_dir: str, kind: str) -> list[Account]:
    """What the newest runs on devices of a kind say of themselves, the newest first."""
    accounts = (run.account for run in reversed(Run.all(results_dir)[-_RECENT:]))
    return [account for account in accounts if account is not None and _kind(account.device) == kind]


def _photos(account: Account) -> int:
    spent = account.stages.get(MEASURE)
    return spent.computed if spent else 0


def _how(sources: set[str]) -> str:
    if "built in" in sources:
        return "  estimated from built-in paces"
    return "  estimated from runs with other settings" if "scaled" in sources else ""


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.1f} min"

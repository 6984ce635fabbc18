"""A run: the folder of one point's results, what its record says, and whether anything is left to do for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import recognizers
from palmbench.base.plain_files import read_plain
from palmbench.base.store import Store
from palmbench.config.schema import RunConfig, plain_values, run_config
from palmbench.engine.engine import Engine
from palmbench.engine.open_executor import open_executor
from palmbench.engine.pace import Kind, Spent
from palmbench.engine.pipeline import Outcome, Pipeline
from palmbench.engine.provenance import Checkout
from palmbench.engine.records import RECORD, SCORES, Record, read_record
from palmbench.engine.resume import Failure
from recognizers.common.errors import Lost, RequestError
from recognizers.common.writing import write_bytes

if TYPE_CHECKING:
    import pandas as pd

CONFIG, ERRORS = "config.yaml", "errors.jsonl"

Result = TypeVar("Result")


@dataclass(frozen=True)
class Account:
    """What the record of a run says of how its numbers were made.

    Attributes
    ----------
    point : mapping
        What the run is called in tables: data set, method, recognizer and so on.
    items : mapping of str to int
        By a stage's name, the samples that have an artefact of it.
    stages : mapping of str to Spent
        By a stage's name, and of `measure`, what this run computed itself.
    failures : tuple of Failure
        In the order of the stages.
    device : str
    workers, batch_size : int
    memory : mapping of str to int
        Bytes that the main process ("main") and a worker of each lane held at most, as of `Executor.peaks`.
    written : str
        In UTC, as 2026-01-31T12:00:00Z.
    method : mapping
        What the method declares of itself, see `palmbench.methods.Declaration`; as "unmet", which conditions of its
        formal guarantee the run does not meet.
    photos : str
        Digest of the data set's photos.
    checkout : Checkout or None
        The code; None for an installed package.
    python : str
    packages : mapping of str to str or None
        Versions by name; None for what was not installed.
    """

    point: Mapping[str, Any]
    items: Mapping[str, int]
    stages: Mapping[str, Spent]
    failures: tuple[Failure, ...]
    device: str
    workers: int
    batch_size: int
    memory: Mapping[str, int]
    written: str
    method: Mapping[str, Any]
    photos: str
    checkout: Checkout | None
    python: str
    packages: Mapping[str, str | None]

    @classmethod
    def of(cls, record: Record) -> Account:
        """What a record says."""
        content = record.content
        code = content["checkout"]
        return cls(
            point=content["point"],
            items=content["items"],
            stages={
                name: Spent(spent["computed"], spent["seconds"], Kind(**spent["kind"]))
                for name, spent in content["stages"].items()
            },
            failures=tuple(Failure(**failure) for failure in content["failures"]),
            device=content["device"],
            workers=content["workers"],
            batch_size=content["batch_size"],
            memory=content["memory"],
            written=content["written"],
            method=content["method"],
            photos=content["photos"],
            checkout=Checkout(**code) if code else None,
            python=content["python"],
            packages=content["packages"],
        )

    def plain(self) -> dict[str, Any]:
        """As a record holds it."""
        return {
            "point": self.point,
            "items": self.items,
            "stages": {name: {**spent._asdict(), "kind": spent.kind._asdict()} for name, spent in self.stages.items()},
            "failures": [failure._asdict() for failure in self.failures],
            "device": self.device,
            "workers": self.workers,
            "batch_size": self.batch_size,
            "memory": self.memory,
            "written": self.written,
            "method": self.method,
            "photos": self.photos,
            "checkout": self.checkout._asdict() if self.checkout else None,
            "python": self.python,
            "packages": self.packages,
        }


@dataclass(frozen=True)
class Run:
    """The results of one point.

    Attributes
    ----------
    folder : Path
        `<results_dir>/runs/<key>`.
    called : mapping or None
        What tables call the point. One key can have two names: weights by word or by folder, photos as a data set or
        as a plain folder. None takes the name that it was computed by.
    """

    folder: Path
    called: Mapping[str, Any] | None = None

    @classmethod
    def of(cls, point: RunConfig | Pipeline) -> Run:
        """The run of a point, whether it was computed or not; errors as of `Pipeline.of`."""
        pipeline = point if isinstance(point, Pipeline) else Pipeline.of(point)
        return cls(Path(pipeline.config.results_dir) / "runs" / pipeline.key, pipeline.point)

    @classmethod
    def all(cls, results_dir: str | Path) -> list[Run]:
        """Every run that a folder of results holds, unfinished ones too, by when they were written, then by key."""
        folders = sorted(path.parent for path in (Path(results_dir) / "runs").glob(f"*/{CONFIG}"))
        return sorted((cls(folder) for folder in folders), key=lambda run: (run.written, run.key))

    @property
    def key(self) -> str:
        """Hash of everything that can change one of its numbers."""
        return self.folder.name

    @property
    def record(self) -> Record | None:
        """Its record, whatever failed; None where it was not measured, or its files are not those of the record."""
        return read_record(self.folder / RECORD, self.key)

    @property
    def account(self) -> Account | None:
        """What its record says of how its numbers were made; None as of `record`."""
        record = self.record
        return None if record is None else Account.of(record)

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do for it: a failure that may pass leaves something to do."""
        account = self.account
        return account is not None and all(failure.lasting for failure in account.failures)

    @property
    def point(self) -> Mapping[str, Any]:
        """What tables call it. Raises Lost where nothing says so: it was listed, and was not measured."""
        return Account.of(self.require()).point if self.called is None else self.called

    @property
    def result(self) -> dict[str, Any] | None:
        """Its `metrics` by name, and its `point`; None where it was not measured."""
        record = self.record
        return None if record is None else {**record.metrics, "point": self.point}

    def scores(self) -> pd.DataFrame:
        """Distances of every set of pairs. Raises Lost where it was not measured."""
        return self.require().table(SCORES)

    def require(self) -> Record:
        """Its record. Raises Lost where it was not measured."""
        record = self.record
        if record is None:
            raise Lost(str(self.folder / RECORD))
        return record

    @property
    def written(self) -> str:
        """When it was written, in UTC; empty where it was not measured."""
        account = self.account
        return "" if account is None else account.written

    @property
    def size(self) -> int:
        """Bytes of its files."""
        return sum(path.stat().st_size for path in self.folder.iterdir() if path.is_file())

    @cached_property
    def config(self) -> RunConfig:
        """Its settings, with the folder of results that it lies in now.

        Raises
        ------
        RequestError
            If they cannot be read, or are none that this version knows.
        """
        from omegaconf import OmegaConf

        path = self.folder / CONFIG
        try:
            values = OmegaConf.to_container(OmegaConf.create(read_plain(path).decode()))
        except Exception as error:  # whatever YAML that was damaged makes OmegaConf stumble over
            raise RequestError(f"{path} does not hold the settings of a run any more; remove its folder.") from error
        if not isinstance(values, dict):
            raise RequestError(f"{path} does not hold the settings of a run any more; remove its folder.")
        if isinstance(executor := values.get("executor"), dict) and "device" in executor:
            # As runs have it that were computed before there could be several.
            executor["devices"] = executor.pop("device")
        here = {"results_dir": str(self.folder.parents[1])}
        return run_config({**{str(key): value for key, value in values.items()}, **here})

    def write_config(self, config: RunConfig) -> None:
        """Leave its settings in its folder: from then on it is listed, finished or not."""
        from omegaconf import OmegaConf

        write_bytes(self.folder / CONFIG, OmegaConf.to_yaml(OmegaConf.create(plain_values(config))).encode())


def describe(point: Mapping[str, Any]) -> str:
    """A point in a few words, as `diffusion s+m alpha 0.1 on synth, mtcc yan`."""
    attack = f"{point['recognizer']}{recognizers.origin(point['recognizer'])} {point['variant']}".strip()
    return f"{setting_text(point)} on {point['dataset']}, {attack}"


def setting_text(point: Mapping[str, Any]) -> str:
    """A point's method with what it was set to, as `diffusion s+m alpha 0.1 region palm`."""
    how = f" {point['setting']}" if point["setting"] else ""
    how += f" region {point['region']}" if "region" in point else ""
    return f"{point['method']}{how}"


def config_text(run: Run) -> str:
    """What a run that was not measured is of, from its settings, or why those cannot be read."""
    try:
        config = run.config
        words = f"{config.method.called} {config.method.setting()}".strip()
    except RequestError as error:
        return str(error)
    return f"{words} on {config.dataset.name}, {config.recognizer.name}"


def on_finished(pipeline: Pipeline, work: Callable[[Outcome, Store], Result]) -> Result:
    """What some work on the artefacts of a measured point gives; those that the store has lost since are made again.

    Raises
    ------
    Lost
        If the point was not measured, or an artefact is lost a second time.
    """
    account = Account.of(Run.of(pipeline).require())
    outcome, store = pipeline.outcome_of(account.failures), Store.of(pipeline.config.results_dir)
    try:
        return work(outcome, store)
    except Lost:
        with open_executor(pipeline.config.executor, pipeline.config.results_dir, [pipeline.part()]) as executor:
            return pipeline.with_artefacts(Engine(store, executor), lambda _: work(outcome, store))

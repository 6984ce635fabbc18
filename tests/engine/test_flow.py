"""The flow: samples go on as soon as they can, each artefact is made once, and trouble costs only what it must."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import pytest
import torch

from palmbench.base.board import Board
from palmbench.base.device import turn
from palmbench.base.store import Store
from palmbench.config.executors import ExecutorConfig
from palmbench.datasets.sample import Sample
from palmbench.engine import devices
from palmbench.engine.executor import Executor
from palmbench.engine.flow import Flow
from palmbench.engine.graph import Part, Step
from recognizers.common.cache_keys import digest
from recognizers.common.errors import Lost, NoHandError, RequestError, SampleError

SAMPLES = [Sample(f"{i}", f"{i // 2}", f"{i // 2}", "left", f"{i:032d}") for i in range(12)]


@dataclass(frozen=True)
class Note:
    """Writes down a sample's way so far; `trouble` says which samples it cannot do, and how it fails."""

    log: Path
    name: str
    after: Note | None = None
    trouble: tuple[tuple[str, str], ...] = ()
    seconds: float = 0.0
    at_most: int = 99
    on_device: bool = False
    suffix: str = ".txt"
    settings: ClassVar[dict[str, str]] = {}

    @property
    def title(self) -> str:
        return f"note {self.name}"

    def key(self, sample: Sample) -> str:
        return digest("note", photo=sample.digest, name=self.name, after=self.after and self.after.key(sample))

    def compute(self, samples: Sequence[Sample], store: Store, device: str) -> list[bytes]:
        with open(self.log, "a") as log:
            log.write(f"{self.name} {os.getpid()} {'+'.join(sample.id for sample in samples)}\n")
        before = [self.after.load(sample, store) if self.after else sample.id for sample in samples]
        with turn():
            if len(samples) > self.at_most:
                raise MemoryError
            time.sleep(self.seconds * len(samples))
        for sample in samples:
            self._fail(sample)
        return [f"{each} {self.name}".encode() for each in before]

    def load(self, sample: Sample, store: Store) -> str:
        return store.load(self.name, self.key(sample), self.suffix, bytes.decode)

    def _fail(self, sample: Sample) -> None:
        how = dict(self.trouble).get(sample.id)
        if how == "torn":
            raise SampleError("torn")
        if how == "no hand":
            raise NoHandError("no hand was found")
        once = self.log.with_name(f"killed-{self.name}-{sample.id}")
        if how == "killed" or (how == "killed once" and not once.exists()):
            once.touch()
            os.kill(os.getpid(), signal.SIGKILL)


class Went(list[tuple[str, str, list[str]]]):
    """What was computed, in its order: a stage's name, the process, the samples."""

    @classmethod
    def through(cls, log: Path) -> Went:
        lines = (line.split() for line in log.read_text().splitlines())
        return cls((name, pid, samples.split("+")) for name, pid, samples in lines)

    def samples(self, name: str) -> list[str]:
        return [sample for stage, _, samples in self if stage == name for sample in samples]

    def processes(self, name: str) -> set[str]:
        return {pid for stage, pid, _ in self if stage == name}


def chain(log: Path, *stages: Note) -> list[Step]:
    """Each made from the one before."""
    steps: list[Step] = []
    for stage in stages:
        before = steps[-1].stage if steps else None
        steps.append(Step(replace(stage, log=log, after=before), before))
    return steps


def note(name: str, **settings: object) -> Note:
    return Note(Path(), name, **settings)  # type: ignore[arg-type]


def run(folder: Path, *parts: Part, workers: int = 1, devices: tuple[str, ...] = ("cpu",), batch: int = 4) -> list[int]:
    """Take parts through; their places in the order in which they were complete."""
    complete: list[int] = []
    with Executor(ExecutorConfig(devices=devices, workers=workers, batch_size=batch)) as executor:
        Flow(executor, Board()).run(parts, lambda part: complete.append(parts.index(part)))
    return complete


def texts(part: Part) -> dict[str, str]:
    last = part.steps[-1].stage
    return {sample.id: last.load(sample, part.store) for sample in part.samples}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def test_a_sample_goes_on_before_others_have_begun(log: Path, store: Store) -> None:
    run(log, Part(chain(log, note("a"), note("b"), note("c")), SAMPLES, store), batch=1)
    went = [(name, samples) for name, _, samples in Went.through(log)]
    assert went[:3] == [("a", ["0"]), ("b", ["0"]), ("c", ["0"])]
    assert Counter(name for name, _ in went) == {"a": 12, "b": 12, "c": 12}


def test_what_two_parts_share_is_computed_once_and_counted_as_reused_by_the_second(log: Path, store: Store) -> None:
    first, second = (Part(chain(log, note("a"), note(name)), SAMPLES, store) for name in ("b", "c"))
    assert run(log, first, second) == [0, 1]
    assert sorted(map(int, Went.through(log).samples("a"))) == list(range(12))
    a, b = first.counts()["a"], first.counts()["b"]
    assert (a.reused, a.computed, b.computed) == (0, 12, 12)
    a, c = second.counts()["a"], second.counts()["c"]
    assert (a.reused, a.computed, c.computed) == (12, 0, 12)
    assert texts(second)["7"] == "7 a c"


def test_two_samples_of_one_photo_share_its_artefact(log: Path, store: Store) -> None:
    twice = [SAMPLES[0], replace(SAMPLES[0], id="copy")]
    part = Part(chain(log, note("a"), note("b")), twice, store)
    run(log, part)
    counts = part.counts()["b"]
    assert Went.through(log).samples("b") == ["0"] and (counts.reused, counts.computed) == (1, 1)


def test_a_failing_sample_goes_to_none_of_its_dependants(log: Path, store: Store) -> None:
    trouble = (("2", "torn"), ("5", "no hand"))
    part = Part(chain(log, note("a"), note("b", trouble=trouble), note("c"), note("d")), SAMPLES, store)
    run(log, part)
    stages = [step.stage for step in part.steps]
    failed = part.failures(stages[1], SAMPLES)
    assert {name: (found.reason, found.lasting) for name, found in failed.items()} == {
        "2": ("torn", False),
        "5": ("no hand was found", True),
    }
    went = Went.through(log)
    assert not {"2", "5"} & {*went.samples("c"), *went.samples("d")} and len(went.samples("d")) == 10
    assert [part.counts()[stage.name].failed for stage in stages] == [0, 2, 0, 0]
    assert part.failures(stages[3], SAMPLES) == {}


def test_what_is_lost_on_the_way_is_made_again(log: Path, store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    steps = chain(log, note("a"), note("b"))
    run(log, Part(steps[:1], SAMPLES, store))
    first = steps[0].stage
    gone = store.path("a", first.key(SAMPLES[3]), ".txt")
    data = bytearray(gone.read_bytes())
    data[0] ^= 1  # its seal is there: only who reads it will know
    gone.write_bytes(data)
    part = Part(steps, SAMPLES, store)
    run(log, part)
    assert texts(part) == {sample.id: f"{sample.id} a b" for sample in SAMPLES}
    counts = part.counts()["a"]
    assert (counts.reused, counts.computed, counts.failed) == (11, 1, 0)
    assert capsys.readouterr().err.count("made again") == 1


def test_what_is_lost_when_it_is_measured_is_made_again_once(log: Path, store: Store) -> None:
    part = Part(chain(log, note("a"), note("b")), SAMPLES, store)
    path = store.path("a", part.steps[0].stage.key(SAMPLES[3]), ".txt")
    with Executor(ExecutorConfig(devices=("cpu",), workers=1)) as executor:
        flow, measured = Flow(executor, Board()), []

        def measure(part: Part) -> None:
            measured.append(path.is_file())
            path.unlink()
            flow.lose(part, [str(path)])

        with pytest.raises(Lost, match=path.name):
            flow.run([part], measure, lambda: [])
    assert measured == [True, True]
    assert Went.through(log).samples("a").count("3") == 2


@pytest.mark.parametrize("read_meanwhile", [False, True])
def test_what_another_part_has_made_again_is_measured_again_only_if_it_was_missed(
    read_meanwhile: bool, log: Path, store: Store
) -> None:
    steps = chain(log, note("a"), note("b"))
    run(log, Part(steps[:1], SAMPLES, store))
    path = store.path("a", steps[0].stage.key(SAMPLES[3]), ".txt")
    measured, other = Part(steps[:1], SAMPLES, store), Part(steps, SAMPLES, store)
    told: list[Part] = []
    missed = [str(path)] * read_meanwhile
    with Executor(ExecutorConfig(devices=("cpu",), workers=1)) as executor:
        flow = Flow(executor, Board())

        def complete(part: Part) -> None:
            if not told:
                path.unlink()
            told.append(part)

        def done() -> list[Part]:
            if other not in told:
                return []
            if missed:
                flow.lose(measured, [missed.pop()])
                return [other]
            return told[2:] if read_meanwhile else told

        flow.run([measured, other], complete, done)
    assert told == [measured, other] + [measured] * read_meanwhile
    assert Went.through(log).samples("a").count("3") == 2


def test_a_worker_that_is_killed_costs_nothing(log: Path, store: Store) -> None:
    part = Part(chain(log, note("a"), note("b", trouble=(("4", "killed once"),))), SAMPLES, store)
    run(log, part, workers=2)
    assert texts(part) == {sample.id: f"{sample.id} a b" for sample in SAMPLES}
    went = Went.through(log)
    assert ["4"] in [samples for name, _, samples in went if name == "b"], "a suspect is tried alone"
    assert len(went.processes("b")) >= 2


@pytest.mark.parametrize("devices", [("cpu",), ("cpu:0",)])
def test_a_sample_that_kills_its_worker_twice_is_a_failure_with_a_reason(
    log: Path, store: Store, devices: tuple[str, ...]
) -> None:
    deadly = note("b", trouble=(("4", "killed"),), on_device=True)
    part = Part(chain(log, note("a"), deadly, note("c")), SAMPLES, store)
    run(log, part, workers=2, devices=devices)
    failed = part.failures(part.steps[1].stage, SAMPLES)
    assert list(failed) == ["4"] and not failed["4"].lasting
    assert "A worker process was killed" in failed["4"].reason and "executor.workers=1" in failed["4"].reason
    assert len(Went.through(log).samples("c")) == 11
    again = Part(chain(log, note("a"), replace(deadly, trouble=()), note("c")), SAMPLES, store)
    run(log, again)
    assert texts(again)["4"] == "4 a b c" and again.counts()["b"].computed == 1


def test_each_device_has_a_process_of_its_own_and_its_stages_alone(log: Path, store: Store) -> None:
    steps = chain(log, note("a"), note("b", on_device=True, seconds=0.1), note("c"))
    part = Part(steps, SAMPLES, store)
    run(log, part, workers=2, devices=("cpu:0", "cpu:1"), batch=2)
    went = Went.through(log)
    assert len(went.processes("b")) == 2
    assert not went.processes("b") & (went.processes("a") | went.processes("c"))
    assert texts(part) == {sample.id: f"{sample.id} a b c" for sample in SAMPLES}


def test_a_device_is_given_whole_batches_where_it_can_be(log: Path, store: Store) -> None:
    run(log, Part(chain(log, note("a")), SAMPLES, store))
    part = Part(chain(log, note("a"), note("b", on_device=True)), SAMPLES, store)
    run(log, part, devices=("cpu:0",), batch=4)
    assert [len(samples) for name, _, samples in Went.through(log) if name == "b"] == [4, 4, 4]


def test_want_of_memory_on_a_device_halves_the_batch_and_is_remembered(log: Path, store: Store) -> None:
    many = [Sample(f"{i}", f"{i}", f"{i}", "left", f"{i:032d}") for i in range(40)]
    part = Part(chain(log, note("b", on_device=True, at_most=2)), many, store)
    run(log, part, devices=("cpu:0",), batch=8)
    assert texts(part)["17"] == "17 b" and part.counts()["b"].computed == 40
    sizes = [len(samples) for _, _, samples in Went.through(log)]
    # What it had in hand before it knew is all that was too much.
    known = sizes.index(2)
    assert max(sizes) == 8 and set(sizes[known + 8 :]) == {2} and sizes.count(8) <= 5


def test_one_sample_that_a_device_has_no_memory_for_is_a_failure(log: Path, store: Store) -> None:
    part = Part(chain(log, note("b", on_device=True, at_most=0)), SAMPLES[:3], store)
    run(log, part, devices=("cpu:0",), batch=2)
    failed = part.failures(part.steps[0].stage, part.samples)
    assert list(failed) == ["0", "1", "2"] and not any(found.lasting for found in failed.values())
    assert "not enough memory" in failed["0"].reason


def test_a_part_need_not_end_before_the_next_begins(log: Path, store: Store) -> None:
    slow, quick = note("b", on_device=True, seconds=0.2), note("c")
    parts = [Part(chain(log, note(name), stage), SAMPLES, store) for name, stage in (("a", slow), ("d", quick))]
    assert run(log, *parts, devices=("cpu:0",)) == [1, 0]


def test_what_was_begun_of_many_parts_is_bounded(log: Path, store: Store) -> None:
    begun: list[int] = []

    def parts() -> object:
        for number in range(9):
            begun.append(number)
            yield Part(chain(log, note("a"), note(f"b{number}")), SAMPLES, store)

    ahead: list[int] = []
    with Executor(ExecutorConfig(devices=("cpu",), workers=1)) as executor:
        flow = Flow(executor, Board())
        flow.run(parts(), lambda part: ahead.append(len(begun) - len(ahead)))  # type: ignore[arg-type]
    assert len(ahead) == 9 and max(ahead) <= 3


def test_an_error_that_is_no_sample_s_ends_the_run_and_workers_can_go_on(log: Path, store: Store) -> None:
    with Executor(ExecutorConfig(devices=("cpu",), workers=2)) as executor:
        broken = Part([Step(Full(log, "a"), None)], SAMPLES, store)
        with pytest.raises(RequestError, match="the disk is full"):
            Flow(executor, Board()).run([broken])
        sound = Part(chain(log, note("a")), SAMPLES, store)
        Flow(executor, Board()).run([sound])
    assert texts(sound)["11"] == "11 a"


@dataclass(frozen=True)
class Full(Note):
    def _fail(self, sample: Sample) -> None:
        raise RequestError("the disk is full")


def visible(_: int) -> str | None:
    return os.environ.get("CUDA_VISIBLE_DEVICES")


def test_a_device_s_worker_sees_that_device_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5,7")
    with Executor(ExecutorConfig(devices=("cuda:1",), workers=1)) as executor:
        assert executor.devices == ("cuda:1",) and executor.device == "cuda"
        assert list(executor.map(visible, [0])) == ["7"]
        number = executor.submit(visible, 0, "cpu")
        (came,) = executor.wait()
        assert (came.number, came.answer) == (number, "")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "named", [("gpu",), ("cuda:0", "cuda:0"), ("cuda:0", "cpu:0"), ("auto", "cuda:0"), ("cuda:x",)]
)
def test_devices_that_cannot_be_are_refused(named: tuple[str, ...]) -> None:
    with pytest.raises(RequestError, match=r"executor\.devices"):
        Executor(ExecutorConfig(devices=named))


def test_torch_is_asked_where_a_driver_is_there_or_a_gpu_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(devices, "NODES", tmp_path)
    assert Executor(ExecutorConfig()).devices == ()
    (tmp_path / "nvidiactl").touch()
    assert Executor(ExecutorConfig()).devices == ("cuda:0",)
    (tmp_path / "nvidiactl").unlink()
    assert Executor(ExecutorConfig(devices=("cuda",))).devices == ("cuda:0",)
    with pytest.raises(RequestError, match="cuda:3"):
        _ = Executor(ExecutorConfig(devices=("cuda:0", "cuda:3"))).devices

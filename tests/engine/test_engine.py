"""The engine: what is there is reused, what is missing is computed, and what fails is counted."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np
import pytest
import torch

from palmbench.base.memory import is_want_of_memory
from palmbench.base.store import Store
from palmbench.config.executors import ExecutorConfig
from palmbench.datasets.sample import Sample
from palmbench.engine.engine import Counts, Engine
from palmbench.engine.executor import Executor
from palmbench.engine.resume import look_up
from recognizers.common.cache_keys import digest
from recognizers.common.errors import Lost, NoHandError, RequestError, SampleError

SAMPLES = [Sample(f"{i}", f"{i // 2}", f"{i // 2}", "left", f"{i:032d}") for i in range(10)]


@dataclass(frozen=True)
class Upper:
    """Writes a sample's id in capitals; some samples it cannot do."""

    trouble: dict[str, Exception] = field(default_factory=dict)
    calls: list[list[str]] = field(default_factory=list)
    name: str = "capitals"
    title: str = "write capitals"
    suffix: str = ".txt"
    settings: ClassVar[dict[str, str]] = {}
    on_device: ClassVar[bool] = False

    def key(self, sample: Sample) -> str:
        return digest("capitals", photo=sample.digest)

    def compute(self, samples: Sequence[Sample], store: Store, device: str) -> list[bytes]:
        self.calls.append([sample.id for sample in samples])
        for sample in samples:
            if sample.id in self.trouble:
                raise self.trouble[sample.id]
        return [f"{sample.id} on {device}".encode() for sample in samples]

    def load(self, sample: Sample, store: Store) -> str:
        return store.load(self.name, self.key(sample), self.suffix, bytes.decode)


@dataclass(frozen=True)
class Lower(Upper):
    """Writes in small letters what `Upper` wrote."""

    upper: Upper = field(default_factory=Upper)
    name: str = "small"
    title: str = "write small letters"

    def compute(self, samples: Sequence[Sample], store: Store, device: str) -> list[bytes]:
        self.calls.append([sample.id for sample in samples])
        return [self.upper.load(sample, store).lower().encode() for sample in samples]


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return make(tmp_path)


def make(folder: Path, batch_size: int = 4) -> Engine:
    return Engine(Store(folder), Executor(ExecutorConfig(devices=("cpu",), workers=1, batch_size=batch_size)))


def counted(engine: Engine) -> tuple[int, int, int]:
    counts = engine.counts["capitals"]
    return counts.reused, counts.computed, counts.failed


def test_what_is_missing_is_computed_in_batches(engine: Engine) -> None:
    stage = Upper()
    assert engine.run(stage, SAMPLES) == {}
    assert counted(engine) == (0, 10, 0)
    assert [sample for batch in stage.calls for sample in batch] == [sample.id for sample in SAMPLES]
    assert max(map(len, stage.calls)) <= 4
    assert all(
        engine.store.read("capitals", stage.key(sample), ".txt") == f"{sample.id} on cpu".encode() for sample in SAMPLES
    )


def test_what_is_there_is_reused(tmp_path: Path) -> None:
    make(tmp_path).run(Upper(), SAMPLES[:7])
    again, stage = make(tmp_path), Upper()
    again.run(stage, SAMPLES)
    assert counted(again) == (7, 3, 0)
    assert sorted(sample for batch in stage.calls for sample in batch) == ["7", "8", "9"]


def test_counts_of_several_calls_add_up(engine: Engine) -> None:
    for _ in range(2):
        engine.run(Upper({"0": SampleError("torn")}), SAMPLES)
    assert counted(engine) == (9, 9, 2)
    counts = Counts()
    counts.add(reused=1, seconds=2.0)
    counts.add(reused=1, computed=2, failed=3)
    assert counts == Counts(2, 2, 3, 2.0)


def test_a_failure_costs_only_its_sample(engine: Engine) -> None:
    stage = Upper({"1": SampleError("torn"), "2": NoHandError("no hand was found")})
    failures = engine.run(stage, SAMPLES)
    assert {sample: tuple(failure) for sample, failure in failures.items()} == {
        "1": ("1", "capitals", "torn", False),
        "2": ("2", "capitals", "no hand was found", True),
    }
    assert counted(engine) == (0, 8, 2)
    there = [engine.store.has("capitals", stage.key(sample), ".txt") for sample in SAMPLES]
    assert there == [sample.id not in ("1", "2") for sample in SAMPLES]


def test_a_photo_too_large_for_the_memory_costs_only_itself_and_is_tried_again(tmp_path: Path) -> None:
    failures = make(tmp_path).run(Upper({"3": MemoryError()}), SAMPLES)
    assert list(failures) == ["3"] and not failures["3"].lasting and "not enough memory" in failures["3"].reason
    again = make(tmp_path)
    assert again.run(Upper(), SAMPLES) == {}
    assert counted(again) == (9, 1, 0)


def too_much_for_numpy() -> None:
    np.empty((1 << 25, 1 << 25))


def too_much_for_opencv() -> None:
    # A rectangle of no pixels in memory that is as large as OpenCV lets one be.
    cv2.resize(np.zeros((1, 1), np.float64), (1 << 30, 1 << 30))


def too_much_for_torch() -> None:
    torch.empty(1 << 60, dtype=torch.uint8)


@pytest.mark.parametrize("work", [too_much_for_numpy, too_much_for_opencv, too_much_for_torch])
def test_want_of_memory_is_known_whoever_says_it(work: Callable[[], None]) -> None:
    with pytest.raises(Exception) as said:  # what they raise is the question
        work()
    assert is_want_of_memory(said.value)


@pytest.mark.parametrize("error", [RuntimeError("shapes differ"), cv2.error("bad argument"), KeyError("memory")])
def test_other_errors_are_no_want_of_memory(error: Exception) -> None:
    assert not is_want_of_memory(error)


def test_no_hand_is_a_finding_and_is_not_looked_for_again(tmp_path: Path) -> None:
    make(tmp_path).run(Upper({"2": NoHandError("no hand was found")}), SAMPLES)
    again, stage = make(tmp_path), Upper()
    failures = again.run(stage, SAMPLES)
    assert stage.calls == []
    assert tuple(failures["2"]) == ("2", "capitals", "no hand was found", True)
    assert counted(again) == (9, 0, 1)


def test_other_failures_are_tried_again(tmp_path: Path) -> None:
    make(tmp_path).run(Upper({"2": SampleError("the network share is away")}), SAMPLES)
    again, stage = make(tmp_path), Upper()
    assert again.run(stage, SAMPLES) == {}
    assert stage.calls == [["2"]]
    assert counted(again) == (9, 1, 0)


@pytest.mark.parametrize("error", [RequestError("the disk is full"), ZeroDivisionError("ours")])
def test_what_is_no_sample_s_fault_stops_the_run_and_keeps_what_was_done(tmp_path: Path, error: Exception) -> None:
    first = make(tmp_path, batch_size=1)
    with pytest.raises(type(error)):
        first.run(Upper({"5": error}), SAMPLES)
    again = make(tmp_path)
    again.run(Upper(), SAMPLES)
    assert counted(again) == (5, 5, 0)


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."),
        RuntimeError("OpenCV(4.13.0) alloc.cpp:73: error: (-4:Insufficient memory) Failed to allocate 9 bytes"),
    ],
)
def test_a_photo_that_is_too_large_for_the_memory_costs_only_itself_and_is_tried_again(
    tmp_path: Path, error: Exception
) -> None:
    failures = make(tmp_path).run(Upper({"2": error}), SAMPLES)
    assert [(name, failure.stage, failure.lasting) for name, failure in failures.items()] == [("2", "capitals", False)]
    assert "executor.workers=1" in failures["2"].reason
    assert make(tmp_path).run(Upper(), SAMPLES) == {}


def test_a_plug_in_that_calls_exit_does_not_end_palmbench(engine: Engine) -> None:
    with pytest.raises(RequestError, match=r"write capitals .*sys\.exit"):
        engine.run(Upper({"2": SystemExit(0)}), SAMPLES)  # type: ignore[dict-item]


def test_files_that_are_not_what_was_stored_are_made_again_and_that_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = make(tmp_path)
    first.run(Upper(), SAMPLES)
    for sample in SAMPLES[:3]:
        path = first.store.path("capitals", Upper().key(sample), ".txt")
        path.write_bytes(path.read_bytes()[:-1])
    capsys.readouterr()
    again, stage = make(tmp_path), Upper()
    assert again.run(stage, SAMPLES) == {} and counted(again) == (7, 3, 0)
    assert sorted(sample for batch in stage.calls for sample in batch) == ["0", "1", "2"]
    (said,) = [line for line in capsys.readouterr().err.splitlines() if "stored" in line]
    assert said.endswith(".txt (and 2 more)")


def test_an_artefact_that_a_later_stage_finds_lost_is_no_failure_of_its_sample(tmp_path: Path) -> None:
    engine = make(tmp_path)
    engine.run(Upper(), SAMPLES)
    gone, changed = (engine.store.path("capitals", Upper().key(sample), ".txt") for sample in SAMPLES[2:4])
    gone.unlink()
    changed.write_bytes(changed.read_bytes().replace(b"cpu", b"gpu"))
    with pytest.raises(Lost) as lost:
        engine.run(Lower(), SAMPLES)
    assert sorted(lost.value.places) == sorted([str(gone), str(changed)])
    engine.start_over()
    assert engine.run(Upper(), SAMPLES) == engine.run(Lower(), SAMPLES) == {}
    small = engine.counts["small"]
    # Nothing that this engine computed is counted as found.
    assert counted(engine) == (0, 12, 0) and (small.reused, small.computed, small.failed) == (0, 10, 0)
    assert [Lower().load(sample, engine.store) for sample in SAMPLES] == [f"{sample.id} on cpu" for sample in SAMPLES]


def test_a_stop_ends_the_line_on_a_terminal(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    with pytest.raises(RequestError):
        engine.run(Upper({"0": RequestError("the disk is full")}), SAMPLES)
    assert terminal.getvalue().endswith("\n")


def test_looking_changes_nothing(engine: Engine) -> None:
    engine.run(Upper({"1": NoHandError("none"), "2": SampleError("torn")}), SAMPLES[:6])
    before = sorted(engine.store.root.rglob("*"))
    stage = Upper()
    found = look_up(stage, SAMPLES, engine.store)
    assert (found.reused, list(found.failures), [sample.id for sample in found.missing]) == (
        4,
        ["1"],
        ["2", "6", "7", "8", "9"],
    )
    assert stage.calls == [] and sorted(engine.store.root.rglob("*")) == before

"""Slurm: what is submitted, what is remembered, and the same tables where tasks of an array are lost."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from palmbench.config.compose import compose_points
from palmbench.config.executors import ExecutorConfig, SlurmConfig
from palmbench.engine import slurm, slurm_array
from palmbench.engine.graph import Part
from palmbench.engine.open_executor import open_executor
from palmbench.engine.pipeline import Pipeline
from palmbench.engine.planning import plan
from palmbench.engine.run import Run
from palmbench.engine.slurm_array import Array
from palmbench.engine.slurm_task import Share
from palmbench.engine.sweep import sweep
from palmbench.engine.wanted import Wanted
from palmbench.stages.artefacts import Artefacts
from recognizers.common.errors import RequestError
from tests.engine import slurm_here

ROOT = Path(__file__).resolve().parents[2]
SMALL = ("dataset.identities=4", "dataset.samples=2", "method=blur")
without = slurm_here.why_not() or ("" if find_spec("submitit") else "needs the package submitit: palmbench[slurm]")


@pytest.fixture
def parts(tmp_path: Path) -> list[Part]:
    """Two points that share their originals."""
    words = ["dataset.identities=2", "dataset.samples=2", "method=blur", "method.sigma=4,5", f"results_dir={tmp_path}"]
    return [Pipeline.of(point).part() for point in compose_points(words)]


def test_shares_hold_every_photo_once_and_each_all_that_is_made_of_it(parts: list[Part]) -> None:
    samples = Wanted(parts).samples
    assert samples == [sample.id for sample in parts[0].samples]
    shares = [Share.of(parts, frozenset(samples[task::3]), ExecutorConfig()) for task in range(3)]
    for steps, of_part in ((part.steps, place) for place, part in enumerate(parts)):
        held = [sample.id for share in shares for sample in share.parts[of_part][1]]
        assert sorted(held) == sorted(samples)
        assert all(share.parts[of_part][0] == list(steps) for share in shares)
    assert pickle.loads(pickle.dumps(shares[0])) == shares[0]


def test_what_points_share_is_wanted_once_and_what_is_there_is_not(parts: list[Part]) -> None:
    wanted = Wanted(parts)
    (prepare, _), (enrol, _) = parts[0].steps[:2]
    of_points = sum(len(part.steps) for part in parts) * 4
    shared = {stage.key(parts[0].samples[0]) for stage, _ in parts[0].steps}
    shared &= {stage.key(parts[0].samples[0]) for stage, _ in parts[1].steps}
    assert wanted.left == of_points - 4 * len(shared)
    assert wanted.digest == Wanted(parts).digest != Wanted(parts[:1]).digest
    first, second = parts[0].samples[:2]
    Artefacts(enrol, parts[0].store).save(first, b"a template")
    Artefacts(prepare, parts[0].store).save_failure(second, "no hand")
    before = wanted.left
    wanted.look()
    # With the hand that was not found goes everything that would be made of it, at both points.
    of_second = {stage.key(second) for part in parts for stage, _ in part.steps}
    assert before - wanted.left == 1 + len(of_second)
    assert second.id not in wanted.samples


def test_what_failed_in_a_job_is_waited_for_no_longer(parts: list[Part]) -> None:
    wanted = Wanted(parts)
    first, before = parts[0].samples[0], wanted.left
    wanted.give_up({(parts[0].steps[0].stage.name, first.id): "killed its worker twice"})
    assert before - wanted.left == len({stage.key(first) for part in parts for stage, _ in part.steps})
    assert first.id not in wanted.samples


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("--qos=high --exclusive", {"qos": "high", "exclusive": True}),
        ("--comment='two words'", {"comment": "two words"}),
        (None, {}),
    ],
)
def test_directives_are_options_of_sbatch(said: str | None, found: dict[str, str | bool]) -> None:
    assert slurm.directives(SlurmConfig(directives=said)) == found


def test_a_directive_without_dashes_is_refused() -> None:
    with pytest.raises(RequestError, match=r"executor\.directives .*qos"):
        slurm.directives(SlurmConfig(directives="qos=high"))


def test_without_its_package_it_is_said_how_to_get_it(parts: list[Part], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "submitit", None)
    with pytest.raises(RequestError, match=r"palmbench\[slurm\]"):
        open_executor(SlurmConfig(), parts[0].store.root.parent, parts)


def test_a_task_computes_in_the_precision_of_its_own_device_wherever_it_is_typed() -> None:
    assert SlurmConfig(gpus_per_task=1).where == "cuda" == SlurmConfig(gpus_per_task=1).of_a_task.where
    assert SlurmConfig(cpus_per_task=3).of_a_task == ExecutorConfig(devices=("cpu",), workers=3)


class Cluster:
    """A Slurm that does in this process what the jobs of an array would do, and takes some of them from it."""

    def __init__(self, *ends: dict[int, str]) -> None:
        self.ends = list(ends)
        self.submitted: list[tuple[str, ...]] = []
        self.found: dict[str, str] = {}

    def submit(self, shares: list[Share], config: SlurmConfig, folder: Path) -> tuple[str, ...]:
        jobs = tuple(f"{100 + len(self.submitted)}_{place}" for place in range(len(shares)))
        self.submitted.append(jobs)
        ends = self.ends.pop(0) if self.ends else {}
        folder.mkdir(parents=True, exist_ok=True)
        for place, (job, share) in enumerate(zip(jobs, shares, strict=True)):
            self.found[job] = ends.get(place, "COMPLETED")
            if self.found[job] == "COMPLETED":
                answer = ("success", pickle.loads(pickle.dumps(share))())
                (folder / f"{job}_0_result.pkl").write_bytes(pickle.dumps(answer))
        return jobs

    def states(self, array: str, jobs: tuple[str, ...]) -> dict[str, str]:
        return {job: self.found.get(job, "ENDED") for job in jobs}


def on(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slurm, "require", lambda config: None)
    monkeypatch.setattr(slurm, "submit", cluster.submit)
    monkeypatch.setattr(slurm, "states", cluster.states)


QUICK = SlurmConfig(tasks=3, cpus_per_task=1)


def test_what_a_lost_job_had_is_computed_by_a_second_array(
    parts: list[Part], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = Cluster({0: "NODE_FAIL", 1: "CANCELLED"})
    on(cluster, monkeypatch)
    with open_executor(QUICK, parts[0].store.root.parent, parts) as executor:
        assert Wanted(parts).left == 0
    assert sum(count for count, _ in executor.made_elsewhere(parts[0].digest).values()) == 4 * len(parts[0].steps)
    assert [len(jobs) for jobs in cluster.submitted] == [3, 3]
    err = capsys.readouterr().err
    assert "Slurm task 100_0 ended as NODE_FAIL; its log: " in err and "100_0_0_log.out" in err


def test_runs_tell_what_their_array_did_and_the_plan_goes_by_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["dataset.identities=2", "dataset.samples=2", "method=blur", "method.sigma=4,5", f"results_dir={tmp_path}"]
    words += ["executor=slurm", "executor.tasks=3", "executor.cpus_per_task=1"]
    on(Cluster({0: "NODE_FAIL"}), monkeypatch)
    points = compose_points(words)
    sweep(points)
    accounts = [account for point in points if (account := Run.of(point).account)]
    computed = [{name: spent.computed for name, spent in account.stages.items()} for account in accounts]
    assert [(each["hands"], each["templates"], each["deidentified"]) for each in computed] == [(4, 4, 4), (0, 0, 4)]
    assert all(account.stages["deidentified"].seconds > 0 for account in accounts)
    assert {(account.device, account.workers) for account in accounts} == {("cpu", 3)}
    assert all(account.memory["main"] > 0 for account in accounts)
    capsys.readouterr()
    assert plan(compose_points([*words, "method.sigma=4", "dataset.identities=4"])) == 0
    out = capsys.readouterr().out
    assert "built-in" not in "".join(line for line in out.splitlines() if "measure" not in line)


def test_what_an_array_did_whose_command_was_gone_is_told_too(
    parts: list[Part], monkeypatch: pytest.MonkeyPatch
) -> None:
    on(Cluster(), monkeypatch)
    results = parts[0].store.root.parent
    open_executor(QUICK, results, parts).close()
    with open_executor(QUICK, results, parts) as later:
        made = later.made_elsewhere(parts[0].digest)
        assert {name: count for name, (count, _) in made.items()} == dict.fromkeys(made, 4) != {}
        assert later.means.workers == 3
        assert not later.made_elsewhere("another part's")


def test_an_array_that_was_cancelled_is_not_submitted_again(parts: list[Part], monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster(dict.fromkeys(range(3), "CANCELLED"))
    on(cluster, monkeypatch)
    with pytest.raises(RequestError, match="array 100 was cancelled"):
        open_executor(QUICK, parts[0].store.root.parent, parts)
    assert len(cluster.submitted) == 1


def test_what_two_arrays_could_not_do_is_said_with_its_log(parts: list[Part], monkeypatch: pytest.MonkeyPatch) -> None:
    on(Cluster({0: "OUT_OF_MEMORY"}, {0: "OUT_OF_MEMORY"}), monkeypatch)
    with pytest.raises(RequestError, match=r"101_0 ended as OUT_OF_MEMORY, its log: .*101_0_0_log\.out"):
        open_executor(QUICK, parts[0].store.root.parent, parts)


def test_what_a_job_could_not_begin_is_raised(parts: list[Part], monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster({0: "FAILED"})
    on(cluster, monkeypatch)

    def submit(shares: list[Share], config: SlurmConfig, folder: Path) -> tuple[str, ...]:
        jobs = cluster.submit(shares, config, folder)
        said = "Traceback ...\nrecognizers.common.errors.RequestError: There are no weights.\n"
        (folder / f"{jobs[0]}_0_result.pkl").write_bytes(pickle.dumps(("error", said)))
        return jobs

    monkeypatch.setattr(slurm, "submit", submit)
    with pytest.raises(RequestError, match=r"^There are no weights\. \(log: .*100_0_0_log"):
        open_executor(QUICK, parts[0].store.root.parent, parts)


def test_the_same_command_follows_the_array_that_is_under_way(
    parts: list[Part], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    results = parts[0].store.root.parent
    cluster = Cluster({0: "RUNNING", 1: "PENDING", 2: "RUNNING"})
    on(cluster, monkeypatch)
    shares: list[Share] = []

    def submit(given: list[Share], config: SlurmConfig, folder: Path) -> tuple[str, ...]:
        shares.extend(given)
        return cluster.submit(given, config, folder)

    def closed(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(slurm, "submit", submit)
    monkeypatch.setattr(time, "sleep", closed)
    with pytest.raises(KeyboardInterrupt):
        open_executor(QUICK, results, parts)
    assert json.loads(next(results.glob("slurm/*/array.json")).read_text())["jobs"] == ["100_0", "100_1", "100_2"]

    def meanwhile(seconds: float) -> None:
        for share in shares:
            share()
        cluster.found |= dict.fromkeys(cluster.found, "COMPLETED")

    monkeypatch.setattr(time, "sleep", meanwhile)
    with open_executor(QUICK, results, parts):
        assert Wanted(parts).left == 0
    assert len(cluster.submitted) == 1
    assert "array 100 is under way: followed" in capsys.readouterr().err


def test_a_job_of_other_code_than_the_command_computes_nothing(
    parts: list[Part], monkeypatch: pytest.MonkeyPatch
) -> None:
    share = Share.of(parts, frozenset(sample.id for sample in parts[0].samples), ExecutorConfig())
    monkeypatch.setattr("palmbench.engine.slurm_task.code_digest", lambda: "newer")
    with pytest.raises(RequestError, match="code of palmbench was changed"):
        share()


def test_an_array_is_remembered_below_the_results(tmp_path: Path) -> None:
    assert Array.remembered(tmp_path) is None
    Array(tmp_path, ("12_0", "12_1")).remember()
    assert Array.remembered(tmp_path) == Array(tmp_path, ("12_0", "12_1"))
    assert Array(tmp_path, ("12_0", "12_1")).id == "12" == Array(tmp_path, ("12",)).id
    (tmp_path / slurm_array.ARRAY).write_text("{")
    assert Array.remembered(tmp_path) is None


def tables(results: Path) -> dict[str, bytes]:
    """What was measured, without when and where."""
    found = {path.name: path.read_bytes() for name in ("metrics.json", "scores.parquet", "errors.jsonl")
             for path in results.glob(f"runs/*/{name}")}  # fmt: skip
    assert len(found) == 3
    return found


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of commands that use a real Slurm of one node."""
    with slurm_here.slurm(tmp_path_factory.mktemp("slurm") / "here") as environment:
        yield environment


def answer(environment: dict[str, str], *words: str) -> list[str]:
    return subprocess.run(words, env=environment, capture_output=True, text=True).stdout.split("\n")


def running_jobs(environment: dict[str, str]) -> dict[str, str]:
    """The running tasks, as 1_0, and the number that Slurm has for each beside."""
    lines = answer(environment, "squeue", "--noheader", "--array", "--states=RUNNING", "--format=%i %A")
    return dict(line.split() for line in lines if line.strip())


def processes(environment: dict[str, str], job: str) -> list[int]:
    """Processes of a job's Python."""
    lines = [line.split() for line in answer(environment, "scontrol", "listpids", job)[1:] if line.strip()]
    pids = [int(words[0]) for words in lines if words[0].isdecimal() and int(words[0]) > 0]
    return [pid for pid in pids if b"submitit.core._submit" in _command(pid) and b"python" in _command(pid)]


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def start(results: Path, environment: dict[str, str], *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "palmbench", *SMALL, f"results_dir={results}", *words]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.slow
@pytest.mark.skipif(bool(without), reason=without)
def test_jobs_that_are_cancelled_killed_and_preempted_change_no_byte(real: dict[str, str], tmp_path: Path) -> None:
    on_slurm = ("executor=slurm", "executor.tasks=3", "executor.cpus_per_task=1", "executor.partition=main")
    closed = start(tmp_path / "slurm", real, *on_slurm)
    last = time.monotonic() + 60
    while len(jobs := running_jobs(real)) < 3 or not all(processes(real, job) for job in jobs.values()):
        assert closed.poll() is None and time.monotonic() < last, closed.communicate()
        time.sleep(0.1)
    first, second, third = sorted(jobs)
    answer(real, "scancel", first)  # which leaves it a few seconds, too few for its share
    closed.kill()  # as the end of its terminal would
    closed.communicate()
    store = tmp_path / "slurm" / "store"
    while sum(1 for path in store.rglob("*") if path.is_file()) < 1:
        assert time.monotonic() < last
        time.sleep(0.05)
    os.kill(processes(real, jobs[second])[0], signal.SIGKILL)
    answer(real, "scancel", "--signal=USR2", third)
    again = start(tmp_path / "slurm", real, *on_slurm)
    out, err = again.communicate(timeout=150)
    assert again.returncode == 0, (out, err)
    assert "is under way: followed" in err
    assert f"{first} ended as CANCELLED; its log: " in err, err
    assert f"{second} ended as FAILED; its log: " in err, err
    assert f"{third} ended as" not in err
    assert "Requeued job" in next((tmp_path / "slurm").glob(f"slurm/*/{third}_0_log.out")).read_text()
    start(tmp_path / "local", real, "executor.devices=cpu", "executor.workers=1").communicate()
    assert tables(tmp_path / "slurm") == tables(tmp_path / "local")
    (account,) = [run.account for run in Run.all(tmp_path / "slurm")]
    assert account is not None and account.workers == 3
    # What a task had done before it was killed or queued again is reused by the next, and nobody tells of it.
    assert 0 < account.stages["deidentified"].computed <= 8 and account.stages["deidentified"].seconds > 0


@pytest.mark.slow
@pytest.mark.skipif(bool(without), reason=without)
def test_what_slurm_does_not_take_is_said_in_its_words(real: dict[str, str], tmp_path: Path) -> None:
    refused = start(tmp_path, real, "executor=slurm", "executor.partition=elsewhere")
    _, err = refused.communicate(timeout=60)
    assert refused.returncode == 2
    assert "Slurm did not take the array of jobs" in err and "partition" in err

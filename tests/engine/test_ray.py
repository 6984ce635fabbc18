"""A Ray cluster: what its workers must find, and the same tables from two machines of which one is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from palmbench.config.executors import ExecutorConfig, RayConfig
from palmbench.engine.executor import Died, Executor
from palmbench.engine.open_executor import of_this_machine, open_executor
from palmbench.engine.provenance import code_digest
from palmbench.engine.ray_worker import Place, Started, require_place
from palmbench.engine.workers import Replies
from recognizers.common.errors import RequestError

ROOT = Path(__file__).resolve().parents[2]
SMALL = ("dataset.identities=4", "dataset.samples=2", "method=blur")
with_ray = pytest.mark.skipif(find_spec("ray") is None, reason="needs the package ray: palmbench[ray]")


def place(tmp_path: Path, **changed: Any) -> Place:
    token = tmp_path / "results" / ".token"
    token.parent.mkdir(exist_ok=True)
    token.write_text("written")
    return Place(str(tmp_path), (), str(token), "written", code_digest(), "cpu", 0.2)._replace(**changed)


def test_a_worker_works_where_the_command_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    require_place(place(tmp_path), "there")
    assert Path.cwd() == tmp_path


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"content": "of another command"}, "there does not see what this machine writes to .*results"),
        ({"token": "/nowhere/token"}, "there does not see what this machine writes to /nowhere"),
        ({"folder": "/nowhere"}, "there has not the folder /nowhere"),
        ({"code": "older"}, "there has other code of palmbench"),
    ],
)
def test_a_machine_that_does_not_share_what_a_run_needs_is_named(
    changed: dict[str, str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    with pytest.raises(RequestError, match=words):
        require_place(place(tmp_path, **changed), "there")


def test_a_file_that_comes_into_sight_late_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    late = place(tmp_path, patience=30.0)
    token = Path(late.token)
    token.unlink()
    monkeypatch.setattr(time, "sleep", lambda seconds: token.write_text("written"))
    require_place(late, "there")


def test_without_its_package_it_is_said_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(RequestError, match=r"palmbench\[ray\]"):
        open_executor(RayConfig(), tmp_path)


@with_ray
def test_a_gpu_of_one_machine_is_none_of_a_cluster(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"executor\.devices=cuda:0"):
        open_executor(RayConfig(devices=("cuda:0",)), tmp_path)


def test_what_one_machine_computes_refuses_a_cluster() -> None:
    assert of_this_machine(ExecutorConfig(workers=2), "deid").workers == 2
    with pytest.raises(RequestError, match=r"deid .* executor=ray"):
        of_this_machine(RayConfig(), "deid")


def test_neither_ray_nor_submitit_is_imported_before_it_is_used() -> None:
    code = (
        "import sys; import palmbench.commands.cli, palmbench.engine.sweep, palmbench.report.running; "
        "from palmbench.config.compose import compose_points; compose_points(['executor=ray']); "
        "compose_points(['executor=slurm']); assert not {'ray', 'submitit'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


class _GoneError(Exception):
    """An actor that died, as Ray has it."""


class Reference:
    """What Ray answers with before it has an answer."""

    def __init__(self, answer: Callable[[], Any]) -> None:
        self.answer = answer
        self.there = False


class Actor:
    """A worker on a machine of its own; `died` and `machine_lost` are what may become of them."""

    def __init__(self, ray: FakeRay, node: str) -> None:
        self.ray, self.node, self.died = ray, node, False
        self.begin = SimpleNamespace(remote=lambda place: ray.asked(lambda: Started(node, f"host {node}", "")))
        self.work = SimpleNamespace(remote=lambda number, packed: ray.asked(lambda: self._reply(number, packed)))

    def _reply(self, number: int, packed: bytes) -> bytes:
        if self.died or self.node in self.ray.lost:
            raise _GoneError("It died.\nIts machine was switched off.")
        return Replies().to(number, packed)


class FakeRay:
    """As much of Ray as an executor asks for: every actor on a machine of its own, answers when they are let come."""

    exceptions = SimpleNamespace(RayError=_GoneError, ActorUnavailableError=ConnectionError)

    def __init__(self) -> None:
        self.actors: list[Actor] = []
        self.lost: set[str] = set()
        self.cpus = 2

    def asked(self, answer: Callable[[], Any]) -> Reference:
        return Reference(answer)

    def is_initialized(self) -> bool:
        return True

    def cluster_resources(self) -> dict[str, float]:
        return {"CPU": float(self.cpus)}

    def nodes(self) -> list[dict[str, Any]]:
        return [{"NodeID": each.node, "Alive": each.node not in self.lost} for each in self.actors]

    def remote(self, kind: type) -> Any:
        def start() -> Actor:
            self.actors.append(Actor(self, str(len(self.actors))))
            return self.actors[-1]

        return SimpleNamespace(options=lambda **_: SimpleNamespace(remote=start))

    def wait(self, references: list[Reference], num_returns: int = 1, timeout: float | None = None, **_: Any) -> Any:
        return list(references), []

    def get(self, reference: Reference) -> Any:
        return reference.answer()

    def kill(self, actor: Actor) -> None:
        actor.died = True


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> FakeRay:
    fake = FakeRay()
    monkeypatch.setitem(sys.modules, "ray", fake)  # type: ignore[arg-type]
    return fake


def submitted(executor: Executor) -> int:
    """A task in the hands of a worker."""
    while not executor.takes("cpu"):
        assert executor.wait(0) == []
    return executor.submit(abs, -3)


def test_workers_answer_and_are_no_more_than_the_cluster_has_processors(ray: FakeRay, tmp_path: Path) -> None:
    with open_executor(RayConfig(devices=("cpu",)), tmp_path) as executor:
        assert (executor.workers, executor.devices, executor.inline) == (2, (), False)
        assert sorted(executor.map(abs, [-1, -2, -3, -4, -5])) == [1, 2, 3, 4, 5]
    assert len(ray.actors) <= 2 and all(actor.died for actor in ray.actors)
    assert list(tmp_path.iterdir()) == []


def test_a_photo_is_suspected_of_a_worker_that_died_and_not_of_a_machine_that_is_lost(
    ray: FakeRay, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_executor(RayConfig(devices=("cpu",), workers=1), tmp_path) as executor:
        number = submitted(executor)
        ray.actors[-1].died = True
        (event,) = executor.wait(0)
        assert isinstance(event, Died) and (event.number, event.begun) == (number, True)
        suspected = []
        for _ in range(4):
            number = submitted(executor)
            ray.lost.add(ray.actors[-1].node)
            (event,) = executor.wait(0)
            assert isinstance(event, Died) and event.number == number
            suspected.append(event.begun)
    # A machine may fail; one that fails with every photo is another matter.
    assert suspected == [False, False, False, True]
    assert "lost on host 1: Its machine was switched off" in capsys.readouterr().err


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two raylets on this machine; one is lost soon when it does not answer."""
    pytest.importorskip("ray", reason="needs the package ray: palmbench[ray]")
    from ray.cluster_utils import Cluster

    soon = {"health_check_period_ms": 500, "health_check_timeout_ms": 500, "health_check_failure_threshold": 3}
    little = {"object_store_memory": 80_000_000, "include_dashboard": False}
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    two = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "_system_config": soon, **little})
    try:
        yield two
    finally:
        two.shutdown()


def artefacts(results: Path) -> int:
    return sum(1 for path in (results / "store").rglob("*") if path.is_file())


def tables(results: Path) -> dict[str, bytes]:
    """What was measured, without when and where."""
    found = {path.name: path.read_bytes() for name in ("metrics.json", "scores.parquet", "errors.jsonl")
             for path in results.glob(f"runs/*/{name}")}  # fmt: skip
    assert len(found) == 3
    return found


def works_for(raylet: int) -> bool:
    """Whether one of a raylet's workers has a task of ours in hand, as its title says."""
    titles = subprocess.run(["ps", "--ppid", str(raylet), "-o", "args="], capture_output=True, text=True).stdout
    return "RayWorker.work" in titles


def start(results: Path, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "palmbench", *SMALL, f"results_dir={results}", *words]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for(condition: Any, running: subprocess.Popen[str], seconds: float = 120) -> None:
    last = time.monotonic() + seconds
    while not condition():
        assert running.poll() is None and time.monotonic() < last, running.communicate()
        time.sleep(0.05)


@pytest.mark.slow
def test_a_machine_that_is_lost_changes_no_byte(cluster: Any, tmp_path: Path) -> None:
    second = cluster.add_node(num_cpus=2, object_store_memory=80_000_000)
    local = start(tmp_path / "local", "executor.devices=cpu", "executor.workers=1")
    local.communicate()
    running = start(tmp_path / "ray", "executor=ray", f"executor.address={cluster.address}", "executor.devices=cpu")
    raylet = second.all_processes["raylet"][0].process
    wait_for(lambda: artefacts(tmp_path / "ray") > 8 and works_for(raylet.pid), running)
    raylet.send_signal(signal.SIGKILL)
    raylet.wait()
    out, err = running.communicate(timeout=120)
    assert running.returncode == 0, (out, err)
    assert "A worker of the Ray cluster was lost" in err
    assert tables(tmp_path / "ray") == tables(tmp_path / "local")
    assert not list((tmp_path / "ray").glob(".seen*"))


@pytest.mark.slow
def test_attacks_and_what_they_train_are_the_same_on_a_cluster(cluster: Any, tmp_path: Path) -> None:
    attacks = ["attack=finetuned", "attack.steps=2", "attack.batch=4", "method=blur"]
    few = ["dataset.identities=20", "dataset.samples=2"]
    there = ["executor=ray", f"executor.address={cluster.address}", "executor.devices=cpu"]
    found = []
    for name, executor in (("local", ["executor.workers=1"]), ("ray", there)):
        command = [sys.executable, "-m", "palmbench", "attack", *attacks, *few, f"results_dir={tmp_path / name}"]
        done = subprocess.run([*command, *executor], cwd=ROOT, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        found.append({str(path.relative_to(tmp_path / name)): path.read_bytes()
                      for path in (tmp_path / name).glob("attacks/*/metrics.json")})  # fmt: skip
    assert found[0] == found[1] and len(found[0]) == 5  # with its controls


def whereabouts(_: int) -> tuple[str, str | None]:
    return os.getcwd(), os.environ.get("OMP_NUM_THREADS")


def be_killed_if_odd(number: int) -> int:
    if number % 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


@pytest.mark.slow
def test_what_kills_its_worker_twice_is_answered_for_and_the_rest_is_done(cluster: Any, tmp_path: Path) -> None:
    with open_executor(RayConfig(address=cluster.address, devices=("cpu:0",)), tmp_path) as executor:
        assert executor.width("device") == 1
        assert set(executor.map(whereabouts, [1, 2])) == {(os.getcwd(), "1")}
        answers = list(executor.map(be_killed_if_odd, range(4), died=lambda number, reason: (number, reason)))
    told = [answer for answer in answers if isinstance(answer, tuple)]
    assert sorted(answer for answer in answers if isinstance(answer, int)) == [0, 2]
    assert sorted(number for number, _ in told) == [1, 3]
    assert all("A worker of the Ray cluster was lost" in reason for _, reason in told)


@pytest.mark.slow
def test_a_gpu_that_torch_does_not_find_is_said(cluster: Any, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("torch finds a GPU here")
    claimed = cluster.add_node(num_cpus=1, num_gpus=2, object_store_memory=80_000_000)
    try:
        with open_executor(RayConfig(address=cluster.address, devices=("cuda",)), tmp_path) as executor:
            assert (executor.devices, executor.device) == (("cuda:0", "cuda:1"), "cuda")
            with pytest.raises(RequestError, match=r"Ray counts a GPU on .*, but torch finds none"):
                list(executor.map(whereabouts, [1]))
    finally:
        cluster.remove_node(claimed)


@with_ray
@pytest.mark.slow
def test_without_a_cluster_it_is_said_how_to_start_one(tmp_path: Path) -> None:
    running = start(tmp_path, "executor=ray", "executor.address=127.0.0.1:1")
    _, err = running.communicate(timeout=180)
    assert running.returncode == 2
    assert "executor.address=127.0.0.1:1" in err and "ray start --head" in err

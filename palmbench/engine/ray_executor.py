"""Where tasks are computed on a Ray cluster: workers as actors, one a CPU, and one a GPU beside them.

Ray places the actors and says which are lost; what a lost one had in hand is computed by another. Artefacts go through
the folder of results, which every machine must share; through Ray go only tasks, and what was found of photos.
"""

from __future__ import annotations

import os
import pickle
import secrets
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

from palmbench.config.executors import ExecutorConfig, RayConfig
from palmbench.engine.executor import LANES, Came, Died, Executor, Lane
from palmbench.engine.provenance import code_digest
from palmbench.engine.ray_worker import Place, RayWorker, Started
from palmbench.engine.workers import ONE_THREAD, AnyWorker, Call, Reply
from recognizers.common.errors import RequestError
from recognizers.common.writing import write_bytes

_DEVICE_HANDS = 4
_PATIENCE = 60.0
_LOOK_AGAIN = 10.0  # seconds after which the size of the cluster is asked for again
_WAIT = 0.5
_CONNECT = 20.0
_SAY_WAITING = 20.0
# Machines may be lost without suspicion against the photos that they had in hand; not endlessly.
_LOST_NODES = 3


class RayExecutor(Executor):
    """Runs tasks on a Ray cluster; see `Executor`.

    Parameters
    ----------
    config : RayConfig
    results_dir : Path
        Folder of results, in which the workers must see what is written here.
    patience : float
        Seconds for a worker to see it.

    Raises
    ------
    RequestError
        If Ray is not installed or `devices` names GPUs by number; on first use if there is no such cluster.
    """

    def __init__(self, config: RayConfig, results_dir: Path, patience: float = _PATIENCE) -> None:
        super().__init__(ExecutorConfig(devices=config.devices, workers=config.workers, batch_size=config.batch_size))
        if config.devices[0].startswith("cuda:"):
            raise RequestError(
                f"executor.devices={config.devices[0]} names a GPU of one machine; for a Ray cluster write auto, "
                "cuda or cpu."
            )
        self._address = config.address
        self._ray = _imported()
        self._began_it = False
        self._token = results_dir.absolute() / f".seen-by-workers-{secrets.token_hex(8)}"
        self._patience = patience
        self._starting: list[tuple[Lane, _Worker]] = []
        self._size: dict[str, float] = {}
        self._looked = -_LOOK_AGAIN
        self._lost_nodes: set[str] = set()
        self._waits_since: float | None = None

    @property
    def devices(self) -> tuple[str, ...]:
        named = self._config.devices
        if named[0] == "cpu":
            return ()
        if named[0].startswith("cpu:"):
            return named
        there = tuple(f"cuda:{number}" for number in range(int(self._resources().get("GPU", 0))))
        if named[0] == "cuda" and not there:
            raise RequestError("executor.devices=cuda, but the Ray cluster has no GPU; use executor.devices=cpu.")
        return there

    @property
    def workers(self) -> int:
        return self._config.workers or max(1, int(self._resources().get("CPU", 1)))

    @property
    def inline(self) -> bool:
        return False

    def takes(self, lane: Lane, alone: bool = False) -> bool:
        self._have_one(lane)
        return any(not worker.in_hand if alone else self._free(worker, lane) for worker in self._pools[lane])

    def idle(self, lane: Lane) -> bool:
        self._have_one(lane)
        return any(not worker.in_hand for worker in self._pools[lane])

    def wait(self, seconds: float | None = None) -> list[Came | Died]:
        # Never without end: a worker that is ready now can be given something.
        return super().wait(_WAIT if seconds is None else seconds)

    def close(self) -> None:
        self.stop()

    def stop(self) -> None:
        everyone = [*self._take_all(), *(worker for _, worker in self._starting)]
        self._starting = []
        if self._began_it:
            self._ray.shutdown()  # which ends them all
        else:
            for worker in everyone:
                worker.kill()
        with suppress(OSError):
            self._token.unlink()

    def _resources(self) -> dict[str, float]:
        """CPUs and GPUs of the machines that are there now."""
        if time.monotonic() - self._looked >= _LOOK_AGAIN:
            self._connect()
            self._size = self._ray.cluster_resources()
            self._looked = time.monotonic()
        return self._size

    def _connect(self) -> None:
        if self._ray.is_initialized():
            return
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        how: dict[str, Any] = {"include_dashboard": False} if self._address == "local" else {}
        try:
            _require_open(self._address)
            self._ray.init(address=self._address, logging_level="WARNING", log_to_driver=False, **how)
        except Exception as error:  # Ray's own kinds change from version to version
            why = str(error).strip().partition("\n")[0].rstrip(".")
            raise RequestError(
                f"executor.address={self._address}: Ray did not connect ({why}). `ray start --head` starts a cluster "
                "on its first machine; executor.address=local starts one here for this command."
            ) from error
        self._began_it = True

    def _have_one(self, lane: Lane) -> None:
        """Ask for the first worker of a lane; further ones come as those that there are have enough to do."""
        if not self._pools[lane] and not any(each == lane for each, _ in self._starting):
            self._ask_for_one(lane)

    def _ask_for_one(self, lane: Lane) -> None:
        """Ask Ray for one more worker, which it starts when it has room."""
        if len(self._pools[lane]) + sum(each == lane for each, _ in self._starting) >= self.width(lane):
            return
        self._connect()
        if not self._token.exists():
            write_bytes(self._token, self._token.name.encode())
        on_gpu = lane == "device" and self.device == "cuda"
        place = Place(
            folder=os.getcwd(),
            modules=tuple(sys.path),
            token=str(self._token),
            content=self._token.name,
            code=code_digest(),
            device="cuda" if on_gpu else "cpu",
            patience=self._patience,
        )
        environment = dict.fromkeys(ONE_THREAD, "1") | ({} if on_gpu else {"CUDA_VISIBLE_DEVICES": ""})
        hands = _DEVICE_HANDS if lane == "device" else 1
        actor = self._ray.remote(RayWorker).options(
            num_cpus=int(lane == "cpu"),
            num_gpus=int(on_gpu),
            max_concurrency=hands,
            scheduling_strategy="SPREAD",
            runtime_env={"env_vars": environment},
        )
        self._starting.append((lane, _Worker(self._ray, actor.remote(), hands, place)))

    def _listen(self, seconds: float | None) -> Iterator[tuple[Lane, AnyWorker]]:
        everyone = [(lane, worker) for lane in LANES for worker in self._pools[lane] if isinstance(worker, _Worker)]
        awaited = [reference for _, worker in (*everyone, *self._starting) for reference in worker.awaited]
        self._say_if_waiting()
        if not awaited:
            time.sleep(seconds or 0)
            return
        there = set(self._ray.wait(awaited, timeout=seconds, fetch_local=False)[0])
        for lane, worker in list(self._starting):
            if not there.isdisjoint(worker.awaited):
                self._starting.remove((lane, worker))
                self._welcome(lane, worker)
        for lane, worker in everyone:
            if not there.isdisjoint(worker.awaited):
                yield lane, worker

    def _welcome(self, lane: Lane, worker: _Worker) -> None:
        """A worker has begun, or could not."""
        complaint = worker.began()
        if complaint:
            raise RequestError(complaint)
        if worker.ready:
            self._stillborn, self._waits_since = 0, None
            self._pools[lane].append(worker)
            return
        self._stillborn += 1
        # Where others work, those that could not begin are no reason to end: their machine may be lost.
        if self._stillborn > self.width(lane) and not self._pools[lane]:
            raise RequestError(worker.why_gone())

    def _give(self, call: Call, lane: Lane) -> None:
        least = self._least_busy(call, lane)
        if least is None:
            raise RuntimeError(f"a task was given where no worker takes one: {lane}")
        if least.in_hand:
            self._ask_for_one(lane)
        least.give(call)

    def _bury(self, lane: Lane, worker: AnyWorker) -> list[Came | Died]:
        if isinstance(worker, _Worker) and worker.lost_with_node:
            self._lost_nodes.add(worker.node)
            worker.blameless = len(self._lost_nodes) <= _LOST_NODES
        return super()._bury(lane, worker)

    def _replace(self, lane: Lane, worker: AnyWorker, reason: str) -> None:
        # Another is asked for when there is work for it, on what is left of the cluster.
        self._pools[lane].remove(worker)
        self._looked = -_LOOK_AGAIN
        print(f"{reason} What it had in hand is computed by another.", file=sys.stderr)

    def _say_if_waiting(self) -> None:
        if not self._starting or any(self._pools.values()):
            self._waits_since = None
            return
        now = time.monotonic()
        self._waits_since = self._waits_since or now
        if now - self._waits_since > _SAY_WAITING:
            self._waits_since = now + 1e9
            print("waiting for the Ray cluster, which has no room for a worker; `ray status` says why", file=sys.stderr)


class _Worker:
    """An actor, as the process sees it that it works for; see `palmbench.engine.workers.Worker`."""

    def __init__(self, ray: ModuleType, actor: Any, hands: int, place: Place) -> None:
        self.hands = hands
        self.in_hand: dict[int, Call] = {}
        self.ready = False
        self.busy = 0.0
        self.peak = 0
        self.node = ""
        self.lost_with_node = self.blameless = False
        self._ray, self._actor = ray, actor
        self._host = "a machine of the cluster"
        self._why = ""
        self._begin = actor.begin.remote(place)
        self._calls: dict[Any, int] = {}

    @property
    def awaited(self) -> list[Any]:
        """References to what it has been asked."""
        return list(self._calls) if self.ready else [self._begin]

    def began(self) -> str:
        """Take note of how it has begun; what it complains of."""
        try:
            started: Started = self._ray.get(self._begin)
        except self._ray.exceptions.RayError as error:
            self._note(error)
            return ""
        self.node, self._host, self.ready = started.node, started.host, not started.complaint
        return started.complaint

    def give(self, call: Call) -> None:
        self.in_hand[call.number] = call
        self._calls[self._actor.work.remote(call.number, call.packed())] = call.number

    def replies(self) -> tuple[list[tuple[Call, Reply]], bool]:
        found: list[tuple[Call, Reply]] = []
        there, _ = self._ray.wait(list(self._calls), num_returns=len(self._calls), timeout=0)
        for reference in there:
            try:
                reply: Reply = pickle.loads(self._ray.get(reference))
            except self._ray.exceptions.RayError as error:
                self._note(error)
                return found, False
            self.busy, self.peak = reply.busy, reply.peak
            found.append((self.in_hand.pop(self._calls.pop(reference)), reply))
        return found, True

    def begun(self) -> list[Call]:
        return [] if self.blameless else list(self.in_hand.values())[: self.hands]

    def bid_farewell(self) -> None:
        self.kill()

    def join(self) -> None:
        """Nothing to wait for: Ray ends it."""

    def kill(self) -> None:
        with suppress(self._ray.exceptions.RayError):
            self._ray.kill(self._actor)

    def why_gone(self) -> str:
        return f"A worker of the Ray cluster was lost on {self._host}: {self._why}."

    def _note(self, error: Exception) -> None:
        """Keep why it is gone, and whether its machine is."""
        lines = [line.strip() for line in str(error).splitlines() if line and not line.startswith("\t")]
        self._why = (lines[1] if len(lines) > 1 else lines[0] if lines else type(error).__name__).rstrip(".")
        gone = isinstance(error, self._ray.exceptions.ActorUnavailableError)
        alive = {node["NodeID"] for node in self._ray.nodes() if node["Alive"]}
        self.lost_with_node = self.ready and (gone or self.node not in alive)


def _require_open(address: str) -> None:
    """Make sure that somebody listens at HOST:PORT, which Ray would try for minutes. Raises OSError."""
    host, _, port = address.rpartition(":")
    if host and port.isdecimal():
        with socket.create_connection((host, int(port)), timeout=_CONNECT):
            pass


def _imported() -> ModuleType:
    try:
        import ray
    except ModuleNotFoundError as error:
        raise RequestError("executor=ray needs the package ray: python -m pip install 'palmbench[ray]'.") from error
    return ray

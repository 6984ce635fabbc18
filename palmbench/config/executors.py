"""Settings of where a run is computed: this machine, a Ray cluster, an array of Slurm jobs; none changes a result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from recognizers.common.strict import setting


@dataclass(frozen=True)
class ExecutorConfig:
    """This machine.

    `devices` are "auto", "cpu" or "cuda" alone, or the names of different devices of one kind, such as "cuda:1". A
    process for "cpu:0" computes on a CPU what another would on a device: with it sharing can be tried without one.
    """

    name: Literal["local"] = "local"
    devices: tuple[str, ...] = ("auto",)
    workers: int | None = setting(None, low=1, high=1024)
    batch_size: int = setting(8, low=1, high=4096)

    @property
    def where(self) -> str:
        """The device that `MethodConfig.on` is asked for."""
        return self.devices[0]


@dataclass(frozen=True)
class RayConfig:
    """A Ray cluster.

    `address` is "local" for one that is started here and ends with the command, "auto" for the one that this machine
    is part of, or that of a head. `devices` are "auto" or "cuda" for every GPU of the cluster, "cpu" for none, or
    "cpu:0", "cpu:1" and so on for workers that compute on a CPU what others would on a device.
    """

    name: Literal["ray"] = "ray"
    address: str = "local"
    devices: tuple[str, ...] = ("auto",)
    workers: int | None = setting(None, low=1, high=100_000)
    batch_size: int = setting(8, low=1, high=4096)

    @property
    def where(self) -> str:
        """The device that `MethodConfig.on` is asked for; "auto" is what this machine has, not the cluster."""
        return self.devices[0]


@dataclass(frozen=True)
class SlurmConfig:
    """An array of Slurm jobs. `time` is in minutes, `directives` are further options of sbatch as on its command line.

    Each task of the array is a run on one machine, with `cpus_per_task` workers and `gpus_per_task` devices.
    """

    name: Literal["slurm"] = "slurm"
    tasks: int = setting(4, low=1, high=100_000)
    partition: str | None = None
    account: str | None = None
    time: int = setting(240, low=1)
    cpus_per_task: int = setting(4, low=1, high=1024)
    gpus_per_task: int = setting(0, low=0, high=64)
    directives: str | None = None
    batch_size: int = setting(8, low=1, high=4096)

    @property
    def where(self) -> str:
        """The device that `MethodConfig.on` is asked for: that of a task, wherever the command is typed."""
        return "cuda" if self.gpus_per_task else "cpu"

    @property
    def of_a_task(self) -> ExecutorConfig:
        """How a task computes its share."""
        return ExecutorConfig(devices=(self.where,), workers=self.cpus_per_task, batch_size=self.batch_size)


AnyExecutorConfig = ExecutorConfig | RayConfig | SlurmConfig

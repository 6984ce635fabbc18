"""The executor that settings ask for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from palmbench.config.executors import AnyExecutorConfig, ExecutorConfig, RayConfig, SlurmConfig
from palmbench.engine.executor import Executor
from palmbench.engine.graph import Part
from recognizers.common.errors import RequestError


def open_executor(config: AnyExecutorConfig, results_dir: str | Path, parts: Sequence[Part] = ()) -> Executor:
    """The executor for a folder of results.

    Parameters
    ----------
    config : ExecutorConfig, RayConfig or SlurmConfig
    results_dir : str or Path
    parts : sequence of Part
        Everything that the executor will be asked for. With Slurm it is computed now, by an array of jobs that this
        waits for; the executor that comes of it computes nothing, but knows what came of the photos.

    Raises
    ------
    RequestError
        If a package is not installed, or there is no cluster; with Slurm if jobs ended before they were through.
    """
    if isinstance(config, RayConfig):
        from palmbench.engine.ray_executor import RayExecutor

        return RayExecutor(config, Path(results_dir))
    if isinstance(config, SlurmConfig):
        from palmbench.engine.slurm_array import compute

        return compute(parts, config, Path(results_dir))
    return Executor(config)


def open_for_flows(config: AnyExecutorConfig, results_dir: str | Path, who: str) -> Executor:
    """The executor of work that is known bit by bit, each part when those before it are done: no array of jobs.

    Parameters
    ----------
    config : ExecutorConfig, RayConfig or SlurmConfig
    results_dir : str or Path
    who : str
        The command, as the beginning of a sentence.

    Raises
    ------
    RequestError
        With Slurm; else as of `open_executor`.
    """
    if isinstance(config, SlurmConfig):
        raise RequestError(
            f"{who} does not know all its work beforehand, as an array of Slurm jobs wants it; take executor=ray, or "
            f"leave executor={config.name} out and give the command in a job of its own."
        )
    return open_executor(config, results_dir)


def of_this_machine(config: AnyExecutorConfig, who: str) -> ExecutorConfig:
    """The settings of work that is not shared among machines.

    Parameters
    ----------
    config : ExecutorConfig, RayConfig or SlurmConfig
    who : str
        The command, as the beginning of a sentence.

    Raises
    ------
    RequestError
        If the settings ask for a cluster.
    """
    if isinstance(config, ExecutorConfig):
        return config
    raise RequestError(f"{who} computes on the machine it is given on; leave executor={config.name} out.")

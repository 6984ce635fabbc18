"""Slurm as palmbench asks it: jobs submitted through submitit, their states by squeue, their answers by their files.

squeue is there wherever Slurm is; sacct, which submitit asks, wants a database that a cluster may lack.
"""

from __future__ import annotations

import pickle
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from palmbench.config.executors import SlurmConfig
from palmbench.engine.slurm_task import Share, Told
from recognizers.common.errors import RequestError

# How often a job may run into its time limit.
_TIMEOUTS = 100
_SECONDS = 60
_OVER = (
    "BOOT_FAIL",
    "CANCELLED",
    "COMPLETED",
    "DEADLINE",
    "FAILED",
    "NODE_FAIL",
    "OUT_OF_MEMORY",
    "PREEMPTED",
    "TIMEOUT",
)
_FORGOTTEN = "ENDED"  # Slurm keeps what it knows of a job that is over for some minutes
_UNKNOWN = "UNKNOWN"  # it does not answer


class Answer(NamedTuple):
    """What a job that was through has said of its work; None, and why, if it could not compute at all."""

    told: Told | None
    error: str


def require(config: SlurmConfig) -> None:
    """Make sure that jobs can be submitted. Raises RequestError."""
    _imported()
    directives(config)


def directives(config: SlurmConfig) -> dict[str, str | bool]:
    """Options of sbatch beside those that have a setting of their own. Raises RequestError."""
    found: dict[str, str | bool] = {}
    for word in shlex.split(config.directives or ""):
        if not word.startswith("--"):
            raise RequestError(
                f"executor.directives holds {word}, which is no option of sbatch; write it as --NAME=VALUE or --NAME."
            )
        name, given, value = word[2:].partition("=")
        found[name] = value if given else True
    return found


def submit(shares: Sequence[Share], config: SlurmConfig, folder: Path) -> tuple[str, ...]:
    """Submit an array of jobs, one for each share; their ids.

    Raises
    ------
    RequestError
        If Slurm does not take it.
    """
    submitit = _imported()
    settings = {
        "job_name": "palmbench",
        "time": config.time,
        "cpus_per_task": config.cpus_per_task,
        "gpus_per_task": config.gpus_per_task or None,
        "partition": config.partition,
        "account": config.account,
        "array_parallelism": len(shares),
        "stderr_to_stdout": True,
        # Since Slurm 22.05 a step does not take this over from its job.
        "srun_args": [f"--cpus-per-task={config.cpus_per_task}"],
        "additional_parameters": {"requeue": True, **directives(config)},
    }
    try:
        executor = submitit.SlurmExecutor(folder, max_num_timeout=_TIMEOUTS)
        executor.update_parameters(**{name: value for name, value in settings.items() if value is not None})
        jobs = executor.submit_array(shares)
    except (RuntimeError, subprocess.SubprocessError, OSError) as error:
        lines = [line for line in str(error).splitlines() if line.strip()]
        raise RequestError(f"Slurm did not take the array of jobs: {lines[-1].strip().rstrip('.')}.") from error
    return tuple(job.job_id for job in jobs)


def states(array: str, jobs: Sequence[str]) -> dict[str, str]:
    """The state of each job of an array, in Slurm's words; ENDED where it knows no more, UNKNOWN if it is silent."""
    words = ["squeue", "--noheader", "--array", "--states=all", f"--jobs={array}", "--format=%i|%T"]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return dict.fromkeys(jobs, _UNKNOWN)
    if done.returncode and "Invalid job id" not in done.stderr:
        return dict.fromkeys(jobs, _UNKNOWN)
    found = dict(line.split("|", 1) for line in done.stdout.split() if "|" in line)
    return {job: found.get(job, _FORGOTTEN) for job in jobs}


def under_way(states: Mapping[str, str]) -> bool:
    """Whether a job is running, or may still."""
    return any(state not in (*_OVER, _FORGOTTEN) for state in states.values())


def lost(folder: Path, states: Mapping[str, str]) -> dict[str, str]:
    """The jobs that ended before they were through, and their states."""
    return {
        job: state
        for job, state in states.items()
        if state in (*_OVER, _FORGOTTEN) and state != "COMPLETED" and not _answer_file(folder, job).exists()
    }


def answers(folder: Path, jobs: Sequence[str]) -> dict[str, Answer]:
    """What the jobs have said that were through."""
    found = {}
    for job in jobs:
        try:
            kind, said = pickle.loads(_answer_file(folder, job).read_bytes())
        except (OSError, ValueError, EOFError, AttributeError, ImportError, pickle.UnpicklingError):
            continue
        if kind != "success":
            last = str(said).strip().splitlines()[-1]
            found[job] = Answer(None, last.removeprefix(f"{RequestError.__module__}.{RequestError.__name__}: "))
        elif isinstance(said, Told):  # not of an array that other code was given
            found[job] = Answer(said, "")
    return found


def log(folder: Path, job: str) -> Path:
    """Where a job writes what it has to say."""
    return folder / f"{job}_0_log.out"


def _answer_file(folder: Path, job: str) -> Path:
    return folder / f"{job}_0_result.pkl"


def _imported() -> ModuleType:
    try:
        import submitit
    except ModuleNotFoundError as error:
        raise RequestError(
            "executor=slurm needs the package submitit: python -m pip install 'palmbench[slurm]'."
        ) from error
    return submitit

"""A Slurm of one node on this machine, for tests: started as root without systemd, in a folder of its own."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

DAEMONS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue")
_CONFIG = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={daemon}
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
ReturnToService=2
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SlurmdSpoolDir={folder}/slurmd
StateSaveLocation={folder}/slurmctld
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/munge.socket,cred_expire=5
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
KillWait=1
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def why_not() -> str:
    """Why Slurm cannot be started here, as a sentence; empty if it can."""
    if os.geteuid() != 0:
        return "a Slurm of its own can be started by root only"
    absent = [name for name in DAEMONS if shutil.which(name) is None]
    return f"needs {', '.join(absent)}: Debian has them in slurm-wlm and munge" if absent else ""


@contextmanager
def slurm(folder: Path, cpus: int = 3) -> Iterator[dict[str, str]]:
    """The environment of commands that use it."""
    (folder / "munge").mkdir(parents=True)
    (folder / "slurmd").mkdir()
    (folder / "slurmctld").mkdir()
    config, key = folder / "slurm.conf", folder / "munge" / "munge.key"
    host = socket.gethostname().partition(".")[0]
    config.write_text(_CONFIG.format(host=host, folder=folder, cpus=cpus, controller=_free_port(), daemon=_free_port()))
    key.write_bytes(secrets.token_bytes(1024))
    key.chmod(0o400)
    (folder / "munge").chmod(0o700)
    environment = {**os.environ, "SLURM_CONF": str(config)}
    munge = [f"--key-file={key}", *(f"--{name}-file={folder}/munge/munge.{name}" for name in ("log", "pid", "seed"))]
    daemons = [
        ["munged", "--foreground", "--force", f"--socket={folder}/munge/munge.socket", *munge],
        ["slurmctld", "-D", "-f", str(config)],
        ["slurmd", "-D", "-f", str(config)],
    ]
    running = []
    try:
        for words in daemons:
            with open(folder / f"{words[0]}.out", "wb") as out:
                running.append(subprocess.Popen(words, env=environment, stdout=out, stderr=out))
            time.sleep(0.5)
        last = time.monotonic() + 30
        while "idle" not in subprocess.run(["sinfo"], env=environment, capture_output=True, text=True).stdout:
            logs = {path.name: path.read_text(errors="replace")[-500:] for path in folder.glob("*.out")}
            assert time.monotonic() < last, logs
            time.sleep(0.2)
        yield environment
    finally:
        subprocess.run(["scancel", "--name=palmbench"], env=environment, capture_output=True, timeout=30)
        for daemon in reversed(running):
            daemon.terminate()
        for daemon in running:
            try:
                daemon.wait(10)
            except subprocess.TimeoutExpired:
                daemon.kill()


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])

"""A worker on a Ray cluster, from its own side: it makes sure that it sees the same files, and then works."""

from __future__ import annotations

import os
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from palmbench.engine.provenance import code_digest
from palmbench.engine.workers import Replies, limit_threads
from recognizers.common.errors import RequestError


class Place(NamedTuple):
    """What a worker must find where it is.

    Attributes
    ----------
    folder : str
        The current folder of the command, to which its settings are relative.
    modules : tuple of str
        Where the command looks for modules, and this machine does so last.
    token : str
        A file that the command has just written among its results.
    content : str
        Of that file.
    code : str
        `code_digest` of the command.
    device : str
        What it computes on.
    patience : float
        Seconds for the file to come into sight: NFS may show it late.
    """

    folder: str
    modules: tuple[str, ...]
    token: str
    content: str
    code: str
    device: str
    patience: float


class Started(NamedTuple):
    """Where a worker is, and what is wrong there, as a sentence; empty if nothing."""

    node: str
    host: str
    complaint: str


class RayWorker:
    """What an actor does."""

    def __init__(self) -> None:
        self._replies = Replies()

    def begin(self, place: Place) -> Started:
        """Make ready for work."""
        import ray

        host = socket.gethostname()
        try:
            require_place(place, host)
            complaint = ""
        except RequestError as error:
            complaint = str(error)
        return Started(ray.get_runtime_context().get_node_id(), host, complaint)

    def work(self, number: int, packed: bytes) -> bytes:
        """The reply to a call; see `palmbench.engine.workers.Replies`."""
        return self._replies.to(number, packed)


def require_place(place: Place, host: str) -> None:
    """Make sure that this machine has what a command has, and work in the same folder. Raises RequestError."""
    if code_digest() != place.code:
        raise RequestError(
            f"executor=ray: {host} has other code of palmbench than the machine of this command. Install the same on "
            "every machine of the cluster."
        )
    try:
        os.chdir(place.folder)
    except OSError as error:
        raise RequestError(
            f"executor=ray: {host} has not the folder {place.folder}, in which this command was given. Give it in a "
            "folder that every machine of the cluster has under the same path."
        ) from error
    sys.path += [each for each in place.modules if each not in sys.path]
    limit_threads()
    if place.device == "cuda":
        require_gpu(host)
    token = Path(place.token)
    last = time.monotonic() + place.patience
    while _content(token) != place.content:
        if time.monotonic() > last:
            raise RequestError(
                f"executor=ray: {host} does not see what this machine writes to {token.parent}. The folder of results "
                "must be one that every machine of the cluster shares, under the same path."
            )
        time.sleep(min(1.0, place.patience / 4))


def require_gpu(host: str) -> None:
    """Make sure that torch finds the GPU that Ray gave this process. Raises RequestError."""
    import torch

    if not torch.cuda.is_available():
        raise RequestError(
            f"executor=ray: Ray counts a GPU on {host}, but torch finds none there. Mend its driver or torch, or use "
            "executor.devices=cpu."
        )


def _content(token: Path) -> str:
    # A look at the folder has a client of NFS ask its server again.
    with suppress(OSError):
        os.listdir(token.parent)
        return token.read_text()
    return ""

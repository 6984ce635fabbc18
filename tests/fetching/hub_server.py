"""As much of the hub's interface as its client needs to fetch a repository, on this machine."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from urllib.parse import unquote, urlsplit

import pytest
from huggingface_hub import constants
from server import listening

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Repository:
    """A repository and how the server serves it; may be changed while it runs.

    Attributes
    ----------
    name : str
    revisions : set of str
    files : dict of str to bytes
        Those of a kilobyte and more are large files, known by their sha256.
    denial : (int, str) or None
        Status and error code of every answer.
    pause : float
        Seconds between megabytes of large files.
    stall : float
        Seconds before anything is answered.
    damaged : set of str
        Files that come with a wrong byte.
    asked : list of str
        Method, path and Range of each request so far.
    """

    name: str
    revisions: set[str]
    files: dict[str, bytes]
    denial: tuple[int, str] | None = None
    pause: float = 0.0
    stall: float = 0.0
    damaged: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    def entry(self, path: str) -> dict:
        content = self.files[path]
        entry = {"type": "file", "path": path, "size": len(content), "oid": git_name(content)}
        if len(content) >= 1000:
            entry["lfs"] = {"oid": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 130}
        return entry


def git_name(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


@contextmanager
def serving(repository: Repository) -> Iterator[str]:
    """Address of the hub while it runs."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.answer(body=False)

        def do_GET(self) -> None:
            self.answer(body=True)

        def answer(self, body: bool) -> None:
            path = unquote(urlsplit(self.path).path)
            asked = self.headers.get("Range")
            repository.asked.append(" ".join(filter(None, (self.command, path, asked))))
            time.sleep(repository.stall)
            api, files = f"/api/models/{repository.name}/", f"/{repository.name}/resolve/{COMMIT}/"
            if repository.denial is not None:
                self.deny(*repository.denial)
            elif path.startswith(f"{api}revision/"):
                if path.removeprefix(f"{api}revision/") in repository.revisions:
                    self.send_json({"id": repository.name, "sha": COMMIT, "siblings": []})
                else:
                    self.deny(404, "RevisionNotFound")
            elif path.startswith(f"{api}tree/"):
                self.send_json([repository.entry(name) for name in repository.files])
            elif path.startswith(files):
                self.send_file(path.removeprefix(files), asked, body)
            else:
                self.deny(404 if path.startswith(api) else 401, "RepoNotFound")

        def deny(self, status: int, code: str) -> None:
            self.send_response(status)
            if code:
                self.send_header("X-Error-Code", code)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def send_json(self, content: object) -> None:
            text = json.dumps(content).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def send_file(self, name: str, asked: str | None, body: bool) -> None:
            content, entry = repository.files[name], repository.entry(name)
            start = int(asked.removeprefix("bytes=").split("-")[0]) if asked else 0
            self.send_response(206 if asked else 200)
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("ETag", f'"{entry["lfs"]["oid"] if "lfs" in entry else entry["oid"]}"')
            self.send_header("Content-Length", str(len(content) - start))
            if asked:
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            self.end_headers()
            if name in repository.damaged:
                content = bytes([content[0] ^ 1]) + content[1:]
            for begin in range(start, len(content) if body else 0, 1_000_000):
                self.wfile.write(content[begin : begin + 1_000_000])
                time.sleep(repository.pause if "lfs" in entry else 0)

        def log_message(self, *_: object) -> None: ...

    with listening(Handler) as address:
        yield address


def use_hub(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """Let the client of this process talk to that hub."""
    # The client reads HF_ENDPOINT once, when it is imported.
    monkeypatch.setattr(constants, "ENDPOINT", address)
    template = address + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)

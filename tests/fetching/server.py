"""A web server on this machine that misbehaves on request."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Behaviour:
    """What the server does; may be changed while it runs.

    Attributes
    ----------
    content : bytes
        The file.
    ranges : bool
        Whether it honours Range.
    cut_after : list of int
        For each coming answer, bytes after which the connection is cut.
    hang_after : list of int
        The same, but it stays open and silent for ten seconds before it is cut.
    statuses : list of int
        Statuses of the coming answers; then 200 or 206.
    stall : float
        Seconds before anything is answered.
    pause : float
        Seconds between blocks of 10 kB.
    length : bool
        Whether it tells the length.
    moved_to : str or None
        Address to which requests of another host name are sent on.
    asked, logins : list of str or None
        The Range and the login of each request so far.
    """

    content: bytes
    ranges: bool = True
    cut_after: list[int] = field(default_factory=list)
    hang_after: list[int] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    stall: float = 0.0
    pause: float = 0.0
    length: bool = True
    moved_to: str | None = None
    asked: list[str | None] = field(default_factory=list)
    logins: list[str | None] = field(default_factory=list)


@contextmanager
def serving(behaviour: Behaviour) -> Iterator[str]:
    """Address of the file while the server runs."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers.get("Range")
            behaviour.asked.append(asked)
            behaviour.logins.append(self.headers.get("Authorization"))
            if behaviour.moved_to and self.headers["Host"] not in behaviour.moved_to:
                self.send_response(302)
                self.send_header("Location", behaviour.moved_to)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            # What this request meets is settled when it comes: a stalled one must not take what is meant for the next.
            status = behaviour.statuses.pop(0) if behaviour.statuses else None
            hang = behaviour.hang_after.pop(0) if behaviour.hang_after and status is None else None
            cut = behaviour.cut_after.pop(0) if behaviour.cut_after and status is None and hang is None else None
            time.sleep(behaviour.stall)
            if status is not None:
                self.send_error(status)
                return
            whole = len(behaviour.content)
            start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and behaviour.ranges else 0
            if start >= whole:
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{whole}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206 if asked and behaviour.ranges else 200)
            if behaviour.length:
                self.send_header("Content-Length", str(whole - start))
            if asked and behaviour.ranges:
                self.send_header("Content-Range", f"bytes {start}-{whole - 1}/{whole}")
            self.end_headers()
            body = behaviour.content[start:]
            if hang is not None or cut is not None:
                body = body[: hang if hang is not None else cut]
            for begin in range(0, len(body), 10_000):
                self.wfile.write(body[begin : begin + 10_000])
                time.sleep(behaviour.pause)
            if hang is not None:
                time.sleep(10)

        def log_message(self, *_: object) -> None: ...

    with listening(Handler) as address:
        yield f"{address}/file.pth"


@contextmanager
def listening(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Address of a server on this machine that answers as the handler says."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        server.handle_error = lambda *_: None  # a client that went away is part of the play
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()

"""One file from the web: resumed where it was broken off, checked before it takes its name."""

from __future__ import annotations

import errno
import fcntl
import http.client
import shutil
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, NamedTuple, NoReturn
from urllib.parse import urlsplit

from palmbench.base.progress import Transfer
from palmbench.fetching.torch_files import sha256_of
from recognizers.common.errors import MissingWeights

_BLOCK = 1 << 20
_TRANSIENT = (408, 425, 429, 500, 502, 503, 504)


class Patience(NamedTuple):
    """How long a broken transfer is tried again.

    Attributes
    ----------
    timeout : float
        Seconds without an answer or a byte after which a connection counts as broken.
    attempts : int
        Attempts in a row that bring nothing, once something has come.
    first_attempts : int
        The same before anything has come: without a network the answer should come in seconds.
    wait : float
        Seconds before the second attempt; doubled for each further one.
    """

    timeout: float = 10.0
    attempts: int = 6
    first_attempts: int = 2
    wait: float = 1.0


PATIENCE = Patience()


class Remote(NamedTuple):
    """A file of the web.

    Attributes
    ----------
    url : str
        http or https.
    sha256 : str
        Digest, or its beginning, in hexadecimal digits.
    title : str
        Its name, for progress and messages.
    headers : mapping of str to str
        Sent to the address itself; where that sends us to another host, without the login.
    """

    url: str
    sha256: str
    title: str
    headers: Mapping[str, str] = MappingProxyType({})


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows to other hosts without the login: it is not theirs, and some refuse it."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):  # type: ignore[no-untyped-def]
        new = super().redirect_request(req, fp, code, msg, headers, newurl)
        if new is not None and urlsplit(newurl).netloc != urlsplit(req.full_url).netloc:
            new.remove_header("Authorization")
        return new


_OPENER = urllib.request.build_opener(_Redirects)


class Broken(Exception):
    """A transfer that may go on; the text says what happened."""


def download(remote: Remote, target: Path, again: str, patience: Patience = PATIENCE) -> Path:
    """Fetch a file.

    What has come lies in `target` with `.part` added; any later call goes on from there.

    Parameters
    ----------
    remote : Remote
    target : Path
        Where the file goes; its folder is made.
    again : str
        The command that repeats this, in backquotes, for messages.
    patience : Patience

    Returns
    -------
    Path
        `target`.

    Raises
    ------
    MissingWeights
        If the file is not to be had, is another one, or the disk is full.
    """
    part = target.with_name(f"{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _alone(part, again) as stream:
            _receive(remote, stream, part, again, patience)
            found = sha256_of(part)
            if not found.startswith(remote.sha256):
                part.unlink()
                raise MissingWeights(
                    f"{remote.url} gave another file than {remote.title}, and it was deleted: its sha256 is {found}, "
                    f"and should begin with {remote.sha256}. Run {again} again; if it gives the same, use a copy from "
                    "elsewhere."
                )
            part.replace(target)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise MissingWeights(
                f"The disk of {target.parent} is full; what came of {remote.title} is kept. Make room and run "
                f"{again}: it goes on from there."
            ) from error
        raise MissingWeights(
            f"{target.parent} cannot be written ({error.strerror or error}); use --to FOLDER."
        ) from error
    return target


def _receive(remote: Remote, stream: BinaryIO, part: Path, again: str, patience: Patience) -> None:
    wait, failures, received = patience.wait, 0, False
    while True:
        before = stream.seek(0, 2)
        try:
            _one_transfer(remote, stream, part, patience.timeout)
            return
        except urllib.error.HTTPError as error:
            if error.code not in _TRANSIENT:
                _refused(remote.url, error, again)
            why = f"status {error.code}"
        except Broken as error:
            why = str(error)
        came = stream.seek(0, 2) > before
        received = received or came
        if came:
            wait, failures = patience.wait, 0
        failures += 1
        if failures >= (patience.attempts if received else patience.first_attempts):
            kept = f" {stream.tell() / 1e6:.1f} MB are kept, and it goes on from there." if stream.tell() else ""
            raise MissingWeights(
                f"{remote.url} could not be fetched: {why}. When it can be reached, run {again} again.{kept}"
            )
        time.sleep(wait)
        wait *= 2


def _one_transfer(remote: Remote, stream: BinaryIO, part: Path, timeout: float) -> None:
    """Append what is missing; Broken if the connection breaks, HTTPError if the server says no."""
    have = stream.seek(0, 2)
    headers = {"User-Agent": "palmbench", **remote.headers, "Accept-Encoding": "identity"}
    request = urllib.request.Request(remote.url, headers=headers)
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        response = _OPENER.open(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        if error.code != 416:
            raise
        # Nothing is left to send: all is here, or what is here is not the beginning of that file.
        if _whole_length(error.headers.get("Content-Range")) == have:
            return
        stream.truncate(0)
        raise Broken("the server has another file than before") from error
    except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
        raise Broken(_why(error, timeout)) from error
    with response:
        if have and response.status != 206:  # it does not resume, and sends all of it
            stream.truncate(0)
            have = stream.seek(0)
        length = response.headers.get("Content-Length")
        total = have + int(length) if length else None
        if total is not None:
            _must_have_room(part, total - have)
        progress = Transfer(remote.title, total, have)
        try:
            for block in _blocks(response, timeout):
                stream.write(block)
                progress.advance(len(block))
            stream.flush()
        finally:
            progress.finish()
    if total is not None and stream.tell() != total:
        raise Broken("the connection broke")


def _blocks(response: http.client.HTTPResponse, timeout: float) -> Iterator[bytes]:
    while True:
        try:
            block = response.read1(_BLOCK)
        except (http.client.HTTPException, OSError) as error:
            raise Broken(_why(error, timeout)) from error
        if not block:
            return
        yield block


def _why(error: BaseException, timeout: float) -> str:
    reason = getattr(error, "reason", error)
    if isinstance(reason, TimeoutError):
        return f"no answer for {timeout:g} seconds"
    if isinstance(reason, socket.gaierror):
        return "its name is not known here (no network?)"
    if isinstance(reason, ConnectionRefusedError):
        return "the connection was refused"
    return f"the connection broke ({reason})" if str(reason) else "the connection broke"


def _refused(url: str, error: urllib.error.HTTPError, again: str) -> NoReturn:
    told = {401: "it asks for a login", 403: "it is forbidden", 404: "it is not there any more", 410: "it is gone"}
    why = told.get(error.code, error.reason or "no reason given")
    raise MissingWeights(
        f"{url} was refused: {why} (status {error.code}). Name a copy from elsewhere in the settings, or run {again} "
        "another day."
    ) from error


def _must_have_room(part: Path, needed: int) -> None:
    free = shutil.disk_usage(part.parent).free
    if free < needed:
        raise MissingWeights(
            f"{part.parent} has {free / 1e6:.0f} MB free, and {needed / 1e6:.0f} MB are still to come. Make room, or "
            "use --to FOLDER on another disk."
        )


def _whole_length(content_range: str | None) -> int | None:
    length = (content_range or "").rpartition("/")[2]
    return int(length) if length.isdecimal() else None


@contextmanager
def _alone(part: Path, again: str) -> Iterator[BinaryIO]:
    """The unfinished file, for this process only; a killed one lets go of it."""
    with open(part, "ab") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise MissingWeights(f"Another process is fetching {part.name}. Wait for it, then run {again}.") from error
        yield stream

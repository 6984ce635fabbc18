"""A file from the web arrives whole or is said to be missing; nothing that came is lost."""

from __future__ import annotations

import errno
import hashlib
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from server import Behaviour, serving

from palmbench.fetching import download as module
from palmbench.fetching.download import Patience, Remote, download
from recognizers.common.errors import MissingWeights

CONTENT = np.random.default_rng(0).bytes(300_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
ROOT = Path(__file__).resolve().parents[2]
AGAIN = "palmbench weights fetch lpips"
PATIENCE = Patience(timeout=10.0, attempts=3, first_attempts=2, wait=0.01)
IMPATIENCE = PATIENCE._replace(timeout=0.5)


@pytest.fixture
def behaviour() -> Behaviour:
    return Behaviour(CONTENT)


@pytest.fixture
def url(behaviour: Behaviour) -> Iterator[str]:
    with serving(behaviour) as address:
        yield address


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "file.pth"


@pytest.fixture
def part(target: Path) -> Path:
    return target.with_name("file.pth.part")


def fetch(url: str, target: Path, patience: Patience = PATIENCE) -> Path:
    return download(Remote(url, SHA256[:8], "file.pth"), target, f"`{AGAIN}`", patience)


def test_a_file_is_fetched_checked_and_named(url, target, part, capfd):
    assert fetch(url, target) == target
    assert target.read_bytes() == CONTENT and not part.exists()
    assert "file.pth" in capfd.readouterr().err


def test_a_cut_connection_is_taken_up_where_it_broke(url, target, behaviour, capfd):
    behaviour.cut_after = [100_000, 50_000, 0]
    assert fetch(url, target).read_bytes() == CONTENT
    assert behaviour.asked == [None, "bytes=100000-", "bytes=150000-", "bytes=150000-"]
    assert "kept" in capfd.readouterr().err


def test_a_server_that_cannot_resume_sends_all_again(url, target, behaviour):
    behaviour.ranges = False
    behaviour.cut_after = [100_000]
    assert fetch(url, target).read_bytes() == CONTENT
    assert behaviour.asked == [None, "bytes=100000-"]


def test_a_server_that_tells_no_length_is_trusted_no_further_than_the_digest(url, target, behaviour, part):
    behaviour.length = False
    assert fetch(url, target).read_bytes() == CONTENT
    target.unlink()
    behaviour.cut_after = [100_000]
    with pytest.raises(MissingWeights, match="another file"):
        fetch(url, target)
    assert fetch(url, target).read_bytes() == CONTENT


def test_a_finished_part_is_only_checked(url, target, part, behaviour):
    part.parent.mkdir()
    part.write_bytes(CONTENT)
    assert fetch(url, target).read_bytes() == CONTENT
    assert behaviour.asked == ["bytes=300000-"]


def test_a_part_of_a_longer_file_is_started_anew(url, target, part):
    part.parent.mkdir()
    part.write_bytes(CONTENT + b"more")
    assert fetch(url, target).read_bytes() == CONTENT


def test_a_file_with_another_digest_is_deleted_and_a_second_try_succeeds(url, target, part, behaviour):
    behaviour.content = b"<html>" * 1000
    with pytest.raises(MissingWeights, match=rf"gave another file.*deleted.*{SHA256[:8]}.*`{AGAIN}`"):
        fetch(url, target)
    assert not part.exists() and not target.exists()
    behaviour.content = CONTENT
    assert fetch(url, target).read_bytes() == CONTENT


@pytest.mark.parametrize(("status", "says"), [(404, "not there any more"), (403, "forbidden"), (418, "status 418")])
def test_a_refusal_is_not_tried_again(url, target, behaviour, status, says):
    behaviour.statuses = [status]
    with pytest.raises(MissingWeights, match=says):
        fetch(url, target)
    assert len(behaviour.asked) == 1
    fetch(url, target)


def test_a_login_is_not_carried_to_another_host(url, target, behaviour):
    """As the hub does, which asks for a login and sends to a store that wants none."""
    behaviour.moved_to = url.replace("127.0.0.1", "localhost")
    remote = Remote(url, SHA256, "file.pth", {"Authorization": "Bearer secret", "User-Agent": "us"})
    assert download(remote, target, AGAIN, PATIENCE).read_bytes() == CONTENT
    assert behaviour.logins == ["Bearer secret", None]
    behaviour.moved_to, behaviour.logins = None, []
    target.unlink()
    download(remote, target, AGAIN, PATIENCE)
    assert behaviour.logins == ["Bearer secret"]


def test_a_busy_server_is_tried_again(url, target, behaviour):
    behaviour.statuses = [503]
    assert fetch(url, target).read_bytes() == CONTENT


def test_a_silent_server_is_given_up_and_what_came_is_kept(url, target, part, behaviour):
    behaviour.cut_after = [100_000, 0, 0]
    with pytest.raises(MissingWeights, match=r"the connection broke.*0\.1 MB are kept, and it goes on from there"):
        fetch(url, target)
    assert part.read_bytes() == CONTENT[:100_000]
    behaviour.stall = 60.0
    began = time.monotonic()
    with pytest.raises(MissingWeights, match=r"no answer for 0\.5 seconds"):
        fetch(url, target, IMPATIENCE)
    assert time.monotonic() - began < 30
    behaviour.stall, behaviour.asked = 0.0, []
    assert fetch(url, target).read_bytes() == CONTENT
    assert behaviour.asked == ["bytes=100000-"]


def test_a_connection_that_stalls_half_way_is_taken_up(url, target, behaviour):
    behaviour.hang_after = [100_000]
    assert fetch(url, target, PATIENCE._replace(timeout=2.0)).read_bytes() == CONTENT
    assert behaviour.asked == [None, "bytes=100000-"]


def test_no_network_is_told_in_seconds(target, monkeypatch):
    began = time.monotonic()
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}/file.pth"
        with pytest.raises(MissingWeights, match=rf"the connection was refused.*`{AGAIN}` again\.$"):
            fetch(address, target)

    def nameless(*_: object, **__: object) -> None:
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", nameless)
    with pytest.raises(MissingWeights, match=r"not known here \(no network\?\)"):
        fetch("http://weights.example/file.pth", target)
    assert time.monotonic() - began < 30


def test_a_disk_too_small_is_noticed_before(url, target, part, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=100_000))
    with pytest.raises(MissingWeights, match=r"0 MB free.*--to FOLDER"):
        fetch(url, target)
    assert part.stat().st_size == 0
    monkeypatch.undo()
    fetch(url, target)


def test_a_disk_that_fills_up_keeps_what_came(url, target, part, monkeypatch, behaviour):
    def filling(path, mode):
        stream = open(path, mode)  # noqa: SIM115 - whoever asked closes it
        write = stream.write

        def until_full(block):
            if stream.tell():
                raise OSError(errno.ENOSPC, "No space left on device")
            return write(block[:100_000])

        stream.write = until_full
        return stream

    with monkeypatch.context() as patch:
        patch.setattr(module, "open", filling, raising=False)
        with pytest.raises(MissingWeights, match=rf"disk of .* is full.*kept.*`{AGAIN}`"):
            fetch(url, target)
    kept = part.stat().st_size
    assert 0 < kept < len(CONTENT)
    assert fetch(url, target).read_bytes() == CONTENT
    assert behaviour.asked[-1] == f"bytes={kept}-"


def test_a_really_full_disk_keeps_what_came(url, tmp_path, behaviour):
    """On a file system of 200 kB, where one may be made."""
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", small], capture_output=True)
    if mounted.returncode:
        pytest.skip("no file system may be mounted here")
    try:
        behaviour.length = False  # so that the lack is not seen beforehand
        with pytest.raises(MissingWeights, match=r"is full; what came of file\.pth is kept"):
            fetch(url, small / "file.pth")
        assert (small / "file.pth.part").stat().st_size > 100_000
    finally:
        subprocess.run(["umount", small], check=True)


def test_a_folder_that_cannot_be_made_is_told(url, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(MissingWeights, match="cannot be written"):
        fetch(url, tmp_path / "file" / "file.pth")


def test_a_killed_fetch_goes_on(url, target, part, behaviour):
    behaviour.pause = 0.2
    code = (
        "from pathlib import Path; from palmbench.fetching.download import Remote, download\n"
        f"download(Remote({url!r}, {SHA256!r}, 'file.pth'), Path({str(target)!r}), 'again')"
    )
    child = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while not (part.exists() and part.stat().st_size > 50_000) and time.monotonic() < deadline:
            time.sleep(0.01)
        with pytest.raises(MissingWeights, match="Another process"):
            fetch(url, target)
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    kept = part.stat().st_size
    assert 50_000 < kept < len(CONTENT)
    behaviour.pause = 0.0
    assert fetch(url, target).read_bytes() == CONTENT
    assert behaviour.asked == [None, f"bytes={kept}-"]

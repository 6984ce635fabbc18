"""What cannot be printed costs nobody a result: readers that go, full devices, closed files, poor encodings."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from palmbench.commands import cli

EXPORT = ["data", "export", "synth", "--layout", "nnnn_ssss", "--identities", "2", "--samples", "1", "--size", "64x64"]
FULL = Path("/dev/full")


def palmbench(words: list[str], out: int, err: int, **environment: str) -> int:
    command = [sys.executable, "-m", "palmbench", *words]
    return subprocess.run(command, stdout=out, stderr=err, env={**os.environ, **environment}, timeout=60).returncode


@pytest.fixture
def gone() -> int:
    """The end to write to of a pipe that nobody reads any more."""
    reading, writing = os.pipe()
    os.close(reading)
    yield writing
    os.close(writing)


def test_the_work_goes_on_when_its_reader_has_gone(gone: int, tmp_path: Path) -> None:
    assert palmbench([*EXPORT, "--out", str(tmp_path / "out")], gone, gone) == 0
    assert len(list((tmp_path / "out").glob("0*.png"))) == 2


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("stream", ["out", "err"])
def test_a_full_device_takes_no_file_with_it_and_is_no_success(stream: str, tmp_path: Path) -> None:
    said = tmp_path / "said"
    with FULL.open("wb") as full, said.open("wb") as other:
        streams = (full.fileno(), other.fileno())
        status = palmbench(
            [*EXPORT, "--out", str(tmp_path / "out")], *(streams if stream == "out" else reversed(streams))
        )
    assert status == 2
    assert len(list((tmp_path / "out").glob("0*.png"))) == 2
    if stream == "out":
        assert "standard output cannot be written (No space left on device)" in said.read_text().splitlines()[-1]


def test_closed_streams_stop_nothing_and_get_no_file_of_the_command(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "palmbench", *EXPORT, "--out", str(tmp_path / "out")]
    done = subprocess.run(["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *words], timeout=60)
    assert done.returncode == 0
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in (tmp_path / "out").glob("0*.png"))


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_what_an_encoding_lacks_is_printed_as_escapes(encoding: str, tmp_path: Path) -> None:
    said = tmp_path / "said"
    with said.open("wb") as stream:
        out = tmp_path / "手-ü"
        status = palmbench([*EXPORT, "--out", str(out)], stream.fileno(), subprocess.DEVNULL, PYTHONIOENCODING=encoding)
    assert status == 0
    name = "\\u624b-\\xfc" if encoding == "ascii" else "\\u624b-ü"
    assert name in said.read_text(encoding=encoding)


def test_names_that_are_not_unicode_are_printed_on_every_stream(capfd: pytest.CaptureFixture[str]) -> None:
    def command() -> int:
        print(os.fsdecode(b"palm-\xe9"))
        print(os.fsdecode(b"palm-\xe9"), file=sys.stderr)
        return 0

    assert cli.guarded(command) == 0
    said = capfd.readouterr()
    assert said.out == said.err == "palm-\\udce9\n"

"""The store: an artefact is there whole or not at all, whatever happens while it is written."""

from __future__ import annotations

import errno
import json
import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from palmbench.base.images import decode_png, encode_png
from palmbench.base.store import Store, if_there, pack_arrays, unpack_arrays
from recognizers.common.errors import Damaged, Lost, RequestError
from recognizers.common.writing import atomic, json_bytes, require_room_for, require_writable, write_bytes


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_an_artefact_lies_under_its_key(tmp_path: Path) -> None:
    store = Store(tmp_path)
    key = "ab" + "0" * 30
    assert not store.has("hands", key, ".npz")
    store.write("hands", key, ".npz", b"hand")
    assert store.path("hands", key, ".npz") == tmp_path / "hands" / "ab" / f"{key}.npz"
    assert store.has("hands", key, ".npz") and not store.has("hands", key, ".failed")
    assert store.read("hands", key, ".npz") == b"hand"
    assert names(tmp_path) == [f"{key}.npz"]


PNG = encode_png(np.arange(768, dtype=np.uint8).reshape(16, 16, 3))
WHOLE = {
    ".npz": pack_arrays(distances=np.arange(500.0)),
    ".json": json_bytes({"ssim": "0.96"}),
    ".png": PNG,
    ".failed": b"no hand was found",
}
KEY, OTHER = "ab" * 16, "cd" * 16


def flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "emptied": lambda data: b"",
    "without its end": lambda data: data[: len(data) // 2],
    "without its last byte": lambda data: data[:-1],
    "longer": lambda data: data + b"\n",
    "ending in zeros": lambda data: data[:-300] + bytes(300),
    "all zeros": lambda data: bytes(len(data)),
    "one bit at the start": lambda data: flipped(data, 0),
    "one bit in the middle": lambda data: flipped(data, len(data) // 3),
    "one bit of its seal": lambda data: flipped(data, len(data) - 20),
    "one bit of its name": lambda data: flipped(data, len(data) - 100),
    "without a seal": lambda data: data.rpartition(b"\n{")[0],
}


@pytest.mark.parametrize("suffix", WHOLE)
def test_an_artefact_is_read_as_it_was_written(tmp_path: Path, suffix: str) -> None:
    store = Store(tmp_path)
    store.write("stage", KEY, suffix, WHOLE[suffix])
    assert store.has("stage", KEY, suffix) and store.read("stage", KEY, suffix) == WHOLE[suffix]


@pytest.mark.parametrize("suffix", WHOLE)
@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_artefact_is_not_read_and_counts_as_missing(
    tmp_path: Path, suffix: str, damage: Callable[[bytes], bytes]
) -> None:
    store = Store(tmp_path)
    store.write("stage", KEY, suffix, WHOLE[suffix])
    path = store.path("stage", KEY, suffix)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(Damaged, match=KEY):
        store.read("stage", KEY, suffix)
    assert not store.has("stage", KEY, suffix)
    store.write("stage", KEY, suffix, WHOLE[suffix])
    assert store.read("stage", KEY, suffix) == WHOLE[suffix]


def test_artefacts_that_changed_places_are_not_read(tmp_path: Path) -> None:
    store = Store(tmp_path)
    places = [("hands", KEY), ("hands", OTHER), ("templates", KEY)]
    for stage, key in places:
        store.write(stage, key, ".npz", WHOLE[".npz"])
    paths = [store.path(stage, key, ".npz") for stage, key in places]
    contents = [path.read_bytes() for path in paths]
    for (stage, key), path, content in zip(places, paths, contents[1:] + contents[:1], strict=True):
        path.write_bytes(content)
        assert not store.has(stage, key, ".npz")
        with pytest.raises(Damaged):
            store.read(stage, key, ".npz")


def test_viewers_open_what_is_in_the_store(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for suffix in (".png", ".npz"):
        store.write("stage", KEY, suffix, WHOLE[suffix])
    with Image.open(store.path("stage", KEY, ".png")) as picture:
        assert np.array_equal(np.asarray(picture), decode_png(PNG))
    assert np.load(store.path("stage", KEY, ".npz"))["distances"].sum() == np.arange(500.0).sum()


def test_what_is_absent_is_lost_and_nothing_where_one_can_do_without(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = Store(tmp_path)
    with pytest.raises(Lost, match=KEY):
        store.read("stage", KEY, ".json")
    assert if_there(lambda: store.load("stage", KEY, ".json", json.loads)) is None
    assert capsys.readouterr().err == ""
    store.write("stage", KEY, ".json", WHOLE[".json"])
    assert if_there(lambda: store.load("stage", KEY, ".json", json.loads)) == {"ssim": "0.96"}
    store.path("stage", KEY, ".json").write_bytes(b"{}")
    assert if_there(lambda: store.load("stage", KEY, ".json", json.loads)) is None
    assert capsys.readouterr().err.count(KEY) == 1


@pytest.mark.parametrize("odd", ["folder", "loop"])
def test_what_is_no_file_is_no_artefact(tmp_path: Path, odd: str) -> None:
    store = Store(tmp_path)
    path = store.path("stage", KEY, ".json")
    path.parent.mkdir(parents=True)
    if odd == "folder":
        path.mkdir()
    else:
        path.symlink_to(path)
    assert not store.has("stage", KEY, ".json")
    with pytest.raises(Lost):
        store.read("stage", KEY, ".json")


def test_nothing_is_made_before_the_first_write(tmp_path: Path) -> None:
    assert not Store(tmp_path / "store").has("hands", "abc", ".npz")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error", [ValueError("a defect"), KeyboardInterrupt()])
def test_a_failure_while_writing_leaves_what_was_there(tmp_path: Path, error: BaseException) -> None:
    path = tmp_path / "metrics.json"
    write_bytes(path, b"old")
    with pytest.raises(type(error)), atomic(path) as part:
        part.write_bytes(b"half of the n")
        raise error
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["metrics.json"]


def test_a_failure_while_writing_leaves_nothing_where_nothing_was(tmp_path: Path) -> None:
    with pytest.raises(ValueError), atomic(tmp_path / "deep" / "metrics.json") as part:
        part.write_bytes(b"half")
        raise ValueError
    assert names(tmp_path) == []


def test_readers_see_the_old_or_the_new_and_never_half(tmp_path: Path) -> None:
    path = tmp_path / "block"
    contents = [bytes([digit]) * 200_000 for digit in range(4)]
    write_bytes(path, contents[0])

    def write(content: bytes) -> None:
        for _ in range(20):
            write_bytes(path, content)

    with ThreadPoolExecutor(4) as pool:
        writers = [pool.submit(write, content) for content in contents]
        while not all(writer.done() for writer in writers):
            assert path.read_bytes() in contents
        for writer in writers:
            writer.result()
    assert names(tmp_path) == ["block"]


def test_a_full_disk_is_said_in_a_sentence(tmp_path: Path) -> None:
    with (
        pytest.raises(RequestError, match=r"block cannot be written: No space left on device; free some space"),
        atomic(tmp_path / "block") as part,
    ):
        part.write_bytes(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert names(tmp_path) == []


def test_a_file_or_a_folder_in_the_way_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("in the way")
    folder = file / "results"
    choice = r"move that, or choose another place with results_dir=FOLDER\.$"
    for attempt in (lambda: require_writable(folder), lambda: write_bytes(folder / "block", b"")):
        with pytest.raises(RequestError, match=rf"cannot be written: {file} is a file; {choice}"):
            attempt()
    with pytest.raises(RequestError, match=rf"^{file} cannot be written: it is a file; {choice}"):
        require_writable(file)
    with pytest.raises(RequestError, match=rf"^{tmp_path} cannot be written: it is a folder; {choice}"):
        write_bytes(tmp_path, b"")
    assert not Store(file).has("hands", "abc", ".npz")


def test_a_file_for_the_end_of_the_work_has_room_or_not_before_it(tmp_path: Path) -> None:
    require_room_for(tmp_path / "made" / "report.json", "choose another")
    assert names(tmp_path) == [] and (tmp_path / "made").is_dir()
    with pytest.raises(RequestError, match=r"made cannot be written: it is a folder; move that, or choose another\.$"):
        require_room_for(tmp_path / "made", "choose another")


def test_a_trial_leaves_no_file(tmp_path: Path) -> None:
    require_writable(tmp_path / "results")
    assert (tmp_path / "results").is_dir() and names(tmp_path) == []


def test_arrays_come_back_as_they_were_and_equal_arrays_are_equal_bytes() -> None:
    arrays = {"mask": np.array([1, 2], np.uint8), "side": np.array("left"), "none": np.zeros((0, 3), np.float32)}
    back = unpack_arrays(pack_arrays(**arrays))
    assert {name: (array.dtype, array.tolist()) for name, array in back.items()} == {
        name: (array.dtype, array.tolist()) for name, array in arrays.items()
    }
    assert pack_arrays(**arrays) == pack_arrays(**arrays)


def test_json_is_sorted_and_strict() -> None:
    assert json_bytes({"b": 1, "a": "ö"}) == '{\n "a": "ö",\n "b": 1\n}\n'.encode()
    with pytest.raises(ValueError):
        json_bytes({"psnr": float("inf")})


def test_what_is_written_is_on_the_disk_before_it_takes_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A machine that loses power after a rename must not find a file of zeros behind the name.
    steps: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def noted_fsync(descriptor: int) -> None:
        steps.append(
            "folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else f"{os.fstat(descriptor).st_size} bytes"
        )
        fsync(descriptor)

    def noted_replace(part: Path, target: Path) -> Path:
        steps.append("rename")
        return replace(part, target)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(Path, "replace", noted_replace)
    write_bytes(tmp_path / "block", b"whole")
    assert steps == ["5 bytes", "rename", "folder"]
    # An artefact is sealed: what is lost of it is found out and made again, so nobody waits for the disk.
    steps.clear()
    Store(tmp_path).write("hands", "ab", ".npz", b"whole")
    assert steps == ["rename"]


@pytest.mark.parametrize(("umask", "mode"), [(0o077, 0o600), (0o027, 0o640), (0o022, 0o644)])
def test_a_file_has_the_permissions_that_the_umask_leaves(tmp_path: Path, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        write_bytes(tmp_path / "block", b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "block").stat().st_mode) == mode


WRITER = """
import sys, time
from pathlib import Path
from recognizers.common.writing import atomic
with atomic(Path(sys.argv[1]) / "block") as part:
    part.write_bytes(b"half")
    print("writing", flush=True)
    sys.stdin.read()
"""


def test_what_a_killed_process_was_writing_is_removed_and_what_a_living_one_writes_is_not(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    writers = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    try:
        for writer in writers:
            assert writer.stdout is not None and writer.stdout.readline() == "writing\n"
        killed, living = writers
        assert len(names(tmp_path)) == 2
        killed.kill()
        killed.wait()
        write_bytes(tmp_path / "another", b"")
        assert len([name for name in names(tmp_path) if name.endswith(".part")]) == 1
        living.communicate()
        assert living.returncode == 0
    finally:
        for writer in writers:
            writer.kill()
    assert names(tmp_path) == ["another", "block"] and (tmp_path / "block").read_bytes() == b"half"


def test_what_another_machine_writes_is_dead_only_after_a_day(tmp_path: Path) -> None:
    fresh, old = tmp_path / "a" / ".palmbench-elsewhere-1.part", tmp_path / "b" / ".palmbench-elsewhere-1.part"
    for part, age in ((fresh, 3600), (old, 48 * 3600)):
        part.parent.mkdir()
        part.touch()
        os.utime(part, (time.time() - age,) * 2)
        write_bytes(part.parent / "block", b"")
    assert fresh.exists() and not old.exists()

"""The store: an artefact is there whole or not at all, whatever happens while it is written."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from palmbench.errors import RequestError
from palmbench.images import decode_png, encode_png
from palmbench.store import (
    Store,
    atomic,
    json_bytes,
    pack_arrays,
    require_room_for,
    require_writable,
    unpack_arrays,
    write_bytes,
)


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


def test_an_empty_file_is_no_artefact(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write("hands", "abc", ".npz", b"")
    assert not store.has("hands", "abc", ".npz")


@pytest.mark.parametrize(
    ("suffix", "whole", "parse"),
    [
        (".npz", pack_arrays(distances=np.arange(500.0)), unpack_arrays),
        (".json", json_bytes({"ssim": "0.96"}), json.loads),
        (".png", encode_png(np.arange(768, dtype=np.uint8).reshape(16, 16, 3)), decode_png),
    ],
)
def test_an_artefact_that_lost_its_end_is_named_with_what_to_do(
    suffix: str, whole: bytes, parse: Callable[[bytes], object], tmp_path: Path
) -> None:
    store = Store(tmp_path)
    store.write("stage", "abc", suffix, whole)
    store.load("stage", "abc", suffix, parse)
    store.write("stage", "abc", suffix, whole[: len(whole) // 2])
    with pytest.raises(RequestError, match=f"abc{suffix} is damaged; delete it, and the same command makes it again"):
        store.load("stage", "abc", suffix, parse)
    with pytest.raises(FileNotFoundError):
        store.load("stage", "other", suffix, parse)


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

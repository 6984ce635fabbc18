"""What lies in the results folder under a file's name and is none stops nothing, and is not waited for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from palmbench.base.plain_files import read_object, read_plain
from palmbench.base.store import Store
from palmbench.engine.records import read_record
from recognizers.common.errors import Lost


def put(path: Path, what: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if what == "folder":
        path.mkdir()
    elif what == "pipe":
        os.mkfifo(path)
    elif what == "loop":
        path.symlink_to(path.name)
    elif what != "nothing":
        path.write_text(what)
    return path


@pytest.mark.parametrize("what", ["nothing", "folder", "pipe", "loop"])
def test_what_is_no_file_is_neither_read_nor_waited_for(tmp_path: Path, what: str) -> None:
    path = put(tmp_path / "it", what)
    with pytest.raises(OSError):
        read_plain(path)
    assert read_object(path) is None
    assert read_record(path, "key") is None
    store = Store(tmp_path / "store")
    put(store.path("hands", "key", ".npz"), what)
    assert not store.has("hands", "key", ".npz")
    with pytest.raises(Lost):
        store.read("hands", "key", ".npz")


@pytest.mark.parametrize("what", ["[]", "3", "null", "{", "", "[" * 100_000])
def test_what_is_no_object_is_none(tmp_path: Path, what: str) -> None:
    path = put(tmp_path / "it.json", what)
    assert read_object(path) is None
    assert read_record(path, "key") is None


def test_an_object_is_read_through_a_link_too(tmp_path: Path) -> None:
    put(tmp_path / "it.json", '{"a": 1}')
    (tmp_path / "link.json").symlink_to("it.json")
    assert read_object(tmp_path / "it.json") == read_object(tmp_path / "link.json") == {"a": 1}

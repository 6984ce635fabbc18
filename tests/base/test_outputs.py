"""What a command writes where its user says never costs a file that was there."""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from palmbench.base.outputs import InTheWay, put, put_account, put_result, replaceable_account, stamp, whole_folder
from recognizers.common import unfinished
from recognizers.common.errors import RequestError

CHOICE = "choose another FILE"


@pytest.fixture
def umask() -> Iterator[None]:
    before = os.umask(0o077)
    yield
    os.umask(before)


def no_links(source: object, target: object) -> None:
    raise OSError(errno.EPERM, "Operation not permitted")


@pytest.mark.parametrize("links", [True, False])
def test_a_file_is_created_and_nothing_is_replaced(
    links: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not links:
        monkeypatch.setattr(os, "link", no_links)
    new, old, link = tmp_path / "folder" / "new", tmp_path / "old", tmp_path / "link"
    old.write_bytes(b"mine")
    link.symlink_to(tmp_path / "nowhere")
    put(new, b"result", CHOICE)
    for path in (old, link, tmp_path):
        with pytest.raises(InTheWay, match="is not replaced; move it, or choose another FILE"):
            put(path, b"result", CHOICE)
    assert new.read_bytes() == b"result" and old.read_bytes() == b"mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "link", "old"]
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["new"]


def test_one_known_file_is_replaced_unless_it_has_changed(tmp_path: Path) -> None:
    path = tmp_path / "account"
    path.write_bytes(b"first")
    seen = stamp(path)
    put(path, b"second", CHOICE, seen)
    assert path.read_bytes() == b"second"
    with pytest.raises(InTheWay):
        put(path, b"third", CHOICE, seen)
    path.unlink()
    put(path, b"fourth", CHOICE, seen)
    assert path.read_bytes() == b"fourth"


def test_the_umask_is_kept(umask: None, tmp_path: Path) -> None:
    put(tmp_path / "file", b"", CHOICE)
    with whole_folder(tmp_path / "out", CHOICE) as part:
        (part / "inside").touch()
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o700


def test_a_name_may_be_as_long_as_names_can_be(tmp_path: Path) -> None:
    put(tmp_path / ("n" * 255), b"whole", CHOICE)
    assert (tmp_path / ("n" * 255)).read_bytes() == b"whole"
    with pytest.raises(RequestError):
        put(tmp_path / ("n" * 256), b"whole", CHOICE)


def test_a_table_or_figure_takes_the_place_of_its_like_and_of_nothing_else(tmp_path: Path) -> None:
    png, text, page = b"\x89PNG\r\n\x1a\n...", b"method,alpha\n", b"<!doctype html>\n"
    path = tmp_path / "tables" / "table2.csv"
    for data in (text, b"method,n\n"):
        put_result(path, data)
        assert path.read_bytes() == data
    for there, data in ((png, text), (text, png), (b'{"a": 1}', text), (text, page), (b"PK\0\0", text)):
        path.write_bytes(there)
        with pytest.raises(InTheWay, match="this command did not write it; move it"):
            put_result(path, data)
        assert path.read_bytes() == there
    link, folder = tmp_path / "link", tmp_path / "folder"
    link.symlink_to(tmp_path / "mine.csv")
    folder.mkdir()
    for other in (link, folder):
        with pytest.raises(InTheWay):
            put_result(other, text)
    assert link.is_symlink()


def test_a_folder_appears_whole_or_not_at_all_and_costs_its_neighbours_nothing(tmp_path: Path) -> None:
    out, neighbour = tmp_path / "out", tmp_path / "out.part" / "mine"
    neighbour.parent.mkdir()
    neighbour.write_bytes(b"mine")
    with pytest.raises(ZeroDivisionError), whole_folder(out, CHOICE) as part:
        (part / "half").touch()
        raise ZeroDivisionError
    assert not out.exists()
    out.mkdir()
    with whole_folder(out, CHOICE) as part:
        (part / "file").write_bytes(b"whole")
    with pytest.raises(InTheWay, match="out is there and not empty"), whole_folder(out, CHOICE):
        pass
    assert [path.name for path in out.iterdir()] == ["file"] and neighbour.read_bytes() == b"mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "out.part"]


def test_what_killed_processes_left_is_removed_and_what_is_being_written_stays(tmp_path: Path) -> None:
    mine, dead = tmp_path / ".palmbench-notes.part", unfinished.path_in(tmp_path)
    mine.touch()
    dead.mkdir()
    (dead / "half").touch()
    unfinished.path_in(tmp_path).touch()
    with whole_folder(tmp_path / "one", CHOICE) as one, whole_folder(tmp_path / "two", CHOICE) as two:
        assert sorted(tmp_path.iterdir()) == sorted([mine, one, two])
    assert sorted(tmp_path.iterdir()) == [mine, tmp_path / "one", tmp_path / "two"]


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_appears_where_a_folder_is_being_made_stays(kind: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(InTheWay), whole_folder(out, CHOICE):
        if kind == "folder":
            out.mkdir()
        mine = out / "mine" if kind == "folder" else out
        mine.write_bytes(b"mine")
    assert mine.read_bytes() == b"mine"


def test_the_folder_that_one_stands_in_does_not_vanish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InTheWay, match="the folder that you stand in"), whole_folder(Path("."), CHOICE):
        pass


def test_an_account_replaces_an_account_of_the_same_command_alone(tmp_path: Path) -> None:
    own, other, link, pipe = (tmp_path / name for name in ("own.json", "other.json", "link.json", "pipe"))
    os.mkfifo(pipe)
    put_account(own, {"photos": [os.fsdecode(b"caf\xe9")]}, "palmbench deid", CHOICE)
    assert os.fsencode(json.loads(own.read_bytes())["photos"][0]) == b"caf\xe9"
    put_account(own, {"photos": []}, "palmbench deid", CHOICE, replaceable_account(own, "palmbench deid", CHOICE))
    assert json.loads(own.read_bytes())["photos"] == []
    link.symlink_to(own)
    for content in (b"", b"{}", b"[1]", b"\x89PNG\r\n", b'{"made_by": ["palmbench deid"]}'):
        other.write_bytes(content)
        with pytest.raises(InTheWay, match="was not made by `palmbench deid`"):
            replaceable_account(other, "palmbench deid", CHOICE)
    for path, maker, force in (
        (own, "palmbench data check", None),
        (link, "palmbench deid", None),
        (pipe, "palmbench deid", None),
        (own, "palmbench deid", "--force"),
    ):
        with pytest.raises(InTheWay):
            replaceable_account(path, maker, CHOICE, force)
    assert replaceable_account(tmp_path / "new.json", "palmbench deid", CHOICE) is None

"""`dataset=manifest`: what a CSV file may say, and what is said of one that cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from palmbench.datasets import Dataset, open_dataset, present_datasets
from palmbench.datasets.folder_dataset import NO_PERSONS
from palmbench.datasets.settings import FolderDatasetConfig
from recognizers.common.errors import RequestError
from tests.datasets.files import put

HEADER = "path,identity,person,side,session,sample\n"


def read(tmp_path: Path, table: str | bytes, *photos: str) -> Dataset:
    """The data set of a table beside photos with contents of their own."""
    put(tmp_path, *(photos or ("a.jpg", "b.jpg", "c.jpg", "d.jpg")))
    file = tmp_path / "mine.csv"
    file.write_bytes(table if isinstance(table, bytes) else table.encode())
    return open_dataset(FolderDatasetConfig("manifest", root=str(file)), "data")


def refusal(tmp_path: Path, table: str | bytes, *photos: str) -> str:
    with pytest.raises(RequestError) as caught:
        read(tmp_path, table, *photos)
    return str(caught.value).replace(str(tmp_path), "")


def test_a_line_says_whose_palm_a_photo_shows(tmp_path: Path) -> None:
    data = read(tmp_path, HEADER + "a.jpg,P7-l,P7,left,1,1\nsub/b.jpg,P7-r,P7,R,,2\n", "a.jpg", "sub/b.jpg")
    assert [(s.id, s.identity, s.person, s.side) for s in data.samples] == [
        ("P7-l_1_1", "P7-l", "P7", "left"),
        ("P7-r_2", "P7-r", "P7", "right"),
    ]
    assert data.notes == () and data.card is None and not data.may_publish_images


def test_two_columns_are_enough_and_the_order_of_the_lines_does_not_matter(tmp_path: Path) -> None:
    first = read(tmp_path, "path,identity\na.jpg,x\nb.jpg,x\nc.jpg,y\n")
    other = read(tmp_path, "identity,path\ny,c.jpg\nx,b.jpg\nx,a.jpg\n")
    assert first.samples == other.samples
    assert [(s.id, s.person, s.side) for s in first.samples] == [("x_a", "x", ""), ("x_b", "x", ""), ("y_c", "y", "")]
    assert first.notes == (NO_PERSONS,)


def test_the_order_of_photos_comes_from_their_ids_even_where_numbers_are_equal(tmp_path: Path) -> None:
    header = "path,identity,sample\n"
    orders = [
        [sample.id for sample in read(tmp_path, header + table).samples]
        for table in (
            "a.jpg,1,1\nb.jpg,01,1\nc.jpg,1,2\nd.jpg,01,2\n",
            "d.jpg,1,1\nc.jpg,01,1\nb.jpg,1,2\na.jpg,01,2\n",
        )
    ]
    assert orders == [["01_1", "1_1", "01_2", "1_2"]] * 2


def test_one_name_for_photos_of_two_palms_is_refused(tmp_path: Path) -> None:
    table = "path,identity,sample\na.jpg,x_1,2\nb.jpg,x,1_2\n"
    (tmp_path / "b.jpg").write_text("a.jpg")
    (tmp_path / "a.jpg").write_text("a.jpg")
    (tmp_path / "mine.csv").write_text(table)
    with pytest.raises(RequestError, match="x_1_2"):
        open_dataset(FolderDatasetConfig("manifest", root=str(tmp_path / "mine.csv")), "data")


@pytest.mark.parametrize(
    "table",
    [
        b"\xef\xbb\xbf" + (HEADER + "a.jpg,x,x,left,1,1\n").encode(),
        (HEADER + "a.jpg,x,x,left,1,1\n").replace(",", ";"),
        (HEADER + "a.jpg,x,x,left,1,1\n").replace(",", "\t").replace("\n", "\r\n"),
        "Path, Identity ,Person,Side,Session,Sample\n\n a.jpg , x ,x,Left,1,1\n\n",
        HEADER + '"a.jpg","x","x","left","1","1"\n',
    ],
    ids=["byte order mark", "semicolons", "tabs", "blanks", "quotes"],
)
def test_what_spreadsheets_make_of_a_table_is_read_alike(tmp_path: Path, table: str | bytes) -> None:
    (sample,) = read(tmp_path, table).samples
    assert (sample.id, sample.side) == ("x_1_1", "left")


def test_backslashes_and_absolute_paths_are_understood(tmp_path: Path) -> None:
    table = f"path,identity\nsub\\a.jpg,x\n{tmp_path / 'far.jpg'},x\n"
    assert len(read(tmp_path, table, "sub/a.jpg", "far.jpg").samples) == 2


@pytest.mark.parametrize("path", ["sub/a.jpg", r"sub\a.jpg", "./sub//a.jpg", "{folder}/sub/a.jpg"])
def test_a_photo_has_one_name_however_its_path_is_written(tmp_path: Path, path: str) -> None:
    path = path.format(folder=tmp_path)
    data = read(tmp_path, f"path,identity\n{path},x\n", "sub/a.jpg")
    assert [sample.id for sample in data.samples] == ["x_sub_a"]
    assert "line 3: sub/a.jpg stands in line 2 already" in refusal(tmp_path, f"path,identity\n{path},x\nsub/a.jpg,y\n")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("", "/mine.csv is empty. Its first line must name the columns: path, identity, person, side"),
        ("identity\nx\n", "line 1: there is no column path;"),
        ("path,person\na.jpg,x\n", "line 1: there is no column identity;"),
        ("path,identity,persn\na.jpg,x,y\n", "line 1: there is no column persn; did you mean person?"),
        ("path,identity,path\na.jpg,x,a.jpg\n", "line 1: the column path is there twice"),
        ("path,identity\n", "names no photo"),
        (HEADER + "a.jpg,x,x,lft,1,1\n", "line 2: side must be left, right or empty, not lft"),
        (HEADER + "a.jpg,,x,left,1,1\n,y,,,,\n", "line 2: identity is empty; line 3: path is empty."),
        (HEADER + "a.jpg,x\n", "line 2 has 2 cells, and the first line 6"),
        (HEADER + "a.jpg,x,x,,1,1\n\na.jpg,y,y,,1,2\n", "line 4: a.jpg stands in line 2 already"),
        (HEADER + "a.jpg,x,x,,1,1\nb.jpg,x,x,,1,1\n", "line 3: identity x has a photo 1_1 in line 2 already"),
        (HEADER + "a.jpg,x,p,,1,1\nb.jpg,x,q,,1,2\n", "line 3: identity x is of person q, and in line 2 of p"),
        (HEADER + "a.jpg,7,,,1,1\nb.jpg,8,7,,1,1\n", "line 3: person 7 is called like the identity of line 2, whose"),
        (HEADER.encode() + b"a.jpg,M\xfcller,,,,\n", "line 2: not UTF-8; save the table as CSV in UTF-8"),
        (HEADER + '"a.jpg,x,x,,1,1\n', "line 2: not a line of a CSV file"),
    ],
)
def test_a_table_that_cannot_be_read_is_told_line_by_line(tmp_path: Path, table: str | bytes, message: str) -> None:
    assert message in refusal(tmp_path, table)


def test_many_wrong_lines_are_told_in_part(tmp_path: Path) -> None:
    text = refusal(tmp_path, HEADER + "".join(f"{n}.jpg,x,,up,,{n}\n" for n in range(20)))
    assert text.count("side must be") == 8 and text.endswith("; and 12 more.")


def test_photos_that_are_not_there_are_left_out_and_said(tmp_path: Path) -> None:
    data = read(tmp_path, "path,identity\na.jpg,x\ngone.jpg,x\n")
    assert len(data.samples) == 1
    assert data.notes[0] == "1 photos of the table are not there, such as gone.jpg."
    assert "none of the 1 photos that the table names is there" in refusal(tmp_path, "path,identity\ngone.jpg,x\n")


def test_a_column_that_nobody_knows_is_said_and_a_note_is_not(tmp_path: Path) -> None:
    data = read(tmp_path, "path,identity,camera,note\na.jpg,x,phone,blurred\n")
    assert data.notes[0].startswith("the column camera is not read")
    assert not any("note" in note.split() for note in data.notes)


def test_a_folder_stands_for_the_manifest_in_it(tmp_path: Path) -> None:
    assert present_datasets(tmp_path) == ["synth"]
    (tmp_path / "manifest").mkdir()
    (tmp_path / "manifest" / "manifest.csv").write_text("path,identity\na.jpg,x\n")
    (tmp_path / "manifest" / "a.jpg").write_text("photo")
    assert present_datasets(tmp_path) == ["synth", "manifest"]
    assert len(open_dataset(FolderDatasetConfig("manifest"), tmp_path).samples) == 1
    with pytest.raises(RequestError, match=r"there is no manifest .*none\.csv. Name one with dataset\.root=FILE\.csv"):
        open_dataset(FolderDatasetConfig("manifest", root=str(tmp_path / "none.csv")), tmp_path)


@pytest.mark.parametrize("path", ["x" * 300 + ".jpg", "y/" + "x" * 5000 + ".jpg", "loop/a.jpg", "loop", "nul\0.jpg"])
def test_a_path_that_can_be_none_is_a_photo_that_is_not_there(tmp_path: Path, path: str) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    data = read(tmp_path, f"path,identity\na.jpg,x\n{path},y\n", "a.jpg")
    assert [sample.id for sample in data.samples] == ["x_a"]
    assert data.notes[0].startswith("1 photos of the table are not there, such as ")


def test_links_that_loop_in_a_folder_of_photos_are_passed_over(tmp_path: Path) -> None:
    palm = tmp_path / "set" / "palm"
    palm.mkdir(parents=True)
    (palm / "1.jpg").write_text("a photo")
    (palm / "2.jpg").symlink_to(palm / "2.jpg")
    (palm / "up").symlink_to(tmp_path / "set")
    data = open_dataset(FolderDatasetConfig("folder", root=str(tmp_path / "set")), "data")
    assert [sample.id for sample in data.samples] == ["palm_1"]

"""`dataset.split=`: the usual protocols by their rules, and lists of the user's own."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from palmbench.datasets import Dataset, open_dataset
from palmbench.datasets.folder_scan import NAMES
from palmbench.datasets.settings import FolderDatasetConfig
from palmbench.datasets.splits import person_share, split_names
from recognizers.common.errors import RequestError
from tests.datasets.files import put


def part(root: Path, name: str, split: str | None, **limits: int) -> Dataset:
    return open_dataset(FolderDatasetConfig(name, root=str(root), split=split, **limits), "data")  # type: ignore[arg-type]


def iitd(root: Path, people: int, photos: int) -> None:
    put(root, *(f"{s} Hand/{p:03d}_{n}.JPG" for s in ("Left", "Right") for p in range(1, people + 1) for n in range(1, photos + 1)))  # fmt: skip  # noqa: E501


def test_iitd_trains_on_three_photos_and_tests_with_two(tmp_path: Path) -> None:
    iitd(tmp_path, people=2, photos=6)
    for name, numbers in (("train", {"0001", "0002", "0003"}), ("test", {"0004", "0005"})):
        samples = part(tmp_path, "iitd", f"iitd-ccnet/{name}").samples
        assert {sample.id.rpartition("_")[2] for sample in samples} == numbers
        assert len(samples) == 4 * len(numbers)
    assert len(part(tmp_path, "iitd", "iitd-compnet/test").samples) == 12
    assert len(part(tmp_path, "iitd", None).samples) == 24


def test_a_split_says_what_it_has_and_what_it_lacks(tmp_path: Path) -> None:
    iitd(tmp_path, people=2, photos=5)
    (tmp_path / "Left Hand/002_5.JPG").unlink()
    notes = part(tmp_path, "iitd", "iitd-ccnet/test").notes
    assert (
        "dataset.split=iitd-ccnet/test: 7 of 19 photos; 1 that it names are not there, such as 0002_left_0005." in notes
    )
    assert "dataset.split=iitd-ccnet/train: 12 of 19 photos." in part(tmp_path, "iitd", "iitd-ccnet/train").notes


def test_limits_count_within_the_split(tmp_path: Path) -> None:
    iitd(tmp_path, people=2, photos=5)
    data = part(tmp_path, "iitd", "iitd-ccnet/test", identities=1, samples=1)
    assert [sample.id for sample in data.samples] == ["0001_left_0004"]


def test_polyu_has_a_visit_as_gallery_and_one_as_probes(tmp_path: Path) -> None:
    put(tmp_path, "001_F/01.bmp", "001_S/01.bmp", "001_S/02.bmp", "002_F/01.bmp")
    assert [s.id for s in part(tmp_path, "polyu", "polyu-sessions/gallery").samples] == ["0001_F_0001", "0002_F_0001"]
    probes = part(tmp_path, "polyu", "polyu-sessions/probe")
    assert [s.id for s in probes.samples] == ["0001_S_0001", "0001_S_0002"]
    assert any("such as 0002_S (every photo)" in note for note in probes.notes)


def test_tongji_and_ntupi_follow_their_rules(tmp_path: Path) -> None:
    put(tmp_path / "t", "session1/00001.tiff", "session2/00001.tiff", "session2/00012.tiff")
    assert [s.id for s in part(tmp_path / "t", "tongji", "tongji-sessions/test").samples] == [
        "0001_2_0001", "0002_2_0002",
    ]  # fmt: skip
    put(tmp_path / "n", *(f"img/1-L{n}.jpg" for n in range(1, 6)))
    assert [s.id[-1] for s in part(tmp_path / "n", "ntupi", "ntupi-parity/train").samples] == ["1", "3", "5"]
    assert [s.id[-1] for s in part(tmp_path / "n", "ntupi", "ntupi-parity/test").samples] == ["2", "4"]


def test_persons_are_parted_by_their_names_alone_and_keep_both_hands(tmp_path: Path) -> None:
    iitd(tmp_path, people=40, photos=1)
    train, test = (part(tmp_path, "iitd", f"persons/{name}").samples for name in ("train", "test"))
    people = [{sample.person for sample in samples} for samples in (train, test)]
    assert not people[0] & people[1] and len(people[0] | people[1]) == 40
    assert len(train) == 2 * len(people[0]) and 10 < len(people[0]) < 30
    expected = int(hashlib.sha256(b"0:0007").hexdigest()[:8], 16) / 2**32
    assert person_share("0007", 0) == expected and ("0007" in people[0]) == (expected < 0.5)
    # Nobody changes sides when others go.
    for person in range(1, 21):
        (tmp_path / f"Left Hand/{person:03d}_1.JPG").unlink()
    assert {s.person for s in part(tmp_path, "iitd", "persons/train").samples} <= people[0]


def test_a_list_of_ones_own_names_samples(tmp_path: Path) -> None:
    iitd(tmp_path / "photos", people=2, photos=2)
    file = tmp_path / "mine.csv"
    file.write_text("sample,part\n0001_left_0001,train\n0002_right_0002,test\n0009_left_0001,test\n")
    data = part(tmp_path / "photos", "iitd", f"{file}/test")
    assert [sample.id for sample in data.samples] == ["0002_right_0002"]
    assert any("such as 0009_left_0001." in note for note in data.notes)


def test_the_order_of_a_list_s_lines_changes_neither_the_order_of_photos_nor_which_palms_are_taken(
    tmp_path: Path,
) -> None:
    iitd(tmp_path / "photos", people=12, photos=2)
    names = [f"{palm:04d}_{side}_000{n}" for palm in range(1, 13) for side in ("left", "right") for n in (1, 2)]
    file = tmp_path / "mine.csv"
    for lines in (names, names[::-1], sorted(names, key=lambda name: name[::-1])):
        file.write_text("\n".join(["sample,part", *(f"{name},test" for name in lines)]))
        assert [sample.id for sample in part(tmp_path / "photos", "iitd", f"{file}/test").samples] == names
        few = part(tmp_path / "photos", "iitd", f"{file}/test", identities=2, samples=1)
        assert [sample.id for sample in few.samples] == ["0001_left_0001", "0001_right_0001"]


def test_a_line_cut_short_is_refused_and_a_sample_named_twice_counts_once(tmp_path: Path) -> None:
    iitd(tmp_path / "photos", people=2, photos=2)
    file = tmp_path / "mine.csv"
    file.write_text("part,sample\ntest,0001_left_0001\ntest\n")
    with pytest.raises(RequestError, match=r"mine\.csv, line 3: 1 cells, where the first line has 2"):
        part(tmp_path / "photos", "iitd", f"{file}/test")
    file.write_text("part,sample\ntest,0001_left_0001\ntest,9\ntest,9\n")
    assert any("; 1 that" in note for note in part(tmp_path / "photos", "iitd", f"{file}/test").notes)


@pytest.mark.parametrize(
    ("split", "message"),
    [
        ("iitd-ccnet", "dataset.split: iitd has no part iitd-ccnet; did you mean iitd-ccnet/test?"),
        ("iitd-ccnet/probe", "Choose from: iitd-ccnet/test, iitd-ccnet/train"),
        ("polyu-sessions/probe", "iitd has no part polyu-sessions/probe"),
        ("none.csv/test", "none.csv cannot be read: No such file"),
    ],
)
def test_a_split_that_there_is_not_is_told_with_those_that_there_are(tmp_path: Path, split: str, message: str) -> None:
    iitd(tmp_path, people=1, photos=5)
    with pytest.raises(RequestError) as caught:
        part(tmp_path, "iitd", split)
    assert message in str(caught.value)


def test_a_part_without_a_photo_is_no_data_set(tmp_path: Path) -> None:
    iitd(tmp_path, people=1, photos=3)
    with pytest.raises(RequestError, match="iitd-ccnet/test: none of its photos is there"):
        part(tmp_path, "iitd", "iitd-ccnet/test")


def test_every_data_set_can_be_parted_by_persons() -> None:
    assert all({"persons/train", "persons/test"} <= set(split_names(name)) for name in NAMES)

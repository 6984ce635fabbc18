"""Data sets in folders: what counts as a photo, whose it is, and what is said when there is none."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from palmbench.base.images import encode_png, write_png
from palmbench.datasets import Dataset, card_names, open_dataset, present_datasets, read_card
from palmbench.datasets.settings import FolderDatasetConfig
from recognizers.common.errors import RequestError, SampleError
from tests.datasets.files import put


def scan(data: Path, name: str, **limits: object) -> Dataset:
    return open_dataset(FolderDatasetConfig(name, **limits), data)  # type: ignore[arg-type]


def ids(data: Path, name: str, **limits: object) -> list[str]:
    return [sample.id for sample in scan(data, name, **limits).samples]


def refusal(data: Path, name: str, **limits: object) -> str:
    with pytest.raises(RequestError) as caught:
        scan(data, name, **limits)
    return str(caught.value)


def test_iitd_holds_two_palms_per_person_and_only_whole_hands_count(tmp_path: Path) -> None:
    put(
        tmp_path / "iitd" / "IITD Palmprint V1",
        "Left Hand/001_2.JPG", "Left Hand/001_10.JPG", "Right Hand/001_1.jpg", "Left Hand/230_1.JPG",
        "Segmented/Left/001_1.bmp", "Left Hand/Thumbs.db", "Left Hand/._001_3.JPG", "readme.txt",
    )  # fmt: skip
    data = scan(tmp_path, "iitd")
    assert [sample.id for sample in data.samples] == [
        "0001_left_0002", "0001_left_0010", "0001_right_0001", "0230_left_0001",
    ]  # fmt: skip
    assert [(s.identity, s.person, s.side) for s in data.samples[1:3]] == [
        ("0001_left", "0001", "left"),
        ("0001_right", "0001", "right"),
    ]
    assert data.notes == ("3 palms and 4 photos; the full set has 460 and 2601.",)
    assert not data.may_publish_images


def test_iitd_rois_alone_cannot_be_deidentified(tmp_path: Path) -> None:
    put(tmp_path / "iitd", "Segmented/Left/001_1.bmp", "Segmented/Right/218_5.bmp")
    text = refusal(tmp_path, "iitd")
    assert "holds only segmented ROIs, which cannot be de-identified: a method needs the whole hand" in text
    assert "such as IITD Palmprint V1/Left Hand/001_1.JPG" in text


def test_polyu_has_one_hand_and_two_sessions(tmp_path: Path) -> None:
    put(tmp_path / "polyu", "2D/001_F/01.bmp", "2D/001_S/01.bmp", "2D/130_F/02.BMP", "3D/001_F/01.bmp")
    data = scan(tmp_path, "polyu")
    assert [sample.id for sample in data.samples] == ["0001_F_0001", "0001_S_0001", "0130_F_0002"]
    assert {sample.side for sample in data.samples} == {"right"}
    assert {sample.identity for sample in data.samples} == {"0001", "0130"}


def test_rest_believes_the_folder_and_says_so(tmp_path: Path) -> None:
    put(
        tmp_path / "rest" / "REST database",
        "p2/Hand/Left/p2_l_1.jpg", "p2/Hand/Left/p2_l_x_y_2.JPG", "p10/Hand/Right/p10_r_1.jpg",
        "p10/Hand/Right/p11_r_2.jpg", "p10/Face/Right/p10_r_9.jpg",
    )  # fmt: skip
    data = scan(tmp_path, "rest")
    assert [sample.id for sample in data.samples] == [
        "0002_left_0001", "0002_left_0002", "0010_right_0001", "0010_right_0002",
    ]  # fmt: skip
    assert any("contradict" in note and "p11_r_2.jpg" in note for note in data.notes)


def test_rest_of_other_names_is_read_by_folders_and_number(tmp_path: Path) -> None:
    put(tmp_path / "rest", "p2/Hand/Left/hand-02.jpg", "p2/Hand/Right/12.JPG", "p2/Hand/Right/none.jpg")
    data = scan(tmp_path, "rest")
    assert [sample.id for sample in data.samples] == ["0002_left_0002", "0002_right_0012"]
    assert any("1 images are not understood" in note for note in data.notes)


@pytest.mark.parametrize(
    "paths", [["7_a.jpg", "7_b.png", "12_x_y.jpg"], ["7/a.jpg", "7/b.png", "12/x_y.jpg"]], ids=["flat", "foldered"]
)
def test_zhou_names_the_palm_first_and_no_person(tmp_path: Path, paths: list[str]) -> None:
    put(tmp_path / "zhou", *paths)
    data = scan(tmp_path, "zhou")
    assert [sample.id for sample in data.samples] == ["0007_a", "0007_b", "0012_x_y"]
    assert all(sample.person == sample.identity and sample.side == "" for sample in data.samples)


def test_ntupi_reads_the_originals_and_not_what_was_made_from_them(tmp_path: Path) -> None:
    put(
        tmp_path / "ntupi",
        "img/1-L1.jpg", "img/1-R3.JPG", "img/20-L2.jpeg", "imgMask/1-L1.jpg", "flip/img/train/1-L1-Class1.jpg",
    )  # fmt: skip
    assert ids(tmp_path, "ntupi") == ["0001_left_0001", "0001_right_0003", "0020_left_0002"]


def test_a_folder_of_ones_own_has_a_sub_folder_per_palm(tmp_path: Path) -> None:
    put(tmp_path / "mine", "ann/10.jpg", "ann/2.PNG", "ben/day 1/1.jpeg", "loose.jpg", "ann/notes.txt")
    data = scan(tmp_path, "folder", root=str(tmp_path / "mine"))
    assert [(s.identity, s.id) for s in data.samples] == [("ann", "ann_2"), ("ann", "ann_10"), ("ben", "ben_day 1_1")]
    assert not data.may_publish_images


def test_limits_take_the_first_palms_and_photos(tmp_path: Path) -> None:
    put(tmp_path / "zhou", *(f"{palm}_{photo}.jpg" for palm in (2, 10, 3) for photo in (11, 2, 1)))
    assert ids(tmp_path, "zhou", identities=2, samples=2) == ["0002_0001", "0002_0002", "0003_0001", "0003_0002"]


def test_empty_files_and_second_copies_are_left_out_and_said(tmp_path: Path) -> None:
    put(tmp_path / "zhou", "1_1.jpg", "1_2.jpg", "2_1.jpg")
    (tmp_path / "zhou" / "1_2.jpg").write_bytes(b"")
    (tmp_path / "zhou" / "backup").mkdir()
    (tmp_path / "zhou" / "backup" / "1_1.jpg").write_text("1_1.jpg")
    data = scan(tmp_path, "zhou")
    assert [sample.id for sample in data.samples] == ["0001_0001", "0002_0001"]
    assert data.notes[0] == "1 empty files left out, such as 1_2.jpg."
    assert data.notes[-2:] == (
        "1 second copies of the same photo left out.",
        "`palmbench data check zhou` lists them all.",
    )


def test_two_files_cannot_be_one_photo(tmp_path: Path) -> None:
    put(tmp_path / "zhou", "1_1.jpg", "01_1.jpg")
    assert "would both be sample 0001_0001" in refusal(tmp_path, "zhou")


def test_a_photo_filed_under_two_palms_is_pointed_out(tmp_path: Path) -> None:
    put(tmp_path / "zhou", "1_1.jpg")
    (tmp_path / "zhou" / "2_1.jpg").write_text("1_1.jpg")
    assert any("filed under two palms" in note for note in scan(tmp_path, "zhou").notes)


def test_the_digest_follows_the_contents_and_not_the_place(tmp_path: Path) -> None:
    put(tmp_path / "zhou", "1_1.jpg", "2_1.jpg")
    (tmp_path / "moved").mkdir()
    (tmp_path / "moved" / "1_1.jpg").write_text("1_1.jpg")
    here, there = scan(tmp_path, "zhou"), scan(tmp_path, "zhou", root=str(tmp_path / "moved"))
    assert here.samples[0] == there.samples[0]
    assert here.samples[0].digest != here.samples[1].digest


CARDED = ["iitd", "polyu", "rest", "zhou", "ntupi", "tongji", "casia", "mpdv2", "11k"]


@pytest.mark.parametrize("name", CARDED)
def test_a_missing_set_is_told_with_where_to_ask_and_where_to_put_it(tmp_path: Path, name: str) -> None:
    card = read_card(name)
    absent = refusal(tmp_path, name)
    assert "does not exist" in absent and card.request in absent and str(tmp_path / name / card.layout) in absent
    put(tmp_path / name, "something/else.jpg")
    assert "holds 1 files, such as something/else.jpg, but no photo named as in" in refusal(tmp_path, name)


@pytest.mark.parametrize("name", CARDED)
def test_the_card_shows_a_path_that_the_scanner_understands(tmp_path: Path, name: str) -> None:
    assert present_datasets(tmp_path) == ["synth"]
    put(tmp_path / name, read_card(name).layout)
    if name == "11k":
        (tmp_path / name / "HandInfo.csv").write_text("id,aspectOfHand,imageName\n0,palmar left,Hand_0000002.jpg\n")
    assert len(scan(tmp_path, name).samples) == 1
    assert present_datasets(tmp_path) == ["synth", name]


def test_cards_agree_with_table_1_of_the_paper() -> None:
    table = Path(__file__).parents[2] / "results" / "paper" / "table1.csv"
    header, *rows = [line.split(",") for line in table.read_text().splitlines()]
    for row in rows:
        line = dict(zip(header, row, strict=True))
        card = read_card(line["dataset"])
        for key in ("identities", "samples", "environment", "width", "height"):
            assert str(getattr(card, key)) == line[key], line["dataset"]


def test_no_real_photo_may_be_published_without_its_card() -> None:
    assert [name for name in card_names() if read_card(name).may_publish_images] == ["synth"]


def test_a_data_set_travels_to_another_process_with_its_photos(tmp_path: Path) -> None:
    picture = np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3)
    write_png(tmp_path / "folder" / "ann" / "1.png", picture)
    (tmp_path / "folder" / "ann" / "2.png").write_bytes(encode_png(picture)[:40])
    data = pickle.loads(pickle.dumps(scan(tmp_path, "folder")))
    np.testing.assert_array_equal(data.photo(data.samples[0]), picture)
    with pytest.raises(SampleError, match=r"2\.png"):
        data.photo(data.samples[1])


def test_tongji_numbers_through_ten_photos_a_palm_and_two_palms_a_person(tmp_path: Path) -> None:
    put(tmp_path / "tongji", *(f"session{s}/{k:05d}.tiff" for s in (1, 2) for k in (1, 10, 11, 21, 6000)))
    samples = scan(tmp_path, "tongji").samples
    assert [s.id for s in samples[:3]] == ["0001_1_0001", "0001_1_0010", "0001_2_0001"]
    assert {(s.identity, s.person) for s in samples} == {
        ("0001", "0001"), ("0002", "0001"), ("0003", "0002"), ("0600", "0300"),
    }  # fmt: skip
    assert {s.side for s in samples} == {""}


def test_casia_names_person_hand_and_photo(tmp_path: Path) -> None:
    put(tmp_path / "casia", "0001/0001_m_l_07.jpg", "0001/0001_m_r_01.JPG", "0312/0312_f_l_01.jpg", "0312/Thumbs.db")
    data = scan(tmp_path, "casia")
    assert [s.id for s in data.samples] == ["0001_left_0007", "0001_right_0001", "0312_left_0001"]
    assert {s.person for s in data.samples} == {"0001", "0312"}
    put(tmp_path / "flat" / "casia", "0001_m_l_07.jpg")
    assert ids(tmp_path / "flat", "casia") == ["0001_left_0007"]


def test_mpdv2_tells_two_phones_and_two_sessions_apart(tmp_path: Path) -> None:
    put(tmp_path / "mpdv2", *(f"PalmSet01/001_{s}_{phone}_l_01.jpg" for s in (1, 2) for phone in "hm"))
    put(tmp_path / "mpdv2", "PalmSet05/200_1_h_r_10.jpg", "PalmSet01/001_1_h_l_01.mat")
    assert ids(tmp_path, "mpdv2") == [
        "0001_left_1_h_0001", "0001_left_1_m_0001", "0001_left_2_h_0001", "0001_left_2_m_0001", "0200_right_1_h_0010",
    ]  # fmt: skip


HAND_INFO = """id,age,gender,skinColor,accessories,nailPolish,aspectOfHand,imageName,irregularities
0000000,27,male,fair,0,0,dorsal right,Hand_0000002.jpg,0
0000000,27,male,fair,0,0,palmar right,Hand_0000003.jpg,0
0000000,27,male,fair,0,0,palmar left,Hand_0000004.jpg,0
0000001,20,female,dark,1,0,palmar left,Hand_0000005.jpg,0
"""


def test_11k_hands_takes_palms_by_its_table(tmp_path: Path) -> None:
    put(tmp_path / "11k", *(f"Hands/Hand_000000{n}.jpg" for n in range(2, 7)))
    (tmp_path / "11k" / "HandInfo.csv").write_text(HAND_INFO)
    samples = scan(tmp_path, "11k").samples
    assert [(s.identity, s.person, s.side) for s in samples] == [
        ("0000000_left", "0000000", "left"),
        ("0000000_right", "0000000", "right"),
        ("0000001_left", "0000001", "left"),
    ]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (None, "such as Hands/Hand_0000003.jpg"),
        ("id,imageName\n0,Hand_0000003.jpg\n", "aspectofhand"),
        ("id,aspectOfHand,imageName\n0,sideways,Hand_0000003.jpg\n", "line 2: id, aspectOfHand and imageName must be"),
    ],
)
def test_11k_hands_says_what_its_table_lacks(tmp_path: Path, table: str | None, message: str) -> None:
    put(tmp_path / "11k", "Hands/Hand_0000003.jpg")
    if table is not None:
        (tmp_path / "11k" / "HandInfo.csv").write_text(table)
    assert message in refusal(tmp_path, "11k")


def test_nnnn_ssss_is_what_other_benchmarks_exchange(tmp_path: Path) -> None:
    put(tmp_path / "nnnn_ssss", "0001_0001.bmp", "sub/0460_0012.tif", "1_1.jpg", "00001_0001.jpg")
    data = scan(tmp_path, "nnnn_ssss")
    assert [(s.id, s.identity, s.person) for s in data.samples] == [
        ("0001_0001", "0001", "0001"), ("0460_0012", "0460", "0460"),
    ]  # fmt: skip
    put(tmp_path / "other" / "nnnn_ssss", "a.jpg")
    assert "Set dataset.root to a folder of photos named NNNN_SSSS" in refusal(tmp_path / "other", "nnnn_ssss")


def test_a_run_says_where_two_hands_of_a_person_cannot_be_told_from_strangers(tmp_path: Path) -> None:
    put(tmp_path / "zhou", "1_1.jpg", "2_1.jpg")
    put(tmp_path / "polyu", "001_F/01.bmp")
    assert any("impostors" in note for note in scan(tmp_path, "zhou").notes)
    assert not any("impostors" in note for note in scan(tmp_path, "polyu").notes)


def test_cards_say_what_becomes_of_pairs_of_two_hands() -> None:
    assert all("pair" in read_card(name).pairs for name in card_names())


def test_data_sets_need_no_torch() -> None:
    code = (
        "import importlib, pkgutil, sys, palmbench.datasets as data\n"
        "for module in pkgutil.iter_modules(data.__path__):\n"
        "    importlib.import_module(f'palmbench.datasets.{module.name}')\n"
        "print([name for name in ('torch', 'hydra') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_folder_that_cannot_be_searched_is_not_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "folder", "a/1.jpg", "b/1.jpg", "c/1.jpg")
    look = os.scandir

    def locked(path: str) -> object:
        if str(path).endswith("/b"):
            raise PermissionError(13, "Permission denied", path)
        return look(path)

    monkeypatch.setattr(os, "scandir", locked)
    assert "/b cannot be searched: Permission denied; mend that, or move it away" in refusal(tmp_path, "folder")
    assert "folder" in present_datasets(tmp_path)

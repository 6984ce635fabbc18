"""Copies of data sets that hold palm crops alone cannot be de-identified, and are refused with that reason."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from palmbench.base.images import encode_photo
from palmbench.datasets import open_dataset
from palmbench.datasets.settings import FolderDatasetConfig
from recognizers.common.errors import RequestError

REASON = "cannot be de-identified: a method needs the whole hand to find the palm and to put it back"


def put(root: Path, path: str, size: tuple[int, int], colour: bool = False) -> None:
    rng = np.random.default_rng(len(path))
    image = rng.integers(0, 256, (*size, 3) if colour else size, np.uint8)
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_bytes(encode_photo(image, Path(path).suffix.lower()))


def scanned(root: Path, name: str) -> int:
    return len(open_dataset(FolderDatasetConfig(name, root=str(root)), "data").samples)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "path", "what"),
    [
        ("iitd", "Segmented/Left/001_1.bmp", "segmented ROIs"),
        ("polyu", "P_F_12_3.bmp", "palms of the PolyU contact database"),
        ("polyu", "PolyU_001_F_01.bmp", "palms of the PolyU contact database"),
        ("ntupi", "flip/img/train/1-L1-Class1.jpg", "whose left hands are mirrored"),
        ("tongji", "ROI/session1/00001.bmp", "palm crops"),
        ("casia", "CASIA ROI/0001_m_l_01.jpg", "palm crops"),
        ("mpdv2", "roi/001_1_h_l_01.jpg", "palm crops"),
    ],
)
def test_names_tell_crops(tmp_path: Path, name: str, path: str, what: str) -> None:
    put(tmp_path, path, (128, 128))
    with pytest.raises(RequestError) as caught:
        scanned(tmp_path, name)
    assert f"dataset={name}: {tmp_path} holds only" in str(caught.value)
    assert what in str(caught.value) and REASON in str(caught.value)


@pytest.mark.parametrize("side", [128, 150])
@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("nnnn_ssss", "0001_0001.bmp"),
        ("tongji", "session1/00001.bmp"),
        ("casia", "0001/0001_m_l_01.jpg"),
        ("polyu", "001_F/01.bmp"),
        ("mpdv2", "001_1_h_l_01.jpg"),
        ("folder", "a/1.png"),
    ],
)
def test_where_names_are_those_of_photos_pixels_tell(tmp_path: Path, name: str, path: str, side: int) -> None:
    put(tmp_path, path, (side, side))
    with pytest.raises(RequestError) as caught:
        scanned(tmp_path, name)
    assert "holds only palm crops (small grey squares)" in str(caught.value) and REASON in str(caught.value)


@pytest.mark.parametrize(
    ("size", "colour"), [((480, 640), False), ((227, 227), True), ((512, 512), False)], ids=["grey", "small", "square"]
)
def test_photos_of_hands_are_none(tmp_path: Path, size: tuple[int, int], colour: bool) -> None:
    put(tmp_path, "0001_0001.png", size, colour)
    assert scanned(tmp_path, "nnnn_ssss") == 1


def test_one_crop_among_photos_does_not_condemn_the_set(tmp_path: Path) -> None:
    put(tmp_path, "0001_0001.png", (128, 128))
    put(tmp_path, "0001_0002.png", (96, 128), colour=True)
    assert scanned(tmp_path, "nnnn_ssss") == 2

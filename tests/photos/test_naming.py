"""What results are called: no two alike, as their photos where that can be, and never too long."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from palmbench.photos.naming import LONGEST, Wish, result_names


def names(*wishes: str | tuple[str, bool], count: int = 1) -> list[str]:
    asked = [wish if isinstance(wish, tuple) else (wish, True) for wish in wishes]
    found = result_names([Wish(Path("out", path), own) for path, own in asked], count)
    return [path.relative_to("out").as_posix() for result in found for path in result.paths]


@pytest.mark.parametrize(
    ("wishes", "expected"),
    [
        (["x.jpg", "x.jpg", "x.jpg"], ["x.jpg", "x-2.jpg", "x-3.jpg"]),
        # Who is called so keeps the name, whoever comes first.
        ([("a.png", False), ("a.png", True)], ["a-2.png", "a.png"]),
        # A number that is another photo's name is left out.
        (["a.png", "a.png", "a-2.png"], ["a.png", "a-3.png", "a-2.png"]),
        (["A.jpg", "a.jpg"], ["A.jpg", "a-2.jpg"]),
        (["T/a.jpg", "t/a.jpg", "u/a.jpg"], ["T/a.jpg", "t/a-2.jpg", "u/a.jpg"]),
        # One accent, composed or not.
        (["\u00e9.jpg", "e\u0301.jpg"], ["\u00e9.jpg", "e\u0301-2.jpg"]),
        # A folder's name is not a file's.
        (["a.png", "a.png/b.png"], ["a-2.png", "a.png/b.png"]),
        ([os.fsdecode(b"\xe9.jpg"), os.fsdecode(b"\xea.jpg")], [os.fsdecode(b"\xe9.jpg"), os.fsdecode(b"\xea.jpg")]),
    ],
)
def test_results_that_would_have_one_name_are_numbered(wishes: list, expected: list[str]) -> None:
    assert names(*wishes) == expected


def test_several_results_of_photos_that_share_a_name() -> None:
    assert names("x.jpg", "x.jpg", count=2) == ["x-1.jpg", "x-2.jpg", "x-2-1.jpg", "x-2-2.jpg"]
    # The second photo's own number may be what the first one's second result is called.
    assert len({*names("x.jpg", "x.jpg", "x-2.jpg", "x-1.jpg", count=3)}) == 12


def test_names_that_are_too_long_are_cut_between_characters() -> None:
    usual = "\u00e9" * 125 + ".jpg"
    assert len(os.fsencode(usual)) == 254
    (one, *_), (two, *_) = (
        result.paths for result in result_names([Wish(Path("out", usual), True), Wish(Path("out", usual), True)])
    )
    assert one.name == usual
    assert two.name == "\u00e9" * 124 + "-2.jpg"
    (cut,) = result_names([Wish(Path("out", "n" * 252 + ".tiff"), False)])
    assert cut.paths == (Path("out", "n" * 250 + ".tiff"),) and str(LONGEST) in (cut.reason or "")
    assert len({*names("n" * 251 + "1.jpg", "n" * 251 + "2.jpg")}) == 2


def test_thousands_of_photos_of_one_name_take_no_time() -> None:
    assert names(*["x.jpg"] * 5000)[-1] == "x-5000.jpg"

"""The contact sheet shows each hand whole, and below it what was changed."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from palmbench.report.contact_sheet import CAPTION, GAP, TILE, changed_square, compose_sheet, contact_sheet


def _hand() -> list[np.ndarray]:
    original = np.full((120, 160, 3), 200, np.uint8)
    masked, diffused = original.copy(), original.copy()
    masked[50:70, 80:110] = 0
    diffused[10:110, 20:140] = 190
    return [original, diffused, masked]


def test_the_zoom_is_on_the_palm_even_when_a_method_touches_the_whole_hand():
    # The mask is 30 wide and 20 high about (95, 60): a square of 1.15 x 30, rounded to 34.
    assert changed_square(_hand()) == (78, 43, 34)
    original = _hand()[0]
    assert changed_square([original, original]) == (20, 0, 120)


def test_a_row_of_whole_photos_stands_above_a_row_of_zooms():
    sheet = compose_sheet([(["original", "diffusion", "mask"], _hand())])
    whole = TILE * 120 // 160
    assert sheet.shape == (CAPTION + GAP + GAP + whole + GAP + TILE + GAP, 3 * (TILE + GAP) + GAP, 3)
    third = GAP + 2 * (TILE + GAP)
    zoomed = sheet[-GAP - TILE : -GAP, third : third + TILE]
    # 30 x 20 of the 34 x 34 pixels of the zoom are painted.
    assert (zoomed == 0).all(axis=2).mean() == pytest.approx(30 * 20 / 34**2, abs=0.03)
    captions = sheet[: CAPTION + GAP]
    assert all((captions[:, GAP + c * (TILE + GAP) :][:, :TILE] < 100).any() for c in range(3))


def test_labels_are_printed_once_for_hands_of_the_same_columns():
    one = compose_sheet([(["original", "diffusion", "mask"], _hand())])
    two = compose_sheet([(["original", "diffusion", "mask"], _hand())] * 2)
    assert 2 * (one.shape[0] - GAP) - two.shape[0] + GAP == CAPTION + GAP


def test_a_long_label_goes_on_below_and_not_over_its_neighbour():
    names = [f"swap surrogate photo shading 1 seed {seed}" for seed in (0, 1)]
    hand = _hand()
    sheet = compose_sheet([(["original", *names], hand)])
    short = compose_sheet([(["original", "swap", "mask"], hand)])
    assert sheet.shape[0] - short.shape[0] == CAPTION
    captions = sheet[: 2 * CAPTION + GAP]
    for column in range(4):
        between = column * (TILE + GAP)
        assert (captions[:, between : between + GAP] == 255).all()


def test_the_file_is_a_png_without_metadata_and_always_the_same(tmp_path):
    rows = [(["original", "diffusion", "mask"], _hand())]
    first, second = contact_sheet(rows, tmp_path / "a.png"), contact_sheet(rows, tmp_path / "b.png")
    assert first.read_bytes() == second.read_bytes()
    with Image.open(first) as image:
        assert image.info == {}
        np.testing.assert_array_equal(np.asarray(image), compose_sheet(rows))


def test_rows_that_cannot_be_shown_are_refused():
    with pytest.raises(ValueError, match="at least one"):
        compose_sheet([])
    with pytest.raises(ValueError, match="hand 0"):
        compose_sheet([(["original"], _hand())])

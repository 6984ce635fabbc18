"""`palmbench deid` keeps a photo back in which a palm may be that it does not repaint."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from known_photos import Knowing, deid, files, pixels
from PIL import Image

from palmbench.hands import Hand
from palmbench.hands.palm import inpaint_mask
from palmbench.hands.spotting import Spotter


def test_every_hand_counts_and_one_that_is_skipped_keeps_its_photo_back(
    album: Path,
    two: tuple[np.ndarray, tuple[Hand, Hand]],
    known_hands,  # type: ignore[no-untyped-def]
    capsys: pytest.CaptureFixture[str],
) -> None:
    canvas, (left, right) = two
    photo, out = album / "two.png", album.parent / "out"
    Image.fromarray(canvas).save(photo)
    known_hands(left, right)
    assert deid(photo, out / "both.png") == 0
    assert "2 hands found: 2 repainted, 0 skipped; 1 file written" in capsys.readouterr().out
    both = pixels(out / "both.png")
    assert all((both[inpaint_mask(hand)] == 0).all() for hand in (left, right))
    known_hands(left, replace(right, view="unsure"))
    assert deid(photo, out / "one.png") == 3
    said = capsys.readouterr().out
    assert "two.png: hand 2 was skipped" in said
    assert "2 hands found: 1 repainted, 1 skipped; 0 files written" in said
    assert deid(photo, out / "one.png", "--keep-unchanged") == 3
    np.testing.assert_array_equal(pixels(out / "one.png")[:, 320:], canvas[:, 320:])


@pytest.mark.parametrize(("confidence", "status"), [(0.05, 0), (0.33, 3)])
def test_a_back_that_may_be_a_palm_after_all_keeps_its_photo_back(
    album: Path,
    two: tuple[np.ndarray, tuple[Hand, Hand]],
    known_hands,  # type: ignore[no-untyped-def]
    confidence: float,
    status: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    canvas, (left, right) = two
    Image.fromarray(canvas).save(album / "two.png")
    monkeypatch.setattr(Spotter, "spots", lambda *_: [])  # to which this back looks like the palm it is
    known_hands(left, replace(right, view="back", palm_confidence=confidence))
    assert deid(album / "two.png", album.parent / "out" / "two.png") == status
    said = capsys.readouterr().out
    assert ("hand 2 was skipped, it shows its back, or its palm after all" in said) == bool(status)
    assert deid(album / "two.png", album.parent / "out" / "both.png", "--every-hand") == 0


def test_a_hand_that_only_the_check_sees_keeps_its_photo_back(
    album: Path,
    two: tuple[np.ndarray, tuple[Hand, Hand]],
    known_hands,  # type: ignore[no-untyped-def]
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    canvas, (left, right) = two
    Image.fromarray(canvas).save(album / "two.png")
    known_hands()
    looks = [[left], [left, right]]
    monkeypatch.setattr(Knowing, "detect", lambda self, images: [looks.pop(0)])
    monkeypatch.setattr(Spotter, "spots", lambda *_: [])  # which would have seen it
    assert deid(album / "two.png", album.parent / "out", "--verify") == 3
    assert "two.png: a second look found another hand, at (" in capsys.readouterr().out
    assert files(album.parent / "out") == {}

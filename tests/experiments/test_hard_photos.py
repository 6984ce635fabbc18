"""Hard photos keep their palms marked where they are, and one that is left in the clear is told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from experiments import hard_photos
from experiments.hard_photos import CHANGES, Shown, beside, outcome
from palmbench import methods
from palmbench.hands import Hand, load_segmenter
from palmbench.hands.palm import fill_polygon
from palmbench.hands.settings import SegmenterConfig
from palmbench.methods.mask import MaskConfig
from palmbench.photos.painter import Tools
from palmbench.synth import Render, render
from tests.photos.known_photos import Knowing


@pytest.fixture(scope="module")
def palm() -> Render:
    return render(31, 1)


@pytest.fixture(scope="module")
def shown(palm: Render) -> Shown:
    return Shown(palm.image, palm.palm[None].astype(np.float64))


def said(shown: Shown, *hands: Hand) -> str:
    tools = Tools(Knowing(hands), load_segmenter(SegmenterConfig()), methods.load(MaskConfig()), "palm")
    return outcome(shown, tools)


@pytest.mark.parametrize("name", [name for name in CHANGES if name.startswith(("turned", "mirrored"))])
def test_a_palm_that_moves_takes_its_marks_along(name: str, shown: Shown) -> None:
    white = np.zeros_like(shown.image)
    inside = fill_polygon(shown.palms[0], (shown.image.shape[0], shown.image.shape[1]))
    white[inside] = 255
    image, (moved,) = CHANGES[name](shown._replace(image=white))
    again = fill_polygon(moved, (image.shape[0], image.shape[1]))
    assert (again & (image[..., 0] > 127)).sum() > 0.97 * (again | (image[..., 0] > 127)).sum()


def test_beside_another_both_palms_are_asked_for(shown: Shown) -> None:
    both = beside(shown, CHANGES["turned by 90"](shown))
    assert both.image.shape == (640, 640 + 480, 3) and both.palms.shape == (2, 6, 2)
    np.testing.assert_array_equal(both.image[:480, :640], shown.image)


def test_a_bar_hides_what_it_covers_and_nothing_else(shown: Shown) -> None:
    for name in ("fingers hidden", "a bar across"):
        image = CHANGES[name](shown).image
        hidden = (image == 128).all(axis=2)
        np.testing.assert_array_equal(image[~hidden], shown.image[~hidden])
        share = hidden[fill_polygon(shown.palms[0], hidden.shape)].mean()
        assert share < 0.01 if name == "fingers hidden" else 0.1 < share < 0.3


def test_a_photo_is_hidden_refused_or_leaves_a_palm_in_the_clear(palm: Render, shown: Shown) -> None:
    hand = palm.as_hand()
    assert said(shown, hand) == "hidden"
    assert (
        said(shown) == said(shown, replace(hand, view="back")) == said(shown, replace(hand, view="unsure")) == "refused"
    )
    two = beside(shown, shown)
    wide = replace(hand, mask=np.pad(hand.mask, ((0, 0), (0, 640))))
    assert said(two, wide) == "left"
    assert said(two, wide, replace(wide, view="unsure")) == "refused"


def test_the_table_has_a_line_for_each_change_and_ends_with_their_sum(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(hard_photos, "CHANGES", {"dark": CHANGES["dark"]})
    status = hard_photos.main(["--photos", "1"])
    lines = [line.rsplit(maxsplit=3) for line in capsys.readouterr().out.splitlines()]
    assert [line[0] for line in lines] == ["photos with a palm", "dark", "dark, beside another", "together"]
    counts = np.array([line[1:] for line in lines[1:]], int)
    np.testing.assert_array_equal(counts[:2].sum(axis=0), counts[2])
    assert counts[2].sum() == 2 and status == bool(counts[2, 2])

"""Recognizers are found by name: ours, and those of other packages."""

from importlib.metadata import EntryPoint, EntryPoints

import numpy as np
import pytest

import recognizers
from recognizers.common import entry_points
from recognizers.protocol import Recognizer


class MeanGrey:
    """Smallest recognizer there can be: the mean grey of a ROI."""

    name = "meangrey"
    takes = "roi"

    def settings(self):
        return {"name": self.name}

    def extract(self, rois):
        return rois.mean(axis=(1, 2))

    def distances(self, a, b):
        return np.abs(a[:, None] - b[None]).astype(np.float32)


@pytest.fixture
def third_party(monkeypatch):
    points = EntryPoints([EntryPoint("meangrey", f"{__name__}:MeanGrey", recognizers.ENTRY_POINTS)])
    monkeypatch.setattr(entry_points, "entry_points", lambda **which: points.select(**which))
    monkeypatch.setattr(EntryPoint, "load", lambda self: MeanGrey)


def test_a_name_of_two_packages_is_nobodys(monkeypatch):
    points = EntryPoints([EntryPoint("meangrey", f"{of}:MeanGrey", recognizers.ENTRY_POINTS) for of in ("ours", "bad")])
    monkeypatch.setattr(entry_points, "entry_points", lambda **which: points.select(**which))
    assert "meangrey" in recognizers.names()
    with pytest.raises(ImportError, match="'meangrey' is bad:MeanGrey and ours:MeanGrey, of two packages: uninstall"):
        recognizers.load("meangrey")


def test_mtcc_says_what_its_results_depend_on():
    mtcc = recognizers.load("mtcc", variant="original", threads=2)
    assert isinstance(mtcc, Recognizer)
    assert mtcc.takes == "roi"
    settings = mtcc.settings()
    assert (settings["name"], settings["variant"], settings.keys()) == (
        "mtcc", "original", {"name", "variant", "versions"}
    )  # fmt: skip
    assert recognizers.load("mtcc").settings()["variant"] == "yan"


def test_an_unknown_name_is_answered_with_the_nearest_and_all():
    with pytest.raises(ValueError, match=r"'mtc'; did you mean mtcc\?.*Choose from.*mtcc"):
        recognizers.load("mtc")
    with pytest.raises(ValueError, match=r"no variant 'orginal'; did you mean original\?"):
        recognizers.load("mtcc", variant="orginal")


def test_an_unknown_option_is_answered_with_the_nearest_and_all():
    with pytest.raises(
        TypeError, match=r"mtcc has no option 'varient'; did you mean variant\? Choose from: threads, variant\."
    ):
        recognizers.load("mtcc", varient="yan")


def test_a_recognizer_of_another_package_is_found_by_its_entry_point(third_party):
    assert recognizers.names() == sorted([*recognizers.RECOGNIZERS, "meangrey"])
    assert {"ccnet", "eehnet", "mtcc"} <= set(recognizers.RECOGNIZERS)
    assert recognizers.load("meangrey").name == "meangrey"


def test_another_package_cannot_take_a_name_of_ours(monkeypatch):
    points = EntryPoints([EntryPoint("mtcc", f"{__name__}:MeanGrey", recognizers.ENTRY_POINTS)])
    monkeypatch.setattr(entry_points, "entry_points", lambda **which: points.select(**which))
    assert recognizers.added() == {}
    assert recognizers.load("mtcc").name == "mtcc"


def test_a_package_that_cannot_be_imported_is_named(monkeypatch):
    points = EntryPoints([EntryPoint("lost", "no_such_module:Lost", recognizers.ENTRY_POINTS)])
    monkeypatch.setattr(entry_points, "entry_points", lambda **which: points.select(**which))
    with pytest.raises(ImportError, match=r"'lost' \(no_such_module:Lost\) cannot be imported: No module"):
        recognizers.load("lost")


def test_pairwise_works_without_the_recognizers_help():
    greys = np.random.default_rng(0).random(600)
    expected = np.abs(greys[:, None] - greys[None])[np.triu_indices(600, 1)]
    np.testing.assert_array_equal(recognizers.pairwise(MeanGrey(), greys), expected.astype(np.float32))
    assert recognizers.pairwise(MeanGrey(), greys[:0]).shape == (0,)


@pytest.mark.parametrize("name", sorted(recognizers.CARDS))
def test_a_recognizer_of_ours_has_a_card_with_a_reference_that_can_be_looked_up(name):
    card = recognizers.find(name).card
    assert card is recognizers.CARDS[name]
    assert card.doi.startswith("10.") and str(card.year) in str(card)


def test_every_recognizer_of_ours_has_a_card():
    assert {*recognizers.CARDS} == {*recognizers.RECOGNIZERS}


def test_networks_are_had_from_their_recognizers_modules():
    from recognizers import ccnet, eehnet

    assert ccnet.CCNet(3).arclayer_ is not None
    assert eehnet.EEHNet.__name__ == "EEHNet"

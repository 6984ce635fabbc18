"""The embedded report: what keeps a bound, what is counted, and what a run leaves behind."""

from __future__ import annotations

import hashlib
import math
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest

from experiments import embedded_report
from experiments.embedded.figures import Figure, Row, from_csv, keep, summary, to_csv
from experiments.embedded.handshape import shape_eer, shape_features
from experiments.embedded.linkage import OperatingPoint, linked, other_photos
from experiments.embedded.memory import Nearest, compared
from experiments.embedded.options import Options
from experiments.embedded.palms import inside_share, nuisance_of
from experiments.embedded.scores import Comparison, closer_than_median, compare, matrix, shape_of, share_interval
from experiments.embedded.weights import checked, read_weight_card
from palmbench.base.status import FINDINGS
from palmbench.hands.geometry import recognition_roi
from palmbench.synth import PROFILES, Render, render
from recognizers.common.errors import RequestError

CARD = """
what: A network.
trained_on: Nothing.
command: make weights
time: a minute
machine_class: 2 CPU cores
measured: {how: by hand, error: 0.5}
sha256: "%s"
"""


@pytest.fixture(scope="module")
def photo() -> Render:
    return render(0, 0)


def templates(*blocks: int) -> list[np.ndarray | None]:
    """Templates of noise: equal numbers give equal palms, 0 gives none."""
    return [None if not block else _noise(block) for block in blocks]


def _noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2**32, (12, 32), dtype=np.uint32)


@pytest.mark.parametrize(
    ("low", "high", "value", "holds"),
    [
        (2, 6, 2.0, True),
        (2, 6, 6.01, False),
        (None, 1, 1.0, True),
        (90, None, 89.9, False),
        (90, None, math.nan, False),
        (None, None, 5.0, None),
    ],
)
def test_a_figure_holds_up_to_its_bound(low: float | None, high: float | None, value: float, holds: bool) -> None:
    assert Figure("x", value, low=low, high=high).holds is holds


def test_the_summary_counts_bounds_and_what_was_left_out() -> None:
    figures = [Figure("a", 1, low=0), Figure("b", 1, high=0), Figure("c", 1), Figure("d", math.nan)]
    assert summary(figures) == "1 of 2 hold, 1 left out"


def test_figures_survive_the_file_they_are_kept_in() -> None:
    figure = Figure("a, b", 1 / 3, "%", None, 0.5, 7, 'says "so"', timed=True)
    assert from_csv(to_csv([Row("world", figure, "here")])) == [Row("world", figure, "here")]


def test_another_section_stays_as_long_as_the_world_is_the_same(tmp_path: Path) -> None:
    path, order = tmp_path / "report.csv", ["world", "hands"]
    keep(path, "hands", [Figure("h", 1)], "here", order)
    keep(path, "world", [Figure("w", 1)], "here", order)
    keep(path, "hands", [Figure("h", 2)], "here", order)
    assert [(row.section, row.figure.value) for row in from_csv(path.read_text())] == [("world", 1), ("hands", 2)]
    keep(path, "hands", [Figure("h", 3)], "there", order)
    assert [row.figure.name for row in from_csv(path.read_text())] == ["h"]
    assert "| h | 3 |" in path.with_suffix(".md").read_text()


def test_the_exit_status_says_whether_every_bound_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    section = ModuleType("a_section")
    values = {"first": 1.0}

    def figures(options: Options) -> Iterator[Figure]:
        yield Figure("palms", options.identities, low=3)
        yield Figure("first", values["first"], high=1)

    section.figures = figures  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "a_section", section)
    monkeypatch.setattr(embedded_report, "SECTIONS", {"one": "a_section"})
    words = ["one", "--identities", "3", "--results-dir", str(tmp_path)]
    assert embedded_report.main(words) == 0
    values["first"] = 2.0
    assert embedded_report.main(words) == FINDINGS == 3
    (palms, first) = (row.figure for row in from_csv((tmp_path / "embedded_report.csv").read_text()))
    assert (palms.holds, first.holds) == (True, False)


def test_a_section_or_profile_that_is_not_there_is_refused() -> None:
    with pytest.raises(RequestError, match="did you mean"):
        embedded_report.main(["wordl"])
    with pytest.raises(RequestError, match="There is no profile"):
        embedded_report.main(["world", "--profiles", "studio"])


def test_figures_are_of_one_world_whatever_the_machine() -> None:
    digest = embedded_report.world_digest(Options())
    assert embedded_report.world_digest(Options(workers=7, results_dir="elsewhere")) == digest
    assert embedded_report.world_digest(Options(identities=7)) != digest


def test_two_hands_of_one_person_are_no_impostors() -> None:
    # Palms 0 and 1 are one person's; the last photo has no template.
    found = compare(templates(1, 1, 2, 3, 0), [0, 0, 1, 2, 2])
    assert (len(found.genuine), len(found.impostor), found.missing) == (1, 3, 1)
    assert found.genuine[0] == 0
    assert found.impostor.min() > 0.3


def test_a_missing_template_has_no_distance() -> None:
    distances = matrix(templates(1, 0), templates(1, 2, 0))
    assert distances[0, 0] == 0 and distances[0, 1] > 0.3
    assert np.isnan(distances[1]).all() and np.isnan(distances[:, 2]).all()


def test_normal_scores_look_normal_and_others_do_not() -> None:
    random = np.random.default_rng(0)
    normal, lopsided = shape_of(random.normal(3, 2, 20000)), shape_of(random.exponential(1, 20000))
    np.testing.assert_allclose(normal, 0, atol=0.06)
    # An exponential distribution has skewness 2, excess kurtosis 6 and lies 1/e - 1 + cdf(1) away at its worst.
    np.testing.assert_allclose(lopsided[:2], (2, 6), rtol=0.15)
    assert lopsided.kolmogorov == pytest.approx(0.159, abs=0.01)


def test_impostors_are_counted_below_the_median_mate() -> None:
    assert closer_than_median(np.array([0.1, 0.2, 0.9]), np.array([0.1, 0.2, 0.3, 0.4])) == 0.25


def test_only_other_photos_of_the_palm_count_as_others() -> None:
    originals = templates(1, 2, 3)
    scores = other_photos(templates(2, 9, 9), originals, [4, 4, 6])
    assert len(scores) == 2
    assert scores[0] == 0 and scores[1] > 0.3


def test_linked_photos_of_different_people_are_counted_once() -> None:
    # Palms 0 and 2 share a texture in one photo each; palm 3 is of palm 2's person.
    found = linked(templates(1, 2, 1, 4, 2), [0, 0, 2, 3, 6], threshold=0.2)
    assert found.n == 8  # ten pairs without the one of palm 0 and the one of palms 2 and 3
    assert found.share == pytest.approx(2 / 8)
    assert found.low <= found.share <= found.high


def test_the_interval_of_a_constant_share_is_a_point() -> None:
    np.testing.assert_allclose(share_interval(np.full((6, 6), 1.0), np.full((6, 6), 4.0)), 0.25)


def test_seeds_lie_with_the_impostors_or_do_not() -> None:
    from experiments.embedded.diversity import lying

    point = OperatingPoint(Comparison(np.zeros(2), np.array([0.4, 0.5]), 0), 0.2)
    matched, below = lying("seeds", np.array([0.1, 0.3]), point)
    assert (matched.value, matched.holds) == (50, False)
    assert (below.value, below.holds) == (pytest.approx(5), False)
    assert all(figure.holds for figure in lying("seeds", np.array([0.4, 0.5]), point))


def test_a_memorised_palm_stands_out() -> None:
    originals = np.linspace(0.36, 0.40, 50)
    kept = list(compared(Nearest(originals, originals), 9))
    assert [figure.holds for figure in kept if figure.holds is not None] == [True, True]
    leaked = np.concatenate([originals, [0.1]])
    assert [f.holds for f in compared(Nearest(leaked, originals), 9) if f.holds is not None] == [True, False]


def test_hand_shape_does_not_depend_on_size_or_side(photo: Render) -> None:
    features = shape_features(photo)
    assert features.shape == (10,)
    # The middle finger is the longest, and a finger is a tenth to a third of the palm wide.
    assert features[2] == features[:5].max()
    assert ((features[6:] > 0.1) & (features[6:] < 0.34)).all()
    mirrored = replace(photo, keypoints_2d=np.array([639, 0]) + photo.keypoints_2d * (-1, 1), mask=photo.mask[:, ::-1])
    np.testing.assert_allclose(shape_features(mirrored), features, atol=0.01)
    double = cv2.resize(photo.mask.astype(np.uint8), None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST).astype(bool)
    larger = replace(photo, keypoints_2d=2 * photo.keypoints_2d + 0.5, mask=double)
    np.testing.assert_allclose(shape_features(larger), features, atol=0.02)


def test_hands_that_differ_more_than_photos_are_told_apart() -> None:
    random = np.random.default_rng(1)
    identities = [0, 0, 2, 2, 4, 4]
    hands = {identity: random.normal(size=10) for identity in identities}
    apart = [hands[identity] + random.normal(0, 0.01, 10) for identity in identities]
    assert shape_eer(apart, identities).rate == 0


def test_the_true_roi_lies_in_the_true_palm(photo: Render) -> None:
    assert 0.9 < inside_share(photo) <= 1


def test_a_profile_has_another_strength_for_the_time_of_a_block(photo: Render) -> None:
    own = PROFILES["controlled"]
    with pytest.raises(RuntimeError), nuisance_of("controlled", 3.0):
        assert PROFILES["controlled"] == replace(own, nuisance=3.0)
        stronger = render(0, 0)
        raise RuntimeError
    assert PROFILES["controlled"] == own
    rois = [recognition_roi(shown.image, shown.as_hand()).astype(int) for shown in (photo, stronger, render(0, 0))]
    assert np.abs(rois[1] - rois[0]).mean() > 1
    assert (rois[2] == rois[0]).all()


def test_pictures_without_a_hand_are_pictures() -> None:
    from experiments.embedded.hands import EMPTY, empty_picture

    for kind in EMPTY:
        first, again, second = empty_picture(kind, 0), empty_picture(kind, 0), empty_picture(kind, 1)
        assert (first.shape, first.dtype) == ((480, 640, 3), np.uint8)
        assert (first == again).all()
        assert (first != second).any()


def test_cards_are_held_against_their_files(tmp_path: Path) -> None:
    for name, digest in (("good", hashlib.sha256(b"good").hexdigest()), ("bad", "0" * 64), ("none", None)):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "model.safetensors").write_bytes(name.encode())
        if digest:
            (folder / "card.yaml").write_text(CARD % digest)
    lacking, wrong, *_ = checked(tmp_path)
    assert (lacking.value, lacking.note, lacking.holds) == (1, "none/model.safetensors", False)
    assert (wrong.value, wrong.note, wrong.n) == (1, "bad/model.safetensors", 2)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("what: A network.\n", ""), "exactly the keys"),
        (("time: a minute", "time:"), "time must be a text"),
        (("how: by hand", "by: hand"), "must say how"),
        (("time: a minute", "time: [a"), "not YAML"),
    ],
)
def test_a_card_with_something_missing_is_refused(tmp_path: Path, change: tuple[str, str], complaint: str) -> None:
    path = tmp_path / "card.yaml"
    path.write_text((CARD % ("a" * 64)).replace(*change))
    with pytest.raises(RequestError, match=complaint):
        read_weight_card(path)

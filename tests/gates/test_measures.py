"""What the gates measure with, on cases worked out by hand."""

from __future__ import annotations

import hashlib
import math
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from palmbench.base import paths
from palmbench.synth import Render, render
from recognizers.common.errors import RequestError
from recognizers.common.paths import weights_dir
from tests.gates.figures import Figure
from tests.gates.handshape import shape_features
from tests.gates.linkage import OperatingPoint, linked, other_photos
from tests.gates.memory import compared
from tests.gates.scores import Comparison, closer_than_median, compare, shape_of, share_interval
from tests.gates.test_weights import checked, read_weight_card

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


def test_two_hands_of_one_person_are_no_impostors() -> None:
    # Palms 0 and 1 are one person's; the last photo has no template.
    found = compare(templates(1, 1, 2, 3, 0), [0, 0, 1, 2, 2])
    assert (len(found.genuine), len(found.impostor), found.missing) == (1, 3, 1)
    assert found.genuine[0] == 0
    assert found.impostor.min() > 0.3


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
    from tests.gates.diversity import lying

    point = OperatingPoint(Comparison(np.zeros(2), np.array([0.4, 0.5]), 0), 0.2)
    matched, below = lying("seeds", np.array([0.1, 0.3]), point)
    assert (matched.value, matched.holds) == (50, False)
    assert (below.value, below.holds) == (pytest.approx(5), False)
    assert all(figure.holds for figure in lying("seeds", np.array([0.4, 0.5]), point))


def test_a_memorised_palm_stands_out() -> None:
    rng, persons = np.random.default_rng(3), np.arange(40).repeat(2)
    distances, strangers = 1 + 0.1 * rng.normal(size=(80, 60)), 1 + 0.1 * rng.normal(size=(100, 60))
    assert [figure.holds for figure in compared(distances, persons, strangers)] == [True, True]
    distances[np.arange(0, 80, 2), np.arange(40) % 30] = 0.2  # a palm of the training in every other photo
    leaked = list(compared(distances, persons, strangers))
    assert [figure.holds for figure in leaked] == [False, False]
    assert leaked[1].value == pytest.approx(50, abs=6)


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


@pytest.mark.parametrize(
    ("low", "high", "value", "holds"),
    [(2, 6, 6.0, True), (2, 6, 6.01, False), (90, None, math.nan, False), (None, None, 5.0, None)],
)
def test_a_figure_holds_up_to_its_bound(low: float | None, high: float | None, value: float, holds: bool) -> None:
    assert Figure("x", value, low=low, high=high).holds is holds


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


def test_the_embedded_weights_have_cards_that_are_true() -> None:
    missed = [figure for figure in checked(paths.weights_dir(), weights_dir()) if figure.holds is False]
    assert not missed


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("what: A network.\n", ""), "must have the keys"),
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

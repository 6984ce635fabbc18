"""What de-identified photos teach: scores with known answers, who is tested, and a whole comparison of a few steps."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from experiments.training_utility import learning
from experiments.training_utility.__main__ import main, pipelines_of
from experiments.training_utility.learning import persons_to_test
from experiments.training_utility.scores import Score, as_csv, row_of, score, table
from experiments.weights.brief_hand import Recipe, subject_of, trained
from palmbench.datasets.sample import Sample
from palmbench.hands.hand import Hand
from palmbench.synth import render
from palmbench.synth.empty_scenes import empty_scene
from recognizers.common.errors import RequestError

PERSONS = ["a", "a", "b", "b"]


@pytest.fixture(scope="module")
def shown() -> tuple[np.ndarray, Hand]:
    photo = render(0, 0)
    return photo.image, photo.as_hand()


def of_each(found: list[float], pck: list[float]) -> np.ndarray:
    """Scores of one training in which masks and distances are all alike."""
    return np.array([[Score(f, p, 80.0, 3.0) for f, p in zip(found, pck, strict=True)]])


def test_the_truth_itself_scores_best_and_no_hand_worst(shown: tuple[np.ndarray, Hand]) -> None:
    truth = shown[1]
    assert score(truth, truth) == Score(100.0, 100.0, 100.0, 0.0)
    assert score(truth, None)[:3] == (0.0, 0.0, 0.0) and np.isnan(score(truth, None).nme)


def test_points_off_by_known_shares_of_the_hand_are_told_by_them(shown: tuple[np.ndarray, Hand]) -> None:
    truth = shown[1]
    side = float(np.ptp(truth.keypoints_2d, axis=0).max())
    moved = truth.keypoints_2d.copy()
    moved[:7, 0] += 0.1 * side  # a third of 21, beyond the 5 % that count
    moved[7:, 1] += 0.04 * side
    mask = truth.mask.copy()
    rows = np.flatnonzero(mask.any(axis=1))
    mask[rows[0] : rows[len(rows) // 2]] = False
    found = score(truth, replace(truth, keypoints_2d=moved, mask=mask))
    assert found.pck == pytest.approx(100 * 14 / 21)
    assert found.nme == pytest.approx(100 * (7 * 0.1 + 14 * 0.04) / 21, abs=1e-3)
    assert found.mask_iou == pytest.approx(100 * mask.sum() / truth.mask.sum())


def test_numbers_are_means_over_trainings_and_intervals_over_persons() -> None:
    # Person a has everything right, person b nothing; the second training is 10 points worse throughout.
    first, second = of_each([100] * 4, [90, 90, 10, 10]), of_each([100] * 4, [80, 80, 0, 0])
    row = row_of("blur", 7, np.concatenate([first, second]), first, PERSONS, 12.5)
    pck = row.numbers["pck"]
    assert pck.value == 45 and (pck.lo, pck.hi) == (5, 85)  # a resample may hold b twice, or a
    assert row.apart["pck"] == pytest.approx(10) and row.apart["found"] == 0
    # Paired by person, the loss is the same in every resample.
    assert row.beyond["pck"].value == row.beyond["pck"].lo == row.beyond["pck"].hi == -5


def test_two_persons_whose_hands_are_all_found_do_not_make_it_certain() -> None:
    found = row_of("blur", 7, of_each([100] * 4, [90] * 4), of_each([100] * 4, [90] * 4), PERSONS, 0).numbers["found"]
    assert found.value == found.hi == 100
    assert found.lo == pytest.approx(100 * 0.025**0.5)  # Clopper and Pearson of 2 of 2


def test_a_hand_that_is_not_found_has_no_distance() -> None:
    scores = of_each([100] * 4, [90] * 4)
    scores[0, 3] = Score(0, 0, 0, np.nan)
    nme = row_of("blur", 7, scores, scores, PERSONS, 0).numbers["nme"]
    assert nme.value == 3 and nme.failed == 1
    scores[0] = Score(0, 0, 0, np.nan)
    row = row_of("blur", 7, scores, scores, PERSONS, 0)
    assert row.numbers["nme"].value is None and "nan" not in as_csv([row]) + "".join(table([row]))


def test_a_table_sets_every_method_below_the_originals() -> None:
    usual = of_each([100] * 4, [90] * 4)
    worse = of_each([100] * 4, [70] * 4)
    rows = [row_of(name, 8, of, usual, PERSONS, 0) for name, of in (("identity", usual), ("mask", worse))]
    lines = table(rows)
    assert [line.split()[0] for line in lines[1:4]] == ["identity", "mask", "less"]
    assert "-20.0 [-20.0,-20.0]" in lines[3]
    (told,) = [each for each in csv.DictReader(as_csv(rows).splitlines())
               if (each["method"], each["measure"]) == ("mask", "pck")]  # fmt: skip
    assert (float(told["value"]), float(told["less_identity"]), int(told["n"])) == (70, -20, 4)


def test_both_hands_of_a_person_are_on_one_side_and_two_persons_are_tested() -> None:
    samples = [Sample(f"{n}", f"{n}", f"{n // 2}", "left", "") for n in range(20)]
    tested = persons_to_test(samples, seed=0)
    assert len(tested) == 4 and tested == persons_to_test(samples[::-1], seed=0) != persons_to_test(samples, seed=1)
    with pytest.raises(RequestError, match="too few"):
        persons_to_test(samples[:4], seed=0)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["method=blur", "seed=0,1"], "sweep nothing else"),
        (["method=whole_hand"], "moves hands"),
        (["method=blur", "dataset=iitd"], "rendered palms only"),
    ],
)
def test_what_cannot_be_compared_is_refused(words: list[str], told: str) -> None:
    with pytest.raises(RequestError, match=told):
        pipelines_of(words)


def test_anchors_come_first_and_once() -> None:
    assert [name.split()[0] for name in pipelines_of(["method=blur,mask"])] == ["identity", "mask", "blur"]


def test_training_learns_and_gives_the_same_weights_again(shown: tuple[np.ndarray, Hand]) -> None:
    subjects, empties = [subject_of(*shown)], [empty_scene(0)]
    assert trained(subjects, empties, Recipe(2, 2, 0)) == trained(subjects, empties, Recipe(2, 2, 0))
    assert trained(subjects, empties, Recipe(2, 2, 0)) != trained(subjects, empties, Recipe(2, 2, 1))


def test_a_subject_keeps_its_truth_at_half_the_size(shown: tuple[np.ndarray, Hand]) -> None:
    image, truth = shown
    subject = subject_of(image, truth)
    assert subject.photo.shape[:2] == subject.mask.shape == (image.shape[0] // 2, image.shape[1] // 2)
    np.testing.assert_allclose(2 * subject.points[:21] + 0.5, truth.keypoints_2d, atol=1e-3)
    assert 4 * subject.mask.sum() == pytest.approx(truth.mask.sum(), rel=0.02)
    assert 0 < subject.palm.sum() < subject.mask.sum()


def test_a_comparison_of_two_steps_is_whole_and_goes_on_where_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learning, "EMPTIES", 2)
    words = [
        "method=blur",
        "dataset.identities=8",
        "dataset.samples=1",
        "executor.workers=1",
        f"results_dir={tmp_path}",
    ]
    brief = ["--steps", "2", "--batch", "2", "--trainings", "1"]
    assert main([*words, *brief]) == 0
    first = capsys.readouterr()
    assert first.err.count("2 steps on") == 3
    csv_path = tmp_path / "tables" / "training-utility.csv"
    written = csv_path.read_bytes()
    assert {row["method"].split()[0] for row in csv.DictReader(written.decode().splitlines())} == {
        "identity", "mask", "blur"
    }  # fmt: skip
    assert main([*words, *brief]) == 0
    assert "2 steps on" not in capsys.readouterr().err and csv_path.read_bytes() == written

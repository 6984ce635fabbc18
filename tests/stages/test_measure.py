"""Metrics from scores: checked by hand, and defined as far as the scores go."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import numpy as np
import pytest

from palmbench.datasets.sample import Sample
from palmbench.quality import set_distances
from palmbench.scoring import equal_error_rate
from palmbench.stages.acc_cls import measure_classifier
from palmbench.stages.compare import Classified, DeidScores
from palmbench.stages.measure import measure_linkage, measure_recognition
from palmbench.stages.measure_photos import measure_images, measure_usability

INF = math.inf
# Two photos each of two palms of two persons; pairs 01 02 03 12 13 23.
SAMPLES = [Sample(f"{palm}_{photo}", palm, palm, "left", "") for palm in "ab" for photo in "01"]
DISTANCES = np.array([0.1, 0.5, 0.6, 0.7, 0.8, 0.2], np.float32)


def scores(own: list[float], mate: list[float], stranger: list[float]) -> DeidScores:
    return DeidScores(*(np.array(values, np.float32) for values in (own, mate, stranger)))


def test_rates_of_a_case_done_by_hand() -> None:
    # Genuine 0.1 and 0.2, impostor 0.5 to 0.8: the threshold lies at 0.35. The last photo failed.
    found = measure_recognition(
        SAMPLES, DISTANCES, scores([0.3, 0.4, 0.6, math.nan], [0.5, 0.3, 0.7, INF], [0.45, 0.35, 0.5, INF])
    ).metrics
    assert (found["eer"].value, found["eer"].n, found["eer"].failed) == (0, 4, 0)
    assert (found["rr"].value, found["rr"].n, found["rr"].failed) == (75, 4, 1)
    assert (found["rr_without_failures"].value, found["rr_without_failures"].n) == (pytest.approx(200 / 3), 3)
    # Nearest of the own palm, 0.3, 0.3 and 0.6, against the nearest stranger: two hits of four.
    assert found["acc_nn"].value == 50
    # Without its own photo in the gallery only the second is found.
    assert found["acc_nn_without_source"].value == 25
    assert (found["chance"].value, found["chance_without_source"].value) == (50, pytest.approx(100 / 3))
    # Among the three photos that did not fail, two.
    without = found["acc_nn_without_failures"]
    assert (without.value, without.n, without.failed) == (pytest.approx(200 / 3), 3, 0)
    assert (found["far"].value, found["frr"].value) == (0, 0)
    assert found["threshold"].value == pytest.approx(0.35)


def test_a_photo_whose_original_failed_is_missed_though_others_of_its_palm_are_near() -> None:
    given = scores([math.nan, 0.3, 0.3, 0.3], [0.1, INF, 0.1, 0.1], [0.5] * 4)
    found = measure_recognition(SAMPLES, np.array([math.nan] * 3 + [0.7, 0.8, 0.2], np.float32), given).metrics
    assert (found["acc_nn"].value, found["acc_nn"].n, found["acc_nn"].failed) == (75, 4, 1)
    assert (found["acc_nn_without_failures"].value, found["acc_nn_without_failures"].n) == (100, 3)
    assert found["acc_nn_without_source"].value == 75  # without its original it is found by others


def test_chance_is_that_of_a_guess_among_the_photos_there_are() -> None:
    # Three photos of one palm and one of another: a guess is right with 3/4 for three probes, with 1/4 for one.
    samples = [*SAMPLES[:2], Sample("a_2", "a", "a", "left", ""), SAMPLES[2]]
    found = measure_recognition(samples, DISTANCES, scores([0.3] * 4, [INF] * 4, [INF] * 4)).metrics
    assert found["chance"].value == pytest.approx(100 * (3 * 3 / 4 + 1 / 4) / 4)
    # Without the source 2 of 3 for three probes, and none of 3 for one.
    assert found["chance_without_source"].value == pytest.approx(100 * (3 * 2 / 3) / 4)


def test_the_operating_point_follows_the_convention() -> None:
    # FAR and FRR cross between two distances: exact takes a threshold between the scores, the grid one of its steps.
    distances = np.array([0.1, 0.1502, 0.5, 0.7, 0.8, 0.2], np.float32)
    given = scores([0.18] * 4, [INF] * 4, [INF] * 4)
    exact = measure_recognition(SAMPLES, distances, given).metrics
    grid = measure_recognition(SAMPLES, distances, given, eer="grid").metrics
    assert exact["threshold"].value == pytest.approx(equal_error_rate([0.1, 0.2], distances[1:5]).threshold)
    assert grid["threshold"].value == pytest.approx(equal_error_rate([0.1, 0.2], distances[1:5], "grid").threshold)
    assert grid["threshold"].value != exact["threshold"].value


def test_a_convention_without_a_threshold_is_said_and_not_raised() -> None:
    backwards = np.array([0.9, 0.1, 0.2, 0.3, 0.4, 0.8], np.float32)  # genuine pairs are the farthest
    found = measure_recognition(SAMPLES, backwards, scores([0.18] * 4, [INF] * 4, [INF] * 4), eer="grid").metrics
    assert (found["rr"].value, found["rr"].n) == (None, 0)
    assert found["rr"].missing.startswith("a threshold of the convention grid")


def test_an_original_without_a_template_is_counted_where_originals_are_compared() -> None:
    distances = np.array([0.1, 0.5, math.nan, 0.7, math.nan, math.nan], np.float32)
    found = measure_recognition(SAMPLES, distances, scores([0.3] * 3 + [math.nan], [INF] * 4, [INF] * 4)).metrics
    for name in ("eer", "dprime"):
        assert (found[name].n, found[name].failed) == (3, 1)
    assert (found["rr"].n, found["rr"].failed) == (4, 1)


def test_a_tie_is_no_identification() -> None:
    found = measure_recognition(SAMPLES, DISTANCES, scores([0.4] * 4, [INF] * 4, [0.4] * 4)).metrics
    assert found["acc_nn"].value == 0


@pytest.mark.parametrize(
    ("distances", "lacking"),
    [
        (np.full(6, np.nan, np.float32), "a genuine pair"),
        (np.array([math.nan, 0.5, 0.6, 0.7, 0.8, math.nan], np.float32), "a genuine pair"),
        (np.array([0.1] + 5 * [math.nan], np.float32), "an impostor pair"),
    ],
)
def test_without_pairs_there_is_no_operating_point(distances: np.ndarray, lacking: str) -> None:
    found = measure_recognition(SAMPLES, distances, scores([math.nan] * 4, [INF] * 4, [INF] * 4)).metrics
    for name in ("eer", "dprime", "rr", "rr_without_failures", "dir"):
        assert (found[name].value, found[name].n, found[name].missing) == (None, 0, lacking)
    assert (found["acc_nn"].value, found["acc_nn"].failed) == (0, 4)


def test_scores_without_spread_leave_separability_undefined() -> None:
    found = measure_recognition(
        SAMPLES, np.array([0, 1, 1, 1, 1, 0], np.float32), scores([1] * 4, [INF] * 4, [1] * 4)
    ).metrics
    assert (found["dprime"].value, found["dir"].value) == (None, None)
    assert (found["eer"].value, found["rr"].value) == (0, 100)


def many(rng: np.random.Generator) -> tuple[list[Sample], np.ndarray]:
    """120 photos of 30 persons' palms, with genuine distances about 0.3 and impostor distances about 0.6."""
    samples = [Sample(f"{palm}_{photo}", str(palm), str(palm), "left", "") for palm in range(30) for photo in range(4)]
    first, second = np.triu_indices(120, 1)
    distances = np.where(first // 4 == second // 4, rng.normal(0.3, 0.03, 7140), rng.normal(0.6, 0.03, 7140))
    return samples, distances.astype(np.float32)


def test_accepted_probes_at_a_false_match_rate_are_counted_with_failures() -> None:
    samples, distances = many(np.random.default_rng(0))
    first, second = np.triu_indices(120, 1)
    impostor = np.sort(distances[first // 4 != second // 4].astype(float))
    own = np.full(120, 0.9)
    own[:30] = impostor[69]  # of 6 960 impostors 69 may match: the seventieth sets the threshold, just below itself
    own[30:54] = impostor[68]
    own[54:60] = math.nan
    found = measure_recognition(samples, distances, scores(own.tolist(), [INF] * 120, [INF] * 120)).metrics
    assert (found["tar_fmr100"].value, found["tar_fmr100"].n, found["tar_fmr100"].failed) == (20, 120, 6)
    assert found["tar_fmr100"].lo < 20 < found["tar_fmr100"].hi
    assert found["tar_fmr1000"].value == 0
    known = found["tar_fmr100_without_failures"]
    assert (known.value, known.n, known.failed) == (pytest.approx(100 * 24 / 114), 114, 0)


def test_exact_intervals_count_the_persons_that_a_share_is_of() -> None:
    # The method destroyed the photos of 28 of 30 palms, and those of the two others are rejected.
    samples, distances = many(np.random.default_rng(0))
    own = [0.9] * 8 + [math.nan] * 112
    nearest = [0.9] * 8 + [INF] * 112
    recognition = measure_recognition(samples, distances, scores(own, nearest, nearest))
    found = recognition.metrics
    of_two = pytest.approx(100 * 0.025 ** (1 / 2))
    assert (found["rr_without_failures"].lo, found["rr_without_failures"].hi) == (of_two, 100)
    for name in ("acc_nn_without_failures", "tar_fmr100_without_failures"):
        assert (found[name].value, found[name].lo) == (0, 0) and 100 - found[name].hi == of_two
    assert found["rr"].lo == pytest.approx(100 * 0.025 ** (1 / 30))
    among = np.where(np.triu_indices(120, 1)[1] < 60, 0.01, np.nan).astype(np.float32)
    linkage = measure_linkage(samples, recognition, np.full((120, 120), np.nan), among)
    assert linkage["inter_deid_match"].lo == pytest.approx(100 * 0.025 ** (1 / 15))


def test_intervals_are_over_persons_both_of_whose_hands_are_photographed() -> None:
    one_handed, distances = many(np.random.default_rng(0))
    samples = [replace(sample, person=str(int(sample.identity) // 2)) for sample in one_handed]
    assert len({sample.person for sample in samples}) == 15
    rejected = [INF] * len(samples)
    recognition = measure_recognition(samples, distances, scores([9.0] * len(samples), rejected, rejected))
    among = np.full(len(distances), 0.01, np.float32)
    far = np.full((len(samples), len(samples)), 9.0) + np.random.default_rng(1).random((len(samples), len(samples)))
    linkage = measure_linkage(samples, recognition, far, among)
    classified = measure_classifier(samples, Classified(np.array([sample.identity for sample in samples]), None))
    lost = measure_usability(samples, {})
    of_fifteen = pytest.approx(100 * 0.025 ** (1 / 15))
    found = {**recognition.metrics, **linkage, **classified, **lost}
    all_of_them = ("rr", "rr_without_failures", "acc_nn", "acc_nn_without_failures")
    for name in (*all_of_them, "inter_deid_match", "acc_cls", "acc_cls_without_failures", "hand_lost"):
        assert (found[name].value, found[name].lo, found[name].hi) == (100, of_fifteen, 100)
    for name in ("acc_nn_without_source", "tar_fmr100", "tar_fmr100_without_failures"):
        assert (found[name].value, found[name].lo, 100 - found[name].hi) == (0, 0, of_fifteen)
    # A number that is one for each person moves with persons: as far as its standard error says.
    values = {sample.id: {"ssim": float(sample.person)} for sample in samples}
    ssim = measure_images(samples, values, ["ssim"], {})["ssim"]
    spread = 2 * 1.96 * np.arange(15).std() / math.sqrt(15)
    assert ssim.hi - ssim.lo == pytest.approx(spread, rel=0.08)


@pytest.mark.parametrize("people", [1, 2, 3, 8])
def test_one_person_alone_tells_nothing_of_others(people: int) -> None:
    """Of that one's photos half are identified, more or less like their originals; all others failed."""
    samples = [
        Sample(f"{person}{hand}_{photo}", f"{person}{hand}", f"{person}", "left", "")
        for person in range(people)
        for hand in "lr"
        for photo in range(2)
    ]
    n = len(samples)
    first, second = np.triu_indices(n, 1)
    distances = np.where(first // 2 == second // 2, 0.1, 0.5) + np.random.default_rng(0).random(len(first)) / 10
    own = np.full(n, math.nan)
    own[:4] = (0.1, 0.1, 0.7, 0.8)
    stranger = np.full(n, 0.5)
    found = measure_recognition(samples, distances.astype(np.float32), scores(own, np.full(n, INF), stranger)).metrics
    ssim = measure_images(samples, {sample.id: {"ssim": k / 9} for k, sample in enumerate(samples[:4])}, ["ssim"], {})
    lost = measure_usability(samples, {sample.id: {} for sample in samples[:4]})["hand_lost"]
    for number in (found["acc_nn_without_failures"], ssim["ssim"], *([found["acc_nn"]] if people == 1 else [])):
        assert number.value is not None and (number.lo, number.hi) == (None, None)
    if people == 1:  # a share of 0 or 100 % has the exact interval of one trial
        assert (lost.value, lost.lo, lost.hi) == (0, 0, 97.5)


def test_a_false_match_rate_needs_its_impostor_pairs() -> None:
    found = measure_recognition(SAMPLES, DISTANCES, scores([0.3] * 4, [INF] * 4, [INF] * 4)).metrics
    for name, pairs in (("tar_fmr100", "100 impostor pairs"), ("tar_fmr1000", "1000 impostor pairs")):
        assert (found[name].value, found[name].n, found[name].missing) == (None, 0, pairs)


@pytest.mark.parametrize(("mated", "linkable"), [(0.3, 1.0), (0.6, 0.0)])
def test_photos_are_linkable_as_far_as_mated_scores_differ(mated: float, linkable: float) -> None:
    rng = np.random.default_rng(0)
    samples, distances = many(rng)
    palms = np.arange(120) // 4
    across = np.where(palms[:, None] == palms, rng.normal(mated, 0.03, (120, 120)), rng.normal(0.6, 0.03, (120, 120)))
    across[:4] = math.nan
    recognition = measure_recognition(samples, distances, scores([0.5] * 120, [INF] * 120, [INF] * 120))
    found = measure_linkage(samples, recognition, across.astype(np.float32), distances)
    d_sys, null = found["linkability"], found["linkability_null"]
    assert d_sys.value == pytest.approx(linkable, abs=0.2)
    assert (d_sys.value > null.hi) == (linkable == 1)
    assert d_sys.lo <= d_sys.value <= d_sys.hi and null.lo < null.value < null.hi
    assert (d_sys.n, d_sys.failed) == (116, 4)


def test_exchanges_that_leave_no_mated_pair_are_left_out_of_the_null() -> None:
    # Of two palms' scores only one is known, and it is not a mated one when the palms are exchanged.
    samples = [Sample(f"a_{photo}", "a", "a", "left", "") for photo in range(6)] + [Sample("b_0", "b", "b", "left", "")]
    rng = np.random.default_rng(0)
    across = np.full((7, 7), np.nan)
    across[:6, :6] = rng.normal(0.4, 0.05, (6, 6))
    across[0, 6] = 0.7
    recognition = measure_recognition(samples, np.full(21, 0.5), scores([0.4] * 7, [INF] * 7, [INF] * 7))
    null = measure_linkage(samples, recognition, across, np.full(21, np.nan))["linkability_null"]
    assert 0 <= null.lo <= null.value <= null.hi <= 1
    kept, of = (int(word) for word in re.findall(r"[0-9]+", null.note))
    assert 0.3 < kept / of < 0.7  # every other draw leaves both palms where they are


def test_photos_that_all_look_alike_match_each_other() -> None:
    samples, distances = many(np.random.default_rng(0))
    recognition = measure_recognition(samples, distances, scores([0.5] * 120, [INF] * 120, [INF] * 120))
    across = np.full((120, 120), 0.6, np.float32)
    alike = measure_linkage(samples, recognition, across, np.full(7140, 0.01, np.float32))["inter_deid_match"]
    assert (alike.value, alike.hi, alike.n, alike.failed) == (100, 100, 120, 0)
    # No draw of persons can show a pair that does not match, but there are only 30 persons.
    assert alike.lo == pytest.approx(100 * 0.025 ** (1 / 30))
    apart = measure_linkage(samples, recognition, across, distances)["inter_deid_match"]
    assert apart.value == recognition.metrics["eer"].value == 0


def test_what_ties_photos_says_what_it_would_need() -> None:
    recognition = measure_recognition(SAMPLES, DISTANCES, scores([math.nan] * 4, [INF] * 4, [INF] * 4))
    found = measure_linkage(SAMPLES, recognition, np.full((4, 4), np.nan), np.full(6, np.nan))
    assert {name: (each.value, each.missing, each.failed) for name, each in found.items()} == {
        "linkability": (None, "20 mated scores", 4),
        "linkability_null": (None, "20 mated scores", 4),
        "inter_deid_match": (None, "a pair of two persons' de-identified photos", 4),
    }
    nothing = measure_recognition(SAMPLES, np.full(6, np.nan), scores([math.nan] * 4, [INF] * 4, [INF] * 4))
    found = measure_linkage(SAMPLES, nothing, np.full((4, 4), np.nan), np.full(6, np.nan))
    assert found["inter_deid_match"].missing == "a genuine pair"


def test_numbers_of_photos_are_means_with_their_spread() -> None:
    values = {"a_0": {"ssim": 0.9}, "a_1": {"ssim": 0.7}, "b_0": {"ssim": INF}}
    found = measure_images(SAMPLES, values, ["ssim"], {"lpips": "vgg16.pth"})
    ssim = found["ssim"]
    assert (ssim.value, ssim.std) == (pytest.approx(0.8), pytest.approx(0.1))
    assert (ssim.n, ssim.failed) == (2, 1)  # an untouched photo has no finite number, and did not fail
    assert found["lpips"].missing == "vgg16.pth" and found["lpips"].value is None


def test_fid_needs_two_photos() -> None:
    features = [np.zeros(4, np.float32), np.ones(4, np.float32)]
    found = set_distances("inception", features, features, ["a", "b"], 1)
    fid = found["fid"]
    assert (fid.value, fid.lo, fid.hi, fid.n, fid.failed) == (pytest.approx(0, abs=1e-6), None, None, 2, 1)
    assert fid.note.startswith("2 images a side for 4 features")
    assert set_distances("inception", features[:1], features[:1], ["a"], 3)["fid"].value is None
    assert set(set_distances("hand", features, features, ["a", "b"], 0)) == {"fd_hand"}


def test_hands_that_are_not_found_again_are_counted() -> None:
    kept = {"pck": 100.0, "keypoints_2d": 1.0}
    found = measure_usability(SAMPLES, {"a_0": kept, "a_1": kept, "b_0": kept})
    assert (found["hand_lost"].value, found["hand_lost"].n) == (25, 4)
    assert (found["pck"].value, found["pck"].n, found["pck"].failed) == (100, 3, 1)


def test_numbers_against_a_moved_truth_say_so() -> None:
    kept = {"a_0": {"pck": 100.0, "gesture": 100.0}, "a_1": {"pck": 50.0, "gesture": 0.0}}
    assert measure_usability(SAMPLES, kept)["pck"].note is None
    found = measure_usability(SAMPLES, kept, moved=True)
    assert "moved" in str(found["pck"].note) and found["gesture"].note is None
    assert (found["gesture"].value, found["gesture"].n) == (50, 2)


def test_the_classifiers_accuracy_counts_failures_as_misses() -> None:
    # Own palm, another's, own, no template.
    given = np.array(["a", "b", "b", None], object)
    measured = measure_classifier(SAMPLES, Classified(given, None))
    found, without = measured["acc_cls"], measured["acc_cls_without_failures"]
    assert (found.value, found.n, found.failed) == (50, 4, 1)
    assert (without.value, without.n) == (pytest.approx(200 / 3), 3)
    # Each palm has one hit of two, so whichever palms are drawn the share is a half.
    assert (found.lo, found.hi) == (50, 50)


def test_without_a_classifier_its_accuracy_says_what_is_missing() -> None:
    found = measure_classifier(SAMPLES, Classified(None, "a classifier"))["acc_cls"]
    assert (found.value, found.n, found.missing) == (None, 0, "a classifier")

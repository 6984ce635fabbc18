"""Attacks that learn find what they are made to find, and nothing where there is nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import recognizers
from palmbench.attacks import Labelled, Training
from palmbench.attacks.bit_weights import BitWeightsConfig
from palmbench.attacks.trained import TrainedConfig
from palmbench.attacks.traits import TraitsConfig
from palmbench.attacks.unchanged import UnchangedConfig
from palmbench.attacks.whitened import WhitenedConfig
from palmbench.base.store import Store
from palmbench.config.attacks import TrialConfig
from palmbench.datasets.sample import Sample
from palmbench.engine.attack_pipeline import Wanted
from palmbench.report.figures.bit_weights import draw_bit_weights
from palmbench.scoring.identification import rank_1_at, ranks_of
from palmbench.scoring.trials import trials_of
from recognizers.codes.base import packed
from recognizers.common.cache_keys import sample_seed
from recognizers.common.errors import RequestError
from tests.attacks.drawn_templates import attacked, enrolled, noise, pipeline, point

PLANES, LEAKING = 12, 3


def codes(palms: int, photos: int, seed: int, share: float = 0.33) -> Labelled:
    """MTCC templates of random bits, of which one plane's are the palm's but for a share that is the photo's own."""
    rng = np.random.default_rng(seed)
    bits = rng.random((palms * photos, PLANES, 32, 32)) < 0.5
    of_palm = np.random.default_rng(99 + palms).random((palms, 32, 32)) < 0.5
    names = np.repeat(np.arange(palms), photos)
    own = rng.random((palms * photos, 32, 32)) < 2 * share
    bits[:, LEAKING] = np.where(own, bits[:, LEAKING], of_palm[names])
    return Labelled(packed(bits), names.astype(str), np.tile(np.arange(photos), palms))


def vectors(palms: int, photos: int, seed: int, shift: float = 0.0, people: int = 0) -> Labelled:
    """Embeddings of a palm, with a large part in few directions that differs from photo to photo."""
    rng = np.random.default_rng(seed)
    names = np.repeat(np.arange(palms), photos)
    of_palm = np.random.default_rng(people).normal(size=(palms, 64))
    nuisance = np.concatenate([12 * rng.normal(size=(len(names), 4)), np.zeros((len(names), 60))], axis=1)
    found = of_palm[names] + nuisance + rng.normal(size=(len(names), 64)) + shift
    return Labelled(found.astype(np.float32), names.astype(str), np.tile(np.arange(photos), palms))


def rank_1(matcher, probes: Labelled, gallery: Labelled) -> float:
    found = trials_of(
        matcher.distances(probes.templates, gallery.templates),
        probes.palms,
        gallery.palms,
        probe_photos=probes.photos,
        gallery_photos=gallery.photos,
    )
    ranks = ranks_of(found)
    return float(rank_1_at(ranks, ranks.largest).mean())


def test_one_plane_that_leaks_is_found_by_the_bit_weights() -> None:
    mtcc = recognizers.load("mtcc")
    matcher = BitWeightsConfig(reach=1).fit(mtcc, Training(codes(8, 4, 1), codes(8, 4, 2)))
    strength = np.abs(matcher.weights).mean(axis=(1, 2))
    assert np.flatnonzero(strength).tolist() == [LEAKING]
    probes, gallery = codes(10, 3, 3), codes(10, 3, 4)
    assert rank_1(matcher, probes, gallery) > 0.9 > 0.4 > rank_1(mtcc, probes, gallery)


def test_bit_weights_learn_nothing_of_exchanged_palms() -> None:
    mtcc, rng = recognizers.load("mtcc"), np.random.default_rng(0)
    sides = [each._replace(palms=rng.permutation(each.palms)) for each in (codes(8, 4, 1), codes(8, 4, 2))]
    matcher = BitWeightsConfig(reach=0).fit(mtcc, Training(*sides))
    assert np.count_nonzero(np.abs(matcher.weights).sum(axis=(1, 2))) <= 2  # planes
    assert rank_1(matcher, codes(10, 3, 3), codes(10, 3, 4)) < 0.4  # a guess gets 0.1


def test_a_weighed_distance_of_equal_weights_is_the_share_of_differing_bits() -> None:
    from palmbench.attacks.bit_weights import WeighedBits

    mtcc = recognizers.load("mtcc")
    one, other = codes(3, 1, 1), codes(3, 1, 2)
    matcher = WeighedBits(mtcc, np.ones((PLANES, 32, 32), np.float32), 0)
    bits = [np.unpackbits(each.templates.view(np.uint8).reshape(3, -1), axis=1) for each in (one, other)]
    expected = (bits[0][:, None] != bits[1]).mean(axis=2)
    np.testing.assert_allclose(matcher.distances(one.templates, other.templates), expected, atol=1e-6)
    shifted = packed(np.roll(np.random.default_rng(0).random((1, PLANES, 32, 32)) < 0.5, 1, axis=-1))
    still = packed(np.random.default_rng(0).random((1, PLANES, 32, 32)) < 0.5)
    far, near = (WeighedBits(mtcc, matcher.weights, reach).distances(shifted, still)[0, 0] for reach in (0, 1))
    assert near == pytest.approx(0, abs=1e-6) and far > 0.4


def test_whitening_takes_away_what_differs_between_photos_of_a_palm() -> None:
    plain = recognizers.load("ccnet")
    wide = [vectors(30, 4, seed, people=1) for seed in (1, 2)]
    matcher = WhitenedConfig().fit(plain, Training(*wide))
    probes, gallery = vectors(20, 3, 3, people=2), vectors(20, 3, 4, people=2)

    class Cosine:
        name = "cosine"

        def distances(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
            first, second = (each / np.linalg.norm(each, axis=1, keepdims=True) for each in (a, b))
            return -first @ second.T

    assert rank_1(matcher, probes, gallery) > 0.9 > 0.5 > rank_1(Cosine(), probes, gallery)


def test_a_shift_that_a_method_gives_every_palm_is_no_difference() -> None:
    matcher = WhitenedConfig().fit(
        recognizers.load("ccnet"), Training(vectors(30, 4, 1, people=1), vectors(30, 4, 2, shift=5.0, people=1))
    )
    probes, gallery = vectors(20, 3, 3, shift=5.0, people=2), vectors(20, 3, 4, people=2)
    assert rank_1(matcher, probes, gallery) > 0.9


@pytest.mark.parametrize(
    ("attack", "recognizer", "words"),
    [(WhitenedConfig(), "mtcc", "take attack.recognizer=ccnet"), (BitWeightsConfig(), "ccnet", "recognizer=mtcc or")],
)
def test_what_cannot_be_learnt_from_is_refused(attack: TrainedConfig, recognizer: str, words: str) -> None:
    empty = Labelled(codes(2, 2, 0).templates, np.array([]), np.array([]))
    with pytest.raises(RequestError, match=words):
        attack.fit(recognizers.load(recognizer), Training(empty, empty))


def test_it_learns_from_persons_of_its_own_and_outputs_of_seeds_of_its_own(tmp_path: Path) -> None:
    attack = pipeline(point(str(tmp_path)), TrialConfig(WhitenedConfig()))
    training = [each for each in attack.wanted if each.group == "attackers"]
    assert {each.seed for each in training} == {None, attack.trial.attacker_seed}
    learnt = {sample.person for each in training for sample in attack.wanted[each][1]}
    evaluated = {sample.person for sample in attack.samples("evaluated")}
    assert learnt and learnt.isdisjoint(evaluated | {sample.person for sample in attack.samples("validation")})


def test_a_trained_attack_beats_its_untrained_self_where_there_is_something_to_learn(tmp_path: Path) -> None:
    def draw(wanted, sample):  # outputs have a large part in four directions that differs from photo to photo
        palm = noise("palm", sample.identity) + noise(sample.id, wanted.seed)
        return palm if wanted.seed is None else palm + np.resize(noise("n", sample.id, wanted.seed)[:4] * 60, 4) @ AXES

    store, found = Store.of(tmp_path), {}
    for attack in (WhitenedConfig(), WhitenedConfig(permuted=True), WhitenedConfig().untrained()):
        wired = pipeline(point(str(tmp_path), 60), TrialConfig(attack))
        trials = wired.photos("evaluated", enrolled(wired, store, draw), store).trials()
        found[attack.called] = float(rank_1_at(ranks_of(trials), 20).mean())
    assert list(found) == ["whitened o-a", "whitened o-a permuted", "unchanged o-a ccnet"]
    assert found["whitened o-a"] > found["unchanged o-a ccnet"] + 0.1


def test_outputs_of_one_seed_without_a_template_leave_those_of_the_others(tmp_path: Path) -> None:
    def draw(wanted: Wanted, sample: Sample) -> np.ndarray:
        lost = wanted.group == "attackers" and wanted.seed == first
        return noise("palm", sample.identity) * (np.nan if lost else 1) + noise(sample.id, wanted.seed)

    attack = WhitenedConfig(outputs=2)
    learnt = pipeline(point(str(tmp_path)), TrialConfig(attack)).wanted
    first = next(each.seed for each in learnt if each.group == "attackers" and each.seed is not None)
    assert attacked(tmp_path, draw, attack).numbers["rank_1"].value > 20


AXES = np.stack([noise("axis", number) for number in range(4)])


@pytest.mark.parametrize("attack", [WhitenedConfig(), WhitenedConfig(gallery="deidentified")], ids=["o-a", "a-a"])
def test_on_a_strangers_palm_a_trained_attack_is_at_chance(attack: TrainedConfig, tmp_path: Path) -> None:
    strangers = {}  # each palm's outputs show another one's, and another one for each of its photos

    def draw(wanted: Wanted, sample: Sample) -> np.ndarray:
        shown = sample.identity if wanted.seed is None else f"a stranger of {sample.id}"
        strangers[shown] = sample.identity
        return noise("palm", shown) + 0.3 * noise(sample.id, wanted.seed)

    found = attacked(tmp_path, draw, attack)
    assert len(strangers) > 40
    for name in ("rank_1", "eer", "min_cllr", "mean_disclosure", "d_sys"):
        number, guess = found.numbers[name], found.by_chance[name]
        low, high = (guess.lo, guess.hi) if guess.lo is not None else (number.lo, number.hi)
        assert low <= (number.value if guess.lo is not None else guess.value) <= high, name


def test_the_record_says_what_each_bit_is_worth_and_the_figure_shows_it(tmp_path: Path) -> None:
    def draw(wanted: Wanted, sample: Sample) -> np.ndarray:
        bits = np.random.default_rng(sample_seed(wanted.seed or 0, sample.id)).random((PLANES, 32, 32)) < 0.5
        of_palm = np.random.default_rng(sample_seed(0, sample.identity)).random((32, 32)) < 0.5
        bits[LEAKING, :16] = of_palm[:16]
        return packed(bits[None])[0]

    found = attacked(tmp_path, draw, BitWeightsConfig())
    assert found.bit_weights is not None and found.bit_weights.shape == (PLANES, 32, 32)
    upper, lower = (float(np.abs(half).sum()) for half in np.split(found.bit_weights, 2, axis=1))
    assert upper > 5 * lower and np.abs(found.bit_weights).sum(axis=(1, 2)).argmax() == LEAKING
    assert attacked(tmp_path, draw, UnchangedConfig(recognizer="mtcc")).bit_weights is None
    figure = draw_bit_weights({"swap": found.bit_weights, "nothing": np.zeros((PLANES, 32, 32))})
    shown = [axes.images[0].get_array() for axes in figure.axes if axes.images]
    np.testing.assert_allclose(shown[0], found.bit_weights.mean(axis=0), rtol=1e-6)
    assert not np.any(shown[1])


def test_the_untrained_self_has_the_same_sides_budget_and_recognizer() -> None:
    attack = BitWeightsConfig(gallery="deidentified", outputs=2, size=9)
    assert attack.untrained() == UnchangedConfig(gallery="deidentified", outputs=2, size=9, recognizer="mtcc")


def test_traits_of_a_hand_count_by_how_little_they_differ_between_its_photos() -> None:
    matcher = TraitsConfig().fit(None, Training(vectors(30, 4, 1, people=1), vectors(30, 4, 2, people=1)))
    probes, gallery = vectors(20, 3, 3, people=2), vectors(20, 3, 4, people=2)
    assert rank_1(matcher, probes, gallery) > 0.9
    with pytest.raises(RequestError, match="take more persons"):
        TraitsConfig().fit(None, Training(vectors(1, 2, 1), vectors(1, 2, 1)))


def test_traits_are_read_of_hands_as_they_are_and_need_no_recognizer(tmp_path: Path) -> None:
    attack = pipeline(point(str(tmp_path)), TrialConfig(TraitsConfig(trait="colour")))
    assert {stages[-1].name for stages, _ in attack.wanted.values()} == {"traits", "traits_after"}
    assert attack.trial.attack.floor and attack.trial.attack.called == "traits o-a colour"
    geometry = pipeline(point(str(tmp_path)), TrialConfig(TraitsConfig()))
    assert geometry.key != attack.key

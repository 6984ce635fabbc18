"""Attacks that train networks: what they learn from, what they leave in the store, and that they learn."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from safetensors.torch import load_file, save

import recognizers
from palmbench.attacks import Labelled, Training
from palmbench.attacks.fine_tuning import unknown
from palmbench.attacks.finetuned import FineTunedConfig, with_mates
from palmbench.attacks.learning import Learnt
from palmbench.base.store import Store
from palmbench.config.attacks import TrialConfig
from palmbench.config.executors import ExecutorConfig
from palmbench.engine.attack_learning import learns_of, taught
from palmbench.engine.attack_pipeline import AttackPipeline
from palmbench.engine.attack_record import attacked, finished, write_settings
from palmbench.engine.attacking import measure
from palmbench.engine.executor import Executor
from palmbench.engine.pruning import artefacts_of, needless
from palmbench.report.attack_table import attack_lines
from recognizers.common.cache_keys import file_digest
from recognizers.common.errors import RequestError
from recognizers.common.paths import weights_dir
from recognizers.networks.checkpoint import metadata
from tests.attacks.drawn_templates import enrolled, leaking, photographed, pipeline, point
from tests.golden import inputs
from tests.golden.modules import raise_version, versioned

A_A = FineTunedConfig(gallery="deidentified")
EMPTY = Labelled(np.zeros(0), np.zeros(0, str), np.zeros(0, np.int64))


def texture(rng: np.random.Generator) -> np.ndarray:
    drawn = cv2.GaussianBlur(rng.normal(size=(128, 128)), (0, 0), 3)
    return drawn / drawn.std()


def crops(people: int, palms: int, photos: int, striped: bool) -> Labelled:
    """ROIs of drawn palms; striped ones have less of the palm, and bars that every photo has of its own."""
    rng = np.random.default_rng((people, striped))
    rois, names = [], []
    for palm in range(palms):
        own = texture(np.random.default_rng((people, palm, 7)))
        for _ in range(photos):
            roi = 0.5 * own + 1.5 * texture(rng)[:, :1] + 0.3 * texture(rng) if striped else own + 0.5 * texture(rng)
            rois.append(np.clip(128 + 40 * roi / roi.std(), 1, 255).astype(np.uint8))
            names.append(f"{people} {palm}")
    return Labelled(np.stack(rois), np.array(names), np.tile(np.arange(photos), palms))


def both(people: int, palms: int, photos: int) -> Training:
    return Training(*(crops(people, palms, photos, striped) for striped in (False, True)))


@cache
def weights(seed: int) -> bytes:
    """The embedded CCNet, in a file that tells its seed."""
    path = weights_dir() / "ccnet" / "ccnet.safetensors"
    return save(load_file(path), metadata={**metadata(path), "seed": str(seed)})


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, Training, Training]]:
    """What trainings were given, which answer at once: that of seed 1 is the best."""
    found = []

    def learn(self, recognizer, training, validation, seed, device) -> Learnt:
        found.append((seed, training, validation))
        return Learnt(weights(seed), abs(seed - 1) / 2)

    monkeypatch.setattr(FineTunedConfig, "learn", learn)
    return found


def learnt(attack: AttackPipeline, store: Store) -> AttackPipeline:
    with Executor(ExecutorConfig(devices=("cpu",), workers=1)) as executor:
        (found,) = taught([attack], executor, store)
    assert not found.failures
    return found.pipeline


def trained_thrice(folder: Path) -> AttackPipeline:
    """An attack of three trainings, whose photos and hands lie in the store."""
    attack = pipeline(point(str(folder), 16, 2), TrialConfig(FineTunedConfig(trainings=3)))
    photographed(attack, Store.of(folder))
    return attack


def test_a_network_learns_to_look_past_what_a_method_adds(tmp_path: Path) -> None:
    plain, others = recognizers.load("ccnet"), both(3, 12, 3)
    learnt = FineTunedConfig(steps=24, batch=16, rate=1e-3).learn(plain, both(1, 12, 4), both(2, 6, 3), 0, "cpu")
    (tmp_path / "learnt.safetensors").write_bytes(learnt.weights)
    found = []
    for recognizer in (plain, recognizers.load("ccnet", weights=str(tmp_path / "learnt.safetensors"))):
        templates = [recognizer.extract(each.templates) for each in others]
        found.append(unknown(templates[1], templates[0], others.deidentified, others.originals))
    assert found[1] < found[0] - 0.05


def test_a_training_is_the_same_again() -> None:
    attack = FineTunedConfig(steps=1, batch=4, gallery="deidentified")
    training = both(1, 3, 2)
    first, again, other = (
        attack.learn(recognizers.load("ccnet"), training, both(2, 2, 2), seed, "cpu").weights for seed in (0, 0, 1)
    )
    assert first == again != other


def test_eehnet_learns_how_to_describe_a_hand_and_not_where_it_is(tmp_path: Path) -> None:
    plain, rng = recognizers.load("eehnet"), np.random.default_rng(0)
    hands = Labelled(
        rng.integers(0, 255, (4, 224, 224, 3), np.uint8), np.array(["a", "a", "b", "b"]), np.array([0, 1, 0, 1])
    )
    attack = FineTunedConfig(recognizer="eehnet", gallery="deidentified", steps=2, batch=4, rate=1e-3)
    shown = Training(EMPTY, hands)
    (tmp_path / "learnt.safetensors").write_bytes(attack.learn(plain, shown, shown, 0, "cpu").weights)
    learnt = recognizers.load("eehnet", weights=str(tmp_path / "learnt.safetensors"))
    crops = hands.templates
    assert np.abs(learnt.extract(crops) - plain.extract(crops)).max() > 1e-3
    np.testing.assert_allclose(learnt.landmarks(crops), plain.landmarks(crops), atol=1e-3)


def test_each_network_is_shown_what_it_reads() -> None:
    photo, hand = inputs.photo(), inputs.hand()
    assert FineTunedConfig().cut(photo, hand, photo).shape == (128, 128)
    assert FineTunedConfig(recognizer="eehnet").cut(photo, hand, photo).shape == (224, 224, 3)


@pytest.mark.parametrize("sides", [{}, {"gallery": "deidentified"}])
def test_outputs_alone_are_learnt_from_where_both_sides_are(sides: dict[str, str], monkeypatch) -> None:
    shown = []
    monkeypatch.setattr(
        "palmbench.attacks.fine_tuning.fine_tuned", lambda recognizer, photos, *_: shown.append(len(photos.palms))
    )
    FineTunedConfig(**sides).learn(recognizers.load("ccnet"), both(1, 3, 2), both(2, 2, 2), 0, "cpu")
    assert shown == [6 if sides else 12]


def test_too_little_to_learn_from_or_to_choose_on_is_refused() -> None:
    attack, plain = FineTunedConfig(steps=1), recognizers.load("ccnet")
    with pytest.raises(RequestError, match="two palms of the attacker's own"):
        attack.learn(plain, Training(EMPTY, EMPTY), both(2, 2, 2), 0, "cpu")
    with pytest.raises(RequestError, match=r"larger people\.validation"):
        attack.learn(plain, both(1, 2, 2), Training(EMPTY, EMPTY), 0, "cpu")


def test_a_palm_with_one_photo_is_left_out() -> None:
    photos = Labelled(np.arange(3), np.array(["a", "b", "a"]), np.arange(3))
    assert with_mates(photos).templates.tolist() == [0, 2]


def test_it_learns_from_persons_of_its_own_and_is_chosen_on_others(tmp_path: Path) -> None:
    attack = pipeline(point(str(tmp_path)), TrialConfig(FineTunedConfig()))
    groups = {each.group for each in attack.learnt_from}
    assert groups == {"attackers", "validation"} and {each.group for each in attack.wanted} == {
        "validation", "evaluated"
    }  # fmt: skip
    assert {each.seed for each in attack.learnt_from} == {None, attack.trial.attacker_seed}
    persons = {sample.person for _, samples in attack.learnt_from.values() for sample in samples}
    assert persons.isdisjoint({sample.person for sample in attack.samples("evaluated")})
    assert {stages[-1].name for stages, _ in attack.learnt_from.values()} == {"hands", "hands_after"}


def keys(attack: FineTunedConfig, folder: Path, **trial: object) -> tuple[str, str]:
    """Key of an attack's record, and of its training."""
    wired = pipeline(point(str(folder)), TrialConfig(attack, **trial))
    every = {each: frozenset(sample.id for sample in samples) for each, (_, samples) in wired.learnt_from.items()}
    (learn,) = learns_of(wired, every)
    return wired.key, learn.key(learn.trainings[0])


def test_attacks_that_learn_the_same_share_it(tmp_path: Path) -> None:
    record, training = keys(FineTunedConfig(), tmp_path)
    reverse = FineTunedConfig(gallery="deidentified", probe="originals")
    same = [reverse, FineTunedConfig(size=5), FineTunedConfig(trainings=2)]
    for attack in same:
        assert keys(attack, tmp_path)[1] == training and keys(attack, tmp_path)[0] != record
    others = [A_A, FineTunedConfig(steps=9), FineTunedConfig(permuted=True), FineTunedConfig(rate=1e-4)]
    for attack in others:
        assert training != keys(attack, tmp_path)[1] and record != keys(attack, tmp_path)[0]
    assert keys(FineTunedConfig(), tmp_path, attacker_seed=5)[1] != training


def test_the_best_training_is_taken_and_none_is_trained_again(
    tmp_path: Path, given: list[tuple[int, Training, Training]]
) -> None:
    attack, store = trained_thrice(tmp_path), Store.of(tmp_path)
    config, ready = attack.run.config, learnt(attack, store)
    assert [seed for seed, *_ in given] == [0, 1, 2]
    (channel,), (enrol,) = ready.channels, ready.enrols
    path = Path(channel.options["weights"])
    assert path.read_bytes() == weights(1) and path.parent == tmp_path / "learnt"
    assert enrol.settings["weights"] == file_digest(path) != attack.enrols[0].settings["weights"]
    assert ready.key == attack.key

    path.write_bytes(b"damaged")
    assert learnt(pipeline(config, attack.trial), store).channels == ready.channels
    assert len(given) == 3 and path.read_bytes() == weights(1)
    assert learnt(pipeline(config, TrialConfig(FineTunedConfig(probe="originals"))), store).channels != ready.channels


def test_the_spread_of_its_trainings_is_recorded_and_told(
    tmp_path: Path, given: list[tuple[int, Training, Training]]
) -> None:
    attack, store = trained_thrice(tmp_path), Store.of(tmp_path)
    ready = learnt(attack, store)
    measure(ready, enrolled(ready, store, leaking(1.0, 1.0)), store, [])
    assert attacked(attack).content["training_errors"] == [[0.5, 0.0, 0.5]]
    (told,) = (line for line in attack_lines([attacked(attack)]) if "trainings the best" in line)
    assert told.startswith("finetuned o-a 3 trainings") and told.endswith("they leave 0.000 to 0.500.")


def test_it_is_shown_crops_with_their_palms_and_photos(
    tmp_path: Path, given: list[tuple[int, Training, Training]]
) -> None:
    for permuted in (False, True):
        attack = pipeline(point(str(tmp_path), 16, 2), TrialConfig(FineTunedConfig(permuted=permuted)))
        photographed(attack, Store.of(tmp_path))
        learnt(attack, Store.of(tmp_path))
    (_, plain, validation), (_, permuted_palms, untouched) = given
    for group, shown in (("attackers", plain), ("validation", validation)):
        for side in shown:
            assert side.templates.shape == (len(attack.samples(group)), 128, 128)
            assert side.palms.tolist() == [sample.identity for sample in attack.samples(group)]
            assert side.photos.tolist() == [0, 1] * (len(side.photos) // 2)
    assert permuted_palms.originals.palms.tolist() != plain.originals.palms.tolist()
    assert sorted(permuted_palms.originals.palms) == sorted(plain.originals.palms)
    assert permuted_palms.originals.palms.tolist() == permuted_palms.deidentified.palms.tolist()
    assert untouched.originals.palms.tolist() == validation.originals.palms.tolist()


def test_what_a_trained_attack_is_made_of_is_not_pruned(
    tmp_path: Path, given: list[tuple[int, Training, Training]]
) -> None:
    store = Store.of(tmp_path)
    attack = pipeline(point(str(tmp_path), 16, 2), TrialConfig(FineTunedConfig()))
    photographed(attack, store)
    ready = learnt(attack, store)
    passed = enrolled(ready, store, leaking(1.0, 1.0))
    measure(ready, passed, store, [])
    write_settings(attack)
    assert finished(attack)
    assert {"learnt", "templates", "templates_after", "hands", "hands_after"} <= {
        name for name, _ in artefacts_of(store)
    }
    assert needless(tmp_path).paths == []


@pytest.mark.parametrize(
    "module", ["palmbench.attacks.finetuned", "palmbench.stages.learn", "palmbench.hands.recognition_roi"]
)
def test_a_raised_version_is_another_training(module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = keys(FineTunedConfig(), tmp_path)
    raise_version(versioned()[module], monkeypatch, to=99)
    after = keys(FineTunedConfig(), tmp_path)
    assert before[0] != after[0] and before[1] != after[1]

"""What photos disclose beside identity: what was planted is found, and nothing where nothing was."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from palmbench.base.store import Store
from palmbench.config.attacks import DisclosureTrial
from palmbench.datasets.sample import Sample
from palmbench.disclosures import Shown, Side
from palmbench.disclosures.attribute import AttributeConfig
from palmbench.disclosures.memory import MemoryConfig
from palmbench.disclosures.processing import ProcessingConfig
from palmbench.disclosures.replay import ReplayConfig
from palmbench.engine.attack_record import listed, record_key, write_settings
from palmbench.engine.disclosing import measure_disclosure
from palmbench.engine.disclosure_pipeline import DisclosurePipeline
from palmbench.engine.pruning import artefacts_of, needless
from palmbench.methods.blur import BlurConfig
from palmbench.methods.diffusion import DiffusionConfig
from palmbench.methods.folder import FolderConfig
from palmbench.methods.text_inpaint import SdInpaintConfig
from palmbench.report.disclosure_table import disclosure_lines, disclosure_matrix
from palmbench.report.rows import to_csv
from palmbench.synth import TRAINING_IDENTITIES
from recognizers.common.errors import RequestError
from tests.attacks.drawn_templates import point
from tests.disclosures.drawn_readings import Draw, disclosed, noise, pipeline, read
from tests.golden.modules import raise_version, versioned

TRACE = noise("what a method leaves in noise")


def traced(share: float) -> Draw:
    """Readings of noise, to which outputs add something of their method's."""

    def draw(side: Side, sample: Sample) -> np.ndarray:
        return noise(sample.id, side.photos) + share * TRACE * (side.photos != "originals")

    return draw


def test_what_a_method_leaves_in_the_noise_is_found(tmp_path: Path) -> None:
    found = disclosed(tmp_path, ProcessingConfig(), traced(3.0))
    assert found.numbers["auc"].value > 95 and found.numbers["auc"].lo > found.by_chance["auc"].hi
    assert found.numbers["tpr_fpr100"].value is None  # of 80 originals none may be taken for processed
    assert found.numbers["tpr_fpr100"].missing == "100 originals"
    assert found.content["people"] == {"attackers": 12, "validation": 8, "evaluated": 20}


def test_photos_that_nothing_was_done_to_are_told_apart_by_nobody(tmp_path: Path) -> None:
    found = disclosed(tmp_path, ProcessingConfig(), lambda side, sample: noise(sample.id))
    assert (found.numbers["auc"].value, found.numbers["auc"].lo, found.numbers["auc"].hi) == (50, 50, 50)


def test_a_detector_can_be_asked_of_another_method(tmp_path: Path) -> None:
    wired, other = (pipeline(tmp_path, ProcessingConfig(), method=BlurConfig(sigma=sigma)) for sigma in (2.0, 4.0))
    store = Store.of(tmp_path)
    shown, elsewhere = (
        each.shown(read(each, store, traced(share)), store) for each, share in ((wired, 3.0), (other, -3.0))
    )
    detector = ProcessingConfig().fit(shown)
    side = Side("evaluated", "release")
    own, opposite = (detector.predict(each[side].readings).mean() for each in (shown, elsewhere))
    originals = detector.predict(shown[Side("evaluated", "originals")].readings).mean()
    assert opposite < originals < own


def of_attribute(original: float, output: float, turned: bool = False) -> Draw:
    """Readings that say which hand it is, with some weight; outputs may say the opposite."""

    def draw(side: Side, sample: Sample) -> np.ndarray:
        right = 1 if sample.side == "right" else -1
        said = original if side.photos == "originals" else (-output if turned else output)
        reading = noise(sample.id, side.photos, size=42)
        reading[0] += said * right
        return reading

    return draw


def test_an_attribute_that_stays_is_kept_and_leaked(tmp_path: Path) -> None:
    found = disclosed(tmp_path, AttributeConfig(), of_attribute(20, 20))
    assert {name: number.value for name, number in found.numbers.items()} == dict.fromkeys(found.numbers, 100)
    assert found.by_chance["kept"].value == 50
    assert found.called == "handedness"


def test_an_attribute_that_is_gone_is_named_by_chance(tmp_path: Path) -> None:
    found = disclosed(tmp_path, AttributeConfig(), of_attribute(20, 0))
    assert found.numbers["originals"].value == 100
    for name in ("kept", "leaked"):
        assert found.by_chance[name].lo <= found.numbers[name].value <= found.by_chance[name].hi


def test_an_attribute_that_a_method_turns_round_is_not_kept_but_leaked(tmp_path: Path) -> None:
    found = disclosed(tmp_path, AttributeConfig(), of_attribute(20, 20, turned=True))
    assert (found.numbers["kept"].value, found.numbers["leaked"].value) == (0, 100)


def test_what_lies_in_the_palm_alone_is_not_found_beside_it(tmp_path: Path) -> None:
    tone = {}

    def draw(side: Side, sample: Sample) -> np.ndarray:
        reading = noise(sample.id, side.photos, size=14)
        reading[7] = tone[sample.id]
        return reading

    wired = pipeline(tmp_path, AttributeConfig(attribute="skin_tone"))
    tone |= {sample.id: wired.run.dataset.truth(sample)["skin_tone"] for sample in wired.run.samples}
    found = disclosed(tmp_path, AttributeConfig(attribute="skin_tone"), draw)
    assert found.numbers["originals"].value > 70
    assert found.numbers["beside"].value <= found.by_chance["beside"].hi


def test_a_class_of_few_persons_is_said(tmp_path: Path) -> None:
    config = AttributeConfig(attribute="ring")
    found = disclosed(tmp_path, config, lambda side, sample: noise(sample.id), palms=160)
    text = "\n".join(disclosure_lines([found]))
    assert text.count("ring: 4 persons of the rarest class.") == 1
    nobody = disclosed(tmp_path, config, lambda side, sample: noise(sample.id), palms=16)
    assert "wants persons of two classes" in "\n".join(disclosure_lines([nobody]))


def templates(remembered: bool) -> Draw:
    """Codes at random; outputs may be palms of the training."""

    def draw(side: Side, sample: Sample) -> np.ndarray:
        name = sample.id
        if remembered and side.photos == "release":
            name = f"{TRAINING_IDENTITIES[int(sample.identity) % 20]:04d}_0000"
        return np.random.default_rng(list(name.encode())).integers(0, 2**32, (12, 32), np.uint32)

    return draw


def test_a_painter_that_shows_its_training_is_found_out(tmp_path: Path) -> None:
    config = MemoryConfig(palms=20)
    found = disclosed(tmp_path, config, templates(True), method=DiffusionConfig())
    assert found.numbers["auc"].value == found.numbers["advantage"].value == 100
    assert found.numbers["matching"].lo > 85
    clean = disclosed(tmp_path / "clean", config, templates(False), method=DiffusionConfig())
    for name, number in clean.numbers.items():
        assert clean.by_chance[name].lo <= number.value <= clean.by_chance[name].hi


def test_palms_of_the_training_are_those_of_the_card_and_the_others_were_never_seen() -> None:
    method = DiffusionConfig()
    assert method.palms_trained_on() == TRAINING_IDENTITIES[:2400]
    others = MemoryConfig(palms=3).others(method)
    assert [sample.identity for sample in others.samples["seen"]] == ["1000000", "1000001", "1000002"]
    assert [sample.identity for sample in others.samples["unseen"]] == ["1002400", "1002401", "1002402"]


@pytest.mark.parametrize(
    ("method", "sentence"),
    [
        (BlurConfig(), "asks for a painter's training, and blur has no weights"),
        (SdInpaintConfig(), "not testable on sd_inpaint: which palms its weights were trained on is not known"),
        (DiffusionConfig(weights="Fantasy-Studio/Paint-by-Example"), "not testable on diffusion"),
    ],
)
def test_where_memory_cannot_be_tested_a_sentence_says_so(method, sentence: str, tmp_path: Path) -> None:
    dataset = pipeline(tmp_path, ProcessingConfig()).run.dataset
    assert sentence in MemoryConfig().why_not(method, dataset)


def test_an_attribute_that_a_data_set_does_not_tell_is_a_sentence(tmp_path: Path) -> None:
    dataset = pipeline(tmp_path, ProcessingConfig()).run.dataset
    untold = replace(dataset, name="folder", source=lambda sample: np.zeros((1, 1, 3), np.uint8))
    assert AttributeConfig().why_not(BlurConfig(), untold) is None  # the samples say which hand they show
    assert AttributeConfig(attribute="ring").why_not(BlurConfig(), untold) == (
        "disclosure=ring wants photos whose ring is known, and dataset=folder does not tell it"
    )


def palms(release: str, own: str, original: str) -> Draw:
    """Pictures of a palm that are the same where their words are, of each photo."""

    def draw(side: Side, sample: Sample) -> np.ndarray:
        word = {"release": release, "own": own, "originals": original}[side.photos].format(sample.id)
        return np.random.default_rng(list(word.encode())).integers(0, 256, (128, 128)).astype(np.uint8)

    return draw


def test_what_was_made_elsewhere_is_not_made_again(tmp_path: Path) -> None:
    dataset = pipeline(tmp_path, ProcessingConfig()).run.dataset
    assert "were de-identified elsewhere" in str(ReplayConfig().why_not(FolderConfig(), dataset))
    assert ReplayConfig().why_not(BlurConfig(), dataset) is None


def test_a_photo_is_traced_by_its_seed_and_not_by_another(tmp_path: Path) -> None:
    found = disclosed(tmp_path, ReplayConfig(), palms("{} 0", "{} 1", "{}"), palms=16)
    assert found.numbers["traced"].value == 100
    assert found.numbers["traced_other_seed"].value < 20 and found.numbers["traced_original"].value < 20
    assert found.by_chance["traced"].value == pytest.approx(100 / 16)
    assert found.content["knowledge"] == "method, settings, seed"


def test_a_seed_that_changes_nothing_is_no_secret_and_one_palm_for_all_traces_nobody(tmp_path: Path) -> None:
    found = disclosed(tmp_path, ReplayConfig(), palms("{} a", "{} a", "{}"), palms=16)
    assert found.numbers["traced_other_seed"].value == 100
    same = disclosed(tmp_path / "same", ReplayConfig(), palms("a", "a", "{}"), palms=16)
    assert same.numbers["traced"].value == 0


def test_known_seed_and_another_are_those_of_the_release_and_of_the_attacker(tmp_path: Path) -> None:
    for noise_of in ("sample", "shared"):
        wired = pipeline(tmp_path, ReplayConfig(), 16, method=DiffusionConfig(noise=noise_of))
        keys = {}
        for side, (stages, samples) in zip(ReplayConfig.sides, wired.wanted.values(), strict=True):
            keys[side.photos] = [stages[-1].key(sample) for sample in samples]
        released = replace(wired.reads, prepare=wired.run.prepare_after)
        assert keys["release"] == [released.key(sample) for sample in wired.samples("evaluated")]
        assert set(keys["release"]).isdisjoint(keys["own"])


def test_photos_without_a_reading_are_left_out_and_counted(tmp_path: Path) -> None:
    def draw(side: Side, sample: Sample) -> np.ndarray:
        lost = side.photos == "release" and sample.id.endswith("0001")
        return np.full(6, np.nan) if lost else traced(3.0)(side, sample)

    found = disclosed(tmp_path, ProcessingConfig(), draw).numbers["auc"]
    assert (found.n, found.failed) == (40, 40) and found.value > 95


def test_an_exact_interval_counts_the_persons_who_have_a_reading(tmp_path: Path) -> None:
    two = sorted(pipeline(tmp_path, ReplayConfig(), palms=16).people.evaluated)[:2]
    told = palms("{} 0", "{} 1", "{}")

    def draw(side: Side, sample: Sample) -> np.ndarray:
        lost = side.photos == "release" and sample.person not in two
        return np.full((128, 128), np.nan) if lost else told(side, sample)

    found = disclosed(tmp_path, ReplayConfig(), draw, palms=16).numbers["traced"]
    assert (found.value, found.hi) == (100, 100) and found.lo == pytest.approx(100 * 0.025 ** (1 / 2))


def test_where_no_palm_is_left_it_is_said(tmp_path: Path) -> None:
    def draw(side: Side, sample: Sample) -> np.ndarray:
        return noise(sample.id) if side.photos == "originals" else np.full(6, np.nan)

    found = disclosed(tmp_path, ProcessingConfig(), draw)
    assert "processing: AUC: wants palms of the attacker's own, before and after." in disclosure_lines([found])


def test_methods_stand_side_by_side_with_chance_in_the_file(tmp_path: Path) -> None:
    found = [
        disclosed(tmp_path, ProcessingConfig(), traced(3.0)),
        disclosed(tmp_path, AttributeConfig(), of_attribute(20, 20)),
    ]
    table = disclosure_matrix({"swap": found, "blur": found[1:]}, "synth", ("Memory is not testable on swap.",))
    assert [len(line.entries) for line in table.segments[0]] == [6, 6]
    assert table.segments[0][1].entries[0].row is None and "Memory is not testable on swap." in table.notes
    assert "swap,,,by chance: handedness,kept,50," in to_csv(table.rows)


@pytest.mark.parametrize(
    "module",
    [
        "palmbench.attacks.people",
        "palmbench.disclosures.processing",
        "palmbench.disclosures.ridge",
        "palmbench.engine.disclosing",
        "palmbench.engine.disclosure_pipeline",
        "palmbench.hands.residuals",
        "palmbench.scoring.told_apart",
    ],
)
def test_a_raised_version_is_another_record(module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = record_key(pipeline(tmp_path, ProcessingConfig(), 16))
    raise_version(versioned()[module], monkeypatch, to=99)
    assert record_key(pipeline(tmp_path, ProcessingConfig(), 16)) != before


def test_an_attacker_has_not_the_seed_of_the_release(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="Choose another"):
        DisclosurePipeline.of(point(str(tmp_path)), DisclosureTrial(ReplayConfig(), attacker_seed=0))


def test_what_a_disclosure_is_made_of_is_not_pruned_and_the_rest_is(tmp_path: Path) -> None:
    store = Store.of(tmp_path)
    kept, gone = pipeline(tmp_path, ProcessingConfig(), 16), pipeline(tmp_path, ProcessingConfig(quality=None), 16)
    for each in (kept, gone):
        measure_disclosure(each, read(each, store, traced(1.0)), store, [])
    write_settings(kept)
    assert [each.key for each in listed(tmp_path)] == [kept.key]
    paths = {path for _, path in artefacts_of(store)}
    removed = set(needless(tmp_path).paths)
    assert removed == paths - kept.artefact_paths(store, [])
    assert {path.parents[1].name for path in removed} == {"readings", "readings_after"}


def test_readings_of_a_side_say_whose_they_are(tmp_path: Path) -> None:
    wired, store = pipeline(tmp_path, AttributeConfig(), 16), Store.of(tmp_path)
    shown: Shown = wired.shown(read(wired, store, of_attribute(1, 1)), store)[Side("evaluated", "originals")]
    samples = wired.samples("evaluated")
    assert shown.truth.tolist() == [float(sample.side == "right") for sample in samples]
    assert len(set(shown.palms)) == 2 * len(set(shown.persons)) == len(samples) // 2

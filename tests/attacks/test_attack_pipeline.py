"""An attack on a point: who is in it, what it is made of, and what its key holds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from palmbench.attacks import AttackConfig
from palmbench.attacks.floor import FloorConfig
from palmbench.attacks.fusion import FusionConfig
from palmbench.attacks.people import PeopleConfig, share_out
from palmbench.attacks.restored import RestoredConfig
from palmbench.attacks.restored_unet import RestoredUNetConfig
from palmbench.attacks.unchanged import UnchangedConfig
from palmbench.attacks.whitened import WhitenedConfig
from palmbench.base.store import Store
from palmbench.config.attacks import TrialConfig
from palmbench.datasets.sample import Sample
from palmbench.engine.attack_data import require_photos
from palmbench.engine.attack_photos import in_lots
from palmbench.engine.attack_pipeline import AttackPipeline, Wanted
from palmbench.methods import MethodConfig
from palmbench.methods.mask import MaskConfig
from palmbench.methods.pixelate import PixelateConfig
from recognizers.common.errors import RequestError
from tests.attacks.drawn_templates import Draw, enrolled, leaking, pipeline, point

O_A, A_A = UnchangedConfig(), UnchangedConfig(gallery="deidentified")
A_O = UnchangedConfig(gallery="deidentified", probe="originals")


def trials(attack: AttackPipeline, draw, tmp_path: Path, group: str = "evaluated"):
    store = Store.of(tmp_path)
    return attack.photos(group, enrolled(attack, store, draw), store).trials()


def test_persons_are_in_one_set_with_both_their_hands(tmp_path: Path) -> None:
    attack = pipeline(point(str(tmp_path)))
    sets = [attack.samples(group) for group in ("attackers", "validation", "evaluated")]
    persons = [{sample.person for sample in each} for each in sets]
    assert [len(each) for each in persons] == [6, 4, 10]
    assert sum(len(each) for each in sets) == 160 and len(set.union(*persons)) == 20
    assert share_out({"a", "b", "c", "d", "e"}, PeopleConfig(0.4, 0.4)) == share_out("edcba", PeopleConfig(0.4, 0.4))


@pytest.mark.parametrize("people", [PeopleConfig(0.05), PeopleConfig(0.5, 0.05), PeopleConfig(0.7, 0.6)])
def test_too_few_persons_are_refused(people: PeopleConfig, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="take more persons"):
        pipeline(point(str(tmp_path)), TrialConfig(people=people))


def test_an_attack_that_learns_wants_somebody_to_learn_from(tmp_path: Path) -> None:
    everybody = PeopleConfig(0.5, 0.5)
    assert not pipeline(point(str(tmp_path)), TrialConfig(people=everybody)).people.attackers
    with pytest.raises(RequestError, match="attack=whitened learns from photos of other persons"):
        pipeline(point(str(tmp_path)), TrialConfig(WhitenedConfig(), everybody))


def test_photos_enough_of_somebody_else_are_none_of_a_group(tmp_path: Path) -> None:
    """As in a folder where some palms have one photo, and those who are evaluated happen to be theirs."""
    with pytest.raises(RequestError, match=r"wants 2 photos of a palm.* of the evaluated persons"):
        require_photos([Sample(str(palm), str(palm), str(palm), "", "") for palm in range(4)], "evaluated", 1)


@pytest.mark.parametrize(("lot", "probes"), [(1, 10), (2, 4)])
def test_a_palm_without_photos_beside_a_probes_lot_is_not_looked_for(lot: int, probes: int) -> None:
    """Two palms with four photos, one with two, one with one; every template is there, and a probe knows its palm."""
    names = np.repeat(["a", "b", "c", "d"], [4, 4, 2, 1])
    samples = [Sample(str(place), name, name, "", "") for place, name in enumerate(names)]
    found = in_lots(np.where(names[:, None] == names, 0.1, 0.5), samples, lot)
    assert len(found.distances) == probes and set(found.gallery_palms) == {"a", "b", "c", "d"}
    assert (found.trials().mated == 0.1).all() and (found.trials().distances[found.trials().strangers] == 0.5).all()


def test_what_is_learnt_on_is_named_where_it_cannot_be_had(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"attack\.learnt_on=folder is taken with its defaults"):
        pipeline(point(str(tmp_path)), TrialConfig(WhitenedConfig(learnt_on="folder")))


def test_what_is_learnt_on_must_be_what_the_attack_can_be_tried_on(tmp_path: Path) -> None:
    attack = RestoredUNetConfig(learnt_on="whole_hand")
    with pytest.raises(RequestError, match=r"attack\.learnt_on=whole_hand .* moves them"):
        pipeline(point(str(tmp_path)), TrialConfig(attack))


def test_an_attack_without_a_recognizer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="attack=fusion has no recognizer to ask"):
        pipeline(point(str(tmp_path)), TrialConfig(FusionConfig(recognizers=())))


def test_what_the_attacker_draws_is_never_what_the_release_drew(tmp_path: Path) -> None:
    attack = pipeline(point(str(tmp_path)), TrialConfig(replace(A_A, outputs=3)))
    seeds = {
        group: {each.seed for each in attack.wanted if each.group == group} for group in ("validation", "evaluated")
    }
    assert len(seeds["validation"]) == len(seeds["evaluated"]) == 3
    assert attack.run.config.seed in seeds["evaluated"] and seeds["validation"].isdisjoint(seeds["evaluated"])
    with pytest.raises(RequestError, match="attacker_seed=0"):
        pipeline(point(str(tmp_path)), TrialConfig(attacker_seed=0))


def test_sides_are_taken_as_the_attack_says(tmp_path: Path) -> None:
    def kinds(attack: AttackConfig) -> set[bool]:
        return {each.seed is None for each in pipeline(point(str(tmp_path)), TrialConfig(attack)).wanted}

    assert kinds(UnchangedConfig()) == {True, False} and kinds(A_A) == {False}
    assert kinds(UnchangedConfig(probe="originals")) == {True}


def test_a_leak_is_found_on_the_side_where_it_is(tmp_path: Path) -> None:
    draw = leaking(original=0.0, output=4.0)  # outputs of a palm are alike and tell nothing of its originals
    across = trials(pipeline(point(str(tmp_path))), draw, tmp_path)
    within = trials(pipeline(point(str(tmp_path)), TrialConfig(A_A)), draw, tmp_path)
    assert np.mean(across.mated[:, None] < across.distances) == pytest.approx(0.5, abs=0.1)
    assert (within.mated <= np.nanmin(np.where(within.strangers, within.distances, np.inf), axis=1)).all()


def test_a_photo_is_never_compared_with_its_own_source(tmp_path: Path) -> None:
    def same_photo(wanted, sample):
        return leaking(0.0, 0.0)(wanted._replace(seed=None), sample)  # an output that is its original

    found = trials(pipeline(point(str(tmp_path))), same_photo, tmp_path)
    assert found.mated.min() > 0.2


def separation(
    outputs: int, draw: Draw, folder: Path, method: MethodConfig | None = None, sides: AttackConfig = O_A
) -> float:
    attack = pipeline(point(str(folder), method=method), TrialConfig(replace(sides, outputs=outputs)))
    found = trials(attack, draw, folder)
    strangers = found.distances[found.strangers]
    return float((strangers.mean() - found.mated.mean()) / strangers.std())


def test_independent_outputs_gain_and_those_of_a_deterministic_method_do_not(tmp_path: Path) -> None:
    draw = leaking(1.0, 0.5)
    one, four = (separation(outputs, draw, tmp_path / f"drawn {outputs}") for outputs in (1, 4))
    # Against one gallery photo outputs share that photo's noise: the gain is less than 2.
    assert 1.3 * one < four < 2 * one

    def same(wanted: Wanted, sample: Sample) -> np.ndarray:
        return draw(wanted if wanted.seed is None else wanted._replace(seed=0), sample)

    fixed = [separation(outputs, same, tmp_path / f"fixed {outputs}", MaskConfig()) for outputs in (1, 4)]
    assert fixed[1] == pytest.approx(fixed[0])


def test_outputs_of_known_photos_are_averaged_where_originals_are_to_be_named(tmp_path: Path) -> None:
    draw = leaking(1.0, 0.5)
    one, four = (separation(outputs, draw, tmp_path / f"drawn {outputs}", sides=A_O) for outputs in (1, 4))
    assert 1.3 * one < four < 2 * one


def test_photos_of_a_palm_are_averaged_and_none_of_them_is_in_the_gallery(tmp_path: Path) -> None:
    attack = pipeline(point(str(tmp_path)), TrialConfig(UnchangedConfig(photos=2)))
    store = Store.of(tmp_path)
    found = attack.photos("evaluated", enrolled(attack, store, leaking(1.0, 1.0)), store)
    assert len(found.probe_palms) == 40 and set(found.probe_numbers) == set(found.gallery_numbers) == {0, 1}
    one = pipeline(point(str(tmp_path))).photos("evaluated", enrolled(pipeline(point(str(tmp_path))), store,
                                                                      leaking(1.0, 1.0)), store)  # fmt: skip
    np.testing.assert_allclose(found.distances[0], one.distances[:2].mean(axis=0))
    with pytest.raises(RequestError, match="wants 6 photos"):
        pipeline(point(str(tmp_path)), TrialConfig(UnchangedConfig(photos=3)))


def test_a_photo_without_a_template_is_a_failure(tmp_path: Path) -> None:
    def draw(wanted, sample):
        lost = wanted.seed is not None and sample.id.endswith("0001")
        return np.full(128, np.nan) if lost else leaking(3.0, 3.0)(wanted, sample)

    found = trials(pipeline(point(str(tmp_path))), draw, tmp_path)
    assert np.isnan(found.mated).sum() == len(found.own) // 4


def test_a_floor_sees_no_palm_on_either_side(tmp_path: Path) -> None:
    attack = pipeline(point(str(tmp_path)), TrialConfig(FloorConfig()))
    for stages, _ in attack.wanted.values():
        *_, change, enrol = stages
        assert change.method == MaskConfig() and enrol.settings["name"] == "eehnet"
        assert enrol.prepare.hands is stages[-3]


def test_what_cannot_be_undone_is_refused_and_what_can_is_with_its_settings(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="restored undoes blur and pixelate, not swap"):
        pipeline(point(str(tmp_path)), TrialConfig(RestoredConfig()))
    attack = pipeline(point(str(tmp_path), method=PixelateConfig(block=7)), TrialConfig(RestoredConfig()))
    changes = [stages[-2].method for wanted, (stages, _) in attack.wanted.items() if wanted.seed is not None]
    assert {(change.name, change.block) for change in changes} == {("unmosaic", 7)}


def test_channels_are_brought_to_one_scale_before_they_are_added(tmp_path: Path) -> None:
    config = FusionConfig(recognizers=("ccnet", "ccnet"))
    attack, alone = pipeline(point(str(tmp_path)), TrialConfig(config)), pipeline(point(str(tmp_path)))
    draw = leaking(2.0, 1.0)
    fused, single = (trials(each, draw, tmp_path).distances for each in (attack, alone))
    known = ~np.isnan(single)
    assert np.corrcoef(fused[known], single[known])[0, 1] == pytest.approx(1)
    assert abs(fused[known].mean()) < 1 and 0.5 < fused[known].std() < 2


@pytest.mark.parametrize(
    "trial",
    [
        TrialConfig(A_A),
        TrialConfig(UnchangedConfig(outputs=2)),
        TrialConfig(UnchangedConfig(size=5)),
        TrialConfig(FloorConfig()),
        TrialConfig(people=PeopleConfig(seed=1)),
        TrialConfig(people=PeopleConfig(validation=0.25)),
        TrialConfig(attacker_seed=7),
    ],
)
def test_what_can_change_a_number_changes_the_key(trial: TrialConfig, tmp_path: Path) -> None:
    config = point(str(tmp_path))
    assert pipeline(config, trial).key != pipeline(config).key


def test_places_and_seeds_that_draw_nothing_are_not_in_the_key(tmp_path: Path) -> None:
    config = point(str(tmp_path), method=MaskConfig())
    key = pipeline(config).key
    assert pipeline(replace(config, results_dir="elsewhere")).key == key
    assert pipeline(config, TrialConfig(attacker_seed=7)).key == key


def test_a_raised_version_of_an_attack_is_another_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = pipeline(point(str(tmp_path))).key
    monkeypatch.setattr(UnchangedConfig, "version", 99)
    assert pipeline(point(str(tmp_path))).key != before


def test_an_attack_can_learn_on_another_method_than_it_attacks(tmp_path: Path) -> None:
    def keys(attack: AttackPipeline) -> dict[Wanted, list[str]]:
        return {each: [stages[-1].key(sample) for sample in samples]
                for each, (stages, samples) in attack.wanted.items()}  # fmt: skip

    swapped = point(str(tmp_path), 16, 2)
    own, same, other = (
        pipeline(swapped, TrialConfig(WhitenedConfig(learnt_on=name))) for name in (None, "swap", "mask")
    )
    assert own.key == same.key != other.key
    changed = {each for each, found in keys(other).items() if found != keys(own)[each]}
    assert changed == {each for each in own.wanted if each.group == "attackers" and each.seed is not None}
    assert other.trial.attack.called == "whitened o-a learnt on mask"
    assert other.trial.attack.knows == "another method; learns"
    with pytest.raises(RequestError, match="msak"):
        pipeline(swapped, TrialConfig(WhitenedConfig(learnt_on="msak")))

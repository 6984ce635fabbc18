"""An attack that learns is believed if it reaches what it starts from, and is void if it does not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from palmbench.attacks.unchanged import UnchangedConfig
from palmbench.attacks.whitened import WhitenedConfig
from palmbench.base.store import Store
from palmbench.config.attacks import TrialConfig
from palmbench.engine.attack_health import Health, controls_of, health_of
from palmbench.engine.attack_pipeline import AttackPipeline
from palmbench.engine.attack_record import Attacked, attacked
from palmbench.engine.attacking import measure
from palmbench.methods.identity import IdentityConfig
from palmbench.report.attack_table import VOID, attack_lines
from tests.attacks.drawn_templates import Draw, enrolled, leaking, pipeline, point


def measured(attack: AttackPipeline, draw: Draw, folder: Path) -> Attacked:
    store = Store.of(folder)
    measure(attack, enrolled(attack, store, draw), store, [])
    return attacked(attack)


def checked(folder: Path, draw: Draw, of_learner: Draw) -> tuple[Attacked, Attacked, Health]:
    """A whitened attack, its untrained self, and its health where untouched photos give the learner such templates."""
    attack = pipeline(point(str(folder)), TrialConfig(WhitenedConfig()))
    controls = controls_of(attack)
    assert controls is not None
    own, untrained, permuted = (measured(each, draw, folder) for each in (attack, *controls[:2]))
    # In stores of their own: both read the same photos, and here they are given others.
    learner, plain = (
        measured(pipeline(point(str(folder / name), method=IdentityConfig()), each.trial), given, folder / name)
        for name, each, given in (
            ("learner", controls.on_originals, of_learner),
            ("plain", controls.untrained_on_originals, leaking(2.0, 2.0)),
        )
    )
    return own, untrained, health_of(own, untrained, permuted, learner, plain)


def test_controls_are_its_untrained_self_its_permuted_one_and_both_on_untouched_photos(tmp_path: Path) -> None:
    attack = pipeline(point(str(tmp_path)), TrialConfig(WhitenedConfig(outputs=2)))
    controls = controls_of(attack)
    assert controls is not None
    assert [each.trial.attack.called for each in controls] == [
        "unchanged o-a 2 outputs ccnet",
        "whitened o-a 2 outputs permuted",
        "whitened o-a 2 outputs",
        "unchanged o-a 2 outputs ccnet",
    ]
    assert [each.run.config.method.name for each in controls] == ["swap", "swap", "identity", "identity"]
    assert controls_of(pipeline(point(str(tmp_path)), TrialConfig(UnchangedConfig()))) is None
    assert controls_of(controls.permuted) is None


def test_an_attack_that_reaches_its_baseline_is_in_health(tmp_path: Path) -> None:
    *_, health = checked(tmp_path, leaking(2.0, 1.0), leaking(2.0, 2.0))
    assert not health.void and "fails" not in health.words
    assert "its untrained self on validation persons" in health.words


def test_one_that_does_not_is_void_and_is_no_worst_case(tmp_path: Path) -> None:
    own, untrained, health = checked(tmp_path, leaking(2.0, 1.0), leaking(0.0, 0.0))
    assert health.void and "(fails)" in health.words
    text = "\n".join(attack_lines([own, untrained], {own.called: health}))
    assert f"{own.called}{VOID}" in text and "Worst case" not in text
    assert f"Health of {own.called}" in text


def test_permuted_palms_are_those_of_no_photo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = []

    def fit(self, recognizer, training):
        given.append(training)
        return recognizer

    monkeypatch.setattr(WhitenedConfig, "fit", fit)
    for permuted in (False, True):
        attack = pipeline(point(str(tmp_path / str(permuted))), TrialConfig(WhitenedConfig(permuted=permuted)))
        store = Store.of(tmp_path / str(permuted))
        attack.photos("evaluated", enrolled(attack, store, leaking(1.0, 1.0)), store)
    plain, exchanged = given
    for one, other in zip(plain, exchanged, strict=True):
        np.testing.assert_array_equal(one.templates, other.templates)
        assert sorted(one.palms) == sorted(other.palms) and np.mean(one.palms == other.palms) < 0.4

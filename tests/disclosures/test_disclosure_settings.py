"""What `palmbench attack` may be told of disclosures, and a disclosure of another package."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pytest

from palmbench import disclosures
from palmbench.base.paths import conf_dir
from palmbench.config.attacks import DisclosureTrial, compose_attacks
from palmbench.config.compose import compose_points
from palmbench.config.listing import listing
from recognizers.common.errors import RequestError
from tests.disclosures.drawn_readings import disclosed
from tests.ones_own import install


def test_defaults_are_those_of_the_yaml_files() -> None:
    asked = compose_attacks(["disclosure=processing"])
    assert asked.disclosures == [DisclosureTrial()] and asked.trials == []


def test_what_is_named_is_looked_for_and_without_a_name_everything() -> None:
    assert compose_attacks(["attack=unchanged"]).disclosures == []
    both = compose_attacks(["attack=unchanged", "disclosure=handedness,ring", "people.seed=3"])
    assert [trial.disclosure.called for trial in both.disclosures] == ["handedness", "ring"]
    assert len(both.trials) == 1 and {trial.people.seed for trial in (*both.trials, *both.disclosures)} == {3}
    every = compose_attacks([])
    assert len(every.disclosures) == len(list((conf_dir() / "disclosure").glob("*.yaml"))) and every.trials


def test_a_setting_of_a_disclosure_is_not_lost_beside_an_attack() -> None:
    asked = compose_attacks(["attack=unchanged", "disclosure.quality=90"])
    assert [trial.disclosure.settings()["quality"] for trial in asked.disclosures] == [90]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["disclosure=procesing"], "did you mean processing?"),
        (["disclosure=memory", "disclosure.palms=1"], "must be a whole number from 2 to 100000, not 1"),
        (["disclosure=handedness", "disclosure.attribute=age"], "must be handedness, skin_tone or ring, not age"),
        (["disclosure=replay", "disclosure.quality=3"], "it belongs to disclosure=processing"),
    ],
)
def test_a_bad_setting_is_named_with_what_it_may_be(words: list[str], sentence: str) -> None:
    with pytest.raises(RequestError, match=re.escape(sentence)):
        compose_attacks(words)


def test_a_run_does_not_take_what_only_attacks_read() -> None:
    with pytest.raises(RequestError, match="only `palmbench attack` reads"):
        compose_points(["disclosure=replay"])


OWN = '''
from dataclasses import dataclass

import numpy as np

from palmbench.disclosures import Disclosed, DisclosureConfig, Reading, Side, setting
from palmbench.scoring.leak import Leak
from palmbench.scoring.replicated import mean_of


class Brightness(Reading):
    called = "brightness"

    def read(self, photo, hand, region):
        return photo.mean(keepdims=True).ravel()

    def versions(self):
        return {}


@dataclass(frozen=True)
class DuskConfig(DisclosureConfig):
    """How many photos are darker than a level."""

    name: str = "dusk"
    level: float = setting(0.0, low=-255, high=255, says="brightness")

    version = 1
    sides = (Side("evaluated", "release"),)
    measures = ("leaked",)

    def reading(self):
        return Brightness()

    def tell(self, shown, draws):
        (found,) = shown.values()
        dark = (found.readings[:, 0] < self.level).astype(float)
        return {"leaked": Disclosed(Leak(mean_of(dark, found.persons, draws.weights), 0.5, np.zeros(0)), len(dark))}
'''


def test_a_disclosure_of_another_package_is_found_listed_and_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = "[palmbench.disclosures]\ndusk = palm_dusk:DuskConfig\n"
    monkeypatch.syspath_prepend(str(install(tmp_path / "package", entry, palm_dusk=OWN)))
    monkeypatch.delitem(sys.modules, "palm_dusk", raising=False)
    assert "dusk" in disclosures.names()
    assert re.search(
        r"^disclosure=dusk +How many photos are darker than a level\.$", listing("disclosure"), re.MULTILINE
    )
    (trial,) = compose_attacks(["disclosure=dusk", "disclosure.level=100"]).disclosures
    found = disclosed(tmp_path, trial.disclosure, lambda side, sample: np.array([50.0 + 100 * int(sample.id[-1])]), 16)
    assert found.numbers["leaked"].value == 50 and found.numbers["leaked"].n == 16

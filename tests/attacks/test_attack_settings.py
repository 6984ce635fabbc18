"""What `palmbench attack` may be told, how it answers to the rest, and an attack of another package."""

from __future__ import annotations

import re
import sys
from dataclasses import fields, replace
from pathlib import Path

import pytest

from palmbench import attacks
from palmbench.attacks.restored import RestoredConfig
from palmbench.base.paths import conf_dir
from palmbench.config.attacks import TrialConfig, compose_attacks
from palmbench.config.compose import compose_points
from palmbench.config.listing import listing
from recognizers.common.errors import RequestError
from tests.ones_own import install


def test_defaults_are_those_of_the_yaml_files() -> None:
    (trial,) = compose_attacks(["attack=unchanged"]).trials
    assert trial == TrialConfig()


def test_without_a_name_every_attack_is_tried() -> None:
    asked = compose_attacks(["method=blur,mask"])
    assert len(asked.points) == 2 and not asked.named
    assert len(asked.trials) == len(list((conf_dir() / "attack").glob("*.yaml")))
    assert {trial.attack.called for trial in asked.trials} >= {"unchanged o-a", "unchanged a-o", "unchanged a-a"}


def test_attacks_and_their_settings_are_swept_like_methods() -> None:
    asked = compose_attacks(["attack=unchanged,linkage", "attack.outputs=1,4", "people.evaluated=0.4"])
    assert asked.named
    called = ["unchanged o-a", "unchanged o-a 4 outputs", "unchanged a-a", "unchanged a-a 4 outputs"]
    assert [trial.attack.called for trial in asked.trials] == called
    assert {trial.people.evaluated for trial in asked.trials} == {0.4}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["attack=unchangd"], "did you mean unchanged?"),
        (["attack=unchanged", "attack.gallery=photos"], "must be originals or deidentified, not photos"),
        (["attack=unchanged", "attack.outputs=0"], "must be a whole number from 1 to 64, not 0"),
        (["attack=floor", "attack.recognizers=[mtcc]"], "it belongs to attack=fusion"),
        (["people.evaluated=0"], "must be a number above 0"),
        (["attacker_seed=-1"], "attacker_seed must be "),
        (["method=blurr"], "did you mean blur?"),
    ],
)
def test_a_bad_setting_is_named_with_what_it_may_be(words: list[str], sentence: str) -> None:
    with pytest.raises(RequestError, match=re.escape(sentence)):
        compose_attacks(words)


@pytest.mark.parametrize("word", ["attack=unchanged", "people.seed=1", "attacker_seed=5"])
def test_a_run_does_not_take_what_only_attacks_read(word: str) -> None:
    with pytest.raises(RequestError, match="only `palmbench attack` reads"):
        compose_points([word])


def test_an_attack_says_what_it_cannot_be_tried_on() -> None:
    from palmbench.methods.blur import BlurConfig
    from palmbench.methods.mask import MaskConfig

    assert RestoredConfig().why_not(BlurConfig()) is None
    assert "not mask" in str(RestoredConfig().why_not(MaskConfig()))


OWN = """
from dataclasses import dataclass

from palmbench.attacks import AttackConfig, Channel, setting


@dataclass(frozen=True)
class BlinkConfig(AttackConfig):
    \"\"\"One recognizer of one's own choice.\"\"\"

    name: str = "blink"
    which: str = setting("compcode", says="a recognizer")

    version = 3

    def channels(self, method):
        return (Channel(self.which),)
"""


def test_an_attack_of_another_package_is_found_listed_and_composed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = "[palmbench.attacks]\nblink = palm_blink:BlinkConfig\nfloor = palm_blink:BlinkConfig\n"
    monkeypatch.syspath_prepend(str(install(tmp_path, entry, palm_blink=OWN)))
    monkeypatch.delitem(sys.modules, "palm_blink", raising=False)
    assert "blink" in attacks.names()
    assert re.search(r"^attack=blink +One recognizer of one's own choice\.$", listing("attack"), re.MULTILINE)
    (trial,) = compose_attacks(["attack=blink", "attack.which=bocv"]).trials
    assert trial.attack.channels(None)[0].recognizer == "bocv"  # type: ignore[arg-type]
    assert trial.attack.versions() == {"blink": 3}
    assert compose_attacks(["attack=floor"]).trials[0].attack.floor  # a name of ours cannot be taken over


def test_an_attack_without_a_version_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = OWN.replace("    version = 3\n", "").replace("palm_blink", "palm_bare")
    monkeypatch.syspath_prepend(str(install(tmp_path, "[palmbench.attacks]\nblink = palm_bare:BlinkConfig\n",
                                            palm_bare=text)))  # fmt: skip
    with pytest.raises(RequestError, match=r"derived from palmbench\.attacks\.AttackConfig that has a version"):
        compose_attacks(["attack=blink"])


@pytest.mark.parametrize("name", ["whitened", "bit_weights", "traits", "finetuned", "restored_unet", "fusion"])
def test_attacks_that_differ_in_a_setting_are_not_called_alike(name: str) -> None:
    attack = attacks.named(name)
    numbers = {field.name: getattr(attack, field.name) for field in fields(attack)}
    for setting, value in numbers.items():
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            other = replace(attack, **{setting: value / 2 if isinstance(value, float) else value + 1})
            assert other.called != attack.called, setting


@pytest.mark.parametrize("word", ["people.seed=0,1", "people.evaluated=0.4,0.5", "attacker_seed=7,8"])
def test_attacks_of_a_command_are_on_the_same_persons(word: str) -> None:
    with pytest.raises(RequestError, match="one value in a command"):
        compose_attacks(["method=blur", "attack=unchanged,floor", word])

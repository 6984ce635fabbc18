"""The controls: what they ask of the evaluator, and that they come out on the synthetic hands."""

from __future__ import annotations

import pytest

from experiments import controls
from experiments.controls import Check, Mated, Result, constant_checks, donors_of, identity_checks, swapped_checks
from palmbench.config.compose import compose_points
from palmbench.datasets.sample import Sample
from palmbench.engine.pipeline import Pipeline
from palmbench.quality.usability import DIFFERENCES
from palmbench.scoring import Distribution, Number
from recognizers.common.errors import RequestError

# At the equal error rate one of four genuine and one of four impostor scores are on the wrong side.
GENUINE, IMPOSTOR = Distribution.of([0.1, 0.2, 0.3, 0.6]), Distribution.of([0.4, 0.7, 0.8, 0.9])


def number(value: float | None, n: int = 4, failed: int = 0) -> Number:
    return Number(value, n=n, failed=failed)


def result(mated: Mated | None, difference: Number, **metrics: Number) -> Result:
    return Result({**{name: difference for name in DIFFERENCES}, **metrics}, GENUINE, IMPOSTOR, mated)


def broken(checks: list[Check]) -> list[str]:
    return [check.statement for check in checks if not check.kept]


def samples(*persons: str) -> list[Sample]:
    return [Sample(str(number), f"{person}-left", person, "left", "") for number, person in enumerate(persons)]


def identity(mated: Mated) -> list[Check]:
    unchanged = {"rr": number(0), "rr_without_failures": number(0), "dir": number(-329), "ssim": number(1)}
    return list(identity_checks(result(mated, number(0), **unchanged)))


def test_identity_must_give_frr_and_no_dir_against_other_photos() -> None:
    assert broken(identity(Mated(rr=25.0, dir=0.0, n=4))) == []
    assert len(broken(identity(Mated(rr=50.0, dir=3.0, n=4)))) == 2


def test_a_strangers_palm_must_be_rejected_as_often_as_strangers_are() -> None:
    def checks(rr: float, ratio: float) -> list[Check]:
        metrics = {"rr": number(rr), "rr_without_failures": number(rr), "dir": number(ratio), "acc_nn": number(0)}
        return list(swapped_checks(result(Mated(rr, ratio, 4), number(0), **metrics)))

    assert broken(checks(75.0, 100.0)) == []  # FAR is 25 %
    assert len(broken(checks(60.0, 80.0))) == 4


def test_a_grey_image_that_is_praised_breaks_the_control() -> None:
    failed, praised = number(None, 0, 4), number(0.0, 4, 0)
    rates = {
        "rr": number(100, 4, 4), "rr_without_failures": number(None, 0), "dir": number(None, 0, 4),
        "acc_nn": number(0, 4, 4),
    }  # fmt: skip
    assert broken(list(constant_checks(result(None, failed, **rates), 4))) == []
    # A perfect rejection rate of photos without a hand, or differences of 0 between hands that are not there.
    good = {"rr": number(100, 4, 0), "rr_without_failures": number(100), "dir": number(100), "acc_nn": number(0, 4, 0)}
    found = broken(list(constant_checks(result(None, praised, **good), 4)))
    assert {"RR may be marked best in a table (1: yes)", "Acc. (nearest) may be marked best in a table (1: yes)"} < set(
        found
    )
    assert len(found) == 5 + 2 * len(DIFFERENCES)


def test_every_photo_gets_a_photo_of_another_person() -> None:
    given = samples("a", "a", "b", "b", "c", "c")
    donors = donors_of(given)
    assert all(donors[sample.id].person != sample.person for sample in given)
    assert len({donor.id for donor in donors.values()}) == len(given)
    with pytest.raises(RequestError, match="two persons"):
        donors_of(samples("a", "a"))


@pytest.mark.parametrize("word", ["dataset=iitd", "method=blur"])
def test_controls_are_not_about_other_methods_or_data_sets(word: str) -> None:
    with pytest.raises(RequestError, match="leave it out"):
        controls.main([word])


@pytest.mark.parametrize("word", ["seed=0,1", "recognizer=mtcc,ccnet", "dataset.identities=8,16"])
def test_controls_are_of_one_run(word: str) -> None:
    with pytest.raises(RequestError, match=f"{word}: A control "):
        controls.main([word])


@pytest.mark.parametrize("word", ["dataset.identities=2", "dataset.identities=6", "dataset.samples=1"])
def test_controls_are_not_of_fewer_photos_than_their_bounds_are_for(word: str, tmp_path) -> None:
    with pytest.raises(RequestError, match="need 16 palms and 3 photos of each"):
        controls.main([word, f"results_dir={tmp_path}"])
    assert list(tmp_path.iterdir()) == []


def test_controls_are_measured_with_the_settings_of_the_run() -> None:
    (point,) = compose_points(["dataset=synth", "dataset.identities=2", "quality.usability_scale=hand"])
    assert controls.control(point, {}).usability.normaliser == Pipeline.of(point).usability.normaliser == "hand"


@pytest.mark.slow
def test_every_control_is_kept_on_the_synthetic_hands(tmp_path, capsys: pytest.CaptureFixture[str]) -> None:
    assert controls.main([f"results_dir={tmp_path}"]) == 0
    assert "checks are kept" in capsys.readouterr().out
    assert (tmp_path / "tables" / "controls.csv").is_file()

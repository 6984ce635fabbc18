"""What code gives does not change under its version: golden artefacts, and that they cannot be got round."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from tests.golden.artefacts import Golden, Stored, complaint, read, stored_anew
from tests.golden.catalogue import WITHOUT, goldens
from tests.golden.modules import versioned


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("module", goldens())
def test_a_module_gives_what_it_gave_under_its_version(module: str) -> None:
    if sentence := complaint(goldens()[module], read(), goldens()):
        pytest.fail(sentence, pytrace=False)


def test_every_module_with_a_version_has_a_golden_artefact() -> None:
    assert {*versioned()} - {*goldens()} == {*WITHOUT}
    assert {*read()} == {*goldens()}


MODULE = "palmbench.hands.recognition_roi"


def _golden(value: float) -> Golden:
    return Golden(MODULE, "ROIs", lambda: {"corner": [value, 100.0], "mask": "0123"})


def _stored(value: float, raised: int = 0) -> dict[str, Stored]:
    versions = {MODULE: versioned()[MODULE].VERSION - raised}
    return {MODULE: Stored(versions, [], {"corner": [value, 100.0], "mask": "0123"})}


def test_a_change_without_a_raised_version_is_told_with_the_version_to_raise() -> None:
    version = versioned()[MODULE].VERSION
    assert complaint(_golden(2.0), _stored(1.0), {}) == (
        f"palmbench/hands/recognition_roi.py gives other ROIs (corner) than golden artefact recognition_roi {version}: "
        "raise recognition_roi.VERSION and run `make golden` to store the new values."
    )


def test_the_last_digits_of_a_number_may_differ() -> None:
    assert complaint(_golden(1 + 1e-8), _stored(1.0), {}) is None


def test_values_are_stored_only_under_a_raised_version() -> None:
    anew, refused = stored_anew([_golden(2.0)], _stored(1.0))
    assert anew == _stored(1.0) and len(refused) == 1
    anew, refused = stored_anew([_golden(2.0)], _stored(1.0, raised=1))
    assert anew == _stored(2.0) and refused == []
    anew, refused = stored_anew([_golden(2.0)], _stored(1.0, raised=-1))
    assert anew == _stored(1.0, raised=-1) and len(refused) == 1


def test_a_raised_version_asks_for_new_values() -> None:
    assert complaint(_golden(1.0), _stored(1.0, raised=1), {}) is not None
    assert complaint(_golden(np.nan), _stored(np.nan), {}) is None


def test_what_a_used_module_changed_is_laid_to_that_module() -> None:
    other = "palmbench.quality.usability"
    user = Golden(other, "numbers", lambda: {"number": [5.0]}, uses=[MODULE])
    stored = {**_stored(1.0), other: Stored(user.versions, [], {"number": [4.0]})}
    by_name = {MODULE: _golden(2.0), other: user}
    assert "because of palmbench/hands/recognition_roi.py" in str(complaint(user, stored, by_name))
    assert "raise usability.VERSION" in str(complaint(user, stored, {MODULE: _golden(1.0), other: user}))

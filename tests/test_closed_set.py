"""Whose palm a photo shows, for methods that must know: a data set tells it, and keys hold it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from palmbench.config.executors import ExecutorConfig
from palmbench.config.schema import RunConfig
from palmbench.datasets.settings import SynthConfig
from palmbench.engine.pipeline import Pipeline
from palmbench.engine.run import Run
from palmbench.methods import MethodConfig
from palmbench.methods.ksame import KSameConfig
from palmbench.methods.swap import SwapConfig
from palmbench.photos.deidentification import deidentification_of
from palmbench.report.html.runs import FinishedRun, declarations
from recognizers.common.errors import RequestError
from tests.finished_runs import done
from tests.rendered_truth import truth_found

PALMS = SynthConfig(identities=4, samples=2)
PROXY = KSameConfig(way="proxy", k=2)


@pytest.fixture(scope="module", autouse=True)
def truth() -> Iterator[None]:
    with truth_found():
        yield


def keys(method: MethodConfig, dataset: SynthConfig = PALMS, seed: int = 0) -> dict[str, str]:
    pipeline = Pipeline.of(RunConfig(dataset=dataset, method=method, seed=seed, region="palm"))
    return {sample.id: pipeline.deidentify.key(sample) for sample in pipeline.samples}


def test_a_pseudonym_is_of_key_and_palm_whatever_the_seed_and_the_other_palms() -> None:
    person = SwapConfig(surrogate="person", key=1)
    found = keys(person)
    fewer = keys(person, SynthConfig(identities=2, samples=2), seed=5)
    assert fewer == {sample: key for sample, key in found.items() if sample in fewer}
    assert not {*found.values()} & {*keys(replace(person, key=2)).values()}


def test_who_shares_a_cluster_is_in_the_key() -> None:
    """Another palm in the data set changes the clusters, and so what is stored of the others."""
    found = keys(PROXY)
    assert found == keys(PROXY)
    assert found != keys(PROXY, seed=1)
    more = keys(PROXY, SynthConfig(identities=6, samples=2))
    assert {sample: more[sample] for sample in found} != found


def test_a_record_and_a_table_say_which_conditions_do_not_hold(tmp_path: Path) -> None:
    executor = ExecutorConfig(devices=("cpu",), workers=1)
    whole = RunConfig(
        dataset=PALMS, method=PROXY, region="palm", executor=executor, results_dir=str(tmp_path / "results")
    )
    short = replace(whole, dataset=SynthConfig(identities=1, samples=2))
    assert done(whole).status == 0
    account = Run.of(whole).account
    assert account is not None and account.method["unmet"] == []
    assert "closed set" in account.method["guarantee"]
    told = done(short)
    account = Run.of(short).account
    assert account is not None and len(account.method["unmet"]) == 1
    assert f"{account.method['unmet'][0]}." in told.out and " *" in told.out
    pipeline = Pipeline.of(short)
    assert account.method["unmet"][0] in declarations([FinishedRun(pipeline, pipeline.key, account)])


@pytest.mark.parametrize("method", [PROXY, SwapConfig(surrogate="person")], ids=lambda method: method.name)
def test_photos_of_ones_own_do_not_say_whose_palm_they_show(method: MethodConfig) -> None:
    with pytest.raises(RequestError, match="whose palm"):
        deidentification_of(RunConfig(method=method))


@pytest.mark.parametrize("method", [KSameConfig(way="average"), SwapConfig()], ids=lambda method: method.name)
def test_where_each_photo_has_its_own_palm_they_need_not(method: MethodConfig) -> None:
    assert deidentification_of(RunConfig(method=method)).method == method

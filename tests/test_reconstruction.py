"""EEHNet's authors published no code: whatever names it beside a number says that this one is a reconstruction."""

from __future__ import annotations

import pytest

import recognizers
from palmbench.config.schema import MTCCConfig, RecognizerConfig, RunConfig
from palmbench.datasets.settings import SynthConfig
from palmbench.engine.pipeline import Pipeline
from palmbench.engine.run import describe
from palmbench.methods.blur import BlurConfig
from palmbench.paper.claims.runs import Runs
from palmbench.paper.rows import EEHNET, EEHNET_COMPACT
from palmbench.report.tracking_groups import Sweep


def point(recognizer: RecognizerConfig) -> Pipeline:
    return Pipeline.of(
        RunConfig(dataset=SynthConfig(identities=2, samples=1), method=BlurConfig(), recognizer=recognizer)
    )


@pytest.fixture(scope="module")
def eehnet() -> Pipeline:
    return point(RecognizerConfig("eehnet", {"weights": "embedded"}))


def test_a_line_about_a_run_says_it(eehnet: Pipeline) -> None:
    assert describe(eehnet.point).endswith(", eehnet (reconstruction) compact")
    assert describe(point(MTCCConfig()).point).endswith(", mtcc yan")


def test_a_tracked_run_says_it(eehnet: Pipeline) -> None:
    assert Sweep((eehnet,), ()).run_of(eehnet).name == "synth blur sigma 4, eehnet (reconstruction)"


def test_claims_say_it_of_the_full_network_too(eehnet: Pipeline) -> None:
    def said(**changed: str) -> list[str]:
        return Runs([(eehnet, {"point": eehnet.point | changed, "metrics": {}})]).stand_ins

    assert said() == ["EEHNet is eehnet-compact (reconstruction) here."]
    assert said(variant="full") == ["EEHNet is eehnet (reconstruction) here."]
    assert said(recognizer="ccnet") == ["CCNet is ccnet-compact here."]
    assert said(recognizer="ccnet", variant="full") == said(recognizer="mtcc", variant="yan") == []


def test_columns_of_tables_say_it() -> None:
    assert all("reconstruction" in columns.label for columns in (EEHNET, EEHNET_COMPACT))
    assert {name for name in recognizers.names() if recognizers.origin(name)} == {"eehnet"}

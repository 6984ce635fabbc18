"""The attacks of a command in one flow: what they share is enrolled once, and what is lost meanwhile is made again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from palmbench.attacks.unchanged import UnchangedConfig
from palmbench.base.store import Store, pack_arrays
from palmbench.config.attacks import TrialConfig
from palmbench.config.executors import ExecutorConfig
from palmbench.config.schema import RecognizerConfig
from palmbench.datasets.sample import Sample
from palmbench.engine import attack_flow
from palmbench.engine.attack_flow import try_attacks
from palmbench.engine.attack_pipeline import AttackPipeline
from palmbench.engine.attack_record import attacked, record_path
from palmbench.engine.graph import Part, in_a_row
from palmbench.stages.enrol import Enrol
from recognizers.common.errors import Lost
from tests.attacks.drawn_templates import noise, pipeline, point

REVERSE, LINKAGE = UnchangedConfig(gallery="deidentified", probe="originals"), UnchangedConfig(gallery="deidentified")


class Enrolled(list[str]):
    """Keys of the templates that were computed, in their order."""

    def compute(self, stage: Enrol, samples: Sequence[Sample], store: Store, device: str) -> list[bytes]:
        self += (stage.key(sample) for sample in samples)
        drawn = (noise("palm", sample.identity) + noise(stage.key(sample)) for sample in samples)
        return [pack_arrays(template=each.astype(np.float32)) for each in drawn]


@pytest.fixture
def enrolled(monkeypatch: pytest.MonkeyPatch) -> Enrolled:
    """Templates are drawn, of photos that nobody takes."""
    found = Enrolled()
    monkeypatch.setattr(Enrol, "compute", lambda *args: found.compute(*args))
    monkeypatch.setattr(
        AttackPipeline,
        "parts",
        lambda self, store: {
            wanted: Part(in_a_row(stages[-1]), samples, store) for wanted, (stages, samples) in self.wanted.items()
        },
    )
    return found


def attacks(folder: Path, *which: UnchangedConfig) -> list[AttackPipeline]:
    here = ExecutorConfig(devices=("cpu",), workers=1)
    return [pipeline(replace(point(str(folder), 16), executor=here), TrialConfig(each)) for each in which]


def test_what_attacks_share_is_enrolled_once_and_each_is_recorded(
    enrolled: Enrolled, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    every = attacks(tmp_path, UnchangedConfig(), REVERSE, LINKAGE, UnchangedConfig())
    tried = try_attacks([every[:2], every[2:]])
    assert [[each.called for each in of_point] for of_point in tried.attacked] == [
        ["unchanged o-a", "unchanged a-o"],
        ["unchanged a-a", "unchanged o-a"],
    ]
    wanted = {
        stages[-1].key(sample) for each in every for stages, samples in each.wanted.values() for sample in samples
    }
    assert Counter(enrolled) == dict.fromkeys(wanted, 1)
    assert len(list((tmp_path / "attacks").glob("*/record.json"))) == 3
    said = capsys.readouterr().err
    assert "[1/3] swap" in said and " on synth, attacked by unchanged o-a (ccnet)" in said and "[3/3]" in said
    assert try_attacks([every[:2], every[2:]]).attacked == tried.attacked
    assert "attacked by" not in capsys.readouterr().err


def test_an_attack_that_asks_a_recognizer_of_its_own_is_recorded_with_each_point(
    enrolled: Enrolled, tmp_path: Path
) -> None:
    (first,) = attacks(tmp_path, UnchangedConfig(recognizer="ccnet"))
    points = [replace(first.run.config, recognizer=RecognizerConfig(name)) for name in ("bocv", "compcode")]
    tried = try_attacks([[pipeline(each, first.trial)] for each in points])
    (of_first,), (of_second,) = tried.attacked
    assert [each.content["point"]["recognizer"] for each in (of_first, of_second)] == ["bocv", "compcode"]
    assert of_first.numbers == of_second.numbers
    assert len(set(enrolled)) == len(enrolled)


def test_an_attack_is_recorded_before_the_last_is_begun(
    enrolled: Enrolled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = attacks(tmp_path, UnchangedConfig(), REVERSE, LINKAGE, UnchangedConfig(outputs=2))

    def interrupted(self: AttackPipeline, store: Store) -> None:
        raise KeyboardInterrupt

    begin = AttackPipeline.parts
    monkeypatch.setattr(
        AttackPipeline, "parts", lambda self, store: (interrupted if self is every[-1] else begin)(self, store)
    )
    with pytest.raises(KeyboardInterrupt):
        try_attacks([every])
    assert [record_path(each).is_file() for each in every] == [True, True, True, False]


def test_a_template_that_is_lost_meanwhile_is_made_again_and_only_once(
    enrolled: Enrolled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    every, store = attacks(tmp_path, UnchangedConfig(), REVERSE), Store.of(tmp_path)
    stages, samples = next(iter(every[0].wanted.values()))
    place = store.path(stages[-1].name, stages[-1].key(samples[0]), stages[-1].suffix)
    measure, times = attack_flow.measure, [1]

    def losing(*args: object) -> None:
        if times[0]:
            times[0] -= 1
            place.unlink()
        measure(*args)

    monkeypatch.setattr(attack_flow, "measure", losing)
    try_attacks([every])
    assert attacked(every[0]).numbers["rank_1"].failed == 0
    assert enrolled.count(stages[-1].key(samples[0])) == 2
    assert "Damaged or gone, and made again" in capsys.readouterr().err
    for each in every:
        record_path(each).unlink()
    times[0] = 9
    for path in (tmp_path / "store" / "scores").rglob("*.npz"):
        path.unlink()
    with pytest.raises(Lost):
        try_attacks([every])

"""Diversity: where photos of one original lie among genuine and impostor scores, and what is written of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from palmbench.commands.diversity import diversity_command
from palmbench.config.compose import compose_points
from palmbench.datasets.sample import Sample
from palmbench.engine.pipeline import Pipeline
from palmbench.paper.diversity import METRICS, SETS, Repainted, first_photos, subject_of, summarise
from palmbench.scoring import Number, bootstrap, deid_ratio, pair_kinds
from recognizers.common.errors import RequestError
from tests.golden.modules import raise_version, versioned

IDENTITIES = [0, 0, 1, 1, 2, 2, 3, 3]


@pytest.fixture
def distances() -> np.ndarray:
    kinds = pair_kinds(IDENTITIES)
    scores = np.random.default_rng(0).uniform(0.4, 0.6, len(kinds.genuine))
    scores[kinds.genuine] -= 0.3
    return scores


def summary(distances: np.ndarray, repainted: Repainted) -> dict[str, Number]:
    kinds = pair_kinds(IDENTITIES)
    drawn = bootstrap(distances, IDENTITIES, np.random.default_rng(0), replicates=200)
    return summarise(repainted, [0, 2, 4, 6], distances[kinds.genuine], distances[kinds.impostor], drawn)


def test_seeds_that_give_the_same_palm_match_one_another(distances: np.ndarray) -> None:
    original = np.random.default_rng(1).uniform(0.4, 0.6, (4, 3))
    found = summary(distances, Repainted(original, np.zeros((4, 3))))
    assert found["matched_seeds"].value == 100
    assert found["matched_original"].value == 0
    assert found["dir_seeds"].value < 0 < found["dir_original"].value
    assert found["gap"].lo > 0


def test_the_summary_is_equation_4_over_all_pairs_with_failures_left_out(distances: np.ndarray) -> None:
    kinds = pair_kinds(IDENTITIES)
    original = np.random.default_rng(1).uniform(0.3, 0.6, (4, 3))
    original[1, 2] = np.nan
    found = summary(distances, Repainted(original, original))
    known = original[~np.isnan(original)]
    expected = 100 * deid_ratio(distances[kinds.genuine], distances[kinds.impostor], known)
    assert found["dir_original"].value == pytest.approx(expected)
    assert found["dir_original"].n == 11
    assert found["dir_original"].lo < expected < found["dir_original"].hi
    assert (found["gap"].value, found["gap"].lo, found["gap"].hi) == (0, 0, 0)


def test_photos_that_all_failed_have_no_numbers(distances: np.ndarray) -> None:
    nothing = np.full((4, 3), np.nan)
    found = summary(distances, Repainted(nothing, nothing))
    assert {name: (each.value, each.n) for name, each in found.items()} == {name: (None, 0) for name in METRICS}


def test_the_first_photos_of_each_palm_are_repainted() -> None:
    given = [Sample(str(n), str(palm), str(palm), "", "") for n, palm in enumerate([0, 0, 1, 1, 1])]
    assert [sample.id for sample in first_photos(given, 2)] == ["0", "1", "2", "3"]
    assert first_photos(given, None) == given


def test_what_is_about_other_persons_or_was_counted_otherwise_is_not_known_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (point,) = compose_points(["method=swap", "dataset.identities=2", "dataset.samples=2", f"results_dir={tmp_path}"])
    pipeline = Pipeline.of(point)
    subject = subject_of(pipeline)
    assert subject_of(Pipeline.of(replace(point, seed=3))) == subject
    # The two hands of a person are no impostors of each other; those of two persons are.
    alone = tuple(replace(sample, person=sample.identity) for sample in pipeline.samples)
    assert subject_of(replace(pipeline, dataset=replace(pipeline.dataset, samples=alone))) != subject
    for name in ("paper.diversity", "scoring.rates", "stages.deidentify"):
        with monkeypatch.context() as patched:
            raise_version(versioned()[f"palmbench.{name}"], patched, to=99)
            assert subject_of(pipeline) != subject
    assert subject_of(pipeline) == subject


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("seed=0,1", "needs one run of each setting; take them one by one, with a results_dir each"),
        ("method.steps=2,3", "one run"),
        ("dataset.profile=wild,mobile", "one run"),
        ("method.sigma=3", "sigma"),
        ("method=blur", "method= only picks which diffusion"),
        ("method.alpha=0.2", "Diversity sets method.alpha itself"),
    ],
)
def test_what_diversity_cannot_be_asked_is_explained(word: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=f"{word}: .*{reason}"):
        diversity_command([word, "recognizer=mtcc", f"results_dir={tmp_path}"])
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_three_seeds_on_the_synthetic_hands_and_nothing_to_do_a_second_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--seeds", "3", "--photos", "1", "dataset.identities=4", "dataset.samples=2", "recognizer=mtcc"]
    words += ["method.steps=1", "executor.workers=1", f"results_dir={tmp_path}"]
    assert diversity_command(words) == 0
    path = tmp_path / "diversity" / "synth-mtcc.json"
    account = json.loads(path.read_text(encoding="utf-8"))
    scores = pd.read_parquet(path.with_suffix(".parquet"))
    assert list(scores.columns) == ["set", "distance", "count"]
    counted = scores.groupby("set")["count"].sum().to_dict()
    # 4 genuine pairs; 24 pairs of different palms less the 8 of one person's two; 4 photos by 3 seeds and 3 pairs.
    assert counted == account["n"] == dict(zip(SETS, (4, 16, 12, 12), strict=True))
    (point,) = compose_points([*words[4:], "method=diffusion"])
    assert account["key"] == subject_of(Pipeline.of(point))  # by which the claims know it again
    written = path.stat().st_mtime_ns
    assert diversity_command(words) == 0
    assert "nothing to compute" in capsys.readouterr().out
    assert path.stat().st_mtime_ns == written
    whole = path.with_suffix(".parquet").read_bytes()
    path.with_suffix(".parquet").write_bytes(whole[:-9])
    assert diversity_command(words) == 0
    assert path.with_suffix(".parquet").read_bytes() == whole

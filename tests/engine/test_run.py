"""Runs: what a point leaves behind, what a second run does, and that nothing but the settings changes a number."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from palmbench.base.images import write_png
from palmbench.config.executors import ExecutorConfig
from palmbench.config.schema import RecognizerConfig, RunConfig
from palmbench.datasets.folder_dataset import NO_PERSONS
from palmbench.datasets.settings import FolderDatasetConfig, SynthConfig
from palmbench.engine.pipeline import Pipeline
from palmbench.engine.planning import plan
from palmbench.engine.run import Run, describe
from palmbench.hands.settings import EmbeddedConfig
from palmbench.methods import MethodConfig
from palmbench.methods.blur import BlurConfig
from palmbench.methods.diffusion import DiffusionConfig
from palmbench.methods.identity import IdentityConfig
from palmbench.methods.mask import MaskConfig
from palmbench.report.running import run_points
from palmbench.scoring import METRICS, Number
from palmbench.scoring.metric_table import (
    HEADLINE,
)
from recognizers.common.errors import MissingWeights, RequestError
from tests.finished_runs import Told, done, folder

ROOT = Path(__file__).resolve().parents[2]
SYNTH = SynthConfig(identities=3, samples=2)
METHODS: dict[str, MethodConfig] = {"mask": MaskConfig(), "blur": BlurConfig(), "identity": IdentityConfig()}
STAGES = {
    "hands", "templates", "deidentified", "quality", "hands_after", "templates_after", "usability", "features",
    "features_after",
}  # fmt: skip


def point(results: Path, method: str = "mask", workers: int = 1, batch_size: int = 8) -> RunConfig:
    executor = ExecutorConfig(devices=("cpu",), workers=workers, batch_size=batch_size)
    return RunConfig(dataset=SYNTH, method=METHODS[method], executor=executor, results_dir=str(results))


def counts(said: str) -> tuple[int, int, int]:
    """Artefacts that were reused, computed and failed, as a command's last words have them."""
    (last,) = re.findall(r"(\d+) reused, (\d+) computed, (\d+) failed in ", said)
    return tuple(map(int, last))  # type: ignore[return-value]


def metrics(of: RunConfig) -> dict[str, dict]:
    return json.loads((folder(of) / "metrics.json").read_text())["metrics"]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("results")


@pytest.fixture(scope="module")
def sweep(results: Path) -> Told:
    """Three methods on the same six photos."""
    return done(*(point(results, method) for method in METHODS))


def test_a_run_leaves_its_five_files(sweep: Told, results: Path) -> None:
    assert sweep.status == 0
    for method in METHODS:
        names = {path.name for path in folder(point(results, method)).iterdir()}
        assert names == {"config.yaml", "record.json", "scores.parquet", "metrics.json", "errors.jsonl"}
    assert not list(results.rglob("*.part"))


def test_metrics_name_the_point_and_what_each_number_is_over(sweep: Told, results: Path) -> None:
    found = json.loads((folder(point(results)) / "metrics.json").read_text())
    assert found["format"] == 1
    assert found["point"] == {
        "dataset": "synth", "method": "mask", "fusion": "", "alpha": None, "setting": "",
        "recognizer": "mtcc", "variant": "yan",
    }  # fmt: skip
    written = {*found["metrics"]}
    assert written <= {*METRICS}
    assert all(metric.optional for name, metric in METRICS.items() if name not in written)
    for name, number in found["metrics"].items():
        assert {"value", "std", "lo", "hi", "n", "failed"} <= {*number}
        assert number["value"] is not None or number["missing"], name
    number = found["metrics"]["acc_nn"]
    assert 0 <= number["lo"] <= number["value"] <= number["hi"] <= 100
    # Three palms are of two persons, too few for an interval of what takes two.
    assert {found["metrics"][name][end] for name in ("rr", "eer") for end in ("lo", "hi")} == {None}


def test_numbers_say_what_methods_do(sweep: Told, results: Path) -> None:
    mask, blur, identity = (metrics(point(results, method)) for method in METHODS)
    assert mask["rr"]["value"] >= blur["rr"]["value"]
    assert mask["dir"]["value"] > blur["dir"]["value"]
    assert mask["ssim"]["value"] < blur["ssim"]["value"] < identity["ssim"]["value"] == 1
    # The photo itself: every comparison is a photo with itself.
    assert identity["rr"]["value"] == 0 and identity["acc_nn"]["value"] == 100
    assert identity["psnr"]["value"] == "inf" and identity["keypoints_2d"]["value"] == 0
    # What is known of the originals does not depend on the method.
    assert mask["eer"] == blur["eer"] == identity["eer"] and mask["dprime"] == blur["dprime"]


def test_scores_hold_each_photo_and_the_distributions(sweep: Told, results: Path) -> None:
    scores = pd.read_parquet(folder(point(results)) / "scores.parquet")
    own = scores[scores["set"] == "self"]
    assert list(own["sample"]) == [sample.id for sample in Pipeline.of(point(results)).samples]
    # Six photos make fifteen pairs: 3 of one palm, 4 of a person's two palms, which are neither, and 8 of strangers.
    counts = scores.groupby("set")["count"].sum()
    assert (counts["genuine"], counts["impostor"]) == (3, 8)
    # Each pair is met from both ends when de-identified photos meet originals, their own left out.
    assert (counts["mated"], counts["non_mated"]) == (2 * 3, 2 * 8)
    assert counts["inter_deidentified"] == 8
    assert scores["distance"].between(0, 1).all()


def test_the_record_says_how_the_numbers_were_made(sweep: Told, results: Path) -> None:
    of = point(results)
    record = json.loads((folder(of) / "record.json").read_text())
    assert record["key"] == folder(of).name == Pipeline.of(of).key
    assert record["items"] == dict.fromkeys(STAGES, 6)
    assert (record["failures"], record["workers"], record["device"]) == ([], 1, "cpu")
    assert (folder(of) / "errors.jsonl").read_bytes() == b""
    assert "identities: 3" in (folder(of) / "config.yaml").read_text()


def test_points_of_a_sweep_share_their_originals(sweep: Told, results: Path) -> None:
    made = {stage.name: len(list((results / "store" / stage.name).rglob("*.*"))) for stage in stages(results)}
    own = dict.fromkeys(STAGES - {"hands", "templates", "features"}, 18)
    assert made == {**dict.fromkeys(("hands", "templates", "features"), 6), **own}
    # The originals' hands, templates and features are made for one method and reused by two.
    assert counts(sweep.out) == (36, 126, 0)


def stages(results: Path) -> list:
    return [stage for stage, _ in Pipeline.of(point(results)).steps]


def test_what_is_repainted_is_part_of_a_run_s_key_and_name(results: Path) -> None:
    paper = RunConfig(dataset=SynthConfig(identities=2, samples=1), method=MaskConfig(), results_dir=str(results))
    palm = Pipeline.of(replace(paper, region="palm"))
    assert palm.key != Pipeline.of(paper).key and describe(palm.point).startswith("mask region palm on synth")
    assert describe(Pipeline.of(paper).point).startswith("mask on synth")
    assert palm.prepare.key(palm.samples[0]) == Pipeline.of(paper).prepare.key(palm.samples[0])


def test_a_second_run_computes_nothing_and_changes_nothing(sweep: Told, results: Path) -> None:
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in results.rglob("*") if path.is_file()}
    again = done(*(point(results, method) for method in METHODS))
    assert (again.status, again.err) == (0, "")
    assert counts(again.out) == (162, 0, 0)
    assert "3 of 3 points were finished before" in again.out
    assert {
        path: (path.stat().st_mtime_ns, path.read_bytes()) for path in results.rglob("*") if path.is_file()
    } == before


def test_metrics_are_taken_again_from_the_store(sweep: Told, results: Path) -> None:
    of = point(results, "blur")
    before = (folder(of) / "metrics.json").read_bytes()
    (folder(of) / "record.json").unlink()
    assert Run.of(of).result is None
    assert counts(done(of).out) == (54, 0, 0)
    assert (folder(of) / "metrics.json").read_bytes() == before


def test_a_run_gives_the_metrics_that_it_wrote(sweep: Told, results: Path) -> None:
    of = point(results)
    found, written = Run.of(of).result, json.loads((folder(of) / "metrics.json").read_text())
    assert found == {**written, "metrics": {name: Number.from_json(each) for name, each in written["metrics"].items()}}
    assert written["metrics"] == {name: number.to_json() for name, number in found["metrics"].items()}
    assert Run.of(replace(of, method=MaskConfig(fill=9))).result is None
    assert Run.of(replace(of, results_dir=str(results / "elsewhere"))).result is None


def test_batch_size_and_workers_change_no_byte(sweep: Told, results: Path, tmp_path: Path) -> None:
    expected = (folder(point(results)) / "metrics.json").read_bytes()
    alone = point(tmp_path / "batch-1", batch_size=1)
    spread = point(tmp_path / "workers-2", workers=2, batch_size=3)
    for of in (alone, spread):
        assert done(of).status == 0
        assert (folder(of) / "metrics.json").read_bytes() == expected
        for stage in stages(results):
            made, same = (sorted((Path(at) / "store" / stage.name).rglob("*.*")) for at in (of.results_dir, results))
            assert made
            assert {path.name: path.read_bytes() for path in made}.items() <= {
                path.name: path.read_bytes() for path in same
            }.items()


def test_a_killed_run_resumes_to_the_same_metrics(sweep: Told, results: Path, tmp_path: Path) -> None:
    command = [
        sys.executable, "-m", "palmbench", "method=mask", "dataset.identities=3", "dataset.samples=2",
        "executor.devices=cpu", "executor.workers=1", "executor.batch_size=1", f"results_dir={tmp_path}",
    ]  # fmt: skip
    killed = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 90
    while len(list(tmp_path.rglob("*.npz"))) < 8 and killed.poll() is None and time.monotonic() < end:
        time.sleep(0.01)
    killed.kill()
    assert killed.wait() == -signal.SIGKILL
    of = point(tmp_path)
    assert Run.of(of).result is None
    resumed = done(of)
    assert resumed.status == 0 and 8 <= counts(resumed.out)[0] < 54
    assert (folder(of) / "metrics.json").read_bytes() == (folder(point(results)) / "metrics.json").read_bytes()


def test_a_sweep_ends_with_one_table_of_its_points(sweep: Told, results: Path) -> None:
    lines = sweep.out.splitlines()
    title = next(number for number, line in enumerate(lines) if line.startswith("synth, 6 photos of 3 palms"))
    heading = next(number for number, line in enumerate(lines) if line.startswith("method "))
    rows = {line.split("  ")[0]: re.split(r" {2,}", line)[1:] for line in lines[heading + 1 : heading + 4]}
    assert set(rows) == {"mask", "blur sigma 4", "identity"}
    shown = HEADLINE[: len(rows["mask"])]
    named = " ".join(" ".join(lines[title + 1 : heading + 1]).split())
    assert all(word in named for metric in shown for word in METRICS[metric].label.split())
    assert [word for word in named.split() if word in "↑↓"] == [METRICS[metric].heading[-1] for metric in shown]
    left_out = "".join(line for line in lines if line.startswith("Left out"))
    assert [metric for metric in HEADLINE if METRICS[metric].label in left_out] == list(HEADLINE[len(shown) :])
    for method, row in zip(METHODS, rows.values(), strict=True):
        for metric, cell in zip(shown, row, strict=True):
            number = metrics(point(results, method))[metric]
            told = [float(each) for each in re.split(r"[ ,\[\]]+", cell.rstrip("]"))]
            known = [number[each] for each in ("value", "lo", "hi") if number[each] is not None]
            printed = 10.0 ** -len(cell.split()[0].partition(".")[2]) * 0.501
            assert told == pytest.approx(known, abs=printed)
    assert all(len(line) <= 100 for line in lines[title : heading + 4])


def test_a_plan_counts_and_runs_nothing(sweep: Told, results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(results.rglob("*"))
    other = replace(point(results), method=MaskConfig(fill=9))
    assert plan([point(results), other]) == 0
    said = capsys.readouterr().out
    assert "18 of 54" in said and "36 left" in said
    left = {stage: int(number) for stage, number in re.findall(r"^  (.+?) {2,}(\d+) ", said, re.MULTILINE)}
    shared = {"find hands in originals", "enrol originals", "features of originals"}
    titles = {stage.title for stage in stages(results)}
    assert left == {**dict.fromkeys(titles - shared, 6), "measure the points": 1}
    assert plan([point(results)]) == 0
    assert "nothing left to compute" in capsys.readouterr().out
    assert plan([replace(point(results), results_dir=str(results / "none"))]) == 0
    assert "0 of 54" in capsys.readouterr().out
    assert sorted(results.rglob("*")) == before


def test_a_plan_counts_devices_beside_workers(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    executor = ExecutorConfig(devices=("cpu:0", "cpu:1"), workers=2)
    assert plan([replace(point(results / "none"), executor=executor)]) == 0
    assert "with 2 workers and 2 devices" in capsys.readouterr().out


@pytest.fixture
def folder_point(sweep: Told, results: Path, tmp_path: Path) -> RunConfig:
    """Photos of two palms in a folder, one of them torn."""
    dataset = Pipeline.of(point(results)).dataset
    for sample in dataset.samples[:2] + dataset.samples[-2:]:
        write_png(tmp_path / "photos" / sample.identity / f"{sample.id}.png", dataset.photo(sample))
    torn = tmp_path / "photos" / "0002" / "torn.png"
    torn.write_bytes((tmp_path / "photos" / "0002" / "0002_0000.png").read_bytes()[:5000])
    where = FolderDatasetConfig("folder", root=str(tmp_path / "photos"))
    return replace(point(tmp_path / "results"), dataset=where)


def test_a_photo_that_fails_is_counted_listed_and_tried_again(folder_point: RunConfig) -> None:
    first = done(folder_point)
    assert first.status == 3
    assert counts(first.out)[1:] == (36, 1) and "0002_torn" in first.out
    (line,) = (folder(folder_point) / "errors.jsonl").read_text().splitlines()
    assert json.loads(line)["sample"] == "0002_torn"
    found = metrics(folder_point)
    assert (found["rr"]["n"], found["rr"]["failed"], found["ssim"]["n"], found["ssim"]["failed"]) == (5, 1, 4, 1)
    # A failure counts as rejected, and beside that it does not.
    assert found["rr"]["value"] >= found["rr_without_failures"]["value"]
    # Tables show the run as it is ...
    assert Run.of(folder_point).result is not None
    # ... and the next run tries again what may have passed.
    again = done(folder_point)
    assert again.status == 3
    assert counts(again.out) == (36, 0, 1) and "finished before" not in again.out


def test_a_hand_that_is_not_there_is_counted_and_not_looked_for_again(folder_point: RunConfig, tmp_path: Path) -> None:
    import numpy as np

    photos = Path(str(folder_point.dataset.root))  # type: ignore[union-attr]
    (photos / "0002" / "torn.png").unlink()
    write_png(photos / "0002" / "grey.png", np.full((300, 400, 3), 128, np.uint8))
    sure = replace(folder_point, detector=EmbeddedConfig(threshold=0.9))
    first, again = done(sure), done(sure)
    assert (first.status, again.status) == (3, 3)
    assert "0002_grey" in first.out
    assert "1 of 1 points were finished before" in again.out and again.err == f"{NO_PERSONS}\n"
    assert counts(again.out) == (36, 0, 1)


def test_what_cannot_be_met_is_said_before_anything_is_computed(tmp_path: Path) -> None:
    good, absent = point(tmp_path), FolderDatasetConfig("iitd")
    (tmp_path / "file").write_text("in the way")
    of_file = {"weights": str(tmp_path / "file")}
    requests: list[tuple[RunConfig, type[RequestError], str]] = [
        (replace(good, dataset=absent, data_dir=str(tmp_path)), RequestError, str(tmp_path / "iitd")),
        (replace(good, method=DiffusionConfig(weights=str(tmp_path / "no"))), MissingWeights, str(tmp_path / "no")),
        (replace(good, detector=EmbeddedConfig(weights="no")), MissingWeights, "weights are missing: no"),
        (replace(good, recognizer=RecognizerConfig("ccnet", of_file)), MissingWeights, "file"),
        (replace(good, recognizer=RecognizerConfig("eehnet", of_file)), MissingWeights, "file"),
        (replace(good, results_dir=str(tmp_path / "file")), RequestError, "results_dir="),
    ]
    for bad, kind, message in requests:
        with pytest.raises(kind, match=message):
            run_points([good, bad])
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_one_photo_has_no_operating_point_and_says_so(tmp_path: Path) -> None:
    of = replace(point(tmp_path), dataset=SynthConfig(identities=1, samples=1))
    told = done(of)
    assert told.status == 0 and "a genuine pair is missing" in told.out
    found = metrics(of)
    assert found["rr"] == {
        "value": None, "std": None, "lo": None, "hi": None, "n": 0, "failed": 0, "missing": "a genuine pair",
    }  # fmt: skip
    assert found["ssim"]["n"] == 1
    scores = pd.read_parquet(folder(of) / "scores.parquet")
    assert list(scores["set"]) == ["self"]


def test_an_absent_data_set_is_answered_without_torch(tmp_path: Path) -> None:
    code = (
        "import sys, time; from palmbench.commands.cli import main\n"
        f"status = main(['+ablation=fusion', 'dataset=iitd', 'data_dir={tmp_path}', 'results_dir={tmp_path / 'r'}'])\n"
        "assert 'torch' not in sys.modules; sys.exit(status)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, cwd=tmp_path)
    assert said.returncode == 2 and len(said.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []

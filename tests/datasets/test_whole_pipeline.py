"""A data set in a folder goes through the whole pipeline, and a photo that cannot be read is counted, not dropped."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from palmbench.commands import cli
from palmbench.datasets.export import Export, export_synth


@pytest.mark.slow
def test_iitd_is_deidentified_and_attacked_and_a_truncated_photo_is_counted(tmp_path: Path) -> None:
    data, results = tmp_path / "iitd", tmp_path / "results"
    export_synth(Export("iitd", str(data), identities=4, samples=2, size="640x480", defects="truncated"))
    (defect,) = json.loads((data / "defects.json").read_text())
    words = ["dataset=iitd", f"dataset.root={data}", "method=blur", f"results_dir={results}", "executor.workers=1"]
    assert cli.main(words) == 3

    (run,) = (results / "runs").iterdir()
    (failure,) = map(json.loads, (run / "errors.jsonl").read_text().splitlines())
    assert defect["paths"][0] in failure["reason"] and "truncated" in failure["reason"]
    metrics = json.loads((run / "metrics.json").read_text())["metrics"]
    # 8 photos; the lost one counts as rejected, and beside it rates are given without it.
    assert (metrics["rr"]["n"], metrics["rr"]["failed"]) == (8, 1)
    assert metrics["rr"]["value"] >= 100 / 8


@pytest.mark.slow
def test_a_split_of_a_manifest_is_run_as_any_data_set(tmp_path: Path) -> None:
    data, results = tmp_path / "export", tmp_path / "results"
    export_synth(Export("manifest", str(data), identities=4, samples=3, size="640x480"))
    mine = tmp_path / "mine.csv"
    samples = [f"{palm:04d}_0_{photo}" for palm in range(4) for photo in (0, 1)]
    mine.write_text("sample,part\n" + "".join(f"{sample},two\n" for sample in samples))
    words = ["dataset=manifest", f"dataset.root={data / 'manifest.csv'}", f"dataset.split={mine}/two", "method=mask"]
    assert cli.main([*words, f"results_dir={results}", "executor.workers=1"]) == 0
    (run,) = (results / "runs").iterdir()
    assert json.loads((run / "metrics.json").read_text())["metrics"]["rr"]["n"] == 8

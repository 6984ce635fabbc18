"""Names that are not UTF-8, as archives from elsewhere leave them, are photos, ids and settings like any other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import product
from pathlib import Path

import pandas as pd
import pytest

from palmbench import synth
from palmbench.base.images import encode_photo
from palmbench.commands import cli
from palmbench.config.schema import RunConfig, plain_values
from palmbench.datasets import open_dataset
from palmbench.datasets.settings import FolderDatasetConfig
from recognizers.common.errors import SampleError
from recognizers.common.names import encodable, path_of, text_of

LATIN = "palm-\udce9"  # as Python has a folder named b"palm-\xe9"


@pytest.fixture(params=["set", "s\udcefts"])
def album(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """Two palms, two photos each, whose folders are named alike but for how they are written."""
    root = tmp_path / request.param
    for palm, photo in product(range(2), range(2)):
        folder = root / (LATIN, "palm-\\xe9")[palm]
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            pytest.skip("this file system takes UTF-8 alone")
        rendered = synth.render(palm, photo).image[::2, ::2]
        (folder / f"ph\udcf6to{photo}.png").write_bytes(encode_photo(rendered, ".png"))
    return root


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("palm-é/手.png", "palm-é/手.png"),
        (LATIN, "palm-\\xe9"),
        ("palm-\\xe9", "palm-\\x5cxe9"),
        ("a\\b", "a\\b"),
        ("two\nlines\u2028three", "two\\x0alines\\xe2\\x80\\xa8three"),
        ("\udcff\udcfe", "\\xff\\xfe"),
    ],
)
def test_a_name_is_text_of_one_line_and_the_text_leads_back_to_it(name: str, text: str) -> None:
    assert (text_of(name), path_of(text)) == (text, name)


def test_different_names_are_different_texts_that_can_be_written() -> None:
    names = {os.fsdecode(bytes(each)) for each in product(b"\\x5ce9\xc3\xa9\xff\n", repeat=4)}
    texts = {text_of(name): name for name in names}
    assert len(texts) == len(names)
    assert all(path_of(text) == name and len(text.encode().decode().splitlines()) == 1 for text, name in texts.items())


def test_a_name_is_the_same_text_where_the_system_reads_names_as_ascii() -> None:
    code = "import sys; from recognizers.common.names import text_of; print(ascii(text_of(sys.argv[1])))"
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    words = [sys.executable, "-c", code, "手-é-\udce9"]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ascii("手-é-\\xe9")


def test_photos_of_such_folders_are_read_under_ids_that_can_be_written(album: Path) -> None:
    dataset = open_dataset(FolderDatasetConfig("folder", str(album)), "data")
    assert {sample.identity for sample in dataset.samples} == {"palm-\\xe9", "palm-\\x5cxe9"}
    assert len({sample.id.encode() for sample in dataset.samples}) == 4
    assert all(dataset.photo(sample).any() for sample in dataset.samples)
    assert dataset.title.encode()


def test_a_check_of_such_folders_is_printed_and_written(album: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (album / LATIN / "broken-\udce9.png").write_bytes(b"x")
    report = album.with_name("report.json")
    words = ["data", "check", "folder", f"dataset.root={album}", "--no-hands", "--json", str(report)]
    assert cli.main(words) == 3
    assert "palm-\\xe9/broken-\\xe9.png: not an image" in capsys.readouterr().out
    (finding,) = json.loads(report.read_text(encoding="utf-8"))["findings"]
    assert finding["paths"] == ["palm-\\xe9/broken-\\xe9.png"]


def test_messages_and_settings_for_records_can_be_written() -> None:
    assert str(SampleError(f"/a\\b/{LATIN}: not an image")) == "/a\\b/palm-\\xe9: not an image"
    assert encodable("lone \ud800") == "lone \\ud800"
    assert encodable("/a/\udcc3\udcbc") == "/a/ü"  # as a system has it that reads names as ASCII
    assert plain_values(RunConfig(results_dir=LATIN))["results_dir"] == "palm-\\xe9"


@pytest.mark.slow
def test_a_run_over_such_folders_leaves_every_record(album: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (album / LATIN / "broken-\udce9.png").write_bytes(b"x")
    results = album.with_name("results-é")
    words = ["dataset=folder", f"dataset.root={album}", "method=mask", f"results_dir={results}", "executor.workers=1"]
    assert cli.main(words) == 3
    (run,) = (results / "runs").iterdir()
    assert set(pd.read_parquet(run / "scores.parquet")["identity"].dropna()) == {"palm-\\xe9", "palm-\\x5cxe9"}
    (failure,) = map(json.loads, (run / "errors.jsonl").read_text(encoding="utf-8").splitlines())
    assert failure["sample"] == "palm-\\xe9_broken-\\xe9"
    assert encodable(str(album)) in (run / "config.yaml").read_text(encoding="utf-8")

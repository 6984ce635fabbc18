"""Results that travel: one file, the same bytes each time, believed only as it was written, and drawn elsewhere."""

from __future__ import annotations

import io
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from palmbench.attacks.unchanged import UnchangedConfig
from palmbench.commands import cli
from palmbench.commands.bundle import groups_of
from palmbench.config.attacks import TrialConfig
from palmbench.engine.attack_record import attacked, finished
from palmbench.engine.bundle import MANIFEST, kept_in, packed, read_bundle, results_of, unpack
from palmbench.methods.blur import BlurConfig
from palmbench.report.kept_points import points_of
from palmbench.report.side_by_side import side_by_side
from recognizers.common.errors import RequestError
from recognizers.common.seal import sealed_record, sha256, unsealed_record
from recognizers.common.writing import json_bytes
from tests.attacks.drawn_templates import pipeline, point
from tests.report.kept_results import PRIVATE, disclose, results, rewrite_record


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return results(tmp_path_factory.mktemp("here"))


@pytest.fixture(scope="module")
def bundle(here: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bundle") / "results.zip"
    path.write_bytes(packed(kept_in(here)))
    return path


def test_the_same_records_give_the_same_bytes_wherever_they_lie(here: Path, bundle: Path, tmp_path: Path) -> None:
    assert packed(kept_in(here)) == bundle.read_bytes()
    shutil.copytree(here, tmp_path / "elsewhere")
    assert packed(kept_in(tmp_path / "elsewhere")) == bundle.read_bytes()
    with results_of(bundle) as folder:
        assert packed(kept_in(folder)) == bundle.read_bytes()


def test_it_holds_every_record_and_neither_a_picture_nor_a_folder_s_name(here: Path, bundle: Path) -> None:
    files = read_bundle(bundle)
    assert {name.split("/")[0] for name in files} == {"runs", "attacks"}
    assert len({name.split("/")[1] for name in files}) == len(kept_in(here)) == 9
    assert not [name for name in files if name.endswith(".png")]
    whole = b"".join(files.values())
    assert "…/palm.jpg shows no hand".encode() in whole
    for private in (PRIVATE, str(here), "someone"):
        assert private.encode() not in whole


def test_what_was_computed_here_is_finished_there(here: Path, bundle: Path, tmp_path: Path) -> None:
    done = unpack(bundle, tmp_path)
    assert len(done.written) == 9 and not done.there
    there, before = (
        pipeline(point(str(folder), method=BlurConfig()), TrialConfig(UnchangedConfig())) for folder in (tmp_path, here)
    )
    assert finished(there)
    assert attacked(there).numbers == attacked(before).numbers
    record = next(tmp_path.glob("runs/*/record.json"))
    written = record.stat().st_mtime_ns
    again = unpack(bundle, tmp_path)
    assert len(again.there) == 9 and not again.written and record.stat().st_mtime_ns == written


def test_a_bundle_of_some_records_holds_those_alone(here: Path, tmp_path: Path) -> None:
    path = tmp_path / "blur.zip"
    assert cli.main(["bundle", str(path), f"results_dir={here}", "method=blur", "attack=unchanged"]) == 0
    with results_of(path) as folder:
        kept = kept_in(folder)
        assert {(each.kind, each.point["method"], each.point.get("attack")) for each in kept} == {
            ("runs", "blur", None), ("attacks", "blur", "unchanged o-a"),
        }  # fmt: skip


def test_what_was_looked_for_beside_identity_travels_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    disclose(tmp_path / "here", BlurConfig())
    path = tmp_path / "beside.zip"
    assert cli.main(["bundle", str(path), f"results_dir={tmp_path / 'here'}", "attack=handedness"]) == 0
    unpack(path, tmp_path / "there")
    (kept,) = kept_in(tmp_path / "there")
    (before,) = kept_in(tmp_path / "here")
    assert kept.disclosed == before.disclosed and kept.trial is None
    assert kept.record.metrics == before.record.metrics
    capsys.readouterr()
    assert cli.main(["bundle", "--list", str(path)]) == 0
    assert "kept 61.0 %  blur sigma 4 on synth" in capsys.readouterr().out
    assert not side_by_side([kept], [before]).pairs
    (point,) = points_of([kept])
    assert point.resisted is None and [each.called for each in point.disclosed] == ["handedness"]
    assert cli.main(["bundle", "--draw", str(tmp_path / "drawn"), str(path)]) == 0
    assert {each.name for each in (tmp_path / "drawn").iterdir()} >= {"disclosures-synth.md", "disclosures-synth.csv"}
    assert "| blur sigma 4 | 61.0 |" in capsys.readouterr().out


def test_points_of_two_recognizers_are_told_apart_where_they_are_drawn_together(here: Path) -> None:
    blur = next(each for each in points_of(kept_in(here)) if each.method == "blur")
    (kept, *_), told = blur.attacks, {"recognizer": "mtcc", "variant": "yan"}
    content = {**kept.record.content, "point": {**kept.point, **told}}
    other = replace(blur, attacks=(replace(kept, record=replace(kept.record, content=content)),))
    (alone,), (both,) = groups_of([blur]).values(), groups_of([blur, other]).values()
    assert [each.name for each in alone] == ["blur sigma 4"]
    assert [each.name for each in both] == ["blur sigma 4, ccnet compact", "blur sigma 4, mtcc yan"]
    assert both[1].resisted is not None and both[1].resisted.name == "blur sigma 4, mtcc yan"


def rewritten(data: bytes, change: Callable[[dict[str, bytes]], object], manifest: bool = False) -> bytes:
    """A bundle with other members, the manifest adapted to them if asked to."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    change(files)
    if manifest:
        content = unsealed_record(files.pop(MANIFEST))
        content["files"] = {name: {"sha256": sha256(each), "bytes": len(each)} for name, each in files.items()}
        files[MANIFEST] = json_bytes(sealed_record(content))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, each in files.items():
            archive.writestr(name, each)
    return buffer.getvalue()


def metrics_of(files: dict[str, bytes]) -> str:
    return next(name for name in files if name.endswith("metrics.json"))


def change_number(files: dict[str, bytes]) -> None:
    files[metrics_of(files)] = files[metrics_of(files)].replace(b"5", b"6")


def change_manifest(files: dict[str, bytes]) -> None:
    files[MANIFEST] = files[MANIFEST].replace(b'"bytes": ', b'"bytes": 1')


@pytest.mark.parametrize(
    ("change", "manifest", "said"),
    [
        (change_number, False, "metrics.json is not as it was written"),
        (change_manifest, False, "not the record that was written"),
        (lambda files: files.pop(MANIFEST), False, "no manifest"),
        (lambda files: files.pop(metrics_of(files)), False, "do not agree"),
        (lambda files: files.update({"runs/more.json": b"{}"}), False, "do not agree"),
        (lambda files: files.update({"../escaped.json": b"{}"}), True, "../escaped.json has no place in a bundle"),
        (lambda files: files.update({"/tmp/escaped.json": b"{}"}), True, "has no place in a bundle"),
        (lambda files: files.update({f"runs/{'0' * 32}/photo.png": b"P"}), True, "has no place in a bundle"),
    ],
)
def test_a_bundle_that_was_changed_is_said_and_nothing_of_it_is_written(
    change: Callable[[dict[str, bytes]], object], manifest: bool, said: str, bundle: Path, tmp_path: Path
) -> None:
    path, out = tmp_path / "in" / "changed.zip", tmp_path / "out" / "results"
    path.parent.mkdir()
    path.write_bytes(rewritten(bundle.read_bytes(), change, manifest))
    with pytest.raises(RequestError, match="is no bundle of palmbench, or is damaged") as error:
        unpack(path, out)
    assert said in str(error.value)
    assert not out.exists() and not (tmp_path / "out").exists()


def test_damage_by_a_disk_or_a_copy_is_found(bundle: Path, tmp_path: Path) -> None:
    data, path = bundle.read_bytes(), tmp_path / "damaged.zip"
    middle = len(data) // 2
    for damaged in (data[:middle], data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :], b"", b"words"):
        path.write_bytes(damaged)
        with pytest.raises(RequestError, match="or is damaged"):
            read_bundle(path)


def test_a_bundle_of_another_format_names_its_version(bundle: Path, tmp_path: Path) -> None:
    def older(files: dict[str, bytes]) -> None:
        content = {**unsealed_record(files[MANIFEST]), "records": 4, "palmbench": "0.0.1"}
        files[MANIFEST] = json_bytes(sealed_record(content))

    path = tmp_path / "older.zip"
    path.write_bytes(rewritten(bundle.read_bytes(), older))
    with pytest.raises(RequestError, match=r"made by palmbench 0\.0\.1, whose records are of format 4"):
        read_bundle(path)


def test_records_of_an_earlier_format_are_said_once(
    here: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(here, tmp_path / "older")
    for path in tmp_path.glob("older/*/*/record.json"):
        rewrite_record(path, lambda content: content.update(format=4))
    assert cli.main(["bundle", str(tmp_path / "a.zip"), f"results_dir={tmp_path / 'older'}"]) == 2
    said, why = capsys.readouterr().err.splitlines()
    assert "and 8 more are not used" in said and "holds no finished record" in why


def test_it_is_listed_with_its_attackers(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["bundle", "--list", str(bundle)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert (
        sum(line.startswith("run ") for line in lines) == 3 and sum(line.startswith("attack ") for line in lines) == 6
    )
    assert "floor o-a ccnet, unchanged o-a. Versions:" in lines[-1] and "unchanged 1" in lines[-1]


def test_it_is_drawn_as_the_folder_is(
    here: Path, bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for place, out in ((here, "of_folder"), (bundle, "of_bundle")):
        assert cli.main(["bundle", "--draw", str(tmp_path / out), str(place)]) == 0
    assert "| blur sigma 4 |" in capsys.readouterr().out
    drawn = [{path.name: path.read_bytes() for path in out.iterdir()} for out in sorted(tmp_path.iterdir())]
    assert drawn[0] == drawn[1]
    assert {"attacks-synth.csv", "gallery-synth.png", "tradeoff-synth.csv", "methods-synth.md"} <= set(drawn[0])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["methd=blur"], "did you mean method?"),
        (["method=swap"], "no finished record of method=swap"),
        (["out.txt"], "call it out.txt.zip"),
        (["a.zip", "b.zip"], "One file is enough"),
        (["--list"], "Name the bundle"),
        (["--list", "--into", "there", "a.zip"], "take one"),
        (["--list", "nothing.zip"], "There is no nothing.zip"),
        (["--into", "there", "a.zip", "method=blur"], "leave method= out"),
    ],
)
def test_what_cannot_be_met_is_a_sentence(
    words: list[str], said: str, here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    places = [] if any(word.startswith("--") for word in words) else [f"results_dir={here}"]
    assert cli.main(["bundle", *words, *places]) == 2
    assert said in capsys.readouterr().err


def test_only_a_bundle_is_replaced(here: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "results.zip"
    path.write_bytes(b"somebody's own")
    assert cli.main(["bundle", str(path), f"results_dir={here}"]) == 2
    assert "is no bundle; move it" in capsys.readouterr().err and path.read_bytes() == b"somebody's own"
    path.unlink()
    for words in (["method=blur"], []):
        assert cli.main(["bundle", str(path), f"results_dir={here}", *words]) == 0
    assert len({name.split("/")[1] for name in read_bundle(path)}) == 9

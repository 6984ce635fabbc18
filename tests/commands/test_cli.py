"""The command line, as a user meets it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from palmbench.commands import cli
from recognizers.common.errors import RequestError

ROOT = Path(__file__).resolve().parents[2]


def palmbench(*words: str, cwd: Path, before: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, and let it say which heavy packages it imported."""
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{before}\n"
        f"sys.argv[1:] = {list(words)!r}\n"
        "from palmbench.__main__ import main\n"
        "status = main()\n"
        "heavy = {'torch', 'cv2', 'hydra', 'wandb', 'diffusers'} & set(sys.modules)\n"
        "print('imported', *sorted(heavy)); sys.exit(status)\n"
    )
    return subprocess.run([sys.executable, "-c", code], cwd=cwd, capture_output=True, text=True, timeout=60)


def fake(monkeypatch: pytest.MonkeyPatch, module: str, **functions: object) -> None:
    monkeypatch.setitem(sys.modules, module, SimpleNamespace(**functions))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["-h"],
        ["--version"],
        ["ls"],
        ["ls", "method"],
        ["table", "--help"],
        ["data", "--help"],
        ["data", "export", "--help"],
        ["weights"],
        ["weights", "fetch", "--help"],
        ["weights", "convert", "--help"],
        ["deid", "--help"],
    ],
)
def test_help_and_listings_import_nothing_heavy(words: list[str], tmp_path: Path) -> None:
    done = palmbench(*words, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("imported\n")
    assert list(tmp_path.iterdir()) == []


def test_help_names_every_verb_and_works_through_examples() -> None:
    for verb in cli.VERBS:
        assert f"\n  {verb} " in cli.HELP
    examples = cli.HELP.split("examples\n")[1].split("\n\n")[0]
    assert len(examples.splitlines()) == 6
    assert max(map(len, cli.HELP.splitlines())) <= 110


def test_python_m_is_the_same_command(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "palmbench", "--help"], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, cli.HELP)


@pytest.mark.parametrize("own", ["recognizers.py", "recognizers/__init__.py"])
def test_a_module_of_ones_own_in_the_place_of_palmbenchs_is_told_and_not_run(own: str, tmp_path: Path) -> None:
    (tmp_path / own).parent.mkdir(exist_ok=True)
    (tmp_path / own).write_text("print('mine')\n")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "palmbench", "ls"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"palmbench: {tmp_path / own} has the name of palmbench's package recognizers")
    assert done.stderr.count("\n") == 1


def test_experiments_and_folders_of_ones_own_are_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / "experiments.py").write_text("print('mine')\n")
    (tmp_path / "recognizers").mkdir()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "palmbench", "claims", "paper"]
    assert subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True).returncode == 0


def test_planning_needs_no_torch(tmp_path: Path) -> None:
    weights = ROOT / "tests" / "fixtures" / "pbe-tiny" / "pipeline"
    done = palmbench("plan", "+ablation=roi", f"method.weights={weights}", "method.size=64", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "0 of 1600 artefacts are there, 1600 left" in done.stdout
    assert "3 points, 3520 artefacts left" in done.stdout  # of the originals, 640 are shared by the three
    assert done.stdout.endswith("imported cv2 hydra\n")
    assert list(tmp_path.iterdir()) == []


def test_a_table_of_finished_runs_needs_no_torch(tmp_path: Path) -> None:
    weights = ROOT / "tests" / "fixtures" / "pbe-tiny" / "pipeline"
    done = palmbench("table", "2", "recognizer=mtcc", f"method.weights={weights}", "method.size=64", cwd=tmp_path)
    assert done.returncode == 2
    assert "none of the 4 runs" in done.stderr
    assert "torch" not in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_bad_setting_is_told_on_standard_error_with_status_2(tmp_path: Path) -> None:
    done = palmbench("method=blurr", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("palmbench: method=blurr: ")
    assert len(done.stderr.splitlines()) == 1
    assert "torch" not in done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["tabel", "3"], "tabel is neither a verb nor a setting; did you mean table?"),
        (["ls", "methodz"], "there is no group methodz; did you mean method?"),
        (["ls", "method", "dataset"], "unrecognized arguments: dataset; see `palmbench ls --help`"),
        (["table"], "see `palmbench table --help`"),
        (["table", "method=mask"], "table needs the number of a table"),
        (["table", "5", "--rum"], "unrecognized arguments: --rum"),
        (["data"], "data needs to know what to do; see `palmbench data check --help`, `palmbench data export --help`."),
        (["data", "exprot"], "data: there is no exprot; did you mean export?"),
        (["data", "chek", "iitd", "--fast"], "data: there is no chek; did you mean check?"),
        (["data", "--fast"], "unrecognized arguments: --fast; see `palmbench data --help`"),
        (["data", "export", "iitd", "--layout", "zhou"], "invalid choice: 'iitd'"),
        (["data", "export", "synth"], "required: --layout; see `palmbench data export --help`"),
        (["data", "export", "synth", "--layout", "zhuo"], "zhuo; "),
        (["plan", "method.alpha=9"], "method.alpha must be"),
    ],
)
def test_what_cannot_be_met_is_said_with_status_2(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(words) == 2
    captured = capsys.readouterr()
    assert message in captured.err and captured.out == ""


@pytest.mark.parametrize("words", [["method=mask,blur"], ["run", "method=mask,blur"], ["-m", "method=mask,blur"]])
def test_settings_without_a_verb_are_a_run(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    fake(monkeypatch, "palmbench.report.running", run_points=lambda points, *_: seen.extend(points) or 3)
    assert cli.main(words) == 3
    assert [point.method.name for point in seen] == ["mask", "blur"]


def test_a_table_takes_numbers_and_settings_in_any_order(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    fake(monkeypatch, "palmbench.commands.table", table_command=lambda *call, **flags: seen.append((*call, flags)) or 0)
    assert cli.main(["table", "5", "dataset=iitd", "--run", "6", "+ablation=roi"]) == 0
    assert cli.main(["table", "2", "--no-intervals"]) == 0
    assert seen == [
        ([5, 6], ["dataset=iitd", "+ablation=roi"], {"run": True, "intervals": True}),
        ([2], [], {"run": False, "intervals": False}),
    ]


def test_an_export_passes_every_option_on_and_can_be_interrupted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake(monkeypatch, "palmbench.datasets.export", Export=dict, export_synth=lambda request: request)
    assert cli.main(["data", "export", "synth", "--layout", "rest", "--identities", "2", "--defects=all"]) == 0
    assert capsys.readouterr().out.strip() == str(
        {"layout": "rest", "out": None, "identities": 2, "samples": 6, "profile": "controlled", "size": None,
         "defects": "all"}
    )  # fmt: skip

    def stop(request: object) -> str:
        raise KeyboardInterrupt

    fake(monkeypatch, "palmbench.datasets.export", Export=dict, export_synth=stop)
    assert cli.main(["data", "export", "synth", "--layout", "rest"]) == 130
    assert capsys.readouterr().err == "palmbench: interrupted; nothing was left behind\n"


@pytest.mark.parametrize(("error", "status"), [(RequestError("no data"), 2), (KeyboardInterrupt(), 130)])
def test_a_run_that_stops_says_why(
    error: BaseException, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(*_: object) -> int:
        raise error

    fake(monkeypatch, "palmbench.report.running", run_points=stop)
    assert cli.main([]) == status
    assert capsys.readouterr().err.startswith("palmbench: ")


def test_a_python_without_the_dependencies_is_told_what_has_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> int:
        raise ModuleNotFoundError("No module named 'hydra.core'", name="hydra.core")

    fake(monkeypatch, "palmbench.report.running", run_points=fail)
    assert cli.main([]) == 2
    assert "has not the package hydra. In a checkout `make setup`" in capsys.readouterr().err


@pytest.mark.parametrize(
    "defect", [ZeroDivisionError(), ModuleNotFoundError("No module named 'x'", name="palmbench.x")]
)
def test_a_defect_is_not_hidden(defect: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> int:
        raise defect

    fake(monkeypatch, "palmbench.report.running", run_points=fail)
    with pytest.raises(type(defect)):
        cli.main([])


def test_printing_the_configuration_runs_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake(monkeypatch, "palmbench.report.running")
    assert cli.main(["--cfg", "job", "method=mask"]) == 0
    assert "fill: 0" in capsys.readouterr().out

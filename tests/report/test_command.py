"""`palmbench table` draws what the store holds and says what it does not."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from palmbench.commands.table import table_command
from palmbench.config.compose import compose_points
from palmbench.config.schema import RunConfig
from palmbench.datasets.settings import FolderDatasetConfig
from palmbench.paper.overrides import read_request
from palmbench.paper.rows import BASELINES, OURS
from palmbench.paper.sources import describe_samples
from palmbench.report.tables import SYNTHETIC
from recognizers.common.errors import RequestError
from tests.report.records import number


class Runs:
    """Stands for the runs of a folder of results: knows which points are computed, by the name of their method."""

    def __init__(self, *computed: str, status: int = 0) -> None:
        self.computed, self.asked, self.status = set(computed), [], status

    def of(self, point):
        return SimpleNamespace(result=self.result(point))

    def result(self, point):
        method = point.method
        if method.name not in self.computed:
            return None
        fusion, alpha = getattr(method, "fusion", ""), getattr(method, "alpha", None)
        recognizer = point.recognizer
        variant = recognizer.options.get("variant", "full" if "weights" in recognizer.options else "")
        where = {"dataset": point.dataset.name, "recognizer": recognizer.name, "variant": variant}
        metrics = {"rr": number(90.0, n=8), "ssim": number(0.9, n=8, std=0.1)}
        return {"point": {**where, "method": method.name, "fusion": fusion, "alpha": alpha}, "metrics": metrics}

    def run(self, points):
        self.asked += points
        self.computed |= {point.method.name for point in points}
        return self.status


@pytest.fixture
def use(monkeypatch):
    def install(runs: Runs) -> Runs:
        monkeypatch.setattr("palmbench.engine.run.Run.of", runs.of)
        monkeypatch.setattr("palmbench.report.running.run_points", runs.run)
        return runs

    return install


@pytest.fixture(autouse=True)
def no_weights(tmp_path, monkeypatch):
    """Whether networks have been trained in this checkout is nothing to these tests."""
    monkeypatch.setattr("recognizers.networks.embedding.weights_dir", lambda: tmp_path / "weights")


@pytest.fixture
def settings(tmp_path):
    return [f"results_dir={tmp_path / 'results'}", f"data_dir={tmp_path / 'data'}"]


def test_nothing_computed_is_status_2_and_the_command_is_named(use, settings, capsys):
    use(Runs())
    assert table_command([5], [*settings, "dataset=synth"]) == 2
    said = capsys.readouterr().err
    assert "none of the 13 runs of table 5" in said
    assert "`palmbench table 5 --run results_dir=" in said


def test_run_computes_only_what_is_missing_and_passes_its_status_on(use, settings, tmp_path, capsys):
    runs = use(Runs("mask", status=3))
    assert table_command([2], settings, run=True) == 3
    assert sorted(point.method.name for point in runs.asked) == ["blur", "diffusion", "pixelate"]
    folder = tmp_path / "results" / "tables"
    assert sorted(path.name for path in folder.iterdir()) == ["table2.csv", "table2.md", "table2.tex"]
    printed = capsys.readouterr().out
    assert (folder / "table2.md").read_text(encoding="utf-8") in printed
    assert str(folder / "table2.tex") in printed


def test_a_table_that_cannot_be_written_is_printed(use, settings, tmp_path, capsys):
    use(Runs("mask"))
    (tmp_path / "results").touch()  # no folder: nothing can be written below it
    with pytest.raises(RequestError, match="cannot be written"):
        table_command([2], settings)
    assert "| Synthetic | Masking |" in capsys.readouterr().out


def test_a_tracker_is_given_the_whole_sweep(use, settings):
    runs = use(Runs("mask", "blur"))
    assert table_command([2], [*settings, "tracker=wandb"], run=True) == 0
    assert sorted(point.method.name for point in runs.asked) == ["blur", "diffusion", "mask", "pixelate"]


def test_the_same_runs_give_the_same_bytes(use, settings, tmp_path):
    use(Runs("mask", "diffusion"))
    folder = tmp_path / "results" / "tables"
    written = []
    for _ in range(2):
        assert table_command([3, 6], settings) == 0
        written.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert written[0] == written[1]
    assert len(written[0]) == 6


def test_absent_data_sets_are_named_with_where_to_ask(use, settings, capsys):
    use(Runs("mask"))
    table_command([2], settings)
    printed = capsys.readouterr().out
    for name in ("IITD", "PolyU", "REST", "Zhou", "NTU-PI"):
        assert f"- {name} is not in " in printed
    assert SYNTHETIC in printed


@pytest.mark.parametrize(("number", "datasets"), [(2, "Synthetic REST Zhou"), (4, "Synthetic REST Zhou"), (5, "")])
def test_synthetic_hands_come_first_and_present_data_sets_follow(use, settings, capsys, monkeypatch, number, datasets):
    monkeypatch.setattr("palmbench.datasets.present_datasets", lambda folder: ["synth", "zhou", "rest"])
    use(Runs("mask"))
    table_command([number], settings)
    printed = capsys.readouterr().out
    rows = [line.split("|")[1:3] for line in printed.splitlines() if line.startswith("|")]
    masked = [place.strip() for place, method in rows if method.strip() == "Masking"]
    assert " ".join(masked) == datasets
    if datasets:
        assert f"Synthetic: {SYNTHETIC}" in printed
        assert "IITD is not in" in printed and "REST is not in" not in printed
    else:
        assert "Data set: Synthetic." in printed


def test_the_diffusion_behind_the_rows_is_named(use, settings, capsys):
    use(Runs("diffusion"))
    table_command([2], [*settings, "method.steps=7"])
    assert (
        "- Diffusion: the embedded weights, dpmsolver++, 7 steps spaced by 1.5, guidance 3 " in capsys.readouterr().out
    )


@pytest.fixture
def trained(tmp_path):
    """Files that stand where the weights of CCNet are looked for."""
    path = tmp_path / "weights" / "ccnet" / "ccnet.safetensors"
    path.parent.mkdir(parents=True)
    path.write_bytes((2).to_bytes(8, "little") + b"{}")
    return path


def columns(printed):
    (head,) = (line for line in printed.splitlines() if line.startswith("| Data set"))
    return [text.strip() for text in head.split("|")[3:-3]]


def test_recognizers_without_weights_are_left_out_and_named_with_what_to_do(use, settings, capsys):
    use(Runs("mask"))
    assert table_command([2], [*settings, "dataset=synth"]) == 0
    printed = capsys.readouterr().out
    assert {text.split()[0] for text in columns(printed)} == {"MTCC"}
    assert "- No columns of CCNet. CCNet's weights are missing: " in printed
    assert "- No columns of EEHNet (reconstruction). EEHNet's weights are missing: " in printed


def test_table_2_is_drawn_from_every_recognizer_that_is_there(use, settings, trained, capsys):
    runs = use(Runs())
    assert table_command([2], [*settings, "dataset=synth"], run=True) == 0
    assert sorted((point.method.name, point.recognizer.name) for point in runs.asked) == sorted(
        (method, name) for method in ("diffusion", "mask", "blur", "pixelate") for name in ("mtcc", "ccnet")
    )
    printed = capsys.readouterr().out
    assert {text.split()[0] for text in columns(printed)} == {"MTCC", "CCNet"}
    assert "No columns of CCNet" not in printed


def test_a_table_of_one_recognizer_is_asked_for_by_name(use, settings, trained, capsys):
    runs = use(Runs())
    table_command([2], [*settings, "dataset=synth", "recognizer=palmcode"], run=True)
    assert {point.recognizer.name for point in runs.asked} == {"palmcode"}
    # It is none of the paper's: its columns are those of MTCC, under its own name.
    assert [text.split()[0] for text in columns(capsys.readouterr().out)] == ["palmcode"] * 4


def test_a_recognizers_setting_goes_to_the_one_that_has_it(use, settings, trained):
    runs = use(Runs())
    table_command([2], [*settings, "dataset=synth", "recognizer.variant=original"], run=True)
    assert {(point.recognizer.name, *point.recognizer.options.values()) for point in runs.asked} == {
        ("mtcc", "original"), ("ccnet", "embedded"),
    }  # fmt: skip


def test_quality_needs_one_recognizers_runs_only(use, settings):
    runs = use(Runs())
    table_command([3], [*settings, "dataset=synth"], run=True)
    assert [point.recognizer.name for point in runs.asked] == ["mtcc"] * 4


@pytest.mark.parametrize(
    ("overrides", "reason"),
    [
        (["recognizer=ccnet"], "No columns of CCNet. CCNet's weights are missing"),
        (["recognizer=mtc"], "mtc; "),
        (["recognizer.weights=x.pth"], "weights is a setting of ccnet and of eehnet; choose one with recognizer=."),
        (["recognizer.varient=yan"], "no recognizer here has a setting varient; did you mean variant"),
        (["recognizer.variant=yann"], "recognizer=mtcc: .*yann"),
    ],
)
def test_attacks_that_cannot_be_drawn_are_explained(use, settings, overrides, reason):
    use(Runs("mask"))
    with pytest.raises(RequestError, match=reason):
        table_command([2], [*settings, "dataset=synth", *overrides])


def test_settings_go_to_the_methods_that_have_them():
    request = read_request("A table", ["method=diffusion_paper", "method.sigma=9", "seed=3"])
    ours, blur = request.points("synth", [OURS, BASELINES[1]])
    assert (ours.method.sampler, ours.method.fusion, ours.method.alpha) == ("plms", OURS.fusion, OURS.alpha)
    assert blur.method.sigma == 9
    assert ours.seed == blur.seed == 3
    with pytest.raises(RequestError, match="sigmma"):
        read_request("A table", ["method.sigmma=9"])


def test_points_made_of_parts_are_those_that_a_run_composes():
    words = ["dataset.identities=3", "recognizer.variant=original", "eer=grid"]
    request = read_request("A table", words)
    made = request.points("synth", [OURS, BASELINES[0]], request.recognizers(["mtcc"]))
    assert made == compose_points(["method=diffusion,mask", *words])


@pytest.mark.parametrize(
    ("overrides", "reason"),
    [
        (["method.alpha=0.5"], "sets method.alpha itself"),
        (["method=blur"], "takes the paper's methods"),
        (["dataset=synth,iitd"], "about one data set"),
        (["quality.usability_scale=image,hand", "dataset=synth"], "quality.usability_scale=image,hand"),
        (["iitd"], "key=value"),
    ],
)
def test_what_a_table_cannot_be_asked_is_explained(use, settings, overrides, reason):
    use(Runs("mask"))
    with pytest.raises(RequestError, match=reason):
        table_command([5], [*settings, *overrides])


def test_two_settings_are_refused_before_either_is_computed(use, settings):
    runs = use(Runs())
    with pytest.raises(RequestError, match=r"method\.steps=1,2"):
        table_command([2], [*settings, "method.steps=1,2"], run=True)
    assert runs.asked == []


def test_two_recognizers_of_one_name_have_no_place(use, settings, monkeypatch):
    use(Runs("mask"))
    same = SimpleNamespace(settings=lambda: {"variant": "yan"})
    monkeypatch.setattr("palmbench.stages.enrol.load_recognizer", lambda config: same)
    with pytest.raises(RequestError, match="one place for mtcc"):
        table_command([2], [*settings, "recognizer=mtcc", "recognizer.variant=yan,original"])


def test_seeds_are_one_line_each(use, settings, capsys):
    use(Runs("mask"))
    assert table_command([5], [*settings, "dataset=synth", "seed=1,2"]) == 0
    said = capsys.readouterr().out
    assert "90.00, σ 0.00" in said and "Means over 2 run seeds (1, 2)." in said
    assert said.count("| Masking |") == 1


def test_there_is_no_table_8(use, settings):
    use(Runs())
    with pytest.raises(RequestError, match="no table 8"):
        table_command([8], settings)


def test_how_a_number_was_measured_is_told_where_it_is_not_as_in_the_paper(use, settings, capsys):
    use(Runs("mask"))

    def said(number, *words):
        table_command([number], [*settings, "dataset=synth", *words])
        return capsys.readouterr().out

    assert "torchmetrics" not in said(3)
    assert "Image quality by the defaults of torchmetrics (LPIPS on AlexNet)" in said(3, "quality=torchmetrics")
    assert "100 % is the photo's width or height" in said(4)
    assert "100 % is the larger side of the hand's box" in said(7, "quality.usability_scale=hand")
    # Each where it matters.
    assert "eer=grid" in said(2, "eer=grid") and "eer=grid" not in said(3, "eer=grid")
    assert "100 %" not in said(3)


def test_a_part_of_a_data_set_is_told():
    part = FolderDatasetConfig("iitd", split="iitd-ccnet/test", identities=3)
    points = [
        RunConfig(dataset=part),
        RunConfig(dataset=part),
        RunConfig(),
        RunConfig(dataset=replace(part, name="rest")),
    ]
    told = ["IITD: split iitd-ccnet/test, the first 3 palms.", "REST: split iitd-ccnet/test, the first 3 palms."]
    assert describe_samples(points) == told

"""Figures show what the store holds, and no photo that a data set's card forbids."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from palmbench.base.store import Store
from palmbench.commands.figure import figure_command
from palmbench.config.compose import compose_points
from palmbench.config.executors import ExecutorConfig
from palmbench.config.schema import RecognizerConfig, RunConfig
from palmbench.datasets.sample import Sample
from palmbench.datasets.settings import SynthConfig
from palmbench.engine.pipeline import Pipeline
from palmbench.engine.records import table_file, write_record
from palmbench.engine.run import Run
from palmbench.hands.roi_squares import palm_crop
from palmbench.methods.blur import BlurConfig
from palmbench.methods.identity import IdentityConfig
from palmbench.methods.mask import MaskConfig
from palmbench.paper.diversity import subject_of
from palmbench.report.figures import ORIGINAL, PhotoSpec, Tile
from palmbench.report.figures.curves import (
    SETS,
    Panel,
    bandwidth_of,
    curve,
    density,
    diversity_panel,
    run_panel,
)
from palmbench.report.figures.drawing import draw_curves, draw_photos
from palmbench.report.figures.permission import may_show
from palmbench.report.figures.photos import compute, gather, pick_hands
from palmbench.report.figures.style import DPI, PENS, WIDTH
from palmbench.report.running import run_points
from palmbench.report.tables import SYNTHETIC, Setting
from palmbench.scoring import Distribution, equal_error_rate
from recognizers.common.errors import RequestError

MASK, BLUR = Tile("Masking", Setting("Masking", "mask")), Tile("Blurring", Setting("Blurring", "blur"))
SPEC = PhotoSpec(number=7, caption="Three tiles.", rows=((ORIGINAL, MASK), (BLUR,)), axis="setting")


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return tmp_path_factory.mktemp("results")


def point(results, method) -> RunConfig:
    executor = ExecutorConfig(devices=("cpu",), workers=1)
    return RunConfig(dataset=SynthConfig(identities=3, samples=2), method=method, executor=executor,
                     results_dir=str(results))  # fmt: skip


@pytest.fixture(scope="module")
def masked(results):
    """A finished run of masking."""
    config = point(results, MaskConfig())
    assert run_points([config]) == 0
    return Pipeline.of(config)


@pytest.fixture(scope="module")
def points(results, masked):
    return [point(results, method) for method in (IdentityConfig(), MaskConfig(), BlurConfig())]


def test_tiles_are_the_stores_photos_cut_to_the_palm(masked, points, results):
    (hand,) = gather(SPEC, points)
    sample, store = masked.samples[0], Store(results / "store")
    assert (hand.dataset, hand.sample) == ("synth", sample.id)
    square = palm_crop(masked.prepare.load(sample, store), (480, 640))
    original, changed = hand.rows[0]
    np.testing.assert_array_equal(original.image, square.crop(masked.prepare.photos.load(sample, store)))
    np.testing.assert_array_equal(changed.image, square.crop(masked.deidentify.load(sample, store)))


def test_what_is_not_computed_has_an_empty_place_until_it_is(points, results, tmp_path):
    blur = gather(SPEC, points)[0].rows[1][0]
    assert blur.image is None and blur.absent == "not computed"
    elsewhere = [point(tmp_path, each.method) for each in points]
    assert compute(SPEC, elsewhere) == 0
    assert all(shot.image is not None for shot in gather(SPEC, elsewhere)[0].shots)
    # The photos shown and no others: one of six, through two methods.
    assert len(list((tmp_path / "store" / "deidentified").rglob("*.png"))) == 2
    assert not (tmp_path / "runs").exists()


def test_a_method_that_failed_is_drawn_as_failed(masked, points, results, tmp_path):
    elsewhere = [point(tmp_path, each.method) for each in points]
    prepare = Pipeline.of(elsewhere[0]).prepare
    Store(tmp_path / "store").write(prepare.name, prepare.key(masked.samples[0]), ".failed", b"no hand was found")
    (hand,) = gather(SPEC, elsewhere)
    assert {shot.absent for shot in hand.shots} == {"failed"}
    assert compute(SPEC, elsewhere) == 3
    texts = [text.get_text() for axes in draw_photos([hand]).axes for text in axes.texts]
    assert texts == ["failed"] * 3


def sample(number: int, person: str, side: str) -> Sample:
    return Sample(id=str(number), identity=f"{person}{side}", person=person, side=side, digest="")


def test_hands_are_the_first_people_left_and_right_in_turn():
    people = [sample(0, "a", "left"), sample(1, "a", "right"), sample(2, "b", "left"), sample(3, "b", "right")]
    assert [each.id for each in pick_hands(people, 2)] == ["0", "3"]
    # Nobody else has a right hand: another left one is better than none, the same person's is not.
    assert [each.id for each in pick_hands(people[:3], 2)] == ["0", "2"]
    assert [each.id for each in pick_hands(people[:2], 2)] == ["0"]
    unknown = [sample(number, person, "") for number, person in enumerate("aabb")]
    assert [each.id for each in pick_hands(unknown, 3)] == ["0", "2"]


def test_the_grid_is_as_wide_as_two_columns_of_the_journal(points):
    drawing = draw_photos(gather(SPEC, points))
    assert drawing.get_size_inches()[0] == WIDTH
    assert [axes.get_title() for axes in drawing.axes] == ["Original", "Masking", "Blurring"]
    # Print: a tile of two has over a thousand pixels to show a palm in.
    assert drawing.axes[0].get_position().width * WIDTH * DPI > 1000


def test_curves_hold_the_scores_of_the_run(masked):
    panel = run_panel(Run.of(masked), masked)
    assert (panel.dataset, panel.recognizer) == ("synth", "mtcc")
    scores = pd.read_parquet(Run.of(masked).folder / "scores.parquet")
    for name in ("genuine", "impostor"):
        rows = scores[scores["set"] == name]
        np.testing.assert_array_equal(panel.distributions[name].values, rows["distance"])
        np.testing.assert_array_equal(panel.distributions[name].counts, rows["count"])
    own = scores.loc[scores["set"] == "self", "distance"].to_numpy(float)
    expected = Distribution.of(own[np.isfinite(own)])
    np.testing.assert_array_equal(panel.distributions["original_deidentified"].values, expected.values)
    assert panel.failed == int(np.isnan(own).sum())
    assert (
        panel.threshold == equal_error_rate(panel.distributions["genuine"], panel.distributions["impostor"]).threshold
    )
    # The threshold is the one that the run's rates were taken at.
    for eer in ("exact", "grid", "roc"):
        drawn = run_panel(Run.of(masked), Pipeline.of(replace(masked.config, eer=eer)))
        expected = equal_error_rate(panel.distributions["genuine"], panel.distributions["impostor"], eer)
        assert drawn.threshold == expected.threshold
    # Three palms twice: three genuine pairs.
    assert panel.distributions["genuine"].size == 3


def test_different_seeds_are_shown_only_where_the_settings_are_the_same(masked, tmp_path):
    table = pd.DataFrame(
        {"set": ["genuine", "impostor", "original_deidentified", "deidentified_deidentified"],
         "distance": [0.2, 0.5, 0.45, 0.4], "count": [3, 12, 60, 270]}
    )  # fmt: skip
    summary, scores = tmp_path / "synth-mtcc.json", tmp_path / "synth-mtcc.parquet"

    def write(pipeline):
        write_record(summary, {"key": subject_of(pipeline)}, {scores.name: table_file(table)})

    write(masked)
    panel = diversity_panel(summary, subject_of(masked), masked)
    assert panel.distributions["deidentified_deidentified"].counts.tolist() == [270]
    assert panel.counts_text().endswith("270 de-identified with different seeds")
    others = (
        {"dataset": replace(masked.config.dataset, samples=1)},
        {"dataset": replace(masked.config.dataset, profile="wild")},  # as many photos of other hands
        {"method": BlurConfig()},
        {"recognizer": RecognizerConfig("compcode", {})},
    )
    for change in others:
        write(Pipeline.of(replace(masked.config, **change)))
        assert diversity_panel(summary, subject_of(masked), masked) is None
    assert diversity_panel(tmp_path / "nowhere.json", subject_of(masked), masked) is None
    # What lost its end, or is of something else, the experiment makes again.
    for damage in (lambda data: data[:-9], lambda data: data[:60] + bytes([data[60] ^ 1]) + data[61:]):
        for path in (scores, summary):
            write(masked)
            path.write_bytes(damage(path.read_bytes()))
            assert diversity_panel(summary, subject_of(masked), masked) is None


@pytest.mark.parametrize("recognizers", [["mtcc"], ["mtcc", "ccnet"]])
@pytest.mark.parametrize("seeds", [True, False])
def test_the_legend_of_curves_lies_within_the_figure(recognizers, seeds):
    sets = {name: Distribution.of([0.1, 0.2, 0.3]) for name in (SETS if seeds else SETS[:3])}
    figure = draw_curves([Panel("synth", name, sets, 0, "exact") for name in recognizers], {})
    FigureCanvasAgg(figure).draw()
    (legend,) = figure.legends
    assert len(legend.get_texts()) == len(sets) + 1
    box = legend.get_window_extent()
    assert box.x0 >= 0 and box.x1 <= figure.bbox.width


def test_density_of_hand_computed_cases():
    one = Distribution.of([0.0])
    # The normal density at 0 and at one deviation.
    np.testing.assert_allclose(density(one, np.array([0.0, 1.0]), 1.0), [0.3989422804, 0.2419707245], rtol=1e-9)
    weighted = Distribution(np.array([0.0, 1.0]), np.array([3, 1]))
    np.testing.assert_allclose(
        density(weighted, np.array([0.0]), 1.0), [0.75 * 0.3989422804 + 0.25 * 0.2419707245], rtol=1e-9
    )


def test_density_of_many_values_is_that_of_all_of_them():
    scores = np.random.default_rng(0).normal(0.4, 0.05, 20_000)
    at = np.linspace(0.25, 0.55, 7)
    exact = [np.exp(-0.5 * ((x - scores) / 0.01) ** 2).sum() / (20_000 * 0.01 * np.sqrt(2 * np.pi)) for x in at]
    np.testing.assert_allclose(density(Distribution.of(scores), at, 0.01), exact, rtol=1e-3)


def test_bandwidth_is_silvermans():
    scores = Distribution.of(np.arange(1.0, 9.0))
    # Deviation sqrt(5.25) = 2.291, quartiles 2 and 6: 4 / 1.34 = 2.985; 8 ** -0.2 = 0.6598.
    assert bandwidth_of(scores, 0.0) == pytest.approx(0.9 * 5.25**0.5 * 8**-0.2)
    assert bandwidth_of(Distribution.of([0.4, 0.4]), 0.01) == 0.01


def test_curves_enclose_an_area_of_one_and_are_told_apart_without_colour(tmp_path):
    generator = np.random.default_rng(1)
    found = {name: Distribution.of(generator.normal(place, 0.02, 300)) for place, name in enumerate(PENS, 1)}
    limits = (min(each.values[0] for each in found.values()), max(each.values[-1] for each in found.values()))
    drawing = draw_curves([Panel("synth", "mtcc", found)], {"mtcc": "MTCC"})
    lines = drawing.axes[0].get_lines()[:4]
    assert [line.get_label() for line in lines] == [pen.label for pen in PENS.values()]
    for line, distribution in zip(lines, found.values(), strict=True):
        x, y = line.get_data()
        np.testing.assert_array_equal((x, y), curve(distribution, limits))
        assert y.sum() * (x[1] - x[0]) == pytest.approx(1, abs=5e-3)
    drawing.savefig(path := tmp_path / "curves.svg")
    dashes = re.findall(r"stroke-dasharray: ([^;\"]+)", path.read_text())
    assert len(set(dashes)) == len(lines) - 1  # one is solid
    assert len({line.get_color() for line in lines}) == 4


def test_cards_decide_which_photos_are_shown():
    shown = may_show(["synth", "iitd", "folder", "ntupi"], images=2)
    assert shown.datasets == ["synth"]
    assert shown.notes == [
        "No photos of IITD: its card (data/iitd.yaml) does not allow it.",
        "No photos of Folder: it has no card that allows it.",
        "No photos of NTU-PI: its card (data/ntupi.yaml) does not allow it.",
    ]


def test_a_card_may_allow_a_number_of_photos(monkeypatch):
    from dataclasses import replace

    from palmbench.datasets import read_card

    card = replace(read_card("ntupi"), may_publish_images=True)
    monkeypatch.setattr("palmbench.report.figures.permission.read_card", lambda name: card)
    assert may_show(["ntupi"], images=99).datasets == ["ntupi"]
    assert may_show(["ntupi"], images=100).notes[0].endswith("allows 99 in all, not 100.")


@pytest.mark.parametrize("number", [4, 6, 7])
def test_a_data_set_that_may_not_be_shown_is_refused_before_it_is_opened(number, tmp_path):
    with pytest.raises(RequestError, match=f"Figure {number} cannot be drawn. No photos of IITD: its card"):
        figure_command([number], ["dataset=iitd", f"results_dir={tmp_path}", f"data_dir={tmp_path}"])
    assert not list(tmp_path.iterdir())


def test_a_figure_is_written_as_png_and_pdf_with_the_same_bytes_each_time(masked, results, tmp_path, capsys):
    words = ["dataset=synth", "dataset.identities=3", "dataset.samples=2", f"results_dir={results}"]
    written = []
    for _ in range(2):
        assert figure_command([7], words) == 0
        written.append({path.name: path.read_bytes() for path in (results / "figures").iterdir()})
    assert sorted(written[0]) == ["figure7.pdf", "figure7.png"] and written[0] == written[1]
    assert written[0]["figure7.png"].startswith(b"\x89PNG") and written[0]["figure7.pdf"].startswith(b"%PDF")
    printed = capsys.readouterr().out
    assert "Not computed: s (" in printed and f"`palmbench figure 7 --run {' '.join(words)}` computes them" in printed
    assert "Masking (" not in printed
    assert SYNTHETIC in printed


@pytest.mark.parametrize("number", [4, 5])
def test_nothing_computed_is_status_2_and_the_command_is_named(number, tmp_path, capsys):
    words = ["dataset=synth", f"results_dir={tmp_path}", "dataset.identities=2", "dataset.samples=1"]
    assert figure_command([number], words) == 2
    assert f"`palmbench figure {number} --run {' '.join(words)}` computes them." in capsys.readouterr().err


def test_a_panel_without_a_curve_of_seeds_names_what_computes_it_with_the_users_settings(tmp_path, capsys):
    words = ["dataset.identities=2", "dataset.samples=2", "method.steps=1", "recognizer=mtcc", "executor.workers=1"]
    words += [f"results_dir={tmp_path}"]
    assert run_points(compose_points(["method=diffusion", *words])) == 0
    assert figure_command([5], ["dataset=synth", *words]) == 0
    told = f"no curve of different seeds; `palmbench diversity dataset=synth {' '.join(words)}` computes it."
    assert told in capsys.readouterr().out


@pytest.mark.parametrize(
    ("number", "words", "reason"),
    [
        (3, [], "no figure 3"),
        (6, ["seed=3"], "several seeds"),
        (7, ["dataset=synth,iitd"], "Figure 7.*synth,iitd"),
        (7, ["method.alpha=0.5"], "method.alpha"),
        (4, ["dataset=synth", "method.steps=2,3"], "method.steps=2,3"),
        (4, ["dataset=synth", "method=diffusion,diffusion_paper"], "method=diffusion,diffusion_paper"),
        (5, ["dataset=synth", "recognizer=mtcc", "seed=0,1"], "seed=0,1"),
    ],
)
def test_what_a_figure_cannot_be_asked_is_explained(number, words, reason):
    with pytest.raises(RequestError, match=reason):
        figure_command([number], words)

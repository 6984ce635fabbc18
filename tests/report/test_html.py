"""The report is one page that needs nothing else, shows every table, and says what failed."""

from __future__ import annotations

import json
import re
import subprocess
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pytest

from palmbench import synth
from palmbench.base.images import encode_png, write_png
from palmbench.commands.report import report_command
from palmbench.config.executors import ExecutorConfig
from palmbench.config.schema import RunConfig
from palmbench.datasets.settings import FolderDatasetConfig, SynthConfig
from palmbench.engine.provenance import Checkout, checkout
from palmbench.engine.resume import Failure
from palmbench.engine.run import Run
from palmbench.methods.mask import MaskConfig
from palmbench.report.html.claims import claims_section
from palmbench.report.html.results import table_section
from palmbench.report.html.runs import FinishedRun, errors_section, weights_of
from palmbench.report.html.tags import grid, image, tag, text
from palmbench.report.paper import Cell, PaperValue
from palmbench.report.rows import rows_of
from palmbench.report.running import run_points
from palmbench.report.tables import RecognizerColumns, Setting, Table, TableSpec, arrange
from recognizers.common.errors import RequestError
from tests.report.records import RECORDS

VOID = {"meta", "img"}


class Page(HTMLParser):
    """Elements of a page: what it holds, and whether every one is closed where it should be."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.words: list[str] = []
        self.feed(page)
        assert not self.open

    def handle_starttag(self, name, attributes):
        self.attributes += attributes
        if name not in VOID:
            self.open.append(name)

    def handle_endtag(self, name):
        assert self.open.pop() == name

    def handle_data(self, data):
        self.words.append(data)

    def values(self, name):
        return [value for key, value in self.attributes if key == name]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A page over a store in which one of the methods is computed, and that run's metrics."""
    results = tmp_path_factory.mktemp("results")
    executor = ExecutorConfig(devices=("cpu",), workers=1)
    masked = RunConfig(
        dataset=SynthConfig(identities=3, samples=2), method=MaskConfig(), executor=executor, results_dir=str(results)
    )
    assert run_points([masked]) == 0
    words = ["dataset=synth", "dataset.identities=3", "dataset.samples=2", "recognizer=mtcc", f"results_dir={results}"]
    assert report_command(words) == 0
    return (results / "report" / "index.html").read_text(encoding="utf-8"), Run.of(masked).result["metrics"]


def test_the_page_has_every_table_and_figure_and_each_link_leads_to_one(made):
    page = Page(made[0])
    wanted = {*(f"table{number}" for number in range(2, 8)), *(f"figure{number}" for number in range(4, 8))}
    assert wanted | {"claims", "provenance", "errors"} <= set(page.values("id"))
    assert {link.removeprefix("#") for link in page.values("href")} <= set(page.values("id"))


def test_the_page_needs_no_network(made):
    page = Page(made[0])
    assert page.values("src") and all(source.startswith("data:image/png;base64,") for source in page.values("src"))
    assert all(link.startswith("#") for link in page.values("href"))
    assert "default-src 'none'; img-src data:; style-src 'unsafe-inline'" in page.values("content")
    assert "url(" not in made[0] and "@import" not in made[0] and "<script" not in made[0] and "<link" not in made[0]


def test_the_pages_numbers_are_the_stores(made):
    page, metrics = made
    for metric, decimals in (("rr", 2), ("dir", 2), ("ssim", 4), ("psnr", 4), ("keypoints_2d", 3)):
        assert f"{float(metrics[metric].value):.{decimals}f}<" in page
    assert "[{0.lo:.2f}, {0.hi:.2f}]".format(metrics["acc_nn"]) in page


def test_the_page_says_what_is_not_computed_and_how_it_would_be(made):
    words = " ".join(Page(made[0]).words)
    assert "Not computed: Diffusion (Synthetic), Blurring (Synthetic), Pixelating (Synthetic)." in words
    # Photos without any de-identified one are no figure.
    assert "none of the 12 photos of figure 6 is there; `palmbench figure 6 --run dataset=synth" in words
    assert "1 of 13" in words


def test_the_page_says_where_its_numbers_come_from(made):
    words = " ".join(Page(made[0]).words)
    for part in ("find hands in originals", "detector and segmenter", "Procedural hands of nobody", "torch", "mask"):
        assert part in words
    assert "No sample failed in these 1 runs." in words


def test_runs_with_failures_are_on_the_page_with_their_number_and_no_absolute_path(tmp_path):
    photos, results = tmp_path / "my photos", tmp_path / "my results"
    for palm in (0, 2):
        for sample in (0, 1):
            write_png(photos / f"{palm}" / f"{sample}.png", synth.render(palm, sample).image)
    (photos / "2" / "torn.png").write_bytes((photos / "2" / "0.png").read_bytes()[:5000])
    executor = ExecutorConfig(devices=("cpu",), workers=1)
    dataset = FolderDatasetConfig("folder", root=str(photos))
    assert (
        run_points([RunConfig(dataset=dataset, method=MaskConfig(), executor=executor, results_dir=str(results))]) == 3
    )
    words = ["dataset=folder", f"dataset.root='{photos}'", "recognizer=mtcc", f"results_dir='{results}'"]
    assert report_command(words) == 0
    page = (results / "report" / "index.html").read_text(encoding="utf-8")
    shown = " ".join(Page(page).words)
    assert "Runs finished 1 of 13" in shown and "Samples failed 1" in shown
    assert "2/torn.png: cannot be decoded" in shown and "No sample failed" not in shown
    assert str(tmp_path) not in page and not re.search(r"(?<![\w<:.…/])/(tmp|home|work|var)/", page)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("/data/iitd/001_1.jpg: not an image", "…/001_1.jpg: not an image"),
        ("none is in /data; ask", "none is in …/data; ask"),
        ("results_dir=/home/me/results and 'root=/a/b'", "results_dir=…/results and 'root=…/b'"),
        ("see '/mnt/My Disk/hands (2)/a.jpg' and b/c.jpg", "see '…/a.jpg' and b/c.jpg"),
        ("RR ↑ / DIR ↑/↓, and/or 3/4 +/- 1, see https://example.org/a/b, ~/results, a/b.png", None),
    ],
)
def test_of_an_absolute_path_only_its_last_part_is_shown(said, shown):
    assert text(said) == (shown or said)
    assert tag("p", title=said) == f'<p title="{shown or said}"></p>'.replace("'", "&#x27;")


def test_an_empty_store_is_nothing_to_report(tmp_path):
    words = ["dataset=synth", "recognizer=mtcc", f"results_dir={tmp_path}"]
    with pytest.raises(RequestError, match="no run is finished; `palmbench report --run dataset=synth"):
        report_command(words)
    assert not (tmp_path / "report").exists()


def arranged(notes=()) -> Table:
    spec = TableSpec(
        number=2,
        caption="Rates <of> & all.",
        axis="dataset",
        segments=(
            (Setting("Diffusion", "diffusion", "s+m", 0.1), Setting("Masking", "mask"), Setting("Blur", "blur")),
        ),
        groups=(RecognizerColumns("mtcc", "MTCC", ("rr", "dir")), RecognizerColumns("", "", ("psnr",))),
    )
    paper = {Cell("iitd", "diffusion", "s+m", 0.1, "mtcc", "rr"): PaperValue(98.5, None)}
    return arrange(spec, rows_of(RECORDS, paper), ["iitd"], notes)


def test_a_table_has_intervals_the_papers_number_and_the_difference():
    page = table_section(2, arranged(), "")
    Page(page)
    assert '<td class="num">80.00' in page and "[60.00, 100.00]" in page
    assert "paper 98.50" in page and "difference -18.50" in page
    assert "<strong>100.00</strong>" in page and "<strong>∞</strong>" in page
    # Scrolled sideways, the row still says of which data set and method it is; an arrow does not stand alone.
    assert '<table class="results places">' in page and "RR\u00a0↑" in page


def test_texts_are_escaped():
    page = table_section(2, arranged(notes=["<script>alert(1)</script>"]), "")
    assert "&lt;script&gt;alert(1)" in page and "<script" not in page
    assert "Rates &lt;of&gt; &amp; all." in page
    assert tag("a", text("<b>"), title='"><b>') == '<a title="&quot;&gt;&lt;b&gt;">&lt;b&gt;</a>'


def test_errors_that_runs_share_are_counted_once():
    def finished(method, *samples):
        failures = [Failure(each, "hands", "no <hand>", lasting=True) for each in samples]
        point = {"dataset": "synth", "method": method, "fusion": "", "alpha": None}
        steps = [(SimpleNamespace(name="hands", title="find hands"), None)]
        pipeline = SimpleNamespace(dataset=SimpleNamespace(source=None), steps=steps)
        return FinishedRun(pipeline, "key", SimpleNamespace(point=point, failures=failures, stages={}))

    page = errors_section([finished("mask", "7_1", "8_2"), finished("blur", "8_2")])
    Page(page)
    assert "no &lt;hand&gt;" in page and "7_1, 8_2" in page and "mask, blur" in page
    assert page.count("8_2") == 1 and '<td class="num">2</td>' in page
    many = errors_section([finished("mask", *map(str, range(100, 120)))])
    assert "111 and 8 more" in many and "112" not in many


def test_claims_are_listed_with_their_verdicts_or_the_command(tmp_path):
    path = tmp_path / "claims.csv"
    assert "palmbench claims checks them" in claims_section(path, "palmbench claims")
    path.write_text(
        "claim,statement,source,reading,datasets,verdict,part,part_verdict,missing,evidence\n"
        "a,RR falls,Table V,,synth,fails,1,holds,,90 > 80\na,RR falls,Table V,,synth,fails,2,fails,,80 is not > 85\n"
        "a,RR falls,Table V,,iitd,holds,1,holds,,99 > 98\n"
        "b,FID <,Table VI,alone,synth iitd,not measured,,,no weights,\n"
    )
    page = claims_section(path, "")
    Page(page)
    rows = re.findall("<tr><th scope=.row.>.*?</tr>", page)
    # One claim on two data sets has two verdicts.
    assert [re.sub("<[^>]+>", "|", row).strip("|") for row in rows] == [
        "RR falls||Synthetic|||fails|||fails: 80 is not &gt; 85||and 1 more|||holds: 90 &gt; 80|||||Table V",
        "RR falls||IITD|||holds|||holds: 99 &gt; 98||Table V",
        "FID &lt; (alone)||Synthetic, IITD|||not measured|||no weights||Table VI",
    ]
    assert 'class="verdict holds"' in page and 'class="verdict not-measured"' in page


@pytest.mark.parametrize(
    "content",
    [
        b"claim,verdict\na,holds\n",
        b"\n",
        b"",
        b"\xff\xfe\x00",
        b"claim,statement,source,reading,datasets,verdict\na,b\n",
        b'claim,statement,source,reading,datasets,verdict\n"a,b\n',
        b"claim,statement,source,reading,datasets,verdict\na,b,c,d,e,f,g\n",
    ],
)
def test_a_table_of_other_columns_is_no_claims_and_stops_no_page(content, tmp_path):
    path = tmp_path / "claims.csv"
    path.write_bytes(content)
    page = claims_section(path, "palmbench claims")
    Page(page)
    assert "claims.csv is not what `palmbench claims` writes" in page and "palmbench claims writes it anew" in page


@pytest.mark.parametrize(
    "account", ["5", "[]", "[" * 100_000, '{"settings": 5}', '{"written": 5, "settings": []}', "{"]
)
def test_an_account_of_another_shape_says_nothing(account, tmp_path):
    path = tmp_path / "claims.csv"
    path.write_text("claim,statement,source,reading,datasets,verdict,part\na,RR falls,Table V,,synth,holds,1\n")
    path.with_suffix(".json").write_text(account)
    assert "With which settings is not known." in claims_section(path, "")


def test_claims_say_when_and_with_which_settings_they_were_checked(tmp_path):
    path = tmp_path / "claims.csv"
    path.write_text("claim,statement,source,reading,datasets,verdict,part\na,RR falls,Table V,,synth,holds,1\n")
    assert "With which settings is not known." in claims_section(path, "")
    account = {"written": "2026-01-02T03:04:05Z", "settings": ["dataset=synth", "method.steps=2", "results_dir=a"]}
    path.with_suffix(".json").write_text(json.dumps(account))
    same = claims_section(path, "palmbench claims", ["results_dir=b", "method.steps=2", "dataset=synth"])
    assert (
        "`palmbench claims` wrote on 2026-01-02 at 03:04:05 (UTC)" in same
        and "checked with dataset=synth method.steps=2." in same
    )
    other = claims_section(path, "palmbench claims method.steps=3", ["method.steps=3"])
    assert "checked with dataset=synth method.steps=2, and this page is of method.steps=3" in other
    assert "`palmbench claims method.steps=3` checks them with the settings of this page" in other


def test_the_weights_of_the_metrics_are_among_the_weights():
    def stage(**settings):
        return SimpleNamespace(settings=settings, features_of="hand")

    pipeline = SimpleNamespace(
        config=SimpleNamespace(method=SimpleNamespace(name="blur"), recognizer=SimpleNamespace(name="mtcc")),
        prepare=stage(detector={"weights": "d1"}),
        deidentify=stage(),
        enrol=stage(),
        quality=stage(lpips_weights="l1", inception_weights=None),
        features=(stage(weights="h1"), stage(weights="h1")),
    )
    found = list(weights_of([FinishedRun(pipeline, "key", SimpleNamespace())]))
    assert found == [
        ["detector and segmenter, detector", "<code>d1</code>"],
        ["image quality, lpips", "<code>l1</code>"],
        ["hand features", "<code>h1</code>"],
    ]


def test_a_picture_is_shown_at_its_own_size_and_only_a_wide_one_scrolls():
    small, large = (image(encode_png(np.zeros((20, width, 3), np.uint8)), "A <b>") for width in (537, 1074))
    assert 'width="537" height="20" alt="A &lt;b&gt;"' in small and 'class="wide"' not in small
    assert 'width="1074" height="20" class="wide"' in large


def test_only_the_columns_of_numbers_stand_at_the_right():
    page = grid(["What", "kind", "n"], [["a", "b", "3"]], "A table", numbers=1)
    assert re.findall(r'<t[hd][^>]*class="num"[^>]*>(\w+)', page) == ["n", "3"]


def test_the_checkout_is_told_by_commit_and_by_changes(tmp_path):
    assert checkout(tmp_path) is None

    def git(*words):
        who = ["-c", "user.name=n", "-c", "user.email=e@x", "-c", "commit.gpgsign=false"]
        done = subprocess.run(["git", "-C", str(tmp_path), *who, *words], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    git("init", "-q")
    (tmp_path / "file").write_text("one")
    git("add", "file")
    git("commit", "-q", "-m", "first")
    commit = git("rev-parse", "HEAD")
    assert checkout(tmp_path) == Checkout(commit, dirty=False)
    (tmp_path / "beside").write_text("results are not part of the code")
    assert checkout(tmp_path) == Checkout(commit, dirty=False)
    (tmp_path / "file").write_text("two")
    assert checkout(tmp_path) == Checkout(commit, dirty=True)
    # A folder inside somebody's checkout is none of its own.
    (tmp_path / "inside").mkdir()
    assert checkout(tmp_path / "inside") is None

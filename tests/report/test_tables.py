"""Tables say what was measured, on how many samples, and what the paper found."""

from __future__ import annotations

import csv
import math
import re
from pathlib import Path

import pytest

from palmbench.paper.tables import TABLES
from palmbench.report.latex import escape, to_latex
from palmbench.report.markdown import to_markdown
from palmbench.report.paper import Cell, paper_values
from palmbench.report.rows import rows_of, to_csv
from palmbench.report.tables import arrange, difference_text
from recognizers.common.errors import RequestError
from tests.report.records import RECORDS, number, record

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize(("name", "write"), [("table2.md", to_markdown), ("table2.tex", to_latex)])
def test_a_table_is_written_as_it_was(name, write):
    table = arrange(TABLES[2], rows_of(RECORDS), ["iitd"], ["Diffusion: a note."])
    assert write(table) == (GOLDEN / name).read_text(encoding="utf-8")


def test_intervals_may_be_left_out_of_print_but_not_of_the_csv():
    table = arrange(TABLES[2], rows_of(RECORDS), ["iitd"], intervals=False)
    text = to_markdown(table)
    assert "| 80.00 (95.42; -15.42) |" in text
    assert "[" not in text and "In brackets" not in text and "[" not in to_latex(table).split(r"\midrule")[-1]
    assert table.rows == arrange(TABLES[2], rows_of(RECORDS), ["iitd"]).rows


def test_a_difference_has_its_sign_and_zero_is_not_negative():
    assert difference_text(94.789, 94.79, 2) == "+0.00"
    assert difference_text(80.0, 95.42, 2) == "-15.42"
    assert difference_text(math.inf, 40.0, 4) == "∞"


def test_the_papers_numbers_are_all_there_and_each_beside_its_own():
    values = paper_values()
    # 39 + 25 + 25 + 78 + 65 + 65 numbers, of which Tables II to IV repeat eleven of V to VII: IITD at alpha 0.1,
    # two recognizers of three metrics (EEHNet is not in Table V) and twice five.
    assert len(values) == 39 + 25 + 25 + 78 + 65 + 65 - 6 - 5 - 5
    assert values[Cell("iitd", "diffusion", "s+m", 0.1, "mtcc", "acc_nn")].value == 10.35
    assert values[Cell("iitd", "diffusion", "s+m", 0.1, "ccnet", "acc_cls")].value == 0.27
    assert values[Cell("iitd", "mask", "", None, "", "psnr")] == (13.9204, 1.141)
    rows = {(row.cell.method, row.cell.metric): row for row in rows_of(RECORDS)}
    assert rows["diffusion", "rr"].paper == (95.42, None)
    assert rows["diffusion", "rr_without_failures"].paper is None


def test_the_paper_stands_beside_its_own_data_and_recognizer_only():
    ours = [
        record("mask", {"rr": number(100.0)}, dataset="synth"),
        record("mask", {"rr": number(100.0)}, variant="original"),
    ]
    synthetic, other = rows_of(ours)
    assert synthetic.paper is None
    assert other.paper is None
    assert other.cell.recognizer == "mtcc-original"


def test_csv_is_tidy():
    rows = list(csv.DictReader(to_csv(rows_of(RECORDS)).splitlines()))
    head, first = to_csv(rows_of(RECORDS)).splitlines()[:2]
    assert head == "dataset,method,fusion,alpha,recognizer,metric,value,std,lo,hi,n,failed,paper"
    assert first == "iitd,diffusion,s+m,0.1,mtcc,rr,80,,60,100,5,1,95.42"
    lpips = next(row for row in rows if row["metric"] == "lpips" and row["method"] == "mask")
    assert (lpips["value"], lpips["n"], lpips["recognizer"], lpips["alpha"]) == ("", "0", "", "")


def test_two_recognizers_on_one_photo_give_its_quality_once():
    again = {**RECORDS[0], "point": {**RECORDS[0]["point"], "variant": "original"}}
    cells = [row.cell for row in rows_of([RECORDS[0], again])]
    assert len(cells) == len(set(cells))
    assert sum(cell.metric == "ssim" for cell in cells) == 1
    assert sum(cell.metric == "rr" for cell in cells) == 2


def test_two_runs_that_would_be_one_row_are_refused():
    (first, *_), other = RECORDS, {**RECORDS[0], "metrics": {"rr": number(81.0, n=5, failed=1)}}
    assert rows_of([first, first]) == rows_of([first])
    with pytest.raises(RequestError, match="Two runs of diffusion on iitd, mtcc, differ in rr"):
        rows_of([first, other])
    unknown = [{**first, "metrics": {"rr": number(float("nan"))}} for _ in range(2)]  # NaN in both is no difference
    assert len(rows_of(unknown)) == 1


def test_ties_in_print_are_all_best_and_infinity_is_printed():
    lines = arrange(TABLES[3], rows_of(RECORDS), ["iitd"]).segments[0]
    best = {line.setting: [entry.metric.label for entry in line.entries if entry.best] for line in lines}
    assert best == {"Diffusion": ["SSIM"], "Masking": [], "Blurring": ["SSIM", "PSNR"], "Pixelating": []}
    text = to_markdown(arrange(TABLES[3], rows_of(RECORDS), ["iitd"]))
    assert "**0.9600 ± 0.0100** (0.9633 ± 0.0104; -0.0033)" in text
    assert "**∞** (41.0394 ± 1.7601; ∞)" in text


def test_what_is_missing_is_a_dash_and_the_file_is_named():
    text = to_markdown(arrange(TABLES[3], rows_of(RECORDS), ["iitd"]))
    assert "- Not measured for want of vgg16-397923af.pth: LPIPS." in text
    assert "- Not computed: Pixelating (IITD)." in text
    assert "| IITD | Pixelating | – | – | – | – | – | – | – |" in text


def best_of(records, metric):
    table = arrange(TABLES[2], rows_of(records), ["iitd"])
    (segment,) = table.segments
    place = [column.metric.name for column in table.columns].index(metric)
    return [line.setting for line in segment if line.entries[place].best]


def test_the_best_ratio_is_the_nearest_to_100():
    ratios = {"diffusion": 97.0, "mask": 125.0, "blur": 103.0, "pixelate": -40.0}
    records = [record(method, {"dir": number(value)}) for method, value in ratios.items()]
    assert best_of(records, "dir") == ["Diffusion", "Blurring"]


def test_photos_that_all_failed_win_nothing():
    lost = record("mask", {"rr": number(100.0, n=4, failed=4), "acc_nn": number(0.0, n=4, failed=4)})
    half = record("blur", {"rr": number(50.0, n=4, failed=2), "acc_nn": number(25.0, n=4, failed=2)})
    assert best_of([lost, half, record("pixelate", {"rr": number(40.0), "acc_nn": number(30.0)})], "rr") == ["Blurring"]
    assert best_of([lost, half, record("pixelate", {"rr": number(40.0), "acc_nn": number(30.0)})], "acc_nn") == [
        "Blurring"
    ]


def test_synthetic_hands_are_called_so():
    caption = arrange(TABLES[5], [], ["synth"]).caption
    assert caption.endswith("Data set: Synthetic. Synthetic hands, not the paper's data.")
    assert "Synthetic" not in arrange(TABLES[5], [], ["iitd"]).caption


def test_table_5_has_the_papers_segments():
    table = arrange(TABLES[5], [], ["iitd"])
    assert [[line.setting for line in segment] for segment in table.segments] == [
        ["s", "m", "f"],
        ["s+m", "s+f", "m+f", "s+m+f"],
        ["α=0.1", "α=0.2", "α=0.3"],
        ["Masking", "Blurring", "Pixelating"],
    ]


@pytest.mark.parametrize("spec", [TABLES[2], TABLES[3], TABLES[5]])
def test_latex_is_balanced_and_plain_ascii(spec):
    text = to_latex(arrange(spec, rows_of(RECORDS), ["iitd"], ["100 % of a_b & c#d {e}"]))
    assert text.isascii()
    begun, ended = re.findall(r"\\begin\{(\w+)\}", text), re.findall(r"\\end\{(\w+)\}", text)
    assert begun == ended[::-1]
    bare = re.sub(r"\\.", "", text)
    assert bare.count("{") == bare.count("}")
    assert bare.count("$") % 2 == 0
    columns = len(re.search(r"\\begin\{tabular\}\{(\w+)\}", text)[1])
    body = [line for line in text.splitlines() if line.endswith(r"\\") and "multicolumn" not in line]
    assert body
    assert {len(re.findall(r"(?<!\\)&", line)) + 1 for line in body} == {columns}


def test_latex_escapes_what_tex_would_read():
    assert escape("100 % of a_b & α ± ∞") == r"100 \% of a\_b \& $\alpha$ $\pm$ $\infty$"


ATTACK = {"rr": number(80.0), "rr_without_failures": number(80.0), "dir": number(90.0), "acc_nn": number(10.0)}
UNKNOWN = {"acc_cls": number(None, n=0, missing="a classifier that was trained on all palms of this data set")}


def columns(table):
    return {(column.group, column.metric.name) for column in table.columns}


def test_table_2_has_the_papers_nine_columns_and_our_own_beside_them():
    records = [
        *RECORDS,
        record("diffusion", ATTACK | {"acc_cls": number(5.0)}, variant="full", recognizer="ccnet"),
        record("diffusion", ATTACK, variant="full", recognizer="eehnet"),
    ]
    table = arrange(TABLES[2], rows_of(records), ["iitd"])
    entries = {
        (column.group, column.metric.name): entry
        for column, entry in zip(table.columns, table.segments[0][0].entries, strict=True)
    }
    theirs = {place: entry.row.paper.value for place, entry in entries.items() if entry.row and entry.row.paper}
    assert theirs == {
        ("MTCC", "rr"): 95.42, ("MTCC", "dir"): 94.79, ("MTCC", "acc_nn"): 10.35,
        ("CCNet", "rr"): 50.46, ("CCNet", "dir"): 68.41, ("CCNet", "acc_cls"): 0.27,
        ("EEHNet (reconstruction)", "rr"): 41.77, ("EEHNet (reconstruction)", "dir"): 66.14,
        ("EEHNet (reconstruction)", "acc_nn"): 49.77,
    }  # fmt: skip


def test_small_networks_stand_under_their_own_names_and_beside_no_paper():
    records = [record("diffusion", ATTACK, variant="compact", recognizer=name) for name in ("ccnet", "eehnet")]
    table = arrange(TABLES[2], rows_of(records), ["iitd"])
    assert {group for group, _ in columns(table)} == {"CCNet (compact)", "EEHNet (reconstruction, compact)"}
    assert not any(row.paper for row in table.rows)


def test_a_classifiers_accuracy_has_a_column_where_it_or_the_papers_is_known():
    def drawn(dataset, metrics):
        records = [record("diffusion", ATTACK | metrics, dataset=dataset, variant="full", recognizer="ccnet")]
        return arrange(TABLES[2], rows_of(records), [dataset])

    assert ("CCNet", "acc_cls") not in columns(drawn("synth", UNKNOWN))
    assert ("CCNet", "acc_cls") in columns(drawn("synth", {"acc_cls": number(5.0)}))
    assert ("CCNet", "acc_cls") in columns(drawn("iitd", UNKNOWN))
    (words,) = (note for note in drawn("synth", UNKNOWN).notes if "want" in note)
    wanting = "Not measured for want of a classifier that was trained on all palms of this data set"
    assert words == f"{wanting}: Acc. (classifier) with CCNet."


def test_what_several_recognizers_want_is_said_once():
    wanting = number(None, n=0, missing="100 impostor pairs")
    rates = {"tar_fmr100": wanting, "tar_fmr100_without_failures": wanting}
    records = [
        record("mask", ATTACK | rates),
        record("mask", ATTACK | rates | {"acc_cls": UNKNOWN["acc_cls"]}, variant="full", recognizer="ccnet"),
    ]
    notes = arrange(TABLES[2], rows_of(records), ["iitd"]).notes
    assert "Not measured for want of 100 impostor pairs: TAR at FMR 1 %." in notes


def test_a_recognizer_that_the_table_does_not_know_follows_with_the_same_metrics():
    table = arrange(TABLES[2], rows_of([*RECORDS, record("mask", ATTACK, variant="", recognizer="mine")]), ["iitd"])
    assert [column.metric.name for column in table.columns if column.group == "mine"] == list(ATTACK)
    assert "Not computed with mine: Diffusion (IITD), Blurring (IITD)." in table.notes
    assert "Not computed: Pixelating (IITD)." in table.notes
    assert {column.group for column in arrange(TABLES[3], rows_of(RECORDS), ["iitd"]).columns} == {""}

"""Methods side by side: the table of any sweep's points, each attacked by several recognizers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from palmbench.engine.run import Run
from palmbench.report.rows import recognizer_name, rows_of
from palmbench.report.tables import RecognizerColumns, Setting, Table, TableSpec, arrange
from palmbench.report.tracking_groups import Sweep
from palmbench.scoring.number import Number

if TYPE_CHECKING:
    from palmbench.engine.pipeline import Pipeline
    from palmbench.report.kept_points import KeptPoint

_RATES = ("rr", "tar_fmr100", "acc_nn")
_PHOTOS = ("ssim", "lpips", "fid", "fd_hand", "keypoints_2d", "hand_lost")
_CAPTION = (
    "Methods side by side: what each leaves to identify a palm by (%), and what it costs the photo. The arrow points "
    "to better de-identification, and to photos that are more useful. Best of a column in bold."
)


@dataclass(frozen=True)
class Compared:
    """A method with its settings as one recognizer sees it: its label and name, and the numbers of its run."""

    label: str
    name: str
    recognizer: str
    numbers: dict[str, Number]


@dataclass(frozen=True)
class Comparison:
    """The finished points of a sweep on one data set.

    Attributes
    ----------
    dataset : str
    compared : tuple of Compared
        By method and settings in the order of the sweep, then by recognizer.
    absent : tuple of (str, str)
        Name and recognizer of the points that have no finished run.
    records : tuple of dict
        What was measured, each under the name of its point.
    """

    dataset: str
    compared: tuple[Compared, ...]
    absent: tuple[tuple[str, str], ...]
    records: tuple[dict[str, Any], ...]

    @property
    def recognizers(self) -> list[str]:
        return list(dict.fromkeys(each.recognizer for each in self.compared))

    def table(self, intervals: bool = True) -> Table:
        """As a table: a line a method with its settings, the rates of each recognizer, then quality and usability."""
        names = dict.fromkeys(each.name for each in self.compared)
        attacks = [RecognizerColumns(name, name, _RATES) for name in self.recognizers]
        spec = TableSpec(
            number=None,
            caption=_CAPTION,
            axis="setting",
            segments=(tuple(Setting(name, name) for name in names),),
            groups=(*attacks, RecognizerColumns("", "", _PHOTOS)),
        )
        # A recognizer that attacked nothing is named once.
        lacking = dict.fromkeys(
            f"{name} ({recognizer})" if recognizer in self.recognizers else recognizer
            for name, recognizer in self.absent
        )
        notes = [f"Not computed: {', '.join(lacking)}."] if lacking else []
        return arrange(spec, rows_of(self.records, paper={}), [self.dataset], notes, intervals)


def compare(pipelines: Sequence[Pipeline], attacks: Mapping[str, str]) -> list[Comparison]:
    """The finished runs of some points side by side, a comparison for each data set.

    Parameters
    ----------
    pipelines : sequence of Pipeline
        Points may differ in anything; what they differ in stands in their names.
    attacks : mapping of str to str
        How recognizers are written, by name.
    """
    sweep = Sweep(tuple(pipelines))
    comparisons = []
    for dataset in dict.fromkeys(pipeline.config.dataset.name for pipeline in pipelines):
        compared: list[Compared] = []
        absent: list[tuple[str, str]] = []
        records: list[dict[str, Any]] = []
        for pipeline in (each for each in pipelines if each.config.dataset.name == dataset):
            point, name, result = pipeline.point, sweep.name_of(pipeline), Run.of(pipeline).result
            attack = attacks.get(recognizer_name(point), recognizer_name(point))
            if result is None:
                absent.append((name, attack))
                continue
            label = pipeline.config.method.label or pipeline.config.method.called
            compared.append(Compared(label, name, attack, dict(result["metrics"])))
            # Rows are told apart by the paper's settings; here the name has all that a point differs in.
            told = {**point, "method": name, "fusion": None, "alpha": None, "recognizer": attack, "variant": ""}
            records.append({**result, "point": told})
        comparisons.append(Comparison(dataset, tuple(compared), tuple(absent), tuple(records)))
    return comparisons


def of_records(points: Sequence[KeptPoint]) -> list[tuple[str, Comparison]]:
    """The runs among points side by side, a comparison for each set of photos, with a name for files."""
    runs = {each.own_run.key: each for each in points if each.own_run is not None}
    sets: dict[tuple[str, str], list[KeptPoint]] = {}
    for each in runs.values():
        sets.setdefault((each.dataset, each.photos), []).append(each)
    several = {dataset for dataset, photos in sets if sum(other == dataset for other, _ in sets) > 1}
    found = []
    for (dataset, photos), of_set in sets.items():
        compared, records = [], []
        for each in of_set:
            assert each.run is not None
            point, numbers = each.run.point, each.numbers
            attack = recognizer_name(point)
            compared.append(Compared(each.label, each.name, attack, numbers))
            told = {**point, "method": each.name, "fusion": None, "alpha": None, "recognizer": attack, "variant": ""}
            records.append({"metrics": numbers, "point": told})
        name = f"{dataset}-{photos[:6]}" if dataset in several else dataset
        found.append((name, Comparison(dataset, tuple(compared), (), tuple(records))))
    return found

"""What of a sweep is tracked: names, numbers, tidy rows, score distributions, and photos where their terms allow it."""

from __future__ import annotations

import csv
import io
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import recognizers
from palmbench.base.plain_files import read_object
from palmbench.base.store import Store
from palmbench.config.schema import TrackerConfig
from palmbench.engine.run import Account, Run
from palmbench.report.tracking_groups import Sweep
from palmbench.stages.artefacts import Artefacts
from palmbench.tracking import Arrived, Findings, Tracker, hand_over, open_tracker
from palmbench.tracking.tracker import TableRow, harmless
from recognizers.common.cache_keys import digest
from recognizers.common.writing import write_bytes, write_json

if TYPE_CHECKING:
    from palmbench.engine.pipeline import Pipeline

HANDS = 4
_DIGITS = 8
_WORDS = 4  # of what varies, in a group's name
_DPI = 150
_TEXT_COLUMNS = ("dataset", "method", "fusion", "recognizer", "metric")
_NOT_VARYING = ("results_dir", "data_dir", "executor", "tracker")  # never change a result


@dataclass(frozen=True)
class Publisher:
    """Gives finished points of a sweep to the tracker that each of them names."""

    sweep: Sweep
    _trackers: dict[tuple[TrackerConfig, str], Tracker | None] = field(default_factory=dict)
    _said: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, pipelines: Sequence[Pipeline], ablations: Sequence[str] = ()) -> Publisher:
        """For the points of one command."""
        return cls(Sweep(tuple(pipelines), tuple(ablations)))

    def publish(self, pipeline: Pipeline, run: Run) -> None:
        """Track a finished point, unless the tracker has it; nothing that goes wrong here is raised.

        Pictures that are made for the tracker are kept in the run's folder.
        """
        name = pipeline.config.tracker.name
        if name != "none":
            harmless(f"{name} was not given {run.key}", lambda: self._publish(pipeline, run))

    def _publish(self, pipeline: Pipeline, finished: Run) -> None:
        config, results = pipeline.config.tracker, pipeline.config.results_dir
        place = (config, results)
        if place not in self._trackers:
            self._trackers[place] = open_tracker(config, results)
        tracker = self._trackers[place]
        if tracker is None:
            return
        run = self.sweep.run_of(pipeline)
        summary, rows = findings_of(finished)
        contents = digest(
            "tracked", project=config.project, mode=config.mode, run=[run.id, run.name, run.group, run.tags],
            summary=_exact(summary), rows=[_exact(row) for row in rows],
        )  # fmt: skip
        receipt = Path(results) / config.name / "tracked" / f"{run.id}.json"
        if _holds(receipt, contents):
            self._say(f"tracker={config.name} has what was tracked before; it is not written again")
            return
        # Else matplotlib keeps its list of fonts in the home folder.
        os.environ.setdefault("MPLCONFIGDIR", str((Path(results) / config.name / "matplotlib").resolve()))
        findings = Findings(summary, {"rows": rows}, self._images(pipeline, finished.folder))
        arrived = hand_over(tracker, config.name, run, findings)
        if arrived is Arrived.ALL:
            write_json(receipt, {"contents": contents, "group": run.group, "name": run.name, "mode": config.mode})
        elif arrived is Arrived.NOTHING:
            # Without a network every start takes a minute and a half to fail.
            self._trackers[place] = None
            self._say(f"tracker={config.name} is not tried again; the same command later tracks what is missing")

    def _images(self, pipeline: Pipeline, folder: Path) -> dict[str, Path]:
        curves, photos = folder / "distributions.png", folder / "preview.png"
        images = {}
        if harmless("no picture of the scores", lambda: draw_distributions(pipeline, curves)):
            images["distributions"] = curves
        if self.may_show(pipeline) and harmless("no preview", lambda: draw_preview(pipeline, photos)):
            images["preview"] = photos
        return {title: path for title, path in images.items() if path.is_file()}

    def may_show(self, pipeline: Pipeline) -> bool:
        """Whether photos of a run may be shown; why not is said once."""
        from palmbench.report.figures.permission import may_show

        dataset = pipeline.config.dataset.name
        points = sum(each.config.dataset.name == dataset for each in self.sweep.pipelines)
        shown = may_show([dataset], HANDS * (1 + points))  # an original, and what each point made of it
        for note in shown.notes:
            self._say(note)
        return bool(shown.datasets)

    def _say(self, sentence: str) -> None:
        if sentence not in self._said:
            self._said.add(sentence)
            print(sentence, file=sys.stderr)


def findings_of(run: Run) -> tuple[dict[str, float | None], list[TableRow]]:
    """A finished run's numbers by name, and its tidy rows as the CSV tables have them.

    Returns
    -------
    summary : dict of str to float or None
        Each metric's value, the ends of its interval as `<metric>_lo` and `<metric>_hi`, the run's photos `n` and how
        many samples failed, `failures`.
    rows : list of mapping
    """
    from palmbench.report.rows import COLUMNS, rows_of, to_csv

    record = run.require()
    rows = rows_of([{**record.metrics, "point": run.point}])
    summary: dict[str, float | None] = {}
    for row in rows:
        ends = {f"{row.cell.metric}_lo": row.lo, f"{row.cell.metric}_hi": row.hi}
        summary |= {row.cell.metric: row.value, **{name: end for name, end in ends.items() if end is not None}}
    summary |= {"n": max((row.n for row in rows), default=0), "failures": len(Account.of(record).failures)}
    tidy: list[TableRow] = [
        {name: line[name] if name in _TEXT_COLUMNS else _number(line[name]) for name in COLUMNS}
        for line in csv.DictReader(io.StringIO(to_csv(rows)))
    ]
    return summary, tidy


def draw_distributions(pipeline: Pipeline, path: Path) -> None:
    """The run's genuine and impostor scores, and those of its photos against their own originals, as a PNG."""
    from palmbench.report.figures.curves import run_panel
    from palmbench.report.figures.drawing import draw_curves
    from palmbench.report.figures.style import picture
    from palmbench.report.rows import recognizer_name

    recognizer = recognizer_name(pipeline.point)
    panel = run_panel(Run.of(pipeline), pipeline)
    if panel.distributions:
        label = f"{recognizer}{recognizers.origin(pipeline.point['recognizer'])}"
        write_bytes(path, picture(draw_curves([panel], {recognizer: label}), "png", _DPI))


def draw_preview(pipeline: Pipeline, path: Path) -> None:
    """A few photos beside what became of them, whole and close, as a PNG; none where the store has none."""
    from palmbench.report.contact_sheet import SheetRow, contact_sheet
    from palmbench.report.figures.photos import pick_hands

    store = Store.of(pipeline.config.results_dir)
    rows = [
        SheetRow(("original", pipeline.point["method"]), (pipeline.prepare.photos.load(sample, store), painted))
        for sample in pick_hands(pipeline.samples, HANDS)
        if (painted := Artefacts(pipeline.deidentify, store).load_if_there(sample)) is not None
    ]
    if rows:
        contact_sheet(rows, path)


def _holds(receipt: Path, contents: str) -> bool:
    return (read_object(receipt) or {}).get("contents") == contents


def _number(text: str) -> float | None:
    return float(text) if text else None


def _exact(values: Mapping[str, Any]) -> dict[str, str]:
    # As text: a digest takes no infinity, which the PSNR of an untouched photo is.
    return {name: repr(value) for name, value in values.items()}

"""Controls that keep the evaluator honest: three methods whose results are known beforehand, through the real pipeline.

    python -m experiments.controls [SETTING ...]

- identity: the photo unchanged. Against *other* photos of its palm it is a genuine comparison, so that RR is the
  originals' FRR and DIR is 0. Against *itself*, as equation 4 is applied in the tables, its distance is 0: nearer than
  any genuine pair, so that RR is 0 and DIR far below 0. Both are checked.
- swapped: another person's photo in its place. Every comparison is an impostor's: RR near 100 - FAR and DIR near 100.
- constant: a grey image. No hand is in it: everything fails, and nothing that fails may be praised.

On the synthetic hands, 16 palms and 3 photos of each; `dataset.identities` and `dataset.samples` may ask for more.
The checks go to results/tables/controls.md and controls.csv.

Exit status: 0 every control came out as it must; 2 the request cannot be met; 3 one did not.
"""

from __future__ import annotations

import argparse
import csv
import io
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

import recognizers
from palmbench.base.images import encode_png
from palmbench.base.outputs import put_result
from palmbench.base.status import DONE, FINDINGS
from palmbench.base.store import Store
from palmbench.commands.cli import guarded
from palmbench.config.compose import compose_points, read_words
from palmbench.config.schema import RunConfig
from palmbench.datasets.sample import Sample
from palmbench.engine.engine import Engine
from palmbench.engine.executor import Executor
from palmbench.engine.open_executor import of_this_machine
from palmbench.engine.pipeline import Outcome, Pipeline
from palmbench.paper.overrides import refuse_sweeps
from palmbench.quality.usability import DIFFERENCES
from palmbench.report.rows import rows_of
from palmbench.report.tables import may_be_best
from palmbench.scoring import Distribution, Number, deid_ratio, equal_error_rate, rejection_rate
from palmbench.scoring.metric_table import (
    METRICS,
)
from palmbench.stages.deidentify import Deidentify
from palmbench.stages.enrol import load_recognizer
from palmbench.stages.measure import Recognition
from palmbench.stages.prepare import Prepare
from recognizers import output_checks
from recognizers.common.cache_keys import digest
from recognizers.common.errors import RequestError

PALMS, PHOTOS = 16, 3
SMALL = (f"dataset.identities={PALMS}", f"dataset.samples={PHOTOS}")
_GREY = 128
# Points of a percentage that count as near: one photo in 48 is two points, and a mean of 48 impostor scores varies.
# Of fewer palms it varies by more than that, and a sound evaluator would be called broken.
_NEAR_RR, _NEAR_DIR = 5.0, 10.0
_EXACT = 1e-6


class Check(NamedTuple):
    """One number of a control beside what it must be.

    Attributes
    ----------
    control, statement : str
    value : float or None
        In percent where it is a rate; None where it has no value.
    least, most : float or None
        Bounds that the value must keep; both None where it must have no value.
    n, failed : int
        Samples or pairs that it is over, and samples that failed.
    """

    control: str
    statement: str
    value: float | None
    least: float | None
    most: float | None
    n: int
    failed: int

    @property
    def kept(self) -> bool:
        if self.least is None or self.most is None:
            return self.value is None
        return self.value is not None and self.least <= self.value <= self.most


class Mated(NamedTuple):
    """De-identified photos against other photos of their palm: rates in percent, over n pairs."""

    rr: float
    dir: float
    n: int


class Result(NamedTuple):
    """What the evaluator says of a control."""

    metrics: dict[str, Number]
    genuine: Distribution
    impostor: Distribution
    mated: Mated | None


@dataclass(frozen=True)
class Replaced(Deidentify):
    """A stage in the place of de-identification: another photo, or grey where a photo has none."""

    name: str = "controls"
    donors: Mapping[str, Sample] = field(default_factory=dict)

    @property
    def on_device(self) -> bool:
        return False

    def key(self, sample: Sample) -> str:
        donor = self.donors.get(sample.id)
        photo = None if donor is None else self.prepare.photos.key(donor)
        return digest("control", hand=self.prepare.key(sample), photo=photo, grey=_GREY)

    def compute(self, samples: Sequence[Sample], store: Store, device: str) -> list[bytes]:
        return [encode_png(self._photo(sample, store)) for sample in samples]

    def _photo(self, sample: Sample, store: Store) -> np.ndarray:
        donor = self.donors.get(sample.id)
        if donor is not None:
            return self.prepare.photos.load(donor, store)
        return np.full_like(self.prepare.photos.load(sample, store), _GREY)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the controls with some settings changed; the exit status.

    Raises
    ------
    RequestError
        If a setting is not understood, gives several runs, asks for fewer photos, or is about another data set or a
        method.
    """
    parser = argparse.ArgumentParser(
        prog="python -m experiments.controls", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("settings", nargs="*", metavar="key=value", help="such as dataset.identities=40")
    settings = parser.parse_args(arguments).settings
    words = read_words(["dataset=synth", "method=identity", *SMALL, *settings])
    for word in words[2:]:
        if word.group in ("method", "ablation") or (word.key == "dataset" and word.values != ("synth",)):
            raise RequestError(
                f"{word.text}: the controls are three methods of their own on the synthetic hands; leave it out."
            )
    refuse_sweeps("A control", words)
    (point,) = compose_points([word.text for word in words])
    size = point.dataset
    if (size.identities or 0) < PALMS or (size.samples or 0) < PHOTOS:
        raise RequestError(
            f"The controls need {PALMS} palms and {PHOTOS} photos of each, or more: of fewer, sound numbers "
            "vary beyond the bounds. Raise dataset.identities and dataset.samples, or leave them out."
        )
    pipeline = Pipeline.of(point)
    checks: list[Check] = []
    with (
        Executor(of_this_machine(point.executor, "The control of a benchmark")) as executor,
        redirect_stdout(sys.stderr),
    ):
        engine = Engine(Store.of(point.results_dir), executor)
        checks += identity_checks(_evaluate(pipeline, engine))
        swapped, grey = (control(point, donors) for donors in (donors_of(pipeline.samples), {}))
        checks += swapped_checks(_evaluate(swapped, engine))
        checks += constant_checks(_evaluate(grey, engine), len(pipeline.samples))
    photos = f"{len(pipeline.samples)} photos of {len({each.identity for each in pipeline.samples})} palms"
    name = pipeline.point["recognizer"]
    _write(Path(point.results_dir) / "tables", checks, f"Controls on {photos}, {name}{recognizers.origin(name)}.")
    return DONE if all(check.kept for check in checks) else FINDINGS


def donors_of(samples: Sequence[Sample]) -> dict[str, Sample]:
    """For each sample one of another person, far away in the list.

    Raises
    ------
    RequestError
        If all samples are of one person.
    """
    n = len(samples)
    donors = {}
    for number, sample in enumerate(samples):
        after = (samples[(number + n // 2 + step) % n] for step in range(n))
        donor = next((other for other in after if other.person != sample.person), None)
        if donor is None:
            raise RequestError("The controls need palms of two persons: raise dataset.identities.")
        donors[sample.id] = donor
    return donors


def control(point: RunConfig, donors: Mapping[str, Sample]) -> Pipeline:
    """A point in which each photo becomes its donor's, or grey without one; the rest looks at the control's photos."""

    def replaced(prepare: Prepare) -> Replaced:
        return Replaced(**{**vars(Deidentify.of(prepare, point.method, point.seed)), "name": "controls"}, donors=donors)

    # No control is about distances between sets, and they would take the longest.
    return replace(Pipeline.of(point, replaced), features=())


def identity_checks(result: Result) -> Iterator[Check]:
    """The photo unchanged."""
    metrics = result.metrics
    point = equal_error_rate(result.genuine, result.impostor)
    frr = 100 * point.frr
    if result.mated is None:
        raise RequestError("The controls need two photos of a palm: raise dataset.samples.")
    mated = result.mated
    failed = metrics["rr"].failed
    yield Check("identity", f"RR against other photos of the palm is FRR ({frr:.2f} %)", mated.rr,
                frr - _EXACT, frr + _EXACT, mated.n, failed)  # fmt: skip
    yield Check("identity", "DIR against other photos of the palm is 0", mated.dir, -_EXACT, _EXACT, mated.n, failed)
    yield _of(metrics, "rr_without_failures", "identity", "RR against itself is 0", 0, 0)
    yield _of(
        metrics, "dir", "identity", "DIR against itself is below 0: nearer than any genuine pair", -math.inf, -_EXACT
    )
    yield _of(metrics, "ssim", "identity", "SSIM is 1", 1 - _EXACT, 1)
    for name in DIFFERENCES:
        yield _of(metrics, name, "identity", f"{name} differs by 0", 0, 0)


def swapped_checks(result: Result) -> Iterator[Check]:
    """Another person's photo in its place."""
    point = equal_error_rate(result.genuine, result.impostor)
    rejected = 100 - 100 * point.far
    near = f"near 100 - FAR ({rejected:.2f} %)"
    low, high = rejected - _NEAR_RR, rejected + _NEAR_RR
    metrics, mated = result.metrics, result.mated
    yield _of(metrics, "rr_without_failures", "swapped", f"RR is {near}", low, high)
    yield _of(metrics, "dir", "swapped", "DIR is near 100", 100 - _NEAR_DIR, 100 + _NEAR_DIR)
    if mated is not None:
        failed = metrics["rr"].failed
        yield Check("swapped", f"RR against other photos of the palm is {near}", mated.rr, low, high, mated.n, failed)
        yield Check("swapped", "DIR against other photos of the palm is near 100", mated.dir,
                    100 - _NEAR_DIR, 100 + _NEAR_DIR, mated.n, failed)  # fmt: skip
    yield _of(metrics, "acc_nn", "swapped", "Nobody is identified: the nearest original is the other person's", 0, 0)


def constant_checks(result: Result, photos: int) -> Iterator[Check]:
    """A grey image."""
    metrics = result.metrics
    share = 100 * metrics["rr"].failed / photos
    yield Check(
        "constant", "Every photo fails recognition (failures in %)", share, 100, 100, photos, metrics["rr"].failed
    )
    yield _of(metrics, "rr_without_failures", "constant", "RR without failures has no value", None, None)
    yield _of(metrics, "dir", "constant", "DIR has no value", None, None)
    praised = rows_of([{"point": {"dataset": "synth", "method": "constant"}, "metrics": metrics}], paper={})
    for row in praised:
        if row.cell.metric in ("rr", "acc_nn"):
            yield Check("constant", f"{METRICS[row.cell.metric].label} may be marked best in a table (1: yes)",
                        float(may_be_best(row)), 0, 0, row.n, row.failed)  # fmt: skip
    for name in DIFFERENCES:
        found = metrics[name]
        share = 100 * found.failed / photos
        yield Check("constant", f"{name} fails for every photo (failures in %)", share, 100, 100, photos, found.failed)
        yield _of(metrics, name, "constant", f"{name} has no value", None, None)


def mated_of(pipeline: Pipeline, recognition: Recognition, outcome: Outcome, store: Store) -> Mated | None:
    """De-identified photos against the other originals of their palms, at the originals' own operating point."""
    recognizer = load_recognizer(pipeline.config.recognizer)
    samples = pipeline.samples
    enrolled, enrolled_again = (
        pipeline.artefacts(stage, outcome, store) for stage in (pipeline.enrol, pipeline.enrol_after)
    )
    originals = [enrolled.get(sample.id) for sample in samples]
    found = [enrolled_again.get(sample.id) for sample in samples]
    distances = [
        output_checks.distances(recognizer, probe[None], other[None])[0, 0]
        for i, probe in enumerate(found)
        for j, other in enumerate(originals)
        if i != j and samples[i].identity == samples[j].identity and probe is not None and other is not None
    ]
    if len(distances) < 2:
        return None
    scores = np.array(distances)
    threshold = equal_error_rate(recognition.genuine, recognition.impostor).threshold
    ratio = deid_ratio(recognition.genuine, recognition.impostor, scores)
    return Mated(100 * rejection_rate(scores, threshold), 100 * ratio, len(scores))


def _evaluate(pipeline: Pipeline, engine: Engine) -> Result:
    def measured(outcome: Outcome) -> Result:
        metrics, recognition, *_ = pipeline.measure(outcome, engine.executor.workers)
        mated = mated_of(pipeline, recognition, outcome, engine.store)
        return Result(metrics, recognition.genuine, recognition.impostor, mated)

    return pipeline.with_artefacts(engine, measured)


def _of(
    metrics: dict[str, Number], name: str, control: str, statement: str, least: float | None, most: float | None
) -> Check:
    found = metrics[name]
    return Check(control, statement, found.value, least, most, found.n, found.failed)


def _write(folder: Path, checks: Sequence[Check], title: str) -> None:
    broken = sum(not check.kept for check in checks)
    verdict = f"{broken} of {len(checks)} checks are broken." if broken else f"All {len(checks)} checks are kept."
    lines = [
        f"**{title}** {verdict}",
        "",
        "| Control | What must be | Value | n | failed | |",
        "| :-- | :-- | --: | --: | --: | :-- |",
    ]
    for check in checks:
        value = "none" if check.value is None else f"{check.value:.2f}"
        kept = "kept" if check.kept else "**broken**"
        lines.append(f"| {check.control} | {check.statement} | {value} | {check.n} | {check.failed} | {kept} |")
    text = "\n".join(lines) + "\n"
    rows = io.StringIO()
    writer = csv.writer(rows, lineterminator="\n")
    writer.writerow([*Check._fields, "kept"])
    for check in checks:
        writer.writerow([*("" if field is None else field for field in check), check.kept])
    print(text)
    for suffix, content in (("md", text), ("csv", rows.getvalue())):
        path = folder / f"controls.{suffix}"
        put_result(path, content.encode("utf-8"))
        print(path)


if __name__ == "__main__":
    sys.exit(guarded(main))

"""Where the numbers come from, as HTML: runs, code, weights, data, timings, and what failed."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import recognizers
from palmbench.datasets.folder_dataset import FileSource
from palmbench.engine.pace import MEASURE
from palmbench.engine.pipeline import Pipeline
from palmbench.engine.provenance import checkout
from palmbench.engine.resume import Failure
from palmbench.engine.run import Account, Run, setting_text
from palmbench.methods import Declaration
from palmbench.report.html.tags import Html, folded, grid, notes, tag, text
from palmbench.report.labels import dataset_label
from palmbench.report.rows import recognizer_name
from palmbench.report.tables import NOTHING, number_text
from palmbench.scoring.metric_table import HEADLINE, METRICS
from recognizers.common.cache_keys import digest

_SAMPLES_SHOWN = 12
_KEY_SHOWN = 10


@dataclass(frozen=True)
class FinishedRun:
    """A point whose run is finished: its pipeline, its key, and how its numbers were made."""

    pipeline: Pipeline
    key: str
    account: Account

    @property
    def setting(self) -> str:
        point = self.account.point
        how = f" {point['setting']}" if point.get("setting") else ""
        how += f", region {point['region']}" if point.get("region") else ""
        return f"{point['method']}{how}"

    @property
    def seconds(self) -> float:
        return sum(spent.seconds for spent in self.account.stages.values())


def provenance_section(runs: Sequence[FinishedRun]) -> Html:
    """Code, machine, data, weights, timings and every run with its key."""
    return "".join(
        [
            tag("h3", "Code and machine"),
            grid(["What", "Which"], _code(runs), "Code and machine"),
            tag("h3", "Methods"),
            declarations(runs),
            tag("h3", "Data"),
            grid(["Data set", "Palms", "Photos", "Digest", "Terms", "Citation"], _data(runs), "Data sets"),
            notes(_about_data(runs)),
            tag("h3", "Weights"),
            grid(["What", "Weights (SHA-256, first half)"], weights_of(runs), "Weights"),
            tag("h3", "Time"),
            grid(["Stage", "computed", "seconds", "seconds each"], _timings(runs), "Timings", numbers=3),
            tag("h3", "Runs"),
            grid(
                [
                    "Setting",
                    "Data set",
                    "Recognizer",
                    "Key",
                    "Code",
                    "Written",
                    "Device",
                    "seed",
                    "failures",
                    "seconds",
                ],
                _runs(runs),
                "Runs",
                numbers=3,
            ),
            folded("Every setting that the keys hash", _settings(runs)),
        ]
    )


def further_section(runs: Sequence[FinishedRun]) -> Html:
    """The numbers that runs are told by, a row a run, of methods that the paper's tables have no row for."""
    rows = []
    for run in runs:
        measured = Run.of(run.pipeline).require().metrics["metrics"]
        numbers = [measured.get(name) for name in HEADLINE]
        cells = [
            number_text(number.value, METRICS[name].decimals) if number else NOTHING
            for name, number in zip(HEADLINE, numbers, strict=True)
        ]
        point = run.pipeline.point
        what = (setting_text(point), dataset_label(point["dataset"]), recognizer_name(point))
        rows.append([text(each) for each in (*what, *cells)])
    heads = [f"{METRICS[name].label} {METRICS[name].heading[-1]}" for name in HEADLINE]
    return grid(["Method", "Data set", "Recognizer", *heads], rows, "Further methods", numbers=len(HEADLINE))


def declarations(runs: Sequence[FinishedRun]) -> Html:
    """What the methods of some runs declare of themselves, a row each."""
    found: dict[tuple[str, ...], list[Html]] = {}
    head = ["Method", *Declaration("").words()]
    for run in runs:
        config = run.pipeline.config
        told = config.method.declaration(config.region).words()
        if unmet := run.account.method.get("unmet"):
            told["Formal guarantee"] += f". It does not hold of this run: {'; '.join(unmet)}."
        row = (config.method.called, *told.values())
        found.setdefault(row, [text(each) for each in row])
    return grid(head, found.values(), "What methods declare")


def errors_section(runs: Sequence[FinishedRun]) -> Html:
    """What failed, and why, counted once however many runs share it."""
    found: dict[tuple[str, str, str], dict[str, None]] = defaultdict(dict)
    settings: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    for run in runs:
        for failure in run.account.failures:
            place = (
                dataset_label(run.account.point["dataset"]),
                _titles(run.pipeline)[failure.stage],
                _reason(run, failure),
            )
            found[place][failure.sample] = None
            settings[place][run.setting] += 1
    if not found:
        return tag("p", text(f"No sample failed in these {len(runs)} runs."))
    rows = []
    for place, samples in found.items():
        shown = ", ".join(list(samples)[:_SAMPLES_SHOWN])
        more = f" and {len(samples) - _SAMPLES_SHOWN} more" if len(samples) > _SAMPLES_SHOWN else ""
        rows.append([*map(text, place), text(shown + more), text(", ".join(settings[place])), text(len(samples))])
    head = ["Data set", "Stage", "Reason", "Samples", "In", "photos"]
    said = notes(["Failures count as rejections in RR; errors.jsonl of each run lists every one."])
    return grid(head, rows, "Errors", numbers=1) + said


def _titles(pipeline: Pipeline) -> dict[str, str]:
    """What people read of each stage, by its name."""
    return {MEASURE: "measure", **{stage.name: stage.title for stage, _ in pipeline.steps}}


def _reason(run: FinishedRun, failure: Failure) -> str:
    """Why a sample failed; a photo's file as it is called within the data set."""
    source = run.pipeline.dataset.source
    return failure.reason.replace(f"{source.root}/", "") if isinstance(source, FileSource) else failure.reason


def _code(runs: Sequence[FinishedRun]) -> Iterator[list[Html]]:
    now = checkout()
    state = f"{now.commit}{', with changes not committed' if now.dirty else ''}" if now else "an installed package"
    yield [text("Code of this page"), text(state)]
    yield [text("Python of the runs"), text(", ".join(_different(run.account.python for run in runs)))]
    devices = (f"{run.account.device}, {run.account.workers} workers, batch {run.account.batch_size}" for run in runs)
    yield [text("Devices of the runs"), text("; ".join(_different(devices)))]
    packages: dict[str, list[str]] = {}
    for run in runs:
        for name, version in run.account.packages.items():
            versions = packages.setdefault(name, [])
            if (known := version or "not installed") not in versions:
                versions.append(known)
    for name, versions in packages.items():
        yield [text(name), text(", ".join(versions))]


def _data(runs: Sequence[FinishedRun]) -> Iterator[list[Html]]:
    seen = set()
    for run in runs:
        samples = run.pipeline.samples
        found = digest("data set", samples=[[sample.id, sample.identity, sample.digest] for sample in samples])
        if found in seen:
            continue
        seen.add(found)
        card = run.pipeline.dataset.card
        about = [card.terms, card.citation] if card else ["no card", ""]
        sizes = [len({sample.identity for sample in samples}), len(samples)]
        name = dataset_label(run.pipeline.config.dataset.name)
        yield [text(name), *map(text, sizes), tag("code", text(found)), *map(text, about)]


def weights_of(runs: Sequence[FinishedRun]) -> Iterator[list[Html]]:
    """Rows of the weights that made some runs: the stage and the network, and their digest; each once."""
    seen: dict[tuple[str, str], None] = {}
    for run in runs:
        for stage, settings in _stages(run.pipeline):
            for path, value in _weights_of(settings):
                name = f"{stage}{f', {path}' if path else ''}"
                seen[name, value if isinstance(value, str) else json.dumps(value, sort_keys=True)] = None
    if not seen:
        yield [text("none"), text("no network was used")]
    for name, value in seen:
        yield [text(name), tag("code", text(value))]


def _about_data(runs: Sequence[FinishedRun]) -> list[str]:
    """What becomes of pairs of a person's two hands, and what the scanners said."""
    sentences: dict[str, None] = {}
    for dataset in (run.pipeline.dataset for run in runs):
        for sentence in ([dataset.card.pairs] if dataset.card else []) + list(dataset.notes):
            sentences[f"{dataset_label(dataset.name)}: {sentence}"] = None
    return list(sentences)


def _timings(runs: Sequence[FinishedRun]) -> Iterator[list[Html]]:
    computed: Counter[str] = Counter()
    seconds: dict[str, float] = defaultdict(float)
    for run in runs:
        titles = _titles(run.pipeline)
        for name, spent in run.account.stages.items():
            computed[titles[name]] += spent.computed
            seconds[titles[name]] += spent.seconds
    for title, count in computed.items():
        each = f"{seconds[title] / count:.3g}" if count else "–"
        yield [text(title), text(count), text(f"{seconds[title]:.1f}"), text(each)]


def _runs(runs: Sequence[FinishedRun]) -> Iterator[list[Html]]:
    for run in runs:
        account, code = run.account, run.account.checkout
        commit = f"{code.commit[:_KEY_SHOWN]}{' + changes' if code.dirty else ''}" if code else "–"
        yield [
            text(run.setting),
            text(dataset_label(account.point["dataset"])),
            text(f"{recognizer_name(account.point)}{recognizers.origin(account.point['recognizer'])}"),
            tag("code", text(run.key[:_KEY_SHOWN]), title=run.key),
            tag("code", text(commit)),
            tag("code", text(account.written.replace("T", " ").rstrip("Z"))),
            text(account.device),
            text(run.pipeline.config.seed),
            text(len(account.failures)),
            text(f"{run.seconds:.1f}"),
        ]


def _settings(runs: Sequence[FinishedRun]) -> Html:
    """Each stage's settings once: points of a sweep share most of them."""
    seen: dict[str, list[str]] = {}
    for run in runs:
        for stage, settings in _stages(run.pipeline):
            written = json.dumps(settings, sort_keys=True, ensure_ascii=False)
            if written not in seen.setdefault(stage, []):
                seen[stage].append(written)
    return "".join(tag("h4", text(stage)) + tag("pre", text("\n".join(each))) for stage, each in seen.items())


def _stages(pipeline: Pipeline) -> list[tuple[str, Mapping[str, Any]]]:
    return [
        ("detector and segmenter", pipeline.prepare.settings),
        (f"method {pipeline.config.method.name}", pipeline.deidentify.settings),
        (f"recognizer {pipeline.config.recognizer.name}", pipeline.enrol.settings),
        ("image quality", pipeline.quality.settings),
        *((f"{stage.features_of} features", stage.settings) for stage in pipeline.features[:1]),
    ]


def _weights_of(settings: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Digests of weights, wherever in nested settings, with the way to them: `weights`, `lpips_weights` and so on."""
    for key, value in settings.items():
        name = key.removesuffix("weights")
        if name != key and value:
            yield f"{path} {name.strip('_').replace('_', ' ')}".strip(), value
        elif isinstance(value, Mapping):
            yield from _weights_of(value, f"{path} {key}".strip())


def _different(values: Any) -> list[str]:
    return list(dict.fromkeys(str(value) for value in values))

"""Diversity (Section IV-D): each photo de-identified from ten seeds, and how the ten compare.

Four distributions for each recognizer and data set: genuine and impostor pairs of originals, each original against its
de-identified photos, and the de-identified photos of one original against one another.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import recognizers
from palmbench.base.board import Board
from palmbench.base.status import DONE, SAMPLES_FAILED
from palmbench.base.store import Store
from palmbench.config.schema import RunConfig
from palmbench.datasets.sample import Sample
from palmbench.engine.flow import Flow
from palmbench.engine.graph import Part, Step, in_a_row
from palmbench.engine.open_executor import open_executor
from palmbench.engine.pipeline import Pipeline
from palmbench.engine.records import read_record, table_file, write_record
from palmbench.report.rows import recognizer_name
from palmbench.scoring import Distribution, Number, Replicates, bootstrap, deid_ratio, equal_error_rate, pair_kinds
from palmbench.scoring.bootstrap import accepted_shares, deid_ratios
from palmbench.scoring.intervals import interval
from palmbench.stages.compare import Compare
from palmbench.stages.enrol import load_recognizer
from palmbench.stages.stage import load_all
from recognizers import output_checks
from recognizers.common.cache_keys import digest, versions_of
from recognizers.protocol import Recognizer

SEEDS = 10
SETS = ("genuine", "impostor", "original_deidentified", "deidentified_deidentified")
VERSION = 3
_SCORING = ("bootstrap", "bootstrap_kernel", "intervals", "levels", "pairs", "rates")
_REPLICATES = 1000
_BOOTSTRAP_SEED = 20250408
METRICS = ("matched_original", "dir_original", "matched_seeds", "dir_seeds", "gap")


class Repainted(NamedTuple):
    """Distances of each repainted photo, float64; NaN where a template is missing.

    Attributes
    ----------
    original : ndarray of shape (n_photos, n_seeds)
        To its original.
    seeds : ndarray of shape (n_photos, n_seeds (n_seeds - 1) / 2)
        Among its de-identified photos.
    """

    original: np.ndarray
    seeds: np.ndarray


def measure_diversity(points: Sequence[RunConfig], seeds: int = SEEDS, photos: int | None = None) -> int:
    """Compute what is missing and write the distributions.

    Parameters
    ----------
    points : sequence of RunConfig
        One for each data set and recognizer; the start noises begin at its seed.
    seeds : int
        Start noises, at least 2.
    photos : int, optional
        How many photos of each palm are repainted; None means all.

    Returns
    -------
    int
        Exit status: 0 done, 3 if samples failed.

    Raises
    ------
    RequestError
        If data or weights are missing.
    """
    return max(_measure(point, seeds, photos) for point in points)


def summary_path(results_dir: Path, pipeline: Pipeline) -> Path:
    """Where the summary of a point's data set and recognizer lies; the distributions lie beside it."""
    point = pipeline.point
    return results_dir / "diversity" / f"{point['dataset']}-{recognizer_name(point)}.json"


def subject_of(pipeline: Pipeline) -> str:
    """Digest of what the experiment is about, whatever the seeds: originals, method, recognizer, and how it counts."""
    method = {"settings": pipeline.deidentify.settings, **versions_of("palmbench.stages", "deidentify")}
    return digest("diversity subject", method=method, **_about(pipeline))


def summarise(
    repainted: Repainted,
    places: Sequence[int],
    genuine: np.ndarray,
    impostor: np.ndarray,
    drawn: Replicates,
) -> dict[str, Number]:
    """What the four distributions say, in percent, with 95 % intervals over persons.

    Parameters
    ----------
    repainted : Repainted
    places : sequence of int
        Place of each repainted photo among the originals.
    genuine, impostor : ndarray
        Distances between originals.
    drawn : Replicates
        Of the originals.

    Returns
    -------
    dict
        `matched_original` and `matched_seeds`: share of distances at or below the originals' equal-error threshold;
        `dir_original` and `dir_seeds`: where they lie between the genuine (0) and the impostor scores (100);
        `gap`: the first of these less the second. Each with value, lo, hi, and n, the number of distances.
    """
    threshold = equal_error_rate(genuine, impostor).threshold
    weights = drawn.weights[:, list(places)]
    found: dict[str, Number] = {}
    ratios, over_draws = [], []
    for name, distances in (("original", repainted.original), ("seeds", repainted.seeds)):
        known = distances[~np.isnan(distances)]
        n = len(known)
        shares = 100 * accepted_shares(drawn, weights, distances)
        found[f"matched_{name}"] = _number(100 * float((known <= threshold).mean()) if n else math.nan, shares, n)
        ratios.append(100 * deid_ratio(genuine, impostor, known) if n else math.nan)
        over_draws.append(100 * deid_ratios(drawn, weights, distances))
        found[f"dir_{name}"] = _number(ratios[-1], over_draws[-1], n)
    found["gap"] = _number(ratios[0] - ratios[1], over_draws[0] - over_draws[1], found["dir_seeds"].n)
    return found


def _measure(point: RunConfig, seeds: int, photos: int | None) -> int:
    pipelines = [Pipeline.of(replace(point, seed=point.seed + number)) for number in range(seeds)]
    first = pipelines[0]
    chosen = first_photos(first.samples, photos)
    key = _key(pipelines, chosen)
    path = summary_path(Path(point.results_dir), first)
    known = read_record(path, subject_of(first))
    if known is not None and known.content["repeated"] == key and known.content["complete"]:
        print(f"{path}: up to date, nothing to compute")
        return SAMPLES_FAILED if known.content["failed"] else DONE
    store = Store.of(point.results_dir)
    originals = Part(in_a_row(first.prepare, first.enrol), first.samples, store)
    repainted = [Part(_repainting(pipeline), chosen, store) for pipeline in pipelines]
    with open_executor(point.executor, point.results_dir, [originals, *repainted]) as executor:
        Flow(executor, Board()).run(_announced([originals, *repainted]))
        enrolled, *painted = (part.passed() for part in (originals, *repainted))
        content, distributions = _content(pipelines, chosen, store, enrolled, painted, executor.workers)
    lasting = all(failure.lasting for part in (originals, *repainted) for failure in part.all_failures())
    _write(path, {**content, "key": subject_of(first), "repeated": key, "complete": lasting}, distributions)
    print(f"{path}\n{path.with_suffix('.parquet')}\n    {_line(content['metrics'])}")
    return SAMPLES_FAILED if content["failed"] else DONE


def _repainting(pipeline: Pipeline) -> list[Step]:
    """From a photo to the template of what is painted from one start noise."""
    encode = [pipeline.deidentify.encode] if pipeline.deidentify.encode else []
    return in_a_row(pipeline.prepare, *encode, pipeline.deidentify, pipeline.prepare_after, pipeline.enrol_after)


def _announced(parts: Sequence[Part]) -> Iterator[Part]:
    """The originals, and what is painted from each seed, said as it begins."""
    for number, part in enumerate(parts):
        print(f"seed {number} of {len(parts) - 1}" if number else "originals", file=sys.stderr)
        yield part


def _content(
    pipelines: Sequence[Pipeline],
    chosen: Sequence[Sample],
    store: Store,
    enrolled: frozenset[str],
    painted: Sequence[frozenset[str]],
    threads: int,
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    first = pipelines[0]
    samples = first.samples
    comparison = Compare(first.enrol, first.enrol_after, enrolled, painted[0], threads)
    distances = comparison.between_originals(samples, store)
    identities, persons = [each.identity for each in samples], [each.person for each in samples]
    kinds = pair_kinds(identities, persons)
    genuine, impostor = (distances[kind & ~np.isnan(distances)] for kind in kinds)
    templates = load_all(first.enrol, (sample for sample in chosen if sample.id in enrolled), store)
    of_seeds = [
        load_all(pipeline.enrol_after, (sample for sample in chosen if sample.id in ids), store)
        for pipeline, ids in zip(pipelines, painted, strict=True)
    ]
    repainted = _distances(load_recognizer(first.config.recognizer), chosen, templates, of_seeds)
    sets = (genuine, impostor, *(each[~np.isnan(each)] for each in repainted))
    metrics: dict[str, Number] = {}
    if genuine.size and impostor.size:
        place = {sample.id: number for number, sample in enumerate(samples)}
        drawn = bootstrap(distances, identities, np.random.default_rng(_BOOTSTRAP_SEED), persons, _REPLICATES)
        metrics = summarise(repainted, [place[sample.id] for sample in chosen], genuine, impostor, drawn)
    else:
        metrics = dict.fromkeys(METRICS, Number.of(None))
    content = {
        "dataset": first.point["dataset"],
        "recognizer": recognizer_name(first.point),
        "seeds": [pipeline.config.seed for pipeline in pipelines],
        "photos": len(chosen),
        "identities": len({sample.identity for sample in chosen}),
        "originals": len(samples),
        "n": {name: int(each.size) for name, each in zip(SETS, sets, strict=True)},
        "failed": int(np.isnan(repainted.original).sum()),
        "method": first.deidentify.settings,
        "weights": {"method": first.deidentify.settings.get("weights"), "recognizer": first.enrol.settings},
        "threshold": equal_error_rate(genuine, impostor).threshold if metrics["gap"].n else None,
        "metrics": {name: number.to_json() for name, number in metrics.items()},
    }
    return content, dict(zip(SETS, sets, strict=True))


def _distances(
    recognizer: Recognizer,
    chosen: Sequence[Sample],
    templates: Mapping[str, np.ndarray],
    of_seeds: Sequence[Mapping[str, np.ndarray]],
) -> Repainted:
    seeds = len(of_seeds)
    pairs = np.triu_indices(seeds, 1)
    original = np.full((len(chosen), seeds), np.nan)
    among = np.full((len(chosen), len(pairs[0])), np.nan)
    for number, sample in enumerate(chosen):
        source = templates.get(sample.id)
        found = {seed: each[sample.id] for seed, each in enumerate(of_seeds) if sample.id in each}
        if not found:
            continue
        stacked, places = np.stack(list(found.values())), list(found)
        if source is not None:
            original[number, places] = output_checks.distances(recognizer, source[None], stacked)[0]
        square = np.full((seeds, seeds), np.nan)
        rows, columns = np.triu_indices(len(places), 1)
        square[np.take(places, rows), np.take(places, columns)] = recognizers.pairwise(recognizer, stacked)
        among[number] = square[pairs]
    return Repainted(original, among)


def first_photos(samples: Sequence[Sample], photos: int | None) -> list[Sample]:
    """The first photos of each palm, so many at most, in the data set's order; all of them if None."""
    if photos is None:
        return list(samples)
    seen: dict[str, int] = {}
    chosen = []
    for sample in samples:
        seen[sample.identity] = seen.get(sample.identity, 0) + 1
        if seen[sample.identity] <= photos:
            chosen.append(sample)
    return chosen


def _key(pipelines: Sequence[Pipeline], chosen: Sequence[Sample]) -> str:
    return digest(
        "diversity",
        **_about(pipelines[0]),
        repainted=[[each.id, *(pipeline.enrol_after.key(each) for pipeline in pipelines)] for each in chosen],
    )


def _about(pipeline: Pipeline) -> dict[str, Any]:
    """What decides numbers beside what is repainted."""
    return {
        "versions": {"diversity": VERSION, **versions_of("palmbench.scoring", *_SCORING)},
        "replicates": [_REPLICATES, _BOOTSTRAP_SEED],
        "originals": [[each.identity, each.person, pipeline.enrol.key(each)] for each in pipeline.samples],
    }


def _write(path: Path, content: dict[str, Any], distributions: dict[str, np.ndarray]) -> None:
    import pandas as pd

    found = {name: Distribution.of(each) for name, each in distributions.items() if each.size}
    frames = [pd.DataFrame({"set": name, "distance": d.values, "count": d.counts}) for name, d in found.items()]
    empty = pd.DataFrame({"set": [], "distance": [], "count": []})
    table = pd.concat(frames, ignore_index=True) if frames else empty
    write_record(path, content, {path.with_suffix(".parquet").name: table_file(table)})


def _line(metrics: Mapping[str, Mapping[str, Any]]) -> str:
    shown = ((name, each["value"]) for name, each in metrics.items())
    return "  ".join(f"{name} {'-' if value is None else f'{value:.4g}'}" for name, value in shown)


def _number(value: float, over_draws: np.ndarray, n: int) -> Number:
    return Number.of(value, interval(over_draws), n)

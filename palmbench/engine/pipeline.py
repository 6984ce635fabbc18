"""One point of a sweep as a pipeline of stages, and the key of its run."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from palmbench.base.store import Store
from palmbench.config.schema import RunConfig
from palmbench.datasets import Dataset, open_dataset
from palmbench.datasets.sample import Sample
from palmbench.datasets.settings import DatasetConfig
from palmbench.engine.engine import Engine
from palmbench.engine.graph import Part, Step
from palmbench.engine.resume import Failure, Inventory, look_up
from palmbench.methods.folder import FolderConfig
from palmbench.quality import ImageQuality, set_distances
from palmbench.scoring import Number, ScoreSets, score_sets
from palmbench.stages import compare, measure
from palmbench.stages.acc_cls import measure_classifier
from palmbench.stages.artefacts import Artefacts
from palmbench.stages.compare import Compare
from palmbench.stages.deidentify import Deidentified, Deidentify
from palmbench.stages.elsewhere import Elsewhere
from palmbench.stages.enrol import Enrol
from palmbench.stages.measure_photos import measure_images, measure_usability
from palmbench.stages.moved import Moved
from palmbench.stages.prepare import Prepare
from palmbench.stages.quality import Features, Quality
from palmbench.stages.stage import PHOTOS, Originals, Stage, load_all
from palmbench.stages.usability import Usability
from recognizers.common.cache_keys import digest
from recognizers.common.errors import Lost, no_exit

Result = TypeVar("Result")


class Outcome(NamedTuple):
    """What came of the stages, whatever lies in the store.

    Attributes
    ----------
    failures : list of Failure
        In the order of the stages.
    passed : dict of str to sequence of Sample
        By a stage's name the samples that have an artefact of it.
    """

    failures: list[Failure]
    passed: dict[str, Sequence[Sample]]

    def ids(self, stage: Stage) -> frozenset[str]:
        """Ids of the samples that passed a stage."""
        return frozenset(sample.id for sample in self.passed[stage.name])


class Measured(NamedTuple):
    """What a run's record is made of: metrics, the recognizer's rates, own scores in full, the named score sets."""

    metrics: dict[str, Number]
    recognition: measure.Recognition
    scores: compare.DeidScores
    sets: ScoreSets


@dataclass(frozen=True)
class Pipeline:
    """The stages of one point, wired: read top to bottom they are the paper's experiment."""

    config: RunConfig
    dataset: Dataset
    prepare: Prepare
    deidentify: Deidentify
    prepare_after: Prepare
    enrol: Enrol
    enrol_after: Enrol
    quality: Quality
    usability: Usability
    features: tuple[Features, ...]

    @classmethod
    def of(cls, config: RunConfig, deidentify: Callable[[Prepare], Deidentify] | None = None) -> Pipeline:
        """Wire a point; nothing heavy is loaded.

        Parameters
        ----------
        config : RunConfig
        deidentify : callable, optional
            From the hands found in the originals, a stage in the place of the point's method.

        Raises
        ------
        RequestError
            If the data set, a weight file or a method is not to be had.
        """
        config = replace(config, method=config.method.on(config.executor.where))
        dataset = dataset_of(config)
        originals = Originals(dataset.source, keep=dataset.rendered)
        prepare = Prepare.of(originals, config.detector, config.segmenter)
        repaint = deidentify or (lambda hands: _repainting(config, dataset, hands))
        repainted = repaint(prepare)
        deidentified = Deidentified(repainted)
        prepare_after = Prepare.of(deidentified, config.detector, config.segmenter)
        return cls(
            config=config,
            dataset=dataset,
            prepare=prepare,
            deidentify=repainted,
            prepare_after=prepare_after,
            enrol=Enrol.of(prepare, config.recognizer),
            enrol_after=Enrol.of(prepare_after, config.recognizer),
            quality=Quality.of(repainted, config.quality),
            usability=Usability(prepare, prepare_after, config.quality.usability_scale, Moved.of(repainted)),
            features=Features.both(originals, deidentified, config.quality),
        )

    @property
    def samples(self) -> Sequence[Sample]:
        """The data set's samples, in their order."""
        return self.dataset.samples

    @property
    def steps(self) -> list[Step]:
        """Every stage that makes an artefact a sample, in the order in which they run."""
        encode, moved = self.deidentify.encode, self.usability.moved
        return [
            Step(self.prepare, None),
            Step(self.enrol, self.prepare),
            *([Step(encode, self.prepare)] if encode else []),
            Step(self.deidentify, encode or self.prepare),
            Step(self.quality, self.deidentify),
            Step(self.prepare_after, self.deidentify),
            Step(self.enrol_after, self.prepare_after),
            *([Step(moved, self.prepare_after)] if moved else []),
            Step(self.usability, moved or self.prepare_after),
            *(Step(stage, self.deidentify) for stage in self.features),
        ]

    @cached_property
    def key(self) -> str:
        """Key of the run: everything that can change one of its numbers."""
        return digest(
            "run",
            photos={
                sample.id: [stage.key(sample) for stage in (self.enrol_after, self.quality, self.usability)]
                for sample in self.samples
            },
            palms={sample.id: [sample.identity, sample.person] for sample in self.samples},
            originals=self.enrol.settings,
            versions={"compare": compare.VERSION, **measure.versions()},
            features=[stage.key(sample) for stage in self.features for sample in self.samples],
            eer=self.config.eer,
        )

    @property
    def point(self) -> dict[str, Any]:
        """What the run is called in tables."""
        return {
            "fusion": "",
            "alpha": None,
            **self.config.method.point(),
            "setting": self.config.method.setting(),
            "dataset": self.config.dataset.name,
            "method": self.config.method.called,
            "recognizer": self.config.recognizer.name,
            "variant": self.enrol.settings.get("variant", ""),
            **({"region": self.config.region} if self.config.region != "paper" else {}),
        }

    @property
    def extent(self) -> str:
        """How much a point is over, as `160 photos of 40 palms`."""
        return f"{len(self.samples)} photos of {len({sample.identity for sample in self.samples})} palms"

    @cached_property
    def photos(self) -> str:
        """Digest of the data set's photos, whatever is done with them."""
        return digest("photos", photos={sample.id: sample.digest for sample in self.samples})

    def artefact_paths(self, store: Store, failures: Iterable[Failure]) -> set[Path]:
        """Where everything lies in a store that a run of the point with such failures is made of."""
        kept = self.comparison(self.outcome_of(failures)).paths(self.samples, store)
        for stage, _ in self.steps:
            kept |= Artefacts(stage, store).paths(self.samples)
        return kept | {store.path(PHOTOS, sample.digest, ".png") for sample in self.samples}

    def with_artefacts(self, engine: Engine, work: Callable[[Outcome], Result]) -> Result:
        """What some work on the point's artefacts gives; those that are missing are made first.

        One that vanishes meanwhile, or proves to be damaged, is made again, and the work is done again.

        Raises
        ------
        Lost
            If an artefact is lost a second time.
        """
        seen: set[str] = set()
        while True:
            try:
                return work(self.run(engine))
            except Lost as error:
                if not seen.isdisjoint(error.places):
                    raise
                seen.update(error.places)
                print(f"Damaged or gone, and made again: {error.named}", file=sys.stderr)
                engine.start_over()

    def run(self, engine: Engine) -> Outcome:
        """Bring every artefact of the point into the store.

        Raises
        ------
        Lost
            If an artefact vanishes meanwhile; see `with_artefacts`.
        """
        return self.outcome_in(engine.flow(self.steps, self.samples))

    def part(self) -> Part:
        """The point's samples, about to go through its steps."""
        return Part(self.steps, self.samples, Store.of(self.config.results_dir))

    def outcome_in(self, part: Part) -> Outcome:
        """What came of the stages of a part that is complete."""
        return self._through(part.failures)

    def outcome_of(self, failures: Iterable[Failure]) -> Outcome:
        """What came of the stages of a run that had these failures."""
        of_stage: dict[str, dict[str, Failure]] = {}
        for failure in failures:
            of_stage.setdefault(failure.stage, {})[failure.sample] = failure
        return self._through(lambda stage, given: of_stage.get(stage.name, {}))

    def look_up(self, store: Store) -> list[tuple[Stage, Inventory]]:
        """What a store has of each stage, counting only samples that the stage can be given."""
        found: list[tuple[Stage, Inventory]] = []

        def look(stage: Stage, samples: Sequence[Sample]) -> dict[str, Failure]:
            found.append((stage, look_up(stage, samples, store)))
            return found[-1][1].failures

        self._through(look)
        return found

    def _through(self, work: Callable[[Stage, Sequence[Sample]], dict[str, Failure]]) -> Outcome:
        """Take the samples through the steps: one that fails a stage goes to none that needs it."""
        failures: list[Failure] = []
        passed: dict[str, Sequence[Sample]] = {}
        for stage, needs in self.steps:
            given = passed[needs.name] if needs else self.samples
            failed = work(stage, given)
            passed[stage.name] = [sample for sample in given if sample.id not in failed]
            failures += failed.values()
        return Outcome(failures, passed)

    def measure(self, outcome: Outcome, threads: int = 1) -> Measured:
        """The run's metrics from the artefacts of the samples that passed; `threads` cannot change a number.

        Raises
        ------
        Lost
            If one of them is not in the store any more, or is damaged.
        """
        with no_exit(f"recognizer={self.config.recognizer.name}"):
            return self._measure(outcome, threads)

    def _measure(self, outcome: Outcome, threads: int) -> Measured:
        store, samples = Store.of(self.config.results_dir), self.samples
        comparison = self.comparison(outcome, threads)
        distances = comparison.between_originals(samples, store)
        scores = comparison.against_originals(samples, store)
        recognition = measure.measure_recognition(samples, distances, scores, threads, self.config.eer)
        across, among = comparison.across(samples, store), comparison.between_deidentified(samples, store)
        sets = score_sets(across, among, [sample.identity for sample in samples], [sample.person for sample in samples])
        instrument = ImageQuality(self.config.quality)
        metrics = {
            **recognition.metrics,
            **measure.measure_linkage(samples, recognition, across, among, threads),
            **measure_classifier(samples, comparison.classify(samples, store)),
            **measure_images(
                samples, self.artefacts(self.quality, outcome, store), instrument.metrics(), instrument.missing
            ),
            **measure_usability(
                samples, self.artefacts(self.usability, outcome, store), moved=self.usability.moved is not None
            ),
        }
        if self.features:
            metrics |= self._between_sets(outcome, store)
        return Measured(metrics, recognition, scores, sets)

    def unmet(self, outcome: Outcome) -> tuple[str, ...]:
        """Which conditions of the method's formal guarantee the photos that were de-identified do not meet."""
        photos = dict.fromkeys((sample.identity for sample in self.samples), 0)
        for sample in outcome.passed[self.deidentify.name]:
            photos[sample.identity] += 1
        return self.config.method.unmet(photos, self.config.seed, self.config.region)

    def comparison(self, outcome: Outcome, threads: int = 1) -> Compare:
        """The comparison of what was enrolled."""
        return Compare(self.enrol, self.enrol_after, outcome.ids(self.enrol), outcome.ids(self.enrol_after), threads)

    @staticmethod
    def artefacts(stage: Stage, outcome: Outcome, store: Store) -> dict[str, Any]:
        """What a stage made of the samples that passed it, by sample id. Raises Lost."""
        return load_all(stage, outcome.passed[stage.name], store)

    def _between_sets(self, outcome: Outcome, store: Store) -> dict[str, Number]:
        before, after = self.features
        both = outcome.ids(before) & outcome.ids(after)
        paired = tuple(sample for sample in self.samples if sample.id in both)
        keys = tuple(stage.key(sample) for stage in (before, after) for sample in paired)
        persons = tuple(sample.person for sample in paired)
        return _distances_of(_Paired(keys, persons, len(self.samples) - len(paired), (before, after), paired, store))


@dataclass(frozen=True)
class _Paired:
    """Photos with features before and after: equal to others whose features and persons are the same."""

    keys: tuple[str, ...]
    persons: tuple[str, ...]
    failed: int
    stages: tuple[Features, Features] = field(compare=False)
    samples: tuple[Sample, ...] = field(compare=False)
    store: Store = field(compare=False)


@lru_cache(maxsize=4)
def _distances_of(paired: _Paired) -> dict[str, Number]:
    """Distances between two sets of photos, computed once for all recognizers that attack them. Raises Lost."""
    before, after = (list(load_all(stage, paired.samples, paired.store).values()) for stage in paired.stages)
    return set_distances(paired.stages[0].features_of, before, after, paired.persons, paired.failed)


def _repainting(config: RunConfig, dataset: Dataset, prepare: Prepare) -> Deidentify:
    """The stage that a point's method is, or that takes its photos from where they were made."""
    if isinstance(config.method, FolderConfig):
        return Elsewhere.taking(prepare, config.method, dataset, config.seed, config.region)
    return Deidentify.of(prepare, config.method, config.seed, config.region, dataset.samples)


def dataset_of(config: RunConfig) -> Dataset:
    """The data set of a point."""
    return open_once(config.dataset, config.data_dir)


@lru_cache(maxsize=8)
def open_once(config: DatasetConfig, data_dir: str) -> Dataset:
    """A data set, opened once a process: scanning reads every photo's bytes. See `open_dataset`."""
    return open_dataset(config, data_dir)

"""One point of a sweep as a pipeline of stages, and the key of its run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from palmbench.datasets import Dataset, open_dataset
from palmbench.datasets.sample import Sample
from palmbench.engine import Engine, Failure, Inventory, look_up
from palmbench.keys import digest
from palmbench.quality import ImageQuality
from palmbench.schema import DatasetConfig, DiffusionConfig, RunConfig
from palmbench.scoring import ScoreSets, score_sets
from palmbench.stages import compare, measure
from palmbench.stages.compare import Compare
from palmbench.stages.deidentify import Deidentified, Deidentify
from palmbench.stages.enrol import Enrol
from palmbench.stages.prepare import Prepare
from palmbench.stages.quality import Features, Quality
from palmbench.stages.stage import Originals, Stage
from palmbench.stages.usability import Usability
from palmbench.store import Store


class Step(NamedTuple):
    """A stage, and the stage whose artefacts it is made from; None for the photos themselves."""

    stage: Stage
    needs: Stage | None


class Measured(NamedTuple):
    """What a run's record is made of: metrics, the recognizer's rates, own scores in full, the named score sets."""

    metrics: dict[str, Any]
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
    again: Prepare
    enrol: Enrol
    enrol_again: Enrol
    quality: Quality
    usability: Usability
    features: tuple[Features, ...]

    @classmethod
    def of(cls, config: RunConfig) -> Pipeline:
        """Wire a point; nothing heavy is loaded.

        Raises
        ------
        RequestError
            If the data set, a weight file or a method is not to be had.
        """
        dataset = dataset_of(config)
        originals = Originals(dataset.source, keep=dataset.rendered)
        prepare = Prepare.of(originals, config.detector, config.segmenter)
        deidentify = Deidentify.of(prepare, config.method, config.seed, config.region)
        deidentified = Deidentified(deidentify)
        again = Prepare.of(deidentified, config.detector, config.segmenter)
        return cls(
            config=config,
            dataset=dataset,
            prepare=prepare,
            deidentify=deidentify,
            again=again,
            enrol=Enrol.of(prepare, config.recognizer),
            enrol_again=Enrol.of(again, config.recognizer),
            quality=Quality.of(deidentify, config.quality),
            usability=Usability(prepare, again, config.quality.usability_scale),
            features=Features.both(originals, deidentified, config.quality),
        )

    @property
    def samples(self) -> Sequence[Sample]:
        """The data set's samples, in their order."""
        return self.dataset.samples

    @property
    def steps(self) -> list[Step]:
        """Every stage that makes an artefact a sample, in the order in which they run."""
        encode = self.deidentify.encode
        return [
            Step(self.prepare, None),
            Step(self.enrol, self.prepare),
            *([Step(encode, self.prepare)] if encode else []),
            Step(self.deidentify, encode or self.prepare),
            Step(self.quality, self.deidentify),
            Step(self.again, self.deidentify),
            Step(self.enrol_again, self.again),
            Step(self.usability, self.again),
            *(Step(stage, self.deidentify) for stage in self.features),
        ]

    @cached_property
    def key(self) -> str:
        """Key of the run: everything that can change one of its numbers."""
        return digest(
            "run",
            photos={
                sample.id: [stage.key(sample) for stage in (self.enrol_again, self.quality, self.usability)]
                for sample in self.samples
            },
            palms={sample.id: [sample.identity, sample.person] for sample in self.samples},
            originals=self.enrol.settings,
            compare=compare.VERSION,
            measure=[measure.VERSION, measure.REPLICATES],
            # Only where there are any: runs without keep the keys they had before it was asked.
            **({"features": self.features[0].settings} if self.features else {}),
            **({"classifier": measure.CLASSIFIER_VERSION} if self.enrol.classifies else {}),
            **({"eer": self.config.eer} if self.config.eer != "exact" else {}),
        )

    @property
    def point(self) -> dict[str, Any]:
        """What the run is called in tables."""
        method = self.config.method
        diffusion = method if isinstance(method, DiffusionConfig) else None
        return {
            "dataset": self.config.dataset.name,
            "method": method.name,
            "fusion": diffusion.fusion if diffusion else "",
            "alpha": diffusion.alpha if diffusion else None,
            "recognizer": self.config.recognizer.name,
            "variant": self.enrol.settings.get("variant", ""),
            **({"weights": diffusion.weights} if diffusion else {}),
        }

    def run(self, engine: Engine) -> list[Failure]:
        """Bring every artefact of the point into the store; what could not be made."""
        return list(self._through(engine.run))

    def look_up(self, store: Store) -> list[tuple[Stage, Inventory]]:
        """What a store has of each stage, counting only samples that the stage can be given."""
        found: list[tuple[Stage, Inventory]] = []

        def look(stage: Stage, samples: Sequence[Sample]) -> dict[str, Failure]:
            found.append((stage, look_up(stage, samples, store)))
            return found[-1][1].failures

        list(self._through(look))
        return found

    def _through(self, work: Callable[[Stage, Sequence[Sample]], dict[str, Failure]]) -> Iterator[Failure]:
        """Take the samples through the steps: one that fails a stage goes to none that needs it."""
        passed: dict[str | None, Sequence[Sample]] = {None: self.samples}
        for stage, needs in self.steps:
            given = passed[needs.title if needs else None]
            failed = work(stage, given)
            passed[stage.title] = [sample for sample in given if sample.id not in failed]
            yield from failed.values()

    def measure(self, engine: Engine) -> Measured:
        """The run's metrics from what is in the store."""
        store, samples = engine.store, self.samples
        comparison = Compare(self.enrol, self.enrol_again, engine.executor.workers)
        distances = comparison.between_originals(samples, store)
        scores = comparison.against_originals(samples, store)
        workers = engine.executor.workers
        recognition = measure.measure_recognition(samples, distances, scores, workers, self.config.eer)
        across, among = comparison.across(samples, store), comparison.between_deidentified(samples, store)
        sets = score_sets(across, among, [sample.identity for sample in samples], [sample.person for sample in samples])
        instrument = ImageQuality(self.config.quality)
        metrics = {
            **recognition.metrics,
            **measure.measure_linkage(samples, recognition, across, among, workers),
            **measure.measure_classifier(samples, comparison.classify(samples, store)),
            **measure.measure_images(
                samples, self._stored(self.quality, engine), instrument.metrics(), instrument.missing
            ),
            **measure.measure_usability(samples, self._stored(self.usability, engine)),
        }
        if self.features:
            metrics |= self._between_sets(engine)
        return Measured(metrics, recognition, scores, sets)

    def _between_sets(self, engine: Engine) -> dict[str, dict[str, Any]]:
        before, after = self.features
        both = [s for s in self.samples if self._there(before, s, engine) and self._there(after, s, engine)]
        originals, deidentified = ([stage.load(s, engine.store) for s in both] for stage in (before, after))
        palms, failed = [sample.identity for sample in both], len(self.samples) - len(both)
        return measure.measure_sets(before.features_of, originals, deidentified, palms, failed)

    def _stored(self, stage: Quality | Usability, engine: Engine) -> dict[str, dict[str, float]]:
        there = (sample for sample in self.samples if self._there(stage, sample, engine))
        return {sample.id: stage.load(sample, engine.store) for sample in there}

    @staticmethod
    def _there(stage: Stage, sample: Sample, engine: Engine) -> bool:
        return engine.store.has(stage.name, stage.key(sample), stage.suffix)


def dataset_of(config: RunConfig) -> Dataset:
    """The data set of a point, opened once a process: scanning reads every photo's bytes."""
    return _open(config.dataset, config.data_dir)


@lru_cache(maxsize=8)
def _open(config: DatasetConfig, data_dir: str) -> Dataset:
    return open_dataset(config, data_dir)

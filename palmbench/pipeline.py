"""One point of a sweep as a pipeline of stages, and the key of its run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from palmbench.datasets import Dataset, open_dataset
from palmbench.datasets.sample import Sample
from palmbench.engine import Engine, Failure
from palmbench.keys import digest
from palmbench.quality import ImageQuality
from palmbench.schema import DatasetConfig, DiffusionConfig, RunConfig
from palmbench.stages import compare, measure, usability
from palmbench.stages.compare import Compare
from palmbench.stages.deidentify import Deidentified, Deidentify
from palmbench.stages.enrol import Enrol
from palmbench.stages.prepare import Prepare
from palmbench.stages.quality import Features, Quality
from palmbench.stages.stage import Originals, Stage
from palmbench.stages.usability import Usability


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
        originals = Originals(dataset.source)
        prepare = Prepare.of(originals, config.detector, config.segmenter)
        deidentify = Deidentify.of(prepare, config.method, config.seed)
        deidentified = Deidentified(deidentify)
        again = Prepare.of(deidentified, config.detector, config.segmenter)
        features = (Features.of(photos, config.quality) for photos in (originals, deidentified))
        return cls(
            config=config,
            dataset=dataset,
            prepare=prepare,
            deidentify=deidentify,
            again=again,
            enrol=Enrol.of(prepare, config.recognizer),
            enrol_again=Enrol.of(again, config.recognizer),
            quality=Quality.of(deidentify, config.quality),
            usability=Usability(prepare, again),
            features=tuple(stage for stage in features if stage is not None),
        )

    @property
    def samples(self) -> Sequence[Sample]:
        """The data set's samples, in their order."""
        return self.dataset.samples

    @property
    def stages(self) -> list[Stage]:
        """Every stage that makes an artefact a sample."""
        encode = [self.deidentify.encode] if self.deidentify.encode else []
        return [
            self.prepare,
            *encode,
            self.deidentify,
            self.again,
            self.enrol,
            self.enrol_again,
            self.quality,
            self.usability,
            *self.features,
        ]

    @cached_property
    def key(self) -> str:
        """Key of the run: everything that can change one of its numbers."""
        return digest(
            "run",
            photos={sample.id: [self.enrol_again.key(sample), self.quality.key(sample)] for sample in self.samples},
            palms={sample.id: [sample.identity, sample.person] for sample in self.samples},
            originals=self.enrol.settings,
            usability=usability.VERSION,
            compare=compare.VERSION,
            measure=[measure.VERSION, measure.REPLICATES],
        )

    @property
    def point(self) -> dict[str, Any]:
        """What the run is called in tables."""
        method, recognizer = self.config.method, self.config.recognizer
        diffusion = isinstance(method, DiffusionConfig)
        return {
            "dataset": self.config.dataset.name,
            "method": method.name,
            "fusion": method.fusion if isinstance(method, DiffusionConfig) else "",
            "alpha": method.alpha if isinstance(method, DiffusionConfig) else None,
            "recognizer": recognizer.name,
            "variant": recognizer.variant,
            **({"weights": method.weights} if diffusion else {}),
        }

    def run(self, engine: Engine) -> list[Failure]:
        """Bring every artefact of the point into the store; what could not be made."""
        failures: list[Failure] = []

        def through(stage: Stage, samples: Sequence[Sample]) -> list[Sample]:
            failed = engine.run(stage, samples)
            failures.extend(failed.values())
            return [sample for sample in samples if sample.id not in failed]

        found = through(self.prepare, self.samples)
        through(self.enrol, found)
        encoded = through(self.deidentify.encode, found) if self.deidentify.encode else found
        deidentified = through(self.deidentify, encoded)
        through(self.quality, deidentified)
        found_again = through(self.again, deidentified)
        through(self.enrol_again, found_again)
        through(self.usability, found_again)
        for stage in self.features:
            through(stage, deidentified)
        return failures

    def measure(self, engine: Engine) -> tuple[dict[str, Any], measure.Recognition, compare.DeidScores]:
        """The run's metrics from what is in the store."""
        store, samples = engine.store, self.samples
        comparison = Compare(self.enrol, self.enrol_again, engine.executor.workers)
        distances = comparison.between_originals(samples, store)
        scores = comparison.against_originals(samples, store)
        recognition = measure.measure_recognition(samples, distances, scores)
        instrument = ImageQuality(self.config.quality)
        metrics = {
            **recognition.metrics,
            **measure.measure_images(
                samples, self._stored(self.quality, engine), instrument.metrics(), instrument.missing
            ),
            **measure.measure_usability(samples, self._stored(self.usability, engine)),
        }
        if len(self.features) == 2:
            metrics["fid"] = self._fid(engine)
        return metrics, recognition, scores

    def _fid(self, engine: Engine) -> dict[str, Any]:
        before, after = self.features
        both = [sample for sample in self.samples if all(self._there(stage, sample, engine) for stage in self.features)]
        features = ([stage.load(sample, engine.store) for sample in both] for stage in (before, after))
        return measure.measure_fid(*features, failed=len(self.samples) - len(both))

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

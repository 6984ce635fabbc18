"""A disclosure on one point: of whose photos it takes readings, and how these are brought together.

Persons are shared out as for attacks, and outputs drawn alike: those of the evaluated persons that a release has from
the run's seed, all others from the attacker's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from palmbench.attacks.people import People, share_out
from palmbench.base.store import Store
from palmbench.config.attacks import DisclosureTrial
from palmbench.config.schema import RunConfig, recognizer_config
from palmbench.datasets.sample import Sample
from palmbench.disclosures import Others, Shown, Side
from palmbench.engine.attack_pipeline import AttackPipeline, Wanted
from palmbench.engine.graph import Part, in_a_row
from palmbench.engine.pipeline import Pipeline
from palmbench.engine.resume import Failure
from palmbench.stages.artefacts import Artefacts
from palmbench.stages.compare import load_templates
from palmbench.stages.enrol import Enrol, load_keyed
from palmbench.stages.prepare import Prepare
from palmbench.stages.read import Read
from palmbench.stages.stage import PHOTOS, Originals, Stage
from recognizers.common.cache_keys import digest
from recognizers.common.errors import RequestError
from recognizers.output_checks import Matcher

VERSION = 1


@dataclass(frozen=True)
class DisclosurePipeline:
    """A disclosure on a point, wired; nothing heavy is loaded.

    Attributes
    ----------
    run : Pipeline
        Of the point.
    again : Pipeline
        The point with the outputs of the attacker's seed.
    trial : DisclosureTrial
    people : People
    reads : Read or Enrol
        The stage of originals.
    others : Others or None
        Photos beside the data set's.
    """

    run: Pipeline
    again: Pipeline
    trial: DisclosureTrial
    people: People
    reads: Read | Enrol
    others: Others | None

    @classmethod
    def of(cls, config: RunConfig, trial: DisclosureTrial) -> DisclosurePipeline:
        """Wire a disclosure on a point.

        Raises
        ------
        RequestError
            If it cannot be looked for on this method or data set, the attacker's seed is the release's, or there are
            too few persons; and as of `Pipeline.of`.
        """
        disclosure, run = trial.disclosure, Pipeline.of(config)
        if reason := disclosure.why_not(run.config.method, run.dataset):
            raise RequestError(f"{reason}.")
        if trial.attacker_seed == config.seed:
            raise RequestError(
                f"attacker_seed={trial.attacker_seed} is the run's seed: an attacker has not the release's random "
                "numbers. Choose another."
            )
        recognizer = disclosure.compares_by
        reads: Read | Enrol = (
            Read(run.prepare, disclosure.reading(), run.config.region)
            if recognizer is None
            else Enrol.of(run.prepare, recognizer_config({"name": recognizer}))
        )
        return cls(
            run=run,
            again=Pipeline.of(replace(config, seed=trial.attacker_seed)),
            trial=trial,
            people=share_out((sample.person for sample in run.samples), trial.people),
            reads=reads,
            others=disclosure.others(run.config.method),
        )

    @property
    def called(self) -> str:
        """What tables call the disclosure."""
        return self.trial.disclosure.called

    @property
    def learnt_from(self) -> dict[Wanted, tuple[list[Stage], Sequence[Sample]]]:
        """Nothing: no disclosure trains a network before its readings are there."""
        return {}

    @cached_property
    def wanted(self) -> dict[Wanted, tuple[list[Stage], Sequence[Sample]]]:
        """What readings the disclosure takes, the stages that make them, and of which photos."""
        return {self._wanted(side): (self._stages(side), self.samples(side.group)) for side in self._sides}

    @property
    def stages(self) -> list[Stage]:
        """Every stage that makes an artefact for it."""
        return [stage for stages, _ in self.wanted.values() for stage in stages]

    @cached_property
    def key(self) -> str:
        """Key of the disclosure's record: everything that can change one of its numbers."""
        return digest(
            "disclosure",
            versions={"disclosure_pipeline": VERSION},
            disclosure=self.trial.disclosure.settings(),
            people=self.people.digest,
            palms={sample.id: [sample.identity, sample.person] for sample in self.run.samples},
            truth=[self._truth(sample) for sample in self.run.samples] if self.trial.disclosure.about else None,
            readings=[
                [*side, {sample.id: stages[-1].key(sample) for sample in samples}]
                for side, (stages, samples) in zip(self._sides, self.wanted.values(), strict=True)
            ],
            recognizer=self.reads.settings,
        )

    def samples(self, group: str) -> list[Sample]:
        """Photos of a group, in the data set's order."""
        if group in People._fields:
            persons = getattr(self.people, group)
            return [sample for sample in self.run.samples if sample.person in persons]
        assert self.others is not None
        return list(self.others.samples[group])  # type: ignore[index]

    def parts(self, store: Store) -> dict[Wanted, Part]:
        """The photos, about to go through the stages."""
        return {wanted: Part(in_a_row(*stages), samples, store) for wanted, (stages, samples) in self.wanted.items()}

    def artefact_paths(self, store: Store, failures: Iterable[Failure]) -> set[Path]:
        """Where everything lies in a store that the disclosure is made of."""
        every = [sample for _, samples in self.wanted.values() for sample in samples]
        kept = {store.path(PHOTOS, sample.digest, ".png") for sample in (*self.run.samples, *every)}
        for stages, samples in self.wanted.values():
            for stage in stages:
                kept |= Artefacts(stage, store).paths(samples)
        return kept

    def shown(self, passed: Mapping[Wanted, frozenset[str]], store: Store) -> dict[Side, Shown]:
        """Readings by side.

        Parameters
        ----------
        passed : mapping
            Of what is `wanted`, ids of the samples that have a reading.
        store : Store

        Raises
        ------
        Lost
            If a reading is not in the store any more, or is damaged.
        """
        found = {}
        for side in self._sides:
            wanted = self._wanted(side)
            stages, samples = self.wanted[wanted]
            readings, present = load_templates(stages[-1], samples, passed[wanted], store)
            persons, palms = (
                np.unique(np.array(names), return_inverse=True)[1]
                for names in ([sample.person for sample in samples], [sample.identity for sample in samples])
            )
            truth = np.array([self._truth(sample) for sample in samples], np.float64)
            found[side] = Shown(*(each[present] for each in (readings, np.arange(len(samples)), persons, palms, truth)))
        return found

    def matcher(self) -> Matcher | None:
        """What compares readings that are a recognizer's templates."""
        return load_keyed(self.reads.recognizer, self.reads.settings) if isinstance(self.reads, Enrol) else None

    @property
    def _sides(self) -> tuple[Side, ...]:
        return self.trial.disclosure.sides

    def _truth(self, sample: Sample) -> float | None:
        about = self.trial.disclosure.about
        return None if about is None else self.run.dataset.truth(sample).get(about)

    def _wanted(self, side: Side) -> Wanted:
        seeds = {"originals": None, "release": self.run.config.seed, "own": self.trial.attacker_seed}
        return Wanted(side.group, 0, seeds[side.photos])

    def _stages(self, side: Side) -> list[Stage]:
        if side.photos == "originals":
            prepare = self.run.prepare
            if side.group not in People._fields:
                assert self.others is not None
                photos = Originals(self.others.source, keep=True)
                prepare = Prepare.of(photos, self.run.config.detector, self.run.config.segmenter)
            return [prepare, replace(self.reads, prepare=prepare)]
        of_seed = self.run if side.photos == "release" else self.again
        encode: list[Stage] = [of_seed.deidentify.encode] if of_seed.deidentify.encode else []
        reads = replace(self.reads, prepare=of_seed.prepare_after)
        return [of_seed.prepare, *encode, of_seed.deidentify, of_seed.prepare_after, reads]


Wired = AttackPipeline | DisclosurePipeline

"""An attack on one point: whose templates it takes, how they are compared, and what the trials are.

The attacker's outputs and those of validation persons are drawn from seeds of the attacker's own, those of the
evaluated persons from the run's seed, as a release would be.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from palmbench.attacks import Channel, Labelled, Matcher, Side, Training
from palmbench.attacks.bit_weights import BitWeightsConfig, WeighedBits
from palmbench.attacks.learning import LearningConfig
from palmbench.attacks.people import People, share_out
from palmbench.attacks.trained import TrainedConfig
from palmbench.base.store import Store
from palmbench.config.attacks import TrialConfig
from palmbench.config.schema import RunConfig
from palmbench.datasets.sample import Sample
from palmbench.engine.attack_data import enrol_of, learnt_from, outputs_of, require_people, require_photos, seeds_of
from palmbench.engine.attack_photos import Photos, in_lots, mean_of_known, numbers_of
from palmbench.engine.graph import Part, in_a_row
from palmbench.engine.pipeline import Pipeline
from palmbench.engine.resume import Failure
from palmbench.scoring.pooling import output_correlation
from palmbench.stages import compare, learn
from palmbench.stages.artefacts import Artefacts
from palmbench.stages.compare import SCORES, distances_of, load_templates, present_in, stored
from palmbench.stages.describe import Describe
from palmbench.stages.enrol import Enrol, Hands, load_keyed
from palmbench.stages.seen import Seen
from palmbench.stages.stage import PHOTOS, Stage
from recognizers.common.cache_keys import digest
from recognizers.common.errors import RequestError

VERSION = 1
GROUPS = ("attackers", "validation", "evaluated")


class Wanted(NamedTuple):
    """Templates that an attack takes: of a group, in a channel, of originals (None) or of the outputs of a seed."""

    group: str
    channel: int
    seed: int | None


@dataclass(frozen=True)
class AttackPipeline:
    """An attack on a point, wired; nothing heavy is loaded.

    Attributes
    ----------
    run : Pipeline
        Of the point.
    trial : TrialConfig
    people : People
    outputs : dict of int to Pipeline
        By the seed, the point with the outputs of that seed.
    learnt : dict of int to Pipeline
        The same for the attacker's own persons, whose outputs may be of another method.
    channels : tuple of Channel
    enrols : tuple of Enrol or Describe
        By channel, that of originals as they are.
    before : AttackPipeline or None
        Of an attack that has trained networks, what it was before.
    errors : tuple of tuple of float
        Of such an attack, by channel, what each of its trainings left unknown of validation persons.
    """

    run: Pipeline
    trial: TrialConfig
    people: People
    outputs: Mapping[int, Pipeline]
    learnt: Mapping[int, Pipeline]
    channels: tuple[Channel, ...]
    enrols: tuple[Enrol | Describe, ...]
    before: AttackPipeline | None = None
    errors: tuple[tuple[float, ...], ...] = ()

    @classmethod
    def of(cls, config: RunConfig, trial: TrialConfig) -> AttackPipeline:
        """Wire an attack on a point.

        Raises
        ------
        RequestError
            If the attack is none on this method, the attacker's seed is the release's, or there are too few persons or
            photos; and as of `Pipeline.of`.
        """
        attack, run = trial.attack, Pipeline.of(config)
        if reason := attack.why_not(run.config.method):
            raise RequestError(f"{reason}.")
        seeds = {*seeds_of(config.seed, attack.outputs), *seeds_of(trial.attacker_seed, attack.outputs)}
        if len(seeds) < 2 * attack.outputs:
            raise RequestError(
                f"attacker_seed={trial.attacker_seed} draws what the run's seed {config.seed} draws: an attacker has "
                "not the release's random numbers. Choose another."
            )
        people = share_out((sample.person for sample in run.samples), trial.people)
        require_people(attack, people)
        outputs = outputs_of(config, seeds)
        if not (channels := attack.channels(run.config.method)):
            raise RequestError(f"attack={attack.name} has no recognizer to ask; name one at least.")
        wired = cls(
            run=run,
            trial=trial,
            people=people,
            outputs=outputs,
            learnt=learnt_from(config, attack, seeds) or outputs,
            channels=channels,
            enrols=tuple(enrol_of(channel, run) for channel in channels),
        )
        for group in GROUPS[1:]:
            require_photos(wired.samples(group), group, attack.photos)
        return wired

    @property
    def called(self) -> str:
        """What tables call the attack."""
        return self.trial.attack.called

    @cached_property
    def wanted(self) -> dict[Wanted, tuple[list[Stage], Sequence[Sample]]]:
        """What templates the attack takes, the stages that make them, and of which photos.

        Of an attack that trains networks these are templates of recognizers as they are, until it has trained them.
        """
        attack = self.trial.attack
        of_attackers = attack.trained and not isinstance(attack, LearningConfig)
        return self._of_groups(GROUPS if of_attackers else GROUPS[1:])

    @cached_property
    def learnt_from(self) -> dict[Wanted, tuple[list[Stage], Sequence[Sample]]]:
        """In what photos an attack that trains networks wants hands, the stages that find them; else nothing."""
        if not isinstance(self.trial.attack, LearningConfig):
            return {}
        return {each: (stages[:-1], samples) for each, (stages, samples) in self._of_groups(GROUPS[:2]).items()}

    def having_learnt(self, weights: Sequence[Path], errors: Sequence[Sequence[float]]) -> AttackPipeline:
        """The same attack with the networks that it has trained, a file for each channel; its key is the same."""
        attack = self.trial.attack
        assert isinstance(attack, LearningConfig)
        channels = []
        for channel, enrol, path in zip(self.channels, self.enrols, weights, strict=True):
            assert isinstance(enrol, Enrol)
            started = replace(channel, recognizer=enrol.recognizer.name, options=enrol.recognizer.options)
            channels.append(attack.having_learnt(started, str(path)))
        enrols = tuple(enrol_of(channel, self.run) for channel in channels)
        return replace(self, channels=tuple(channels), enrols=enrols, before=self, errors=tuple(map(tuple, errors)))

    @property
    def stages(self) -> list[Stage]:
        """Every stage that makes an artefact for it."""
        every = (*self.learnt_from.values(), *self.wanted.values())
        return [stage for stages, _ in every for stage in stages]

    @cached_property
    def key(self) -> str:
        """Key of the attack's record: everything that can change one of its numbers.

        What is learnt comes of what it is learnt from, and need not be there for it.
        """
        if self.before is not None:
            return self.before.key
        learnt_from = [learn.VERSION, *self._keys_by_sample(self.learnt_from)] if self.learnt_from else []
        return digest(
            "attack",
            versions={"attack_pipeline": VERSION, "compare": compare.VERSION},
            attack=self.trial.attack.settings(),
            people=self.people.digest,
            palms={sample.id: [sample.identity, sample.person] for sample in self.run.samples},
            templates=self._keys_by_sample(self.wanted),
            recognizers=[enrol.settings for enrol in self.enrols],
            **({"learnt_from": learnt_from} if learnt_from else {}),
        )

    def samples(self, group: str) -> list[Sample]:
        """Photos of a group of persons, in the data set's order."""
        persons = getattr(self.people, group)
        return [sample for sample in self.run.samples if sample.person in persons]

    def parts(self, store: Store) -> dict[Wanted, Part]:
        """The photos, about to go through the stages."""
        return {wanted: Part(in_a_row(*stages), samples, store) for wanted, (stages, samples) in self.wanted.items()}

    def artefact_paths(self, store: Store, failures: Iterable[Failure]) -> set[Path]:
        """Where everything lies in a store that the attack is made of, as far as such failures tell it."""
        failed = {(failure.stage, failure.sample) for failure in failures}
        kept = {store.path(PHOTOS, sample.digest, ".png") for sample in self.run.samples}
        passed = {}
        for stages, samples in self.learnt_from.values():
            for stage in stages:
                kept |= Artefacts(stage, store).paths(samples)
        for wanted, (stages, samples) in self.wanted.items():
            for stage in stages:
                kept |= Artefacts(stage, store).paths(samples)
            passed[wanted] = frozenset(
                sample.id for sample in samples if not any((stage.name, sample.id) in failed for stage in stages)
            )
        for group in GROUPS[1:]:
            for channel in range(len(self.enrols)):
                pairs = self._pairs(group, channel)
                kept |= {store.path(SCORES, self._key_of(*pair, passed), ".npz") for pair in pairs}
        return kept

    def photos(self, group: str, passed: Mapping[Wanted, frozenset[str]], store: Store) -> Photos:
        """Distances between a group's photos: outputs averaged, channels added up, photos of a palm averaged.

        Parameters
        ----------
        group : {"validation", "evaluated"}
        passed : mapping
            Of what is `wanted`, ids of the samples that have a template.
        store : Store

        Raises
        ------
        Lost
            If a template is not in the store any more, or is damaged.
        """
        found = [self._of_channel(group, channel, passed, store) for channel in range(len(self.enrols))]
        if len(found) > 1:
            scales = [self._scale(channel, passed, store) for channel in range(len(self.enrols))]
            found = [(each - mean) / spread for each, (mean, spread) in zip(found, scales, strict=True)]
        return in_lots(mean_of_known(np.stack(found)), self.samples(group), self.trial.attack.photos)

    def _sides(self, group: str, channel: int) -> Iterator[Wanted]:
        attack = self.trial.attack
        sides: set[Side] = {attack.gallery, attack.probe}
        if group == "attackers":
            sides = {"originals", "deidentified"}
        if "originals" in sides:
            yield Wanted(group, channel, None)
        if "deidentified" in sides:
            for seed in self._seeds_of(group):
                yield Wanted(group, channel, seed)

    def _of_seed(self, group: str, seed: int) -> Pipeline:
        return (self.learnt if group == "attackers" else self.outputs)[seed]

    def _seeds_of(self, group: str) -> list[int]:
        own = self.run.config.seed if group == "evaluated" else self.trial.attacker_seed
        return seeds_of(own, self.trial.attack.outputs)

    def hands(self, wanted: Wanted) -> Hands:
        """The stage of the hands that a channel reads, in photos as it sees them."""
        channel = self.channels[wanted.channel]
        hands = self.run.prepare if wanted.seed is None else self._of_seed(wanted.group, wanted.seed).prepare_after
        change = channel.on_originals if wanted.seed is None else channel.on_deidentified
        return Seen.through(hands, change, self.run.config.region) if change else hands

    def _enrol(self, wanted: Wanted) -> Enrol | Describe:
        return replace(self.enrols[wanted.channel], prepare=self.hands(wanted))

    def _of_groups(self, groups: Sequence[str]) -> dict[Wanted, tuple[list[Stage], Sequence[Sample]]]:
        return {
            each: (self._stages(each), self.samples(each.group))
            for group in groups
            for channel in range(len(self.enrols))
            for each in self._sides(group, channel)
        }

    @staticmethod
    def _keys_by_sample(every: Mapping[Wanted, tuple[list[Stage], Sequence[Sample]]]) -> list[list[Any]]:
        return [
            [each.group, each.channel, each.seed is None, {sample.id: stages[-1].key(sample) for sample in samples}]
            for each, (stages, samples) in every.items()
        ]

    def _stages(self, wanted: Wanted) -> list[Stage]:
        enrol = self._enrol(wanted)
        changed: list[Stage] = [enrol.prepare.change] if isinstance(enrol.prepare, Seen) else []
        if wanted.seed is None:
            return [self.run.prepare, *changed, enrol]
        of_seed = self._of_seed(wanted.group, wanted.seed)
        encode: list[Stage] = [of_seed.deidentify.encode] if of_seed.deidentify.encode else []
        return [of_seed.prepare, *encode, of_seed.deidentify, of_seed.prepare_after, *changed, enrol]

    def output_correlation(self, passed: Mapping[Wanted, frozenset[str]], store: Store) -> float:
        """How far outputs of a photo say the same, see `pooling.output_correlation`; NaN of one output.

        Of the evaluated persons and the first channel; arguments and errors as of `photos`.
        """
        samples = self.samples("evaluated")
        palms, persons = (np.array(each) for each in zip(*((s.identity, s.person) for s in samples), strict=True))
        each_output = np.moveaxis(self._outputs("evaluated", 0, passed, store), 0, -1)
        mated = (palms[:, None] == palms) & ~np.eye(len(palms), dtype=bool)
        return output_correlation(each_output[mated], each_output[persons[:, None] != persons])

    def bit_weights(self, passed: Mapping[Wanted, frozenset[str]], store: Store) -> np.ndarray | None:
        """What each bit is worth to an attack that weighs bits, see `WeighedBits`; else None.

        Arguments and errors as of `photos`.
        """
        matcher = self._matcher(0, passed, store) if isinstance(self.trial.attack, BitWeightsConfig) else None
        return matcher.weights if isinstance(matcher, WeighedBits) else None

    def _of_channel(
        self, group: str, channel: int, passed: Mapping[Wanted, frozenset[str]], store: Store
    ) -> np.ndarray:
        """Distances in one channel, the mean over outputs, float64."""
        return mean_of_known(self._outputs(group, channel, passed, store))

    def _outputs(self, group: str, channel: int, passed: Mapping[Wanted, frozenset[str]], store: Store) -> np.ndarray:
        """Distances in one channel, (outputs, n, n)."""
        return np.stack([self._compared(*pair, passed, store) for pair in self._pairs(group, channel)])

    def _pairs(self, group: str, channel: int) -> list[tuple[Wanted, Wanted]]:
        """Probe and gallery of each output: of the probe's photo, or of the gallery's where probes are originals."""
        originals = [Wanted(group, channel, None)]
        outputs = [Wanted(group, channel, seed) for seed in self._seeds_of(group)]
        gallery = originals if self.trial.attack.gallery == "originals" else outputs
        if self.trial.attack.probe == "originals":
            return [(originals[0], each) for each in gallery]
        return [(each, gallery[0]) for each in outputs]

    def _compared(
        self, probe: Wanted, gallery: Wanted, passed: Mapping[Wanted, frozenset[str]], store: Store
    ) -> np.ndarray:
        def compute() -> dict[str, np.ndarray]:
            matcher = self._matcher(probe.channel, passed, store)
            sides = [self._templates(each, passed, store) for each in (probe, gallery)]
            return {"distances": distances_of(matcher, *sides[0], *sides[1])}

        return stored(store, self._key_of(probe, gallery, passed), compute)["distances"]

    def _key_of(self, probe: Wanted, gallery: Wanted, passed: Mapping[Wanted, frozenset[str]]) -> str:
        attack, training = self.trial.attack, self._training(probe.channel)
        return digest(
            "attack scores",
            versions={"attack_pipeline": VERSION, "compare": compare.VERSION},
            probes=self._keys(probe, passed),
            gallery=self._keys(gallery, passed),
            recognizer=self.enrols[probe.channel].settings,
            learnt=[attack.settings(), *(self._keys(each, passed) for each in training)] if attack.trained else None,
        )

    def _training(self, channel: int) -> list[Wanted]:
        return [each for each in self.wanted if (each.group, each.channel) == ("attackers", channel)]

    def _matcher(self, channel: int, passed: Mapping[Wanted, frozenset[str]], store: Store) -> Matcher:
        attack, enrol = self.trial.attack, self.enrols[channel]
        sides: list[list[Labelled]] = [[], []]
        for each in self._training(channel):
            templates, present = self._templates(each, passed, store)
            samples = self.samples(each.group)
            palms = np.array([sample.identity for sample in samples])[present]
            if isinstance(attack, TrainedConfig) and attack.permuted:
                palms = np.random.default_rng(0).permutation(palms)
            sides[each.seed is not None].append(Labelled(templates[present], palms, numbers_of(samples)[present]))
        own = enrol if isinstance(enrol, Describe) else load_keyed(enrol.recognizer, enrol.settings)
        return attack.fit(own, Training(*map(_together, sides)))

    def _templates(
        self, wanted: Wanted, passed: Mapping[Wanted, frozenset[str]], store: Store
    ) -> tuple[np.ndarray, np.ndarray]:
        return load_templates(self._enrol(wanted), self.samples(wanted.group), passed[wanted], store)

    def _keys(self, wanted: Wanted, passed: Mapping[Wanted, frozenset[str]]) -> list[str | None]:
        samples, enrol = self.samples(wanted.group), self._enrol(wanted)
        there = present_in(samples, passed[wanted])
        return [
            f"{sample.identity} {enrol.key(sample)}" if each else None
            for sample, each in zip(samples, there, strict=True)
        ]

    def _scale(self, channel: int, passed: Mapping[Wanted, frozenset[str]], store: Store) -> tuple[float, float]:
        """Mean and spread of a channel's distances between two validation persons, by which channels are made alike."""
        distances = self._of_channel("validation", channel, passed, store)
        persons = np.array([sample.person for sample in self.samples("validation")])
        strangers = distances[(persons[:, None] != persons) & ~np.isnan(distances)]
        if not len(strangers):
            return 0.0, 1.0
        return float(strangers.mean()), float(strangers.std()) or 1.0


def _together(labelled: Sequence[Labelled]) -> Labelled:
    known = [each for each in labelled if len(each.palms)]  # without a template its length is not known either
    if not known:
        return Labelled(np.zeros((0, 0)), np.zeros(0, str), np.zeros(0, np.int64))
    return Labelled(*(np.concatenate(each) for each in zip(*known, strict=True)))

"""What attacks train before they compare: two flows, the attackers' photos and hands, then the trainings on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from palmbench.attacks.learning import LearningConfig
from palmbench.base.board import Board
from palmbench.base.store import Store
from palmbench.engine.attack_photos import numbers_of
from palmbench.engine.attack_pipeline import AttackPipeline, Wanted
from palmbench.engine.disclosure_pipeline import Wired
from palmbench.engine.executor import Executor
from palmbench.engine.flow import Flow
from palmbench.engine.graph import Part, in_a_row
from palmbench.engine.resume import Failure
from palmbench.stages.artefacts import Artefacts
from palmbench.stages.describe import Describe
from palmbench.stages.learn import Learn, Lesson
from recognizers.common.cache_keys import bytes_digest, file_digest
from recognizers.common.errors import RequestError
from recognizers.common.writing import write_bytes

FOLDER = "learnt"


class Taught(NamedTuple):
    """An attack with the networks that it has trained, and what failed on the way."""

    pipeline: Wired
    failures: list[Failure]


def taught(pipelines: Sequence[Wired], executor: Executor, store: Store) -> list[Taught]:
    """Attacks with what they learn, trained where it is not in the store; those that train nothing as they are.

    Raises
    ------
    RequestError
        If there is too little to learn from, or no training came to its end.
    Lost
        If artefacts have vanished, and have to be made again.
    """
    shown = [
        {each: Part(in_a_row(*stages), samples, store) for each, (stages, samples) in pipeline.learnt_from.items()}
        for pipeline in pipelines
    ]
    _run([part for of_attack in shown for part in of_attack.values()], executor)
    learns = [
        learns_of(pipeline, {each: part.passed() for each, part in of_attack.items()})
        if isinstance(pipeline, AttackPipeline)
        else []
        for pipeline, of_attack in zip(pipelines, shown, strict=True)
    ]
    trainings = [[Part(in_a_row(each), each.trainings, store) for each in of_attack] for of_attack in learns]
    _run([part for of_attack in trainings for part in of_attack], executor)
    found = []
    for pipeline, of_attack, learn, training in zip(pipelines, shown, learns, trainings, strict=True):
        failures = dict.fromkeys(each for part in (*of_attack.values(), *training) for each in part.all_failures())
        ready = having_learnt(pipeline, learn, store) if learn and isinstance(pipeline, AttackPipeline) else pipeline
        found.append(Taught(ready, list(failures)))
    return found


def taught_if_there(pipeline: Wired, store: Store, failures: Iterable[Failure]) -> Wired:
    """An attack with what it learns as far as that lies in a store; else as it is."""
    if not isinstance(pipeline, AttackPipeline):
        return pipeline
    failed = {(failure.stage, failure.sample) for failure in failures}
    passed = {
        each: frozenset(
            sample.id for sample in samples if not any((stage.name, sample.id) in failed for stage in stages)
        )
        for each, (stages, samples) in pipeline.learnt_from.items()
    }
    learns = learns_of(pipeline, passed)
    there = all(any(Artefacts(each, store).has(seed) for seed in each.trainings) for each in learns)
    return having_learnt(pipeline, learns, store) if learns and there else pipeline


def learns_of(pipeline: AttackPipeline, passed: Mapping[Wanted, frozenset[str]]) -> list[Learn]:
    """The trainings of each channel; none of an attack that trains nothing.

    Parameters
    ----------
    pipeline : AttackPipeline
    passed : mapping
        Of what it learns from, ids of the samples whose hand was found.
    """
    attack = pipeline.trial.attack
    if not isinstance(attack, LearningConfig):
        return []
    found = []
    for channel, enrol in enumerate(pipeline.enrols):
        assert not isinstance(enrol, Describe), "a trait has no network"
        lessons = tuple(_lesson(pipeline, each, passed[each]) for each in passed if each.channel == channel)
        found.append(Learn(attack, enrol.recognizer, enrol.settings, lessons))
    return found


def having_learnt(pipeline: AttackPipeline, learns: Iterable[Learn], store: Store) -> AttackPipeline:
    """The attack with the best of the trainings of each channel, written as files that recognizers read."""
    paths, errors = [], []
    for each in learns:
        artefacts = Artefacts(each, store)
        found = [artefacts.load(seed) for seed in each.trainings if artefacts.has(seed)]
        if not found:
            raise RequestError(f"attack={each.attack.name}: no training came to its end; run the same command again.")
        weights = min(found, key=lambda learnt: learnt.error).weights
        path = Path(pipeline.run.config.results_dir) / FOLDER / f"{bytes_digest(weights)}.safetensors"
        if not path.is_file() or file_digest(path) != path.stem:
            write_bytes(path, weights)
        paths.append(path)
        errors.append([learnt.error for learnt in found])
    return pipeline.having_learnt(paths, errors)


def _lesson(pipeline: AttackPipeline, wanted: Wanted, passed: frozenset[str]) -> Lesson:
    samples = pipeline.samples(wanted.group)
    kept = [place for place, sample in enumerate(samples) if sample.id in passed]
    numbers = numbers_of(samples)
    return Lesson(
        wanted.group,  # type: ignore[arg-type]
        wanted.seed is not None,
        pipeline.hands(wanted),
        pipeline.run.prepare.photos,
        tuple(samples[place] for place in kept),
        tuple(int(numbers[place]) for place in kept),
    )


def _run(parts: Sequence[Part], executor: Executor) -> None:
    if parts:
        Flow(executor, Board()).run(parts)

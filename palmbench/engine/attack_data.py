"""What an attack is given: outputs of several seeds, of the method that is attacked or another, and recognizers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from palmbench import methods
from palmbench.attacks import AttackConfig, Channel
from palmbench.attacks.people import People
from palmbench.attacks.trained import TrainedConfig
from palmbench.config.schema import RunConfig, recognizer_config
from palmbench.datasets.sample import Sample
from palmbench.engine.pipeline import Pipeline
from palmbench.stages.describe import Describe
from palmbench.stages.enrol import Enrol
from recognizers.common.cache_keys import sample_seed
from recognizers.common.errors import RequestError


def seeds_of(seed: int, outputs: int) -> list[int]:
    """Run seeds of so many outputs of a photo: that of the run, and others that come of it."""
    return [seed, *(sample_seed(seed, f"output {number}") for number in range(1, outputs))]


def enrol_of(channel: Channel, run: Pipeline) -> Enrol | Describe:
    """The stage of a channel for originals as they are."""
    if channel.trait is not None:
        return Describe(run.prepare, channel.trait, run.config.region)
    if channel.recognizer is None:
        return run.enrol
    return Enrol.of(run.prepare, recognizer_config({"name": channel.recognizer, **channel.options}))


def outputs_of(config: RunConfig, seeds: Iterable[int]) -> dict[int, Pipeline]:
    return {seed: Pipeline.of(replace(config, seed=seed)) for seed in seeds}


def learnt_from(config: RunConfig, attack: AttackConfig, seeds: Iterable[int]) -> dict[int, Pipeline] | None:
    """As `outputs_of`, of the other method that an attack learns on; None of one that learns on the method attacked.

    Raises
    ------
    RequestError
        If that method cannot be had with its defaults, or the attack is none on it.
    """
    if not isinstance(attack, TrainedConfig) or attack.learnt_on is None:
        return None
    try:
        method = methods.named(attack.learnt_on)
        if reason := attack.why_not(method):
            raise RequestError(f"{reason}.")
        return outputs_of(replace(config, method=method), seeds)
    except RequestError as error:
        raise RequestError(
            f"attack.learnt_on={attack.learnt_on} is taken with its defaults, and with these it does not go: {error}"
        ) from error


def require_people(attack: AttackConfig, people: People) -> None:
    """Raises RequestError if an attack has nobody to learn from."""
    if attack.trained and not people.attackers:
        raise RequestError(
            f"attack={attack.name} learns from photos of other persons, and the shares people.evaluated and "
            "people.validation leave none. Make one of them smaller, or leave the attack out."
        )


def require_photos(samples: Sequence[Sample], group: str, lot: int) -> None:
    """Raises RequestError if no palm of a group of persons has photos enough to be named and to be known by."""
    photos = Counter(sample.identity for sample in samples)
    if (most := max(photos.values(), default=0)) < 2 * lot:
        raise RequestError(
            f"attack.photos={lot} wants {2 * lot} photos of a palm, to be named and to be known by: there are {most} "
            f"at most of the {group} persons. Take a data set with more, or fewer at once."
        )

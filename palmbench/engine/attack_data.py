"""What an attack is given: outputs of several seeds, of the method that is attacked or another, and recognizers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from palmbench import methods
from palmbench.attacks import AttackConfig, Channel
from palmbench.attacks.trained import TrainedConfig
from palmbench.config.schema import RunConfig, recognizer_config
from palmbench.datasets.sample import Sample
from palmbench.engine.pipeline import Pipeline
from palmbench.methods import MethodConfig
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


def learnt_on(attack: AttackConfig) -> MethodConfig | None:
    """The other method whose outputs an attack learns from."""
    if not isinstance(attack, TrainedConfig) or attack.learnt_on is None:
        return None
    return methods.named(attack.learnt_on)


def require_photos(samples: Sequence[Sample], lot: int) -> None:
    photos: dict[str, int] = {}
    for sample in samples:
        photos[sample.identity] = photos.get(sample.identity, 0) + 1
    if (most := max(photos.values(), default=0)) < 2 * lot:
        raise RequestError(
            f"attack.photos={lot} wants {2 * lot} photos of a palm, to be named and to be known by: there are {most} "
            "at most. Take a data set with more, or fewer at once."
        )

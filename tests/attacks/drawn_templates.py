"""Templates that lie in a store as if photos had been enrolled, with a known share of what they say of the palm."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from palmbench.attacks import AttackConfig
from palmbench.attacks.unchanged import UnchangedConfig
from palmbench.base.images import encode_png
from palmbench.base.store import Store, pack_arrays
from palmbench.config.attacks import TrialConfig
from palmbench.config.schema import RecognizerConfig, RunConfig
from palmbench.datasets.sample import Sample
from palmbench.datasets.settings import SynthConfig
from palmbench.engine import attack_record
from palmbench.engine.attack_pipeline import AttackPipeline, Wanted
from palmbench.engine.attack_record import Attacked
from palmbench.engine.attacking import measure
from palmbench.engine.resume import Failure
from palmbench.methods import MethodConfig
from palmbench.methods.swap import SwapConfig
from palmbench.stages.prepare import pack_hand
from palmbench.stages.stage import PHOTOS
from recognizers.common.cache_keys import sample_seed
from tests.golden import inputs

SIZE = 128  # of an embedding of the compact CCNet


def point(results_dir: str, palms: int = 40, photos: int = 4, method: MethodConfig | None = None) -> RunConfig:
    """Rendered palms, of which none is rendered, attacked by CCNet."""
    return RunConfig(
        dataset=SynthConfig(identities=palms, samples=photos),
        method=SwapConfig() if method is None else method,
        recognizer=RecognizerConfig("ccnet", {"weights": "embedded"}),
        results_dir=results_dir,
    )


def pipeline(config: RunConfig, trial: TrialConfig | None = None) -> AttackPipeline:
    return AttackPipeline.of(config, trial or TrialConfig())


def photographed(attack: AttackPipeline, store: Store) -> None:
    """One photo and its hand in the place of all that an attack learns from."""
    photo, hand = encode_png(inputs.photo()), pack_hand(inputs.hand())
    for stages, samples in attack.learnt_from.values():
        for sample in samples:
            store.write(PHOTOS, sample.digest, ".png", photo)
            for stage in stages:
                store.write(stage.name, stage.key(sample), stage.suffix, hand if stage.suffix == ".npz" else photo)


Draw = Callable[[Wanted, Sample], np.ndarray]


def enrolled(attack: AttackPipeline, store: Store, draw: Draw) -> Mapping[Wanted, frozenset[str]]:
    """Write the templates that an attack wants; NaN are photos without one. Ids of those that have one."""
    passed = {}
    for wanted, (stages, samples) in attack.wanted.items():
        stage, there = stages[-1], []
        for sample in samples:
            template = draw(wanted, sample)
            template = template.astype(np.float32) if template.dtype == np.float64 else template
            if not np.isnan(template).any():
                store.write(stage.name, stage.key(sample), stage.suffix, pack_arrays(template=template))
                there.append(sample.id)
        passed[wanted] = frozenset(there)
    return passed


def attacked(
    folder: Path,
    draw: Draw,
    attack: AttackConfig | None = None,
    failures: Sequence[Failure] = (),
    palms: int = 40,
    method: MethodConfig | None = None,
) -> Attacked:
    """The record of an attack on such templates."""
    wired = pipeline(point(str(folder), palms, method=method), TrialConfig(attack or UnchangedConfig()))
    store = Store.of(folder)
    measure(wired, enrolled(wired, store, draw), store, failures)
    return attack_record.attacked(wired)


def noise(*names: object) -> np.ndarray:
    """A unit vector of its own for some names."""
    drawn = np.random.default_rng(sample_seed(0, " ".join(map(str, names)))).normal(size=SIZE)
    return drawn / np.linalg.norm(drawn)


def leaking(original: float, output: float) -> Draw:
    """Templates with a share of the palm, of originals and of outputs; the rest is each photo's own."""

    def draw(wanted: Wanted, sample: Sample) -> np.ndarray:
        share = original if wanted.seed is None else output
        return share * noise("palm", sample.identity) + noise(sample.id, wanted.seed)

    return draw

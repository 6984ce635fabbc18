"""Readings that lie in a store as if photos had been read, with known answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from palmbench.base.store import Store, pack_arrays
from palmbench.config.attacks import DisclosureTrial
from palmbench.datasets.sample import Sample
from palmbench.disclosures import DisclosureConfig, Side
from palmbench.engine import attack_record
from palmbench.engine.attack_pipeline import Wanted
from palmbench.engine.attack_record import Disclosure
from palmbench.engine.disclosing import measure_disclosure
from palmbench.engine.disclosure_pipeline import DisclosurePipeline
from palmbench.methods import MethodConfig
from palmbench.stages.read import Read
from recognizers.common.cache_keys import sample_seed
from tests.attacks.drawn_templates import point

Draw = Callable[[Side, Sample], np.ndarray]


def pipeline(
    folder: Path, disclosure: DisclosureConfig, palms: int = 80, photos: int = 2, method: MethodConfig | None = None
) -> DisclosurePipeline:
    """A disclosure on rendered palms, of which none is rendered."""
    return DisclosurePipeline.of(point(str(folder), palms, photos, method), DisclosureTrial(disclosure))


def read(wired: DisclosurePipeline, store: Store, draw: Draw) -> Mapping[Wanted, frozenset[str]]:
    """Write the readings that a disclosure wants; NaN are photos without one. Ids of those that have one."""
    passed = {}
    for side, (wanted, (stages, samples)) in zip(wired.trial.disclosure.sides, wired.wanted.items(), strict=True):
        stage, there = stages[-1], []
        name = "reading" if isinstance(stage, Read) else "template"
        for sample in samples:
            reading = draw(side, sample)
            if not np.isnan(reading).any():
                store.write(stage.name, stage.key(sample), stage.suffix, pack_arrays(**{name: reading}))
                there.append(sample.id)
        passed[wanted] = frozenset(there)
    return passed


def disclosed(
    folder: Path, disclosure: DisclosureConfig, draw: Draw, palms: int = 80, method: MethodConfig | None = None
) -> Disclosure:
    """The record of a disclosure on such readings."""
    wired, store = pipeline(folder, disclosure, palms, method=method), Store.of(folder)
    measure_disclosure(wired, read(wired, store, draw), store, [])
    return attack_record.disclosed(wired)


def noise(*names: object, size: int = 6) -> np.ndarray:
    """Normal numbers of their own for some names."""
    return np.random.default_rng(sample_seed(0, " ".join(map(str, names)))).normal(size=size)

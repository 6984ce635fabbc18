"""ACC_cls: how often a closed-set classifier still gives a de-identified photo its own identity."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from palmbench.datasets.sample import Sample
from palmbench.scoring import Number
from palmbench.scoring.shares import mean_share
from palmbench.stages.compare import Classified

VERSION = 2


def measure_classifier(samples: Sequence[Sample], classified: Classified) -> dict[str, Number]:
    """`acc_cls`: share of photos that a closed-set classifier gives their own identity, in percent; failures miss."""
    if classified.identities is None:
        return {"acc_cls": Number.lacking(classified.missing)}
    identities = [sample.identity for sample in samples]
    persons = [sample.person for sample in samples]
    hits = np.array([found == own for found, own in zip(classified.identities, identities, strict=True)], float)
    failures = np.array([found is None for found in classified.identities])
    return {
        "acc_cls": mean_share(hits, persons, int(failures.sum())),
        "acc_cls_without_failures": mean_share(np.where(failures, np.nan, hits), persons),
    }

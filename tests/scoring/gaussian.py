"""Trials whose answers are known: normal scores, and mated ones closer by d' standard deviations."""

from __future__ import annotations

import numpy as np

from palmbench.scoring.trials import Trials


def gaussian(dprime: float, palms: int = 60, photos: int = 8, seed: int = 0, of_palm: float = 0.0) -> Trials:
    """Scores of strangers N(0, 1), mated ones N(-d', 1); a part of each may be common to all photos of two palms."""
    rng = np.random.default_rng(seed)
    own = np.repeat(np.arange(palms), photos)
    common = rng.normal(0, 1, (palms, palms))[own]
    distances = np.sqrt(of_palm) * common + np.sqrt(1 - of_palm) * rng.normal(0, 1, (len(own), palms))
    distances[np.arange(len(own)), own] -= dprime
    return Trials(distances, own, np.arange(palms))

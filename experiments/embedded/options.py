"""What the report is asked for: how many palms and photos, which profiles, where its results go."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from palmbench.synth import PROFILES


@dataclass(frozen=True)
class Options:
    """Sizes of the experiments. The bounds are meant for the defaults.

    Attributes
    ----------
    identities, samples : int
        Palms and photos of each by which profiles are calibrated; the hand network sees two photos of each palm.
    profiles : tuple of str
        Capture conditions that are looked at.
    painted_identities, painted_samples : int
        Palms and photos of each that are de-identified; the defaults are those of `make demo`.
    training_palms : int
        How many training identities the embedded weights have seen, from the first.
    seeds : int
        Start noises by which a few photos are de-identified anew.
    workers : int or None
        Processes; None takes one a core.
    results_dir : str
        Where the report and the store lie.
    judge : Path or None
        Python interpreter of the outside judge's environment.
    """

    identities: int = 100
    samples: int = 6
    profiles: tuple[str, ...] = tuple(PROFILES)
    painted_identities: int = 40
    painted_samples: int = 4
    training_palms: int = 2400
    seeds: int = 10
    workers: int | None = None
    results_dir: str = "results"
    judge: Path | None = None

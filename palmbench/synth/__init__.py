"""Procedural hands: a palmprint world without people, with exact ground truth."""

from palmbench.synth.grooves import Crease
from palmbench.synth.profiles import PROFILES
from palmbench.synth.render import Render, render
from palmbench.synth.seeds import (
    BENCHMARK_IDENTITIES,
    SURROGATE_IDENTITIES,
    TRAINING_IDENTITIES,
    person_of,
    session_of,
    side_of,
)
from palmbench.synth.seeds import VERSION as RENDERER_VERSION

__all__ = [
    "BENCHMARK_IDENTITIES",
    "PROFILES",
    "RENDERER_VERSION",
    "SURROGATE_IDENTITIES",
    "TRAINING_IDENTITIES",
    "Crease",
    "Render",
    "person_of",
    "render",
    "session_of",
    "side_of",
]

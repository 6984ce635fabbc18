"""Who exists in the synthetic world, and where each one's random numbers come from.

A person, a hand, a session and a sample have generators of their own, made from integers alone: no global
state, no order of calls, the same numbers on every machine. People whom any shipped weights were trained on live
in a range of identities of their own, which no benchmark can reach; so do palms that are lent to hide others with.
"""

from __future__ import annotations

import numpy as np

VERSION = 3
BENCHMARK_IDENTITIES = range(0, 1_000_000)
TRAINING_IDENTITIES = range(1_000_000, 2_000_000)
SURROGATE_IDENTITIES = range(2_000_000, 2**48)
SAMPLES_PER_SESSION = 3

_PERSON, _HAND, _SAMPLE, _SESSION = 101, 102, 103, 104


def person_of(identity: int) -> int:
    """The person to whom a palm belongs: identities 2 p and 2 p + 1 are the left and right hand of person p."""
    return identity // 2


def side_of(identity: int) -> str:
    """ "left" for even identities, "right" for odd ones."""
    return "right" if identity % 2 else "left"


def session_of(sample: int) -> int:
    """The session in which a photo was taken: three photos each, from 0."""
    return sample // SAMPLES_PER_SESSION


def person_generator(identity: int) -> np.random.Generator:
    """Numbers that both hands of a person share: proportions, skin."""
    return _generator(_PERSON, person_of(identity))


def hand_generator(identity: int) -> np.random.Generator:
    """Numbers of one hand: its creases, its skin texture, small differences of shape."""
    return _generator(_HAND, identity)


def session_generator(identity: int, sample: int, profile: str) -> np.random.Generator:
    """Numbers that the photos of a person's session share: place, light, camera, sleeve, state of the skin."""
    return _generator(_SESSION, person_of(identity), session_of(sample), *profile.encode("ascii"))


def sample_generator(identity: int, sample: int, profile: str) -> np.random.Generator:
    """Numbers of one photo of one hand: pose, and how light and camera differ from the session's."""
    return _generator(_SAMPLE, identity, sample, *profile.encode("ascii"))


def _generator(*words: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence((VERSION, *words))))

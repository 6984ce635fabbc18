"""Bits of a palmprint code, each weighed by how far it outlives the method.

A bit that agrees in a share p of mated pairs and q of strangers' pairs is worth logit p - logit q where it agrees: the
sum over bits is the logarithm of the likelihood ratio, were bits independent; (p - q) / (q (1 - q)) is the same where p
is near q. Weights are learnt from pairs as they lie and smoothed over neighbouring pixels, for pairs are few; shifts
are searched in matching alone. As an image the weights show where identity survives.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Literal

import numpy as np

from palmbench.attacks.attack import Training, mated_pairs, side_of
from palmbench.attacks.trained import TrainedConfig
from recognizers.codes.base import PalmprintCode, unpacked
from recognizers.common.errors import RequestError
from recognizers.common.strict import setting

if TYPE_CHECKING:
    from recognizers.protocol import Recognizer

VERSION = 1
_SIDE = 32  # of a plane, code pixels
_SMOOTHING = 3.0  # code pixels
_ERRORS = 3.0  # standard errors that a plane's mean weight must be away from 0
_PRIOR_PAIRS = 100.0  # mated pairs that agree as strangers do are added: pairs of few palms say less than they are
_LEAST_VARIANCE = 0.05  # of a bit's agreement: one that nearly always agrees says little, whatever a few pairs say


@dataclass(frozen=True)
class BitWeightsConfig(TrainedConfig):
    """Bits of a code weighed by how far they outlive the method, learnt from other people's photos."""

    name: Literal["bit_weights"] = "bit_weights"
    recognizer: str | None = "mtcc"
    reach: int = setting(4, low=0, high=4)

    version = VERSION
    starts_blank = True

    def fit(self, recognizer: Recognizer, training: Training) -> WeighedBits:
        if not isinstance(recognizer, PalmprintCode):
            raise RequestError(
                f"attack=bit_weights learns from codes of bits, and recognizer={recognizer.name} has none; take "
                "attack.recognizer=mtcc or another code."
            )
        probes, gallery = side_of(training, self.probe), side_of(training, self.gallery)
        mated = mated_pairs(probes, gallery)
        strangers = probes.palms[:, None] != gallery.palms
        if not mated.any() or not strangers.any():
            raise RequestError(
                "attack=bit_weights wants two palms of the attacker's own, with two photos each that have a template; "
                "take more persons or photos."
            )
        first, second = (_bits(recognizer, each.templates) for each in (probes, gallery))
        return WeighedBits(recognizer, _learnt(first, second, mated, strangers, probes.palms), self.reach)


class WeighedBits:
    """Weighed share of differing bits at the best shift.

    Parameters
    ----------
    recognizer : PalmprintCode
    weights : (planes, 32, 32) float32
        What a bit's agreement is worth; negative of a bit that agrees less in mated pairs.
    reach : int
        Largest shift along both axes, in code pixels.

    Attributes
    ----------
    weights : (planes, 32, 32) float32
    """

    name = "bit_weights"

    def __init__(self, recognizer: PalmprintCode, weights: np.ndarray, reach: int) -> None:
        self._recognizer, self.weights, self._reach = recognizer, weights, reach

    def distances(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Distances of every probe in `a` to every template of the gallery `b`, (len(a), len(b)) float32."""
        probes, gallery = (_bits(self._recognizer, each) for each in (a, b))
        best = np.full((len(a), len(b)), np.inf, np.float32)
        for differing in _over_shifts(probes, gallery, self.weights, self._reach):
            np.minimum(best, differing, out=best)
        return best


def _bits(recognizer: PalmprintCode, templates: np.ndarray) -> np.ndarray:
    """Bit planes (n, planes, 32, 32) float32 of 0 and 1."""
    return unpacked(recognizer.planes(templates)).astype(np.float32)


def _over_shifts(probes: np.ndarray, gallery: np.ndarray, weights: np.ndarray, reach: int) -> Iterator[np.ndarray]:
    """At each shift of the probes the weighed share of differing bits in the overlap, (n_probes, n_gallery)."""
    for down, right in product(range(-reach, reach + 1), repeat=2):
        here, there = _overlap(probes, down, right), _overlap(gallery, -down, -right)
        weighed = _overlap(weights, -down, -right).ravel()
        total = np.abs(weighed).sum()
        first, second = here.reshape(len(here), -1), there.reshape(len(there), -1)
        # Bits x and y differ by x + y - 2 x y.
        differing = (first @ weighed)[:, None] + second @ weighed - 2 * (first * weighed) @ second.T
        yield differing / max(float(total), 1e-12)


def _overlap(planes: np.ndarray, down: int, right: int) -> np.ndarray:
    """What of planes (..., 32, 32) lies within others that are moved so far against them."""
    rows, columns = (slice(max(0, -move), _SIDE - max(0, move)) for move in (down, right))
    return planes[..., rows, columns]


def _learnt(
    probes: np.ndarray, gallery: np.ndarray, mated: np.ndarray, strangers: np.ndarray, palms: np.ndarray
) -> np.ndarray:
    """Weights of the bits of a gallery's planes, (planes, 32, 32) float32; `palms` are those of the probes.

    Pairs are taken as they lie: strangers' pairs at the shift that suits them best agree as mated ones do. A plane
    whose mean weight does not stand out of what it is without one palm or another counts nothing: small weights rank
    people as large ones do, so chance must not give them a sign.
    """
    agreed, of = _agreement(probes, gallery, strangers)
    rate = (agreed + 1) / (of + 2)

    def weights(agreed: np.ndarray, of: int) -> np.ndarray:
        # logit p - logit q to first order: what is linear in p has no bias where pairs are few.
        return (agreed - of * rate) / (of + _PRIOR_PAIRS) / np.maximum(rate * (1 - rate), _LEAST_VARIANCE)

    agreed, of = _agreement(probes, gallery, mated)
    parts = [_agreement(probes, gallery, mated & (palms == palm)[:, None]) for palm in np.unique(palms)]
    left = np.array([weights(agreed - part, of - pairs).mean(axis=(1, 2)) for part, pairs in parts])
    error = np.sqrt((len(left) - 1) * left.var(axis=0))  # the jackknife's
    found = weights(agreed, of)
    stands_out = np.abs(found.mean(axis=(1, 2))) > _ERRORS * error
    return _smoothed(np.where(stands_out[:, None, None], found, 0.0))


def _agreement(probes: np.ndarray, gallery: np.ndarray, pairs: np.ndarray) -> tuple[np.ndarray, int]:
    """How often each bit agrees in some pairs, (planes, 32, 32) float64, and how many pairs they are."""
    weights = pairs.astype(np.float64)
    # Bits x and y agree by 1 - x - y + 2 x y, summed over pairs.
    both = np.einsum("ip...,ip...->p...", probes, np.tensordot(weights, gallery, axes=1))
    either = np.tensordot(weights.sum(axis=1), probes, axes=1) + np.tensordot(weights.sum(axis=0), gallery, axes=1)
    return weights.sum() - either + 2 * both, int(pairs.sum())


def _smoothed(weights: np.ndarray) -> np.ndarray:
    from scipy.ndimage import gaussian_filter  # imported late: settings of attacks are read without scipy

    return gaussian_filter(weights, (0, _SMOOTHING, _SMOOTHING), mode="nearest").astype(np.float32)

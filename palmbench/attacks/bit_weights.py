"""Bits of a palmprint code, each weighed by how far it outlives the method.

A bit that agrees in a share p of mated pairs and q of strangers' pairs is worth logit p - logit q where it agrees: the
sum over bits is the logarithm of the likelihood ratio, were bits independent. Weights are learnt from photos as they
lie, then at the shift that suits each pair best by them, and smoothed over neighbouring pixels, for pairs are few. As
an image they show where identity survives.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Literal

import numpy as np

from palmbench.attacks.attack import Labelled, Side, Training
from palmbench.attacks.trained import TrainedConfig
from recognizers.codes.base import PalmprintCode, unpacked
from recognizers.common.errors import RequestError
from recognizers.common.strict import setting

if TYPE_CHECKING:
    from recognizers.protocol import Recognizer

VERSION = 1
_SIDE = 32  # of a plane, code pixels
_SMOOTHING = 1.0  # code pixels
_ROUNDS = 2  # of finding shifts by weights, and weights at those shifts


@dataclass(frozen=True)
class BitWeightsConfig(TrainedConfig):
    """Bits of a code weighed by how far they outlive the method, learnt from other people's photos."""

    name: Literal["bit_weights"] = "bit_weights"
    recognizer: str | None = "mtcc"
    reach: int = setting(2, low=0, high=4)

    version = VERSION
    starts_blank = True

    def fit(self, recognizer: Recognizer, training: Training) -> WeighedBits:
        if not isinstance(recognizer, PalmprintCode):
            raise RequestError(
                f"attack=bit_weights learns from codes of bits, and recognizer={recognizer.name} has none; take "
                "attack.recognizer=mtcc or another code."
            )
        sides: dict[Side, Labelled] = {"originals": training.originals, "deidentified": training.deidentified}
        probes, gallery = sides[self.probe], sides[self.gallery]
        mated = _mated(probes, gallery)
        strangers = probes.palms[:, None] != gallery.palms
        if not mated.any() or not strangers.any():
            raise RequestError(
                "attack=bit_weights wants two palms of the attacker's own, with two photos each that have a template; "
                "take more persons or photos."
            )
        first, second = (_bits(recognizer, each.templates) for each in (probes, gallery))
        return WeighedBits(recognizer, _learnt(first, second, mated, strangers, self.reach), self.reach)


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
        for _, differing in _over_shifts(probes, gallery, self.weights, self._reach):
            np.minimum(best, differing, out=best)
        return best


def _mated(probes: Labelled, gallery: Labelled) -> np.ndarray:
    """Pairs of two photos of a palm: what a photo shares with its own output is no identity."""
    return (probes.palms[:, None] == gallery.palms) & (probes.photos[:, None] != gallery.photos)


def _bits(recognizer: PalmprintCode, templates: np.ndarray) -> np.ndarray:
    """Bit planes (n, planes, 32, 32) float32 of 0 and 1."""
    return unpacked(recognizer.planes(templates)).astype(np.float32)


def _over_shifts(
    probes: np.ndarray, gallery: np.ndarray, weights: np.ndarray, reach: int
) -> Iterator[tuple[tuple[int, int], np.ndarray]]:
    """Each shift of the probes, and the weighed share of differing bits in the overlap, (n_probes, n_gallery)."""
    for down, right in product(range(-reach, reach + 1), repeat=2):
        here, there = _overlap(probes, down, right), _overlap(gallery, -down, -right)
        weighed = _overlap(weights, -down, -right).ravel()
        total = np.abs(weighed).sum()
        first, second = here.reshape(len(here), -1), there.reshape(len(there), -1)
        # Bits x and y differ by x + y - 2 x y.
        differing = (first @ weighed)[:, None] + second @ weighed - 2 * (first * weighed) @ second.T
        yield (down, right), differing / max(float(total), 1e-12)


def _overlap(planes: np.ndarray, down: int, right: int) -> np.ndarray:
    """What of planes (..., 32, 32) lies within others that are moved so far against them."""
    rows, columns = (slice(max(0, -move), _SIDE - max(0, move)) for move in (down, right))
    return planes[..., rows, columns]


def _learnt(
    probes: np.ndarray, gallery: np.ndarray, mated: np.ndarray, strangers: np.ndarray, reach: int
) -> np.ndarray:
    """Weights of the bits of a gallery's planes, (planes, 32, 32) float32."""
    shift = np.zeros((*mated.shape, 2), np.int64)
    weights = _of_shifts(probes, gallery, mated, strangers, shift)
    # Where a method leaves little, unweighed bits do not tell which shift is right: those of photos as they lie do.
    for _ in range(_ROUNDS if reach else 0):
        best = np.full(mated.shape, np.inf, np.float32)
        for moved, differing in _over_shifts(probes, gallery, weights, reach):
            nearer = differing < best
            best[nearer], shift[nearer] = differing[nearer], moved
        weights = _of_shifts(probes, gallery, mated, strangers, shift)
    return weights


def _of_shifts(
    probes: np.ndarray, gallery: np.ndarray, mated: np.ndarray, strangers: np.ndarray, shift: np.ndarray
) -> np.ndarray:
    found = [_agreement(probes, gallery, pairs, shift) for pairs in (mated, strangers)]
    return _smoothed(found[0] - found[1])


def _agreement(probes: np.ndarray, gallery: np.ndarray, pairs: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """logit of how often each bit agrees in some pairs, (planes, 32, 32), after one agreement and one difference."""
    agreed = np.ones(probes.shape[1:])
    seen = np.full(probes.shape[1:], 2.0)
    for down, right in np.unique(shift[pairs], axis=0).tolist():
        moved = pairs & (shift == (down, right)).all(axis=-1)
        first, second = np.nonzero(moved)
        rows, columns = (slice(max(0, move), _SIDE - max(0, -move)) for move in (down, right))
        # Sums of products, by the gallery's template, instead of all pairs at once.
        here = _overlap(probes, down, right)
        for template in np.unique(second):
            own = here[first[second == template]]
            bits = gallery[template][..., rows, columns]
            ones = own.sum(axis=0)
            agreed[..., rows, columns] += np.where(bits > 0, ones, len(own) - ones)
            seen[..., rows, columns] += len(own)
    return np.log(agreed) - np.log(seen - agreed)


def _smoothed(weights: np.ndarray) -> np.ndarray:
    from scipy.ndimage import gaussian_filter  # imported late: settings of attacks are read without scipy

    return gaussian_filter(weights, (0, _SMOOTHING, _SMOOTHING), mode="nearest").astype(np.float32)

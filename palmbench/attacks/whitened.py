"""Embeddings whitened within palms: what differs between photos of one palm after the method counts less.

With S_w the scatter of templates about their palm's mean, shrunk towards a multiple of the identity, templates become
S_w^(-1/2) (x - mean of their side), and the angle between two is their distance (within-class covariance normalisation,
Hatch, Kajarekar and Stolcke, 2006). Where originals and outputs are compared, both stand under one label, so that what
the method does to every palm alike is differences within palms, and counts less too.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from palmbench.attacks.attack import Labelled, Side, Training
from palmbench.attacks.trained import TrainedConfig
from recognizers.common.errors import RequestError
from recognizers.common.strict import setting

if TYPE_CHECKING:
    from recognizers.protocol import Recognizer

VERSION = 1


@dataclass(frozen=True)
class WhitenedConfig(TrainedConfig):
    """Embeddings whitened within palms, learnt from other people's photos before and after the method."""

    name: Literal["whitened"] = "whitened"
    recognizer: str | None = "ccnet"
    shrinkage: float = setting(0.1, above=0, high=1)

    version = VERSION

    def fit(self, recognizer: Recognizer, training: Training) -> Whitened:
        sides: dict[Side, Labelled] = {"originals": training.originals, "deidentified": training.deidentified}
        if any(each.templates.dtype.kind != "f" or each.templates.ndim != 2 for each in training):
            raise RequestError(
                f"attack=whitened learns from embeddings, and templates of recognizer={recognizer.name} are none; take "
                "attack.recognizer=ccnet or eehnet."
            )
        taken = [sides[side] for side in dict.fromkeys((self.gallery, self.probe))]
        if min(len(np.unique(each.palms)) for each in taken) < 2 or max(map(len, (each.palms for each in taken))) < 4:
            raise RequestError(
                f"attack=whitened wants photos of two palms of the attacker's own that have a template, and there are "
                f"{min(len(each.palms) for each in taken)} photos; take more persons."
            )
        means = {side: _unit(each.templates).mean(axis=0) for side, each in sides.items() if len(each.palms)}
        centred = [_unit(sides[side].templates) - means[side] for side in dict.fromkeys((self.gallery, self.probe))]
        whitener = within_palms(np.concatenate(centred), np.concatenate([each.palms for each in taken]), self.shrinkage)
        return Whitened(means[self.probe], means[self.gallery], whitener)


class Whitened:
    """Angle between whitened templates, in [0, 1].

    Parameters
    ----------
    probe, gallery : (size,) float64
        What is subtracted from templates of each side.
    whitener : (size, size) float64
    """

    name = "whitened"

    def __init__(self, probe: np.ndarray, gallery: np.ndarray, whitener: np.ndarray) -> None:
        self._probe, self._gallery, self._whitener = probe, gallery, whitener

    def distances(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Distances of every probe in `a` to every template of the gallery `b`, (len(a), len(b)) float32."""
        first = _unit((_unit(a) - self._probe) @ self._whitener)
        second = _unit((_unit(b) - self._gallery) @ self._whitener)
        return (np.arccos(np.clip(first @ second.T, -1, 1)) / math.pi).astype(np.float32)


def within_palms(vectors: np.ndarray, palms: np.ndarray, shrinkage: float) -> np.ndarray:
    """S_w^(-1/2), (size, size) float64; the identity where nothing varies within palms.

    Parameters
    ----------
    vectors : (n, size) float
    palms : (n,) array
        Palm of each.
    shrinkage : float
        Share of S_w's mean variance that every direction gets, in place of as much of S_w.
    """
    _, places = np.unique(palms, return_inverse=True)
    count = np.bincount(places)
    sums = np.zeros((len(count), vectors.shape[1]))
    np.add.at(sums, places, vectors)
    within = vectors - (sums / count[:, None])[places]
    scatter = within.T @ within / max(1, len(vectors) - len(count))
    common = np.trace(scatter) / len(scatter)
    if common <= 1e-15:
        return np.eye(len(scatter))
    values, axes = np.linalg.eigh((1 - shrinkage) * scatter + shrinkage * common * np.eye(len(scatter)))
    return (axes / np.sqrt(values)) @ axes.T


def _unit(vectors: np.ndarray) -> np.ndarray:
    wide = vectors.astype(np.float64)
    return wide / np.maximum(np.linalg.norm(wide, axis=1, keepdims=True), 1e-12)

"""How well a trained network tells held-out photos apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from palmbench.scoring import equal_error_rate, pair_kinds
from palmbench.scoring.rates import rank1_hits

_ROWS = 1024


@dataclass(frozen=True)
class HeldOut:
    """What is measured of held-out photos; fractions, None where it is undefined.

    Attributes
    ----------
    eer : float or None
        Equal error rate over all pairs of held-out photos ("real EER"). As in CCNet's protocol every two palms are an
        impostor pair, left and right hand of a person too.
    eer_gallery : float or None
        Of held-out photos against training photos; closed set only.
    acc_nn : float or None
        Rank-1 in the gallery of training photos; of palms that did not train, among the other held-out photos.
    acc_cls : float or None
        Share that the classifier gives its palm; closed set only.
    """

    eer: float | None
    eer_gallery: float | None
    acc_nn: float | None
    acc_cls: float | None

    def as_json(self) -> dict[str, float | None]:
        """As plain numbers."""
        return asdict(self)


def pair_error(templates: np.ndarray, palms: Sequence[str] | np.ndarray) -> float | None:
    """Equal error rate over all unordered pairs of templates (n, size), float32 of unit length."""
    kinds = pair_kinds(palms)
    if not kinds.genuine.any() or not kinds.impostor.any():
        return None
    distances = angles(templates, templates)[np.triu_indices(len(templates), 1)]
    return equal_error_rate(distances[kinds.genuine], distances[kinds.impostor]).rate


def measure_held_out(
    embed: Callable[[np.ndarray], np.ndarray],
    test: np.ndarray,
    test_palms: np.ndarray,
    gallery: np.ndarray,
    gallery_palms: np.ndarray,
    centres: np.ndarray | None,
    names: Sequence[str],
) -> HeldOut:
    """All measures of a network as it is.

    Parameters
    ----------
    embed : callable
        Images to templates (n, size), float32 of unit length.
    test, gallery : images
        Held out, and trained with.
    test_palms, gallery_palms : arrays of str
    centres : (classes, size) float32, or None
        Class centres; None where no held-out palm has a class.
    names : sequence of str
        Palm of each class.
    """
    templates = embed(test)
    eer = pair_error(templates, test_palms)
    if centres is None:
        distances = angles(templates, templates)
        np.fill_diagonal(distances, np.nan)
        return HeldOut(eer, None, float(rank1_hits(distances, test_palms, test_palms).mean()), None)
    distances = angles(templates, embed(gallery))
    same = test_palms[:, None] == gallery_palms[None]
    one_kind = same.all() or not same.any()
    against = None if one_kind else equal_error_rate(distances[same], distances[~same]).rate
    named = np.asarray(names)[angles(templates, centres).argmin(axis=1)]
    nearest = rank1_hits(distances, test_palms, gallery_palms)
    return HeldOut(eer, against, float(nearest.mean()), float((named == test_palms).mean()))


def angles(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Distances arccos(<a, b>) / pi of vectors (n, size) and (m, size), float32 (n, m)."""
    first, second = (each / np.maximum(np.linalg.norm(each, axis=1, keepdims=True), 1e-12) for each in (a, b))
    distances = np.empty((len(a), len(b)), np.float32)
    for start in range(0, len(a), _ROWS):
        cosines = first[start : start + _ROWS].astype(np.float64) @ second.T.astype(np.float64)
        distances[start : start + _ROWS] = np.arccos(np.clip(cosines, -1, 1)) / np.pi
    return distances

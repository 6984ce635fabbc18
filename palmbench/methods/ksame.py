"""k-Same in the palm frame: k palms share one surrogate that is mixed from others, or an own palm is averaged with k-1.

The first has a theorem, the second has none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from palmbench.methods.declaration import Declaration
from palmbench.methods.method import Encoding, Method, MethodConfig
from recognizers.common.cache_keys import digest, versions_of
from recognizers.common.strict import setting

if TYPE_CHECKING:
    from palmbench.hands import Hand
    from palmbench.hands.palm import Region
    from palmbench.methods.new_skin import Ground
    from palmbench.synth.flat_palm import FlatPalm

VERSION = 1
_ALIKE = 64  # pixels of the palm frame's side at which palms are compared
_DARK = 0.02  # of full scale: relative to what is darker, noise would count as lines
_TINT = np.array([0.85, 1.1, 1.1], np.float32)  # a crease is redder than the skin beside it
_STRONGEST = 4.0  # standard deviations: what differs by more from a palm's light is no line, but lies over the hand


@dataclass(frozen=True)
class KSameConfig(MethodConfig):
    """k palms made the same: clusters that share a mixed palm, or an average with k - 1 others."""

    name: Literal["ksame"] = "ksame"
    way: Literal["proxy", "average"] = "proxy"
    k: int = setting(5, low=2, high=64)
    shading: float = setting(0.0, low=0, high=1)

    label = "k-Same"
    named = ("way", "k", "shading")
    seeded = True
    by_photo = "method.way=average"
    on_device = False

    def declaration(self, region: Region = "paper") -> Declaration:
        proxy = self.way == "proxy"
        return Declaration(
            self.name,
            region="hand",  # the rim fades into the skin around the palm
            sees=("pool",),
            seeded=True,
            surrogate="person" if proxy else "photo",
            guarantee=_theorem(self.k) if proxy else "",
            licence="",
            reference="Newton, Sweeney and Malin, IEEE TKDE 17(2), 2005; Meden et al., Entropy 20(1), 2018",
        )

    def describe(self) -> str:
        if self.way == "proxy":
            return f"ksame proxy: {_theorem(self.k)}."
        return (
            f"ksame average is each palm averaged with the {self.k - 1} nearest of a rendered pool, photo by photo: "
            "as the own one is among them, nothing is guaranteed."
        )

    @property
    def by_palm(self) -> bool:
        return self.way == "proxy"

    @property
    def leaves_lines(self) -> bool:  # type: ignore[override]
        """The own palm is one of those that are averaged."""
        return self.way == "average"

    def palm_seeds(self, palms: Iterable[str], seed: int) -> Mapping[str, int]:
        found: dict[str, int] = {}
        for cluster in clusters(palms, self.k, seed):
            shared = int(digest("cluster", seed=seed, palms=cluster)[:16], 16) >> 1
            found |= dict.fromkeys(cluster, shared)
        return found

    def unmet(self, photos: Mapping[str, int], seed: int, region: Region = "paper") -> tuple[str, ...]:
        if self.way != "proxy":
            return ()
        told = []
        if len(photos) < self.k:
            told.append(f"{len(photos)} palms are fewer than k = {self.k}, so that one of {len(photos)} may be known")
        uneven = [each for each in clusters(photos, self.k, seed) if len({photos[palm] for palm in each}) > 1]
        if uneven:
            count = len(uneven)
            told.append(
                f"{count} cluster{'s' if count > 1 else ''} of palms ha{'ve' if count > 1 else 's'} not as many "
                "de-identified photos of each, so that the one with the most is known more often than one in k"
            )
        if self.shading > 0:
            told.append(f"with shading {self.shading:g} the own palm's light stays, which recognizers can read")
        if region == "paper":
            told.append("around the polygon of region=paper lines of the own palm stay, which recognizers read")
        return tuple(told)

    def point(self) -> dict[str, Any]:
        return {"way": self.way, "k": self.k, **({"shading": self.shading} if self.way == "proxy" else {})}

    def load(self, device: str = "cpu", region: Region = "paper") -> KSame:
        return KSame(self, device, region)


def clusters(palms: Iterable[str], k: int, seed: int) -> list[list[str]]:
    """Palms of a closed set in clusters of k, in an order that the seed draws; the last one has up to 2 k - 1."""
    order = sorted(set(palms), key=lambda palm: digest("cluster order", seed=seed, palm=palm))
    count = max(1, len(order) // k)
    return [sorted(order[i * k : None if i == count - 1 else (i + 1) * k]) for i in range(count)]


class KSame(Method):
    """Mix palms in the palm frame.

    `proxy` [1]_: the palms of a data set are put into clusters of k, and all photos of a cluster get one palm, mixed
    from k palms of a rendered pool, in light that is grown from the skin around; `shading` is the share of the own
    palm's light in it. At 0 no pixel of an own palm is used. So whatever reads a palm's lines alone takes all palms of
    a cluster for the same one, and names at most one of the k rightly.

    `average`, as toolboxes do it: the own palm and the k - 1 of the pool that are nearest to it, photo by photo. The
    theorem of k-Same [2]_ needs that k palms become the same one, and here none do.

    Means of k palms whose lines do not meet have 1/sqrt(k) of their contrast, which is given back.

    References
    ----------
    .. [1] B. Meden, Z. Emersic, V. Struc, P. Peer, "k-Same-Net: k-Anonymity with Generative Deep Neural Networks for
       Face Deidentification", Entropy 20(1), 2018.
    .. [2] E. Newton, L. Sweeney, B. Malin, "Preserving Privacy by De-identifying Face Images", IEEE TKDE 17(2), 2005.
    """

    config: KSameConfig
    version = VERSION

    def versions(self) -> dict[str, int]:
        from palmbench.methods.new_skin import skin_versions

        return super().versions() | skin_versions() | versions_of("palmbench.methods", "pool")

    def deidentify(
        self, images: list[np.ndarray], hands: list[Hand], seeds: list[int], encodings: list[Encoding | None]
    ) -> list[np.ndarray]:
        return [self._mixed(*each) for each in zip(images, hands, seeds, strict=True)]

    def _mixed(self, photo: np.ndarray, hand: Hand, seed: int) -> np.ndarray:
        from palmbench.methods.new_skin import ground, painted, relit

        proxy = self.config.way == "proxy"
        under = ground(photo, hand, self.region, self.config.shading if proxy else 1.0)
        if proxy:
            detail = relit(mixed(self.config.k, seed, under.frame.side), under)
        else:
            detail = averaged(under, self.config.k)
        return painted(photo, hand, self.region, under, detail, np.random.default_rng((seed, VERSION)))


def mixed(k: int, seed: int, side: int) -> FlatPalm:
    """A palm of k palms of the pool that the seed draws, in a frame of at most so many pixels a side."""
    from palmbench.methods import pool
    from palmbench.synth.flat_palm import FlatPalm

    chosen = np.random.default_rng(seed).choice(pool.SIZE, k, replace=False)
    layers = []
    for layer, usual in zip(pool.palms(), pool.usual(), strict=True):
        # What all palms have in common, such as where most have a line, a mean does not lose.
        layers.append(usual + np.sqrt(k) * (layer[chosen].mean(axis=0, dtype=np.float32) - usual))
    palm = FlatPalm(*(_shrunk(layer, side) for layer in layers))
    return palm._replace(depth=np.maximum(palm.depth, 0))


def averaged(under: Ground, k: int) -> np.ndarray:
    """The mean of an own palm's lines and of those of the k - 1 palms of the pool that are most like it.

    Returns
    -------
    ndarray of shape (height, width, 3), float32
        About 1: what the light of the own palm is to be multiplied by. As strong as the own lines are.
    """
    from palmbench.methods import pool

    side = min(pool.SIDE, under.frame.side)
    level, light = (each.mean(axis=2) for each in (under.photo, under.light))
    seen = under.palm.astype(np.float32)
    lines = seen * ((level + _DARK) / (light + _DARK) - 1)
    own, inside = np.moveaxis(under.frame.rectified(np.dstack([lines, seen]), side), 2, 0)
    inside = inside > 0.99
    others = pool.details()
    near = np.argsort(-_likeness(own, inside, others), kind="stable")[: k - 1]
    strength = _strength(own, inside)
    total = np.clip(own / strength, -_STRONGEST, _STRONGEST)
    for other in near:
        detail = _shrunk(others[other].astype(np.float32), side)
        total = total + detail / _strength(detail, inside)
    mean = total * strength / _strength(total, inside)
    return np.asarray(1 + under.frame.laid(mean.astype(np.float32), under.palm.shape)[..., None] * _TINT)


def _likeness(own: np.ndarray, inside: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Cosine of the angle between an own palm and each other one, at a low resolution."""
    import cv2

    size = (_ALIKE, _ALIKE)
    share = cv2.resize(inside.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.5
    rows = [cv2.resize(each.astype(np.float32), size, interpolation=cv2.INTER_AREA)[share] for each in (own, *others)]
    vectors = np.stack([row - row.mean() for row in rows])
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return np.asarray(vectors[1:] @ vectors[0])


def _strength(lines: np.ndarray, inside: np.ndarray) -> float:
    return max(float(lines[inside].std()), 1e-6)


def _shrunk(frame: np.ndarray, side: int) -> np.ndarray:
    """A frame of no more pixels a side than a photo has there: more would be undersampled."""
    import cv2

    return frame if side >= len(frame) else cv2.resize(frame, (side, side), interpolation=cv2.INTER_AREA)


def _theorem(k: int) -> str:
    return (
        f"of a closed set of palms whatever reads lines alone names at most one in k = {k} rightly (rank 1), if k "
        "palms share each surrogate, nothing of the own palm is left, and all k are evaluated with as many photos; "
        "pose and the rest of the hand stay the photo's own"
    )

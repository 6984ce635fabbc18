"""Another palm's skin in a hand: its lines, in the light of the palm that was there.

Of the own palm what is coarser than its lines is taken, a Gaussian mean as wide as a twelfth of the palm. The other
palm is laid over the hand by its keypoints, lit from where that mean says that the light comes, and multiplied by it.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from palmbench.hands.hand import Hand
from palmbench.hands.palm import Region
from palmbench.hands.palm_frame import PalmFrame
from palmbench.methods.paste_back import soft_rim
from palmbench.methods.region import palm_region, region_versions
from palmbench.methods.rim_fill import around, beside, grown
from palmbench.methods.skin_texture import textured
from palmbench.synth.flat_palm import FlatPalm, lit
from recognizers.common.cache_keys import versions_of

VERSION = 2
_LARGEST = 448  # longer side, pixels, of what is worked on: what is finer is the texture of the skin around
_COARSE = 0.04  # hand lengths, 8 % of a palm's side: standard deviation of the Gaussian that takes the own lines away
_RIM, _RINGS = 0.06, 8  # hand lengths over which a hand turns away from the light at its outline, and steps in that
_MOST_TURNED = 3.0  # how many times as far as elsewhere the light may fall at one place of the outline
_DARKEST, _BRIGHTEST = 0.3, 1.4  # skin at the outline, beside the light inside
_DARK = 0.02  # of full scale: what is darker has no light to speak of
_LENS = 0.6  # pixels: no camera shows a line as sharp as it is drawn
_RADIUS = 4.0  # reach of the inpainter that grows light from the rim, as that of `inpaint`
# Lean of the light: a lamp that stands to the side by this much makes a hand brighter towards it by _NEARER, the
# logarithm a hand length. Palms lit from right before them would show no relief.
_NEARER, _LEAST_LEAN, _MOST_LEAN = 2.1, 0.3, 0.6


def skin_versions() -> dict[str, int]:
    """Versions of the code that gives a hand another palm's skin, by name, for the key."""
    return {
        "new_skin": VERSION,
        **region_versions(),
        **versions_of("palmbench.hands", "palm_frame"),
        **versions_of("palmbench.methods", "paste_back", "rim_fill", "skin_texture"),
        **versions_of("palmbench.synth", "flat_palm", "seeds"),
    }


class Ground(NamedTuple):
    """What of a photo a new palm is painted on.

    Attributes
    ----------
    box : (slice, slice)
        Rows and columns of the photo.
    skin, palm : ndarray of shape (height, width), bool
        Of the box at the scale that is worked at: the hand, and what is repainted.
    photo : ndarray of shape (height, width, 3), float32
        In [0, 1].
    light : ndarray of shape (height, width, 3), float32
        What is kept of the palm: its light and colours, in [0, 1].
    lamp : ndarray of shape (3,)
        Direction to the light, of unit length: x right, y down, z towards the camera.
    frame : PalmFrame
        In pixels of the box at that scale.
    """

    box: tuple[slice, slice]
    skin: np.ndarray
    palm: np.ndarray
    photo: np.ndarray
    light: np.ndarray
    lamp: np.ndarray
    frame: PalmFrame


def ground(photo: np.ndarray, hand: Hand, region: Region, shading: float = 1.0) -> Ground:
    """Take from a photo (H, W, 3), uint8, what stays of its palm.

    Parameters
    ----------
    shading : float
        Share of the palm's own light; the rest is grown from the skin around it.

    Raises
    ------
    SampleError
        If the palm region is empty, its keypoints lie on a line, or there is no skin around to grow light from.
    """
    repainted = palm_region(hand, region)
    box = around(repainted)
    height, width = repainted[box].shape
    scale = min(1.0, _LARGEST / max(height, width))
    size = round(width * scale), round(height * scale)
    corner = np.array([box[1].start, box[0].start]) - 0.5
    frame = PalmFrame(*(((points - corner) * scale - 0.5) for points in (hand.keypoints_2d, hand.valleys)))
    skin, palm = (
        cv2.resize(each.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
        for each in (hand.mask[box], repainted[box])
    )
    small = cv2.resize(photo[box], size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    rim = _Rim.of(skin, frame)
    light = rim.rounded(small)
    if shading < 1:
        known = beside(hand.mask[box], repainted[box])
        flat = cv2.resize(grown(photo[box], known, "telea", _RADIUS) / 255, size, interpolation=cv2.INTER_AREA)
        light = shading * light + (1 - shading) * flat * (1 + rim.falls(small, skin & ~palm))
    return Ground(box, skin, palm, small, light, _lamp(light, palm, frame.unit), frame)


def coarse(image: np.ndarray, skin: np.ndarray, frame: PalmFrame) -> np.ndarray:
    """What of an image (height, width, 3) is too coarse for lines: a weighted mean over the skin, float32."""
    return _mean(image, skin, _COARSE * frame.unit)


class _Rim(NamedTuple):
    """Where a hand turns away from the light: how far from its outline its skin is.

    Attributes
    ----------
    skin : ndarray of shape (height, width), bool
    near : ndarray of shape (height, width)
        0 at the outline, 1 where the skin faces the camera.
    sigma : float
        Standard deviation, in pixels, of what is coarse.
    """

    skin: np.ndarray
    near: np.ndarray
    sigma: float

    @classmethod
    def of(cls, skin: np.ndarray, frame: PalmFrame) -> _Rim:
        distance = cv2.distanceTransform(skin.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
        return cls(skin, np.minimum(distance / (_RIM * frame.unit), 1), _COARSE * frame.unit)

    @property
    def inside(self) -> np.ndarray:
        return np.asarray(self.near**2 * (3 - 2 * self.near))

    def rounded(self, photo: np.ndarray) -> np.ndarray:
        """What of a photo's skin is too coarse for lines, with the fall of the light at the outline of the hand.

        How the light falls with the distance from the outline is the same all round; how far it falls changes along it
        as slowly as the light does elsewhere. So a line that runs along the outline is no part of it.
        """
        light = _mean(photo, self.inside, self.sigma)
        rim, falls = (1 - self.inside) * self.skin, self.falls(photo, self.skin)
        ratio = (photo + _DARK) / (light + _DARK) - 1
        far = _mean(ratio * falls, rim, self.sigma) / np.maximum(_mean(falls**2, rim, self.sigma), 1e-4)
        return np.maximum(light * (1 + np.clip(far, 0, _MOST_TURNED) * falls), 0)

    def falls(self, photo: np.ndarray, known: np.ndarray) -> np.ndarray:
        """How the light falls towards the outline, as some of the skin shows it: 0 inside, about -0.5 at the rim."""
        light = _mean(photo, self.inside * known, self.sigma)
        ratio = (photo + _DARK) / (light + _DARK)
        # A rough mask holds some of what lies behind the hand: on the whole much brighter or darker than its skin.
        whole = (_mean(photo, known, self.sigma / 2) + _DARK) / (light + _DARK)
        known = known & ((whole > _DARKEST) & (whole < _BRIGHTEST)).all(axis=2)
        step = np.round(self.near * (_RINGS - 1)).astype(int)[known]
        counts = np.maximum(np.bincount(step, minlength=_RINGS), 1)
        rings = [np.bincount(step, each[known], _RINGS) / counts for each in np.moveaxis(ratio, 2, 0)]
        at = np.linspace(0, 1, _RINGS)
        return np.dstack([np.interp(self.near, at, ring - ring[-1]) for ring in rings]).astype(np.float32)


def _mean(image: np.ndarray, weights: np.ndarray, sigma: float) -> np.ndarray:
    weights = weights.astype(np.float32)
    share = cv2.GaussianBlur(weights, (0, 0), sigma)
    return np.asarray(cv2.GaussianBlur(image * weights[..., None], (0, 0), sigma) / np.maximum(share, 1e-4)[..., None])


def relit(palm: FlatPalm, under: Ground) -> np.ndarray:
    """A palm in the palm frame as the light of a photo shows it there.

    Returns
    -------
    ndarray of shape (height, width, 3), float32
        About 1: what the kept light is to be multiplied by.
    """
    laid = FlatPalm(*(under.frame.laid(layer, under.palm.shape) for layer in palm))
    colour = under.light[under.palm].mean(axis=0)
    seen = cv2.GaussianBlur(lit(laid, colour, under.lamp, under.frame.unit), (0, 0), _LENS)
    return np.asarray((seen + _DARK) / (coarse(seen, under.skin, under.frame) + _DARK))


def painted(
    photo: np.ndarray, hand: Hand, region: Region, under: Ground, detail: np.ndarray, generator: np.random.Generator
) -> np.ndarray:
    """A photo with its palm's light times some detail, the texture of the skin around, and a soft rim.

    Parameters
    ----------
    photo : ndarray of shape (H, W, 3), uint8
    under : Ground
        Of that photo.
    detail : ndarray of shape (height, width, 3), float
        About 1.
    generator : numpy.random.Generator
        Draws the texture.

    Returns
    -------
    ndarray of shape (H, W, 3), uint8
        Nothing outside the hand changes.
    """
    result, inside = photo.copy(), hand.mask[under.box]
    palm = palm_region(hand, region)[under.box]
    size = palm.shape[::-1]
    how = cv2.INTER_CUBIC if size[0] > detail.shape[1] else cv2.INTER_AREA
    light, new = (cv2.resize(each, size, interpolation=how) for each in (under.light, under.light * detail))
    # The own palm's texture is not looked at, even where the skin around has none.
    below = np.where(palm[..., None], _levels(light), photo[under.box])
    pixels = _levels(textured(np.clip(new, 0, 1), below, inside, palm, len(detail), generator))
    rim = soft_rim(palm) * inside
    result[under.box] = np.round(rim[..., None] * pixels + (1 - rim[..., None]) * photo[under.box]).astype(np.uint8)
    return result


def _levels(image: np.ndarray) -> np.ndarray:
    return np.clip(np.round(255 * image), 0, 255).astype(np.uint8)


def _lamp(light: np.ndarray, palm: np.ndarray, unit: float) -> np.ndarray:
    """Where the light comes from: to where a palm becomes brighter, the more so the farther to the side."""
    rows, columns = np.nonzero(palm)
    levels = np.log(np.maximum(light[palm].mean(axis=1), _DARK))
    plane = np.column_stack([columns / unit, rows / unit, np.ones(len(rows))])
    slope = np.linalg.lstsq(plane, levels, rcond=None)[0][:2]
    steep = float(np.hypot(*slope))
    lean = np.clip(steep / _NEARER, _LEAST_LEAN, _MOST_LEAN) * slope / max(steep, 1e-6)
    return np.asarray(np.append(lean, np.sqrt(1 - lean @ lean)))

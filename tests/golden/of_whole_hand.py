"""Samples of the method `whole_hand`: its warp, its skin and the photos it makes."""

from __future__ import annotations

from typing import Any

import numpy as np

from palmbench.methods import finger_skin, hand_parts, hand_tone, hand_warp, outline, proportions, warped_hand
from palmbench.methods.region import palm_region
from palmbench.methods.whole_hand import WholeHandConfig
from tests.golden import inputs
from tests.golden.artefacts import Golden, exact, numbers, picture, sampled

_PICTURE = 1e-4
_PALM = [f"palmbench.hands.{name}" for name in ("roi_squares", "palm", "skeleton")]


def _hand_parts() -> dict[str, Any]:
    hand = inputs.hand()
    points = np.asarray(hand.keypoints_2d, np.float64)
    grown = np.ones_like(hand.mask)
    return {
        "parts": exact(hand_parts.owners(points, hand.mask)),
        "beyond": exact(hand_parts.beyond_fingers(points, grown)),
        "from the wrist": sampled(
            hand_parts.from_wrist(hand_parts.ahead_of_wrist(points, hand.mask.shape) / 100).astype(np.float32)
        ),
        "free": exact(np.array([hand_parts.lies_free(points, part) for part in range(hand_parts.PALM)])),
    }


def _warp() -> hand_warp.HandWarp:
    return hand_warp.HandWarp.of(inputs.hand(), proportions.drawn(0.08, np.random.default_rng(3)))


def _hand_warp() -> dict[str, Any]:
    warp, hand = _warp(), inputs.hand()
    places = np.stack(np.meshgrid(np.arange(0, 192, 24.0), np.arange(0, 256, 24.0)), axis=-1)
    return {
        "moved": numbers(warp.moved),
        "came from": numbers(warp.came_from(places)),
        "in space": numbers(warp.in_space(hand.keypoints_3d)),
    }


def _warped_hand() -> dict[str, Any]:
    moved = warped_hand.moved_hand(inputs.hand(), _warp())
    return {
        "photo": picture(warped_hand.warped(inputs.photo(), _warp())),
        "moved": numbers(moved.keypoints_2d, moved.valleys, moved.box),
        "mask": picture(255 * moved.mask),
    }


def _finger_skin() -> dict[str, Any]:
    photo, hand = inputs.photo(), inputs.hand()
    found = finger_skin.worn(photo, hand)
    region = hand.mask & ~palm_region(hand, "paper")
    skin = finger_skin.new_skin(photo, photo, hand, region, found.rings | found.nails, np.random.default_rng(4))
    return {"worn": [picture(255 * each) for each in found], "skin": picture(skin)}


def _hand_tone() -> dict[str, Any]:
    photo, hand = inputs.photo(), inputs.hand()
    return {
        "blotches": picture(hand_tone.blotched(photo, hand, 1.0, np.random.default_rng(4))),
        "tone": picture(hand_tone.toned(photo, hand, 5.0, np.random.default_rng(4))),
    }


def _photo() -> np.ndarray:
    method = WholeHandConfig(palm="mask", tone=2.0).load()
    return method.deidentify([inputs.photo()], [inputs.hand()], [7], [None])[0]


_PARTS = [*_PALM, "palmbench.methods.hand_parts"]
_MOVES = [*_PARTS, "palmbench.methods.proportions", "palmbench.methods.hand_warp"]
_SKIN = [f"palmbench.methods.{name}" for name in ("finger_skin", "hand_tone", "outline", "skin_texture")]

GOLDENS = [
    Golden("palmbench.methods.hand_parts", "parts", _hand_parts, _PALM, constants=True),
    Golden("palmbench.methods.proportions", "proportions",
           lambda: {"drawn": numbers(*proportions.drawn(0.08, np.random.default_rng(3)))}, constants=True),
    Golden("palmbench.methods.hand_warp", "warps", _hand_warp, [*_PARTS, "palmbench.methods.proportions"],
           tolerance=_PICTURE, constants=True),
    Golden("palmbench.methods.outline", "outlines",
           lambda: {"mask": picture(255 * outline.sharpened(inputs.photo(), inputs.hand()))}, _PARTS,
           tolerance=_PICTURE, constants=True),
    Golden("palmbench.methods.warped_hand", "photos or moved hands", _warped_hand,
           [*_MOVES, "palmbench.hands.assembly"], tolerance=_PICTURE),
    Golden("palmbench.methods.finger_skin", "skin", _finger_skin,
           [*_PARTS, "palmbench.methods.region", "palmbench.methods.skin_texture", "palmbench.synth.seeds"],
           tolerance=_PICTURE, constants=True),
    Golden("palmbench.methods.hand_tone", "light or tones", _hand_tone, _PARTS, tolerance=_PICTURE, constants=True),
    Golden("palmbench.methods.whole_hand", "photos", lambda: {"photo": picture(_photo())},
           [*_MOVES, *_SKIN, "palmbench.methods.warped_hand", "palmbench.methods.region", "palmbench.methods.mask",
            "palmbench.hands.assembly", "palmbench.synth.seeds"], tolerance=_PICTURE),
]  # fmt: skip

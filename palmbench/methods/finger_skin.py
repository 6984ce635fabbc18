"""New skin for what is not palm: the light and colours of the fingers, texture of the skin around, creases of nobody.

A finger's light changes across it and hardly along it, its lines run across. So what is kept is blurred far along the
finger and little across. Rings and nails are told by their colour.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np
from numpy.random import Generator

from palmbench.hands.hand import FINGERS, THUMB, Hand
from palmbench.hands.skeleton import FINGER_RADIUS, hand_length
from palmbench.methods.hand_parts import CHAINS, PALM, ahead_of_wrist, from_wrist, owners, segment_distance
from palmbench.methods.skin_texture import textured
from palmbench.synth.fingerlines import FingerLine, finger_lines

VERSION = 1
_ALONG, _ACROSS, _ROUND = 0.25, 0.02, 0.06  # hand lengths: standard deviations of blurs, in fingers and elsewhere
_FADE = 0.015  # hand lengths over which new skin passes into what stays
_OUTLINE = 0.008  # the same at the hand's outline
_LINE = 0.008  # the same about the line between two fingers that touch, which stays
_SLEEVE = 0.12  # hand lengths ahead of the wrist up to which a sleeve or a watch can reach
_TEXTURE_SIDE = 192  # pixels of a hand's side whose structure of one pixel is texture
_BLURRED = 4.0  # pixels of a blur at which its picture is looked at
_FINE = 1.5  # standard deviation in pixels of the blur that parts texture from light
_ODD, _OFTEN = 14.0, 3.0  # distance in a*b* and lightness from the finger's skin: at least, and in its own spread
_CLOTH = 18.0  # the same of sleeves
_LIGHTNESS = 0.5  # weight of lightness in that distance, which light changes more than things do
_RING, _NAIL = (0.25, 1.6), 2.35  # places along a finger, in bones from its base, where either can be
_ROUNDER = 0.012  # hand lengths about a ring or nail that belong to it
_DEPTH = 0.16  # of a line's darkness, as a share of the skin's brightness
_KNOTS = (0.0, 0.47, 0.783, 1.0), (0.0, 0.345, 0.67, 1.0)  # of the renderer's fingers: joints along them, and the thumb
_TINT = np.array([0.8, 1.1, 1.15], np.float32)  # a crease is redder than the skin beside it
_NOBODY = 2**62  # identities from here on are nobody's: data sets count from 0


class Worn(NamedTuple):
    """What is not skin on a hand, bool (H, W) each."""

    rings: np.ndarray
    nails: np.ndarray


def worn(photo: np.ndarray, hand: Hand) -> Worn:
    """Rings and nails of a hand, as far as their colour is none of its skin's.

    Parameters
    ----------
    photo : ndarray of shape (H, W, 3), uint8
    hand : Hand
    """
    points, length = np.asarray(hand.keypoints_2d, np.float64), hand_length(hand.keypoints_2d)
    part = owners(points, hand.mask)
    colours = cv2.cvtColor(photo.astype(np.float32) / 255, cv2.COLOR_RGB2LAB) * (_LIGHTNESS, 1, 1)
    width = 2 * max(1, round(0.01 * length)) + 1
    inner = cv2.erode(hand.mask.astype(np.uint8), np.ones((width, width), np.uint8), borderValue=1) > 0
    rings, nails = np.zeros((2, *hand.mask.shape), bool)
    for finger, chain in enumerate(CHAINS):
        rows, columns = np.nonzero((part == finger) & inner)
        if len(rows) < 16:
            continue
        found = colours[rows, columns]
        away = np.linalg.norm(found - np.median(found, axis=0), axis=1)
        odd = away > max(_ODD, _OFTEN * float(np.median(away)))
        place = _bones_from_base(np.column_stack([columns, rows]).astype(np.float64), points[list(chain)])
        last = place > len(chain) - 2 + (_NAIL - 2)
        rings[rows, columns] |= odd & (place > _RING[0]) & (place < _RING[1])
        nails[rows, columns] |= odd & last
    return Worn(*(_whole(each, hand.mask, _ROUNDER * length) for each in (rings, nails)))


def new_skin(
    photo: np.ndarray, shown: np.ndarray, hand: Hand, region: np.ndarray, odd: np.ndarray, generator: Generator
) -> np.ndarray:
    """A photo with new skin on parts of a hand.

    Parameters
    ----------
    photo : ndarray of shape (H, W, 3), uint8
        The original, whose skin's light and texture are used.
    shown : ndarray of shape (H, W, 3), uint8
        The same with the palm repainted.
    hand : Hand
    region, odd : ndarray of shape (H, W), bool
        What gets new skin, as far as it is not the forearm; what is no skin to learn from, such as rings.
    generator : numpy.random.Generator
        Draws texture and creases.

    Returns
    -------
    ndarray of shape (H, W, 3), uint8
        That of `shown` outside the region.
    """
    points, length = np.asarray(hand.keypoints_2d, np.float64), hand_length(hand.keypoints_2d)
    box = _box(hand)
    mask, below = hand.mask[box], photo[box]
    points = points - (box[1].start, box[0].start)
    part = owners(points, mask)
    ahead = ahead_of_wrist(points, mask.shape) / length
    hand_share = from_wrist(ahead)
    region = region[box] & mask & (hand_share > 0) & ~(_cloth(below, mask, part) & (ahead < _SLEEVE))
    region &= ~_between_fingers(part, length)
    if not region.any():
        return shown
    skin = (mask & ~odd[box]).astype(np.float32)
    base = _smooth(below, skin, (_ROUND * length, _ROUND * length))
    for finger, chain in enumerate(CHAINS):
        own = part == finger
        if own.any():
            share = cv2.GaussianBlur(own.astype(np.float32), (0, 0), max(1.0, _FADE * length))[..., None]
            base = base * (1 - share) + share * _smooth_along(below, skin * own, points[list(chain)], length)
    relief = 1 - _DEPTH * _lines(points, mask, length, generator)[..., None] * _TINT
    painted = np.clip(base / 255 * relief, 0, 1)
    # The texture that is learnt is the palm's: no stronger than that of the skin that was there.
    grain = textured(painted, below, mask, region, _TEXTURE_SIDE, generator) - painted
    own = below / np.float32(255) - cv2.GaussianBlur(below, (0, 0), _FINE) / np.float32(255)
    painted = painted + min(1.0, _usual(own, region) / _usual(grain, region)) * grain
    inwards = cv2.distanceTransform(region.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    rim = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    # At the outline less is needed, and more would blunt it.
    fade = np.where(rim < inwards + 1.5, _OUTLINE, _FADE) * length
    share = np.clip(inwards / np.maximum(1.0, fade), 0, 1) * hand_share
    result = shown.copy()
    mixed = shown[box] + share[..., None] * (painted * 255 - shown[box])
    result[box][region] = np.clip(np.round(mixed), 0, 255).astype(np.uint8)[region]
    return result


def _usual(detail: np.ndarray, region: np.ndarray) -> float:
    """How strong detail is in most of a region: lines, which are few, do not count."""
    return max(1e-5, float(np.median(np.abs(detail.mean(axis=2)[region]))))


def _smooth(photo: np.ndarray, weights: np.ndarray, sigma: tuple[float, float]) -> np.ndarray:
    """Blurred within the weights, by sigma across and down; wider where there are none near."""
    height, width = weights.shape
    # What is blurred far is looked at from afar.
    shrunk = [min(1.0, _BLURRED / each) for each in sigma]
    size = max(1, round(width * shrunk[0])), max(1, round(height * shrunk[1]))
    x, y = (each * part for each, part in zip(sigma, shrunk, strict=True))
    small = cv2.resize(photo * weights[..., None], size, interpolation=cv2.INTER_AREA)
    there = cv2.resize(weights, size, interpolation=cv2.INTER_AREA)
    total, share = np.zeros(small.shape, np.float32), np.zeros(there.shape, np.float32)
    for wider, trust in ((1.0, 1.0), (3.0, 0.01)):
        total += trust * cv2.GaussianBlur(small, (0, 0), wider * x, sigmaY=wider * y)
        share += trust * cv2.GaussianBlur(there, (0, 0), wider * x, sigmaY=wider * y)
    smooth = total / np.maximum(share, 1e-6)[..., None]
    return cv2.resize(smooth, (width, height), interpolation=cv2.INTER_LINEAR)


def _smooth_along(photo: np.ndarray, weights: np.ndarray, chain: np.ndarray, length: float) -> np.ndarray:
    """Blurred far along a finger and little across it: in a picture turned so that the finger stands upright."""
    height, width = weights.shape
    along = chain[-1] - chain[0]
    turned = float(np.degrees(np.arctan2(along[1], along[0]))) + 90
    side = int(np.ceil(np.linalg.norm(along) + 0.4 * length))
    middle = chain.mean(axis=0)
    matrix = cv2.getRotationMatrix2D(tuple(map(float, middle)), turned, 1.0)
    matrix[:, 2] += side / 2 - middle
    upright = cv2.warpAffine(photo, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    inside = cv2.warpAffine(weights, matrix, (side, side), flags=cv2.INTER_LINEAR)
    smooth = _smooth(upright, inside, (max(1.0, _ACROSS * length), _ALONG * length))
    return cv2.warpAffine(
        smooth, matrix, (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
    )


def _lines(points: np.ndarray, mask: np.ndarray, length: float, generator: Generator) -> np.ndarray:
    """Depths of the finger lines of nobody, float32 of the mask's shape, about 1 at the deepest."""
    depths = np.zeros(mask.shape, np.float32)
    reach = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    for line in finger_lines(_NOBODY + int(generator.integers(2**40))):
        places = _placed(line, points, reach, length)
        drawn = np.zeros(mask.shape, np.float32)
        thick = max(1, round(2 * line.width * length))
        for start, end, depth in zip(places[:-1], places[1:], line.depth[1:], strict=True):
            ends = [tuple(map(int, np.round(8 * each))) for each in (start, end)]
            cv2.line(drawn, ends[0], ends[1], float(depth), thick, cv2.LINE_8, 3)
        depths = np.maximum(depths, drawn)
    return cv2.GaussianBlur(depths, (0, 0), max(0.6, 0.0022 * length))


def _placed(line: FingerLine, points: np.ndarray, reach: np.ndarray, length: float) -> np.ndarray:
    """A line's points in the picture, (n, 2)."""
    finger = (line.finger + 1) % len(FINGERS)
    joints = points[list(FINGERS[finger])]
    if finger == 0:
        joints = np.concatenate([points[[THUMB[0]]], joints[1:]])
    knots = _KNOTS[finger == 0]
    along = np.stack([np.interp(line.along, knots, joints[:, axis]) for axis in (0, 1)], axis=1)
    bone = np.clip(np.searchsorted(knots, line.along) - 1, 0, 2)
    direction = (joints[1:] - joints[:-1])[bone]
    direction /= np.maximum(np.linalg.norm(direction, axis=1, keepdims=True), 1e-9)
    columns, rows = np.clip(np.round(along).astype(int), 0, np.array(reach.shape[::-1]) - 1).T
    half = np.minimum(reach[rows, columns], 1.4 * FINGER_RADIUS * length)
    return along + (half * line.across)[:, None] * np.column_stack([-direction[:, 1], direction[:, 0]])


def _bones_from_base(places: np.ndarray, chain: np.ndarray) -> np.ndarray:
    """How many bones from its base each place along a finger is; the thumb's bones are counted from its second."""
    found = [segment_distance(places, start, end) for start, end in pairwise(chain)]
    nearest = np.argmin([apart for apart, _ in found], axis=0)
    return nearest + np.choose(nearest, [share for _, share in found])


def _whole(odd: np.ndarray, mask: np.ndarray, reach: float) -> np.ndarray:
    """Odd pixels without specks, and with their surroundings."""
    side = max(1, round(reach))
    element = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * side + 1, 2 * side + 1))
    small = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side | 1, side | 1))
    found = cv2.morphologyEx(odd.astype(np.uint8), cv2.MORPH_OPEN, small)
    return np.asarray((cv2.dilate(found, element) > 0) & mask)


def _cloth(photo: np.ndarray, mask: np.ndarray, part: np.ndarray) -> np.ndarray:
    """What a mask has of sleeves and watches: pixels whose colour none of the hand's skin has."""
    lab = cv2.cvtColor(cv2.GaussianBlur(photo, (0, 0), 2.0).astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    away = np.linalg.norm((lab - np.median(lab[mask], axis=0)) * (_LIGHTNESS, 1, 1), axis=2)
    cloth = (away > max(_CLOTH, _OFTEN * float(np.median(away[mask])))) & (part == PALM)
    return cv2.dilate(cloth.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0


def _between_fingers(part: np.ndarray, length: float) -> np.ndarray:
    """The line along which two fingers touch: without it they would be one."""
    line = np.zeros(part.shape, np.uint8)
    for one, other, place in (
        (part[:, 1:], part[:, :-1], np.s_[:, 1:]),
        (part[1:], part[:-1], np.s_[1:]),
    ):
        line[place] |= ((one != other) & (one >= 0) & (other >= 0) & (one < PALM) & (other < PALM)).astype(np.uint8)
    side = 2 * max(1, round(_LINE * length)) + 1
    return cv2.dilate(line, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))) > 0


def _box(hand: Hand) -> tuple[slice, slice]:
    room = int(4 * FINGER_RADIUS * hand_length(hand.keypoints_2d))
    height, width = hand.mask.shape
    low, high = hand.keypoints_2d.min(axis=0).astype(int) - room, hand.keypoints_2d.max(axis=0).astype(int) + room + 1
    (left, top), (right, bottom) = np.clip(low, 0, None), np.clip(high, 1, (width, height))
    return slice(int(top), int(bottom)), slice(int(left), int(right))

"""Samples of what finds a hand, and of the geometry of its palm."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import torch

from palmbench.base.paths import weights_dir
from palmbench.hands import (
    assembly,
    cutting,
    observer,
    overlap,
    palm,
    palm_or_back,
    recognition_hand,
    recognition_roi,
    roi_squares,
    second_look,
    skeleton,
    valleys,
)
from palmbench.hands.embedded import EmbeddedDetector
from palmbench.hands.network import HandNetwork, folded
from palmbench.hands.sam2 import SAM2Segmenter
from palmbench.hands.view_network import ViewNetwork
from recognizers.common.errors import NoROIError
from recognizers.common.pinned import Pinned
from recognizers.common.tensor_files import read_tensors
from tests.golden import inputs
from tests.golden.artefacts import Golden, exact, numbers, picture, sampled

_PICTURE = 1e-4  # other processors round the last bit of a pixel otherwise
_NETWORK = 2e-3
_FOUND = 5e-3  # a box ends at a whole pixel, which the network's last bit may move


def _palm_polygon() -> dict[str, Any]:
    return {"polygon": exact(palm.inpaint_mask(inputs.hand()))}


def _roi_squares() -> dict[str, Any]:
    hand, shape = inputs.hand(), inputs.photo().shape[:2]
    mask = palm.inpaint_mask(hand)
    squares = [
        roi_squares.hand_crop(hand, shape),
        roi_squares.palm_crop(hand, shape),
        roi_squares.region_crop(mask),
        *(roi_squares.roi_square(hand, shape, scale) for scale in (0.1, 0.5, 1.0)),
    ]
    return {"squares": numbers(*squares, roi_squares.Square(20, 30, 90).moved_to_hold(mask))}


def _recognition_roi() -> dict[str, Any]:
    return {
        "corners": [recognition_roi.recognition_corners(each.valleys, each.side) for each in _both()],
        "ROI": picture(recognition_roi.recognition_roi(inputs.photo(), inputs.hand())),
        "least distance": [_has_roi(distance) for distance in (0, 5, 8, 10, 11, 11.9, 12.1, 13, 15, 20)],
    }


def _recognition_hand() -> dict[str, Any]:
    forearm = replace(inputs.hand(), mask=np.ones((400, 300), bool))
    return {
        "square": numbers(recognition_hand.recognition_square(inputs.hand())),
        "beside a forearm": numbers(recognition_hand.recognition_square(forearm)),
        "hand": picture(recognition_hand.recognition_hand(inputs.photo(1), inputs.hand(1))),
    }


def _both() -> list[Any]:
    return [inputs.hand(0), inputs.hand(1)]


def _has_roi(distance: float) -> bool:
    close = replace(inputs.hand(), valleys=np.array([[90, 120], [90 - distance, 120]], np.float32))
    try:
        recognition_roi.recognition_roi(inputs.photo(), close)
    except NoROIError:
        return False
    return True


def _palm() -> dict[str, Any]:
    holed = inputs.hand().mask.copy()
    holed[140:150, 80:90] = False
    holed[150:160, :70] = False
    torn = replace(inputs.hand(), mask=holed)
    return {
        "palm": [picture(palm.palm_mask(hand, "palm")) for hand in _both()],
        "polygon": exact(palm.palm_mask(inputs.hand(), "paper")),
        "completed": picture(palm.completed(torn)),
        "nibbled": [picture(palm.completed(_nibbled(size))) for size in (2, 4, 6)],
        "with a forearm": picture(palm.palm_mask(_with_forearm(), "palm")),
    }


def _nibbled(size: int) -> Any:
    """The hand with bites of a size along its outline, and holes of it all over."""
    mask = inputs.hand().mask.astype(np.uint8)
    rim = np.argwhere(mask - cv2.erode(mask, np.ones((3, 3), np.uint8)))
    inside = np.argwhere(mask)
    for row, column in [*rim[:: 14 * size], *inside[:: 97 * size]]:
        cv2.circle(mask, (int(column), int(row)), size, 0, -1)
    return replace(inputs.hand(), mask=mask.astype(bool))


def _with_forearm() -> Any:
    mask = np.zeros((700, 300), bool)
    mask[:256, :192] = inputs.hand().mask
    mask[230:, 30:140] = True
    return replace(inputs.hand(), mask=mask)


def _skeleton() -> dict[str, Any]:
    points, shape = inputs.hand().keypoints_2d, (256, 192)
    one, other = skeleton.apart([inputs.hand(0), inputs.hand(1)])
    return {
        "outline": [picture(skeleton.hand_shape(points, shape, *how)) for how in ((), (1.3,), (2.5, 1.0))],
        "valleys": skeleton.valley_points(points),
        "apart": [picture(one.mask), picture(other.mask)],
        "length": [skeleton.hand_length(points)],
    }


def _view() -> dict[str, Any]:
    joints = inputs.hand().keypoints_3d
    said = [[("left", sure)] for sure in (0.5, 0.7, 0.74, 0.76, 0.8)]
    angles = (30, 40, 45, 48, 49, 51, 52, 55, 60, 80)
    views = [palm_or_back.view_of(_bent(joints, angle), "right", []) for angle in angles]
    return {
        "bends": palm_or_back.finger_bends(joints),
        "closed": " ".join(views),
        "sides": " ".join(palm_or_back.view_of(joints, "right", each) for each in said),
        "some fingers": " ".join(palm_or_back.view_of(_bent(joints, 80, fingers), "right", []) for fingers in range(5)),
    }


def _bent(joints: np.ndarray, degrees: float, fingers: int = 4) -> np.ndarray:
    """Joints of which so many fingers are bent by an angle at each of three joints, straight otherwise."""
    bent = np.array(joints, np.float64)
    for finger in range(1, 5):
        base = 1 + 4 * finger
        direction, place = np.array([0.0, -1, 0]), bent[0] * 1.0
        angle = np.radians(degrees if finger <= fingers else 0)
        turn = np.array([[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]])
        for joint in range(4):
            place = place + 0.2 * direction
            bent[base + joint] = place
            direction = turn @ direction
    return bent


def _cuts() -> dict[str, Any]:
    photo = inputs.photo()
    return {
        "view": picture(cutting.cut_view(photo, _TRANSFORM, (192, 192))),
        "shrunk": picture(cutting.cut_view(photo, _TRANSFORM * 0.3, (64, 64))),
    }


def _looks() -> dict[str, Any]:
    photo, points = inputs.photo(), inputs.hand().keypoints_2d
    square = observer.wanted_square(points)
    fits = [
        square.fits(observer.Square(square.centre + shift * square.side, square.side * scale))
        for shift in (0, 0.09, 0.11) for scale in (0.79, 0.81, 1.0, 1.24, 1.26)
    ]  # fmt: skip
    look = _observation(points, np.zeros(21), (0.5, 0.3, 0.2))
    eye = observer.Observer()
    return {
        "square": numbers(square.centre, square.side),
        "whole photo": sampled(eye.whole(photo).points),
        "square of it": sampled(eye.close(photo, square).points),
        "fits": fits,
        "within": square.within(192, 256),
        "mask": picture(look.mask(0, 0, 192, 256)),
        "palm": picture(look.palm_mask(0, 0, 192, 256)),
    }


def _observation(points: np.ndarray, depths: np.ndarray, views: tuple[float, float, float]) -> observer.Observation:
    return observer.Observation(_TRANSFORM, 0.9, points, depths, _logits(), _logits() - 2, np.array(views), 0.05)


_TRANSFORM = np.array([[0.75, 0.0, 24.0], [0.0, 0.75, 0.0]])  # of the whole photo to a view of 192 pixels


def _logits() -> np.ndarray:
    """The hand's mask as a network would give it: 96 x 96 logits."""
    half = _TRANSFORM / 2
    soft = cv2.warpAffine(inputs.hand().mask.astype(np.float32), half, (96, 96), flags=cv2.INTER_LINEAR)
    return (8 * soft - 4).astype(np.float32)


def _seen() -> dict[str, Any]:
    hand = inputs.hand()
    points = np.concatenate([hand.keypoints_2d, hand.valleys])
    look = _observation(points, hand.keypoints_3d[:, 2], (0.7, 0.2, 0.1))
    shares = ((0.41, 0.0, 0.59), (0.39, 0.61, 0.0), (0.39, 0.3, 0.31), (0.05, 0.0, 0.95), (1.0, 0.0, 0.0))
    curled = hand.keypoints_2d[0] + 0.5 * (hand.keypoints_2d - hand.keypoints_2d[0])
    curled[[5, 9, 13, 17]] = hand.keypoints_2d[[5, 9, 13, 17]]
    around = np.zeros((256, 192), bool)
    around[:40, :40] = True
    found = assembly.hand_of(look, observer.wanted_square(points), around, look.views)
    speckled = hand.mask.copy()
    speckled[::9, ::7] ^= True
    return {
        "mask": picture(found.mask),
        "palm": picture(found.palm_mask),
        "views": " ".join(
            assembly.view_of(np.array(s), points) for s in shares for points in (hand.keypoints_2d, curled)
        ),
        "box": found.box,
        "space": found.keypoints_3d,
        "closed": " ".join(exact(assembly.closed(speckled, side)) for side in (1, 3, 5)),
    }


def _network() -> dict[str, Any]:
    network = HandNetwork()
    network.load_state_dict({name: part.float() for name, part in read_tensors(_hand_file()).items()})
    views = torch.from_numpy(inputs.photo()[:, :, :].copy()).permute(2, 0, 1)[None].float() / 255
    with torch.inference_mode():
        outputs = folded(network)(views)
    return {name: sampled(part.numpy()) for name, part in outputs._asdict().items()}


def _second() -> dict[str, Any]:
    photo, hand, look = inputs.photo(), inputs.hand(), second_look.SecondLook()
    firsts = [np.array(each) for each in ((0.5, 0.3, 0.2), (0.05, 0.94, 0.01))]
    seconds = [np.array(each) for each in ((0.1, 0.8, 0.05, 0.05), (0.1, 0.1, 0.32, 0.48), (0.1, 0.1, 0.28, 0.52))]
    agreed = [second_look.agreed(first, second) for first in firsts for second in seconds]
    return {
        "transforms": [second_look.upright(each.keypoints_2d) for each in _both()],
        "view": picture(second_look.upright_view(photo, hand.keypoints_2d)),
        "shares": [look.shares(photo, each.keypoints_2d) for each in _both()],
        "agreed": [[] if shares is None else shares for shares in agreed],
    }


def _overlap() -> dict[str, Any]:
    points = inputs.hand().keypoints_2d
    middle = points.mean(axis=0)
    others = [middle + (points - middle) * size + shift for size in (0.4, 1.0, 2.0) for shift in (0, 30, 60, 90, 120)]
    relations = {
        "same": overlap.same_hand,
        "covers": overlap.covers,
        "within": lambda known, one: overlap.within([known], one),
    }
    return {name: "".join("yn"[not holds(points, one)] for one in others) for name, holds in relations.items()}


def _view_network() -> dict[str, Any]:
    network = ViewNetwork()
    file = Pinned.now(weights_dir() / "view" / "view.safetensors")
    network.load_state_dict({name: part.float() for name, part in read_tensors(file).items()})
    views = torch.from_numpy(inputs.photo()[:96, :96].copy()).permute(2, 0, 1)[None].float() / 255
    with torch.inference_mode():
        return {"logits": folded(network)(views)[0].numpy()}


def _hand_file() -> Pinned:
    return Pinned.now(weights_dir() / "hand" / "hand.safetensors")


def _embedded() -> dict[str, Any]:
    photos = [inputs.photo(0), inputs.photo(1), _on_a_table(0.8), _on_a_table(0.4)]
    found = EmbeddedDetector().detect(photos)
    return {f"photo {place}": _told(hands) for place, hands in enumerate(found)}


def _on_a_table(*scales: float) -> np.ndarray:
    """Hands of several sizes, side by side on a large canvas: a first look at it is badly aimed."""
    canvas = np.full((420, 560, 3), 60, np.uint8)
    canvas[::7] += 20
    for place, scale in enumerate(scales):
        small = cv2.resize(inputs.photo(place % 2), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        top, left = 120 * place + 20, 260 * place + 30
        canvas[top : top + len(small), left : left + small.shape[1]] = small
    return canvas


def _search() -> dict[str, Any]:
    canvas = np.concatenate([inputs.photo(0), inputs.photo(1)], axis=1)
    found = EmbeddedDetector(hands=3).detect([canvas, _on_a_table(0.4, 0.6)])
    return {f"photo {place}": _told(hands) for place, hands in enumerate(found)}


def _told(hands: list[Any]) -> list[float]:
    return numbers(
        len(hands),
        *(
            (hand.score, hand.palm_confidence, hand.box, hand.keypoints_2d, hand.valleys, picture(hand.mask))
            for hand in hands
        ),
    )


def _valleys() -> dict[str, Any]:
    points = inputs.hand().keypoints_2d
    found: list[Any] = [
        valleys.index_first(each, points) for each in (inputs.hand().valleys, inputs.hand().valleys[::-1])
    ]
    for distance in (0.5, 0.9, 1.1, 2.0):
        near = SimpleNamespace(
            valleys=lambda photo, by=distance: SimpleNamespace(valleys=np.array([[80.0, 90], [80 - by, 90]]))
        )
        detector = SimpleNamespace(name="one", detect=lambda images: [[inputs.hand()]])
        found.append(len(valleys.PKLNetValleys(detector, near).detect([inputs.photo()])[0]))  # type: ignore[arg-type]
    return {"valleys": found}


def _sam2() -> dict[str, Any]:
    asked: list[np.ndarray] = []

    class Model:
        def mask(self, image: np.ndarray, points: np.ndarray) -> np.ndarray:
            asked.append(points)
            torn = inputs.hand().mask.copy()
            torn[::9] = False
            return torn

    beyond = inputs.hand().keypoints_2d + np.array([60, 0], np.float32)
    found = SAM2Segmenter(Model(), {}, 5).segment(inputs.photo(), replace(inputs.hand(), keypoints_2d=beyond))
    return {"points": asked[0], "mask": exact(found.mask)}


def hand_weights() -> list[str]:
    return [observer.Observer().digest]


def view_weights() -> list[str]:
    return [second_look.SecondLook().digest]


def detector_weights() -> list[str]:
    return hand_weights() + view_weights()


def _pklnet() -> dict[str, Any]:
    from palmbench.hands.pklnet.network import PKLNet

    torch.manual_seed(0)
    network = PKLNet().eval()
    rows = torch.linspace(-1, 1, 400)[:, None] * torch.linspace(0.5, 1, 300)
    with torch.inference_mode():
        outputs = network(torch.stack([rows, rows.flip(0), rows.flip(1)])[None])
    return {f"output {place}": sampled(output.numpy()) for place, output in enumerate(outputs)}


LOOKING = [
    f"palmbench.hands.{name}"
    for name in ("observer", "cutting", "network", "second_look", "view_network", "assembly", "palm_or_back")
]
_SHAPE = ["palmbench.hands.palm", "palmbench.hands.skeleton"]

GOLDENS = [
    Golden("palmbench.hands.roi_squares", "squares", _roi_squares, ["palmbench.hands.palm"], constants=True),
    Golden("palmbench.hands.recognition_roi", "ROIs", _recognition_roi, tolerance=_PICTURE, constants=True),
    Golden("palmbench.hands.recognition_hand", "crops", _recognition_hand, tolerance=_PICTURE, constants=True),
    Golden("palmbench.hands.skeleton", "outlines or valley points", _skeleton, tolerance=_PICTURE, constants=True),
    Golden("palmbench.hands.palm", "palm masks", _palm,
           ["palmbench.hands.skeleton"], tolerance=_PICTURE, constants=True),
    Golden("palmbench.hands.palm_or_back", "views", _view),
    Golden("palmbench.hands.cutting", "views", _cuts, tolerance=_PICTURE),
    Golden("palmbench.hands.observer", "observations", _looks,
           ["palmbench.hands.network", "palmbench.hands.cutting"], hand_weights, _NETWORK),
    Golden("palmbench.hands.network", "keypoints or masks", _network, weights=hand_weights, tolerance=_NETWORK),
    Golden("palmbench.hands.second_look", "shares", _second,
           ["palmbench.hands.view_network", "palmbench.hands.cutting"], view_weights, _NETWORK, constants=True),
    Golden("palmbench.hands.view_network", "shares", _view_network, weights=view_weights, tolerance=_NETWORK),
    Golden("palmbench.hands.assembly", "hands", _seen,
           ["palmbench.hands.observer", "palmbench.hands.palm_or_back"], tolerance=_PICTURE, constants=True),
    Golden("palmbench.hands.embedded", "hands", _embedded, LOOKING, detector_weights, _FOUND, constants=True),
    Golden("palmbench.hands.overlap", "relations", _overlap, constants=True),
    Golden("palmbench.hands.several_hands", "hands", _search, [*LOOKING, *_SHAPE, "palmbench.hands.overlap"],
           detector_weights, _FOUND, constants=True),
    Golden("palmbench.hands.valleys", "valley points", _valleys),
    Golden("palmbench.hands.sam2", "masks", _sam2, ["palmbench.hands.palm", "palmbench.hands.assembly"]),
    Golden("palmbench.hands.pklnet.network", "outputs", _pklnet, tolerance=_NETWORK),
]  # fmt: skip

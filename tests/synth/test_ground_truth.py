"""What is said of a rendered photo is true of its pixels."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from palmbench.hands.palm import fill_polygon
from palmbench.hands.palm_or_back import palm_side
from palmbench.synth import PROFILES, Render, render, wear

HAND_LENGTH = 380  # pixels, about, in the controlled profile


def test_photos_are_vga_with_their_truth_beside_them(renders: list[Render]) -> None:
    for photo in renders:
        assert (photo.image.shape, photo.image.dtype) == ((480, 640, 3), np.uint8)
        assert (photo.mask.shape, photo.mask.dtype) == ((480, 640), np.bool_)
        assert photo.keypoints_2d.shape == (21, 2)
        assert photo.keypoints_3d.shape == (21, 3)


def test_a_larger_photo_shows_the_same_hand() -> None:
    small, large = render(4, 2), render(4, 2, size=(1600, 1200))
    assert large.image.shape == (1200, 1600, 3)
    np.testing.assert_allclose(large.keypoints_2d, 2.5 * small.keypoints_2d, atol=0.05)
    shrunk = cv2.resize(large.image, (640, 480), interpolation=cv2.INTER_AREA).astype(float)
    # They differ by the grain of the background, the noise and the sharpness alone.
    assert np.abs(shrunk - small.image)[small.mask].mean() < 10


def test_upright_photos_hold_the_whole_hand() -> None:
    for profile in PROFILES:
        photo = render(3, 1, profile, size=(270, 480))
        assert photo.visibility.all()


def test_keypoints_lie_on_the_hand(renders: list[Render]) -> None:
    for photo in renders:
        assert (photo.keypoints_2d >= 0).all()
        assert (photo.keypoints_2d <= (639, 479)).all()
        columns, rows = np.round(photo.keypoints_2d).astype(int).T
        assert photo.mask[rows, columns].all()


def test_the_box_holds_the_fingers_and_not_the_forearm(renders: list[Render]) -> None:
    for photo in renders:
        left, top, right, bottom = photo.box
        assert (photo.keypoints_2d >= (left, top)).all()
        assert (photo.keypoints_2d <= (right, bottom)).all()
        rows, columns = np.nonzero(photo.mask[: int(photo.keypoints_2d[1, 1])])
        # The palm's outer edge may stand out, of a hand that leans by an eighth of its length.
        np.testing.assert_allclose([columns.min(), columns.max()], [left, right], atol=HAND_LENGTH / 8)
        assert rows.min() == pytest.approx(top, abs=10)
        assert bottom < np.nonzero(photo.mask)[0].max() - 20


def test_the_hand_stands_out_from_its_background(renders: list[Render]) -> None:
    for photo in renders:
        inside = cv2.erode(photo.mask.astype(np.uint8), np.ones((7, 7))) > 0
        outside = cv2.dilate(photo.mask.astype(np.uint8), np.ones((7, 7))) == 0
        colours = [np.median(photo.image[region], axis=0) for region in (inside, outside)]
        assert np.abs(colours[0] - colours[1]).max() > 25


def test_the_palms_side_can_be_read_from_the_keypoints(renders: list[Render]) -> None:
    assert [photo.hand for photo in renders[:4]] == ["left", "left", "right", "right"]
    assert [palm_side(photo.keypoints_2d) for photo in renders] == [photo.hand for photo in renders]


def test_the_recognition_roi_lies_in_the_palm(renders: list[Render]) -> None:
    shares = []
    for photo in renders:
        roi = fill_polygon(photo.recognition_roi, photo.mask.shape)
        shares.append((roi & fill_polygon(photo.palm, photo.mask.shape)).sum() / roi.sum())
        assert (roi & photo.mask).sum() == roi.sum()
    assert min(shares) >= 0.92
    assert np.mean(shares) >= 0.97


def test_valleys_lie_below_the_notches_between_fingers(renders: list[Render]) -> None:
    for photo in renders:
        notches = _notches(photo.mask)
        for valley in photo.valleys:
            offsets = notches - valley
            nearest = offsets[np.linalg.norm(offsets, axis=1).argmin()]
            # Where fingers touch at their bases the outline's notch begins where they part.
            assert np.linalg.norm(nearest) < 0.12 * HAND_LENGTH
            assert nearest @ (valley - photo.keypoints_2d[0]) > 0
    between_index_and_middle = [
        np.linalg.norm(_notches(photo.mask) - photo.valleys[0], axis=1).min() for photo in renders
    ]
    assert np.mean(between_index_and_middle) < 0.05 * HAND_LENGTH


def test_a_sleeve_is_no_hand_and_a_ring_is(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: dict[str, np.ndarray] = {}

    def remember(kind: str) -> None:
        put_on = getattr(wear, kind)

        def remembered(*words: Any) -> Any:
            layer = put_on(*words)
            if layer is not None:
                drawn[kind] = layer.coverage
            return layer

        monkeypatch.setattr(wear, kind, remembered)

    remember("sleeve")
    remember("ring")
    seen = {"sleeve": 0, "ring": 0}
    for identity in range(0, 60, 2):
        drawn.clear()
        mask = render(identity, 0, "wild").mask
        if "sleeve" in drawn:
            seen["sleeve"] += 1
            assert not mask[drawn["sleeve"] >= 0.5].any()
        if "ring" in drawn:
            seen["ring"] += 1
            assert mask[drawn["ring"] > 0.9].mean() > 0.9
    assert min(seen.values()) > 1, seen


def test_bare_arms_leave_the_picture(wild_renders: list[Render]) -> None:
    # In about half of the sessions a sleeve ends the skin before.
    bare = [np.concatenate([p.mask[0], p.mask[-1], p.mask[:, 0], p.mask[:, -1]]).any() for p in wild_renders]
    assert 0.2 < np.mean(bare) < 0.9


def test_creases_lie_on_the_skin_and_are_darker_than_it(renders: list[Render]) -> None:
    contrasts = []
    for photo in renders:
        assert {crease.kind for crease in photo.creases} == {"principal", "secondary", "wrinkle", "finger", "wrist"}
        grey = cv2.cvtColor(photo.image, cv2.COLOR_RGB2GRAY).astype(np.float32)
        around = cv2.blur(grey, (15, 15))
        principal = np.concatenate([crease.points for crease in photo.creases if crease.kind == "principal"])
        columns, rows = np.round(principal).astype(int).T
        # The heart line runs round the edge of the hand.
        assert photo.mask[rows, columns].mean() > 0.97
        contrasts.append(float((around - grey)[rows, columns].mean()))
    assert min(contrasts) > 1
    assert np.mean(contrasts) > 4


def test_one_pinhole_camera_takes_the_joints_to_their_pixels(renders: list[Render]) -> None:
    for photo in renders:
        seen, distance = _reprojected(photo.keypoints_3d, photo.keypoints_2d)
        np.testing.assert_allclose(seen, photo.keypoints_2d, atol=0.01)
        nearest, farthest = PROFILES[photo.profile].distance
        assert nearest - 0.2 < distance < farthest + 0.2


def test_lengths_in_space_are_hand_lengths(renders: list[Render]) -> None:
    for photo in renders:
        assert (photo.keypoints_3d[0] == 0).all()
        chain = photo.keypoints_3d[[0, 9, 10, 11, 12]]
        assert abs(np.linalg.norm(np.diff(chain, axis=0), axis=1).sum() - 1) < 0.1


def test_bones_keep_their_length_whatever_the_pose(renders: list[Render]) -> None:
    first, second = renders[:2]
    bones = [np.linalg.norm(np.diff(p.keypoints_3d[[9, 10, 11, 12]], axis=0), axis=1) for p in (first, second)]
    assert np.abs(first.keypoints_3d - second.keypoints_3d).max() > 0.02
    # Skin stretch moves joints by less than one part in a hundred of a hand.
    np.testing.assert_allclose(*bones, atol=0.02)


def _notches(mask: np.ndarray) -> np.ndarray:
    """Deepest points (x, y) of the outline's concavities that are deeper than 25 pixels."""
    outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    outline = max(outlines, key=len)
    defects = cv2.convexityDefects(outline, cv2.convexHull(outline, returnPoints=False)).reshape(-1, 4)
    return outline.reshape(-1, 2)[defects[defects[:, 3] > 25 * 256, 2]].astype(float)


def _reprojected(space: np.ndarray, seen: np.ndarray) -> tuple[np.ndarray, float]:
    """Pixels by the camera that explains `seen` best, and its distance from the wrist.

    u (Z + d) = c Z + f X + a is linear in the distance d, the centre c, the focal length f and the wrist's place a.
    """
    x, y, z = space.astype(np.float64).T
    u, v = seen.astype(np.float64).T
    none, ones = np.zeros(21), np.ones(21)
    across = np.stack([-u, z, none, x, ones, none], axis=1)
    down = np.stack([-v, none, z, y, none, ones], axis=1)
    solution, *_ = np.linalg.lstsq(np.vstack([across, down]), np.concatenate([u * z, v * z]), rcond=None)
    distance, centre_x, centre_y, focal, place_x, place_y = solution
    columns = (centre_x * z + focal * x + place_x) / (z + distance)
    rows = (centre_y * z + focal * y + place_y) / (z + distance)
    return np.stack([columns, rows], axis=1), float(distance)

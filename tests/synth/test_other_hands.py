"""Hands drawn as solids, most of which hide their palm: what is told of them is true of the picture."""

from __future__ import annotations

import numpy as np
import pytest

from palmbench.hands.palm import fill_polygon, palm_polygon
from palmbench.hands.palm_or_back import closed_fingers
from palmbench.synth.odd_light import odd_light
from palmbench.synth.other_hands import KINDS, PALM_SHOWN, OtherRender, render_other

SIZE = (320, 240)


@pytest.fixture(scope="module")
def photos() -> list[OtherRender]:
    """Eight photos of each kind, of as many hands and all profiles."""
    profiles = ("controlled", "mobile", "wild")
    return [render_other(kind, 3 * k, k, profiles[k % 3], SIZE) for kind in KINDS for k in range(8)]


def test_the_same_arguments_give_the_same_bytes(photos: list[OtherRender]) -> None:
    for photo in photos[::7]:
        again = render_other(photo.kind, photo.identity, photo.sample, photo.profile, SIZE)
        assert np.array_equal(photo.image, again.image)
        assert np.array_equal(photo.mask, again.mask)
        assert np.array_equal(photo.palm, again.palm)


def test_backs_and_gloves_show_no_palm(photos: list[OtherRender]) -> None:
    views = {"back": "back", "glove": "closed"}
    for photo in photos:
        if photo.kind in views:
            assert not photo.palm.any()
            assert photo.view == views[photo.kind]


def test_fingers_of_a_pressed_hand_touch(photos: list[OtherRender]) -> None:
    def fanned(photo: OtherRender) -> float:
        """Angle in degrees from the index to the little finger, bones next to the palm."""
        index, little = (photo.keypoints_3d[base + 1] - photo.keypoints_3d[base] for base in (5, 17))
        return float(np.degrees(np.arccos(index @ little / np.linalg.norm(index) / np.linalg.norm(little))))

    angles = {kind: [fanned(photo) for photo in photos if photo.kind == kind] for kind in ("open", "pressed")}
    assert max(angles["pressed"]) < 12 < np.mean(angles["open"])
    assert {photo.view for photo in photos if photo.kind == "pressed"} == {"palm"}


def test_a_sign_shows_the_palm_that_can_be_seen_and_a_fist_none() -> None:
    photos = [render_other("fist", 2 * k, k, size=SIZE) for k in range(40)]
    shown = {view: [photo for photo in photos if photo.view == view] for view in ("palm", "back", "closed")}
    assert len(shown["closed"]) > 15
    assert min(len(shown["palm"]), len(shown["back"])) >= 2
    for photo in shown["palm"] + shown["back"]:
        assert closed_fingers(photo.keypoints_3d) < 4
    assert all(photo.palm.any() for photo in shown["palm"])
    assert not any(photo.palm.any() for photo in shown["back"])


def test_a_view_is_a_palm_when_more_than_a_quarter_of_it_is_seen(photos: list[OtherRender]) -> None:
    shown = {"palm": 0, "closed": 0}
    for photo in photos:
        if photo.kind in ("back", "glove") or photo.view == "back":
            continue
        canvas = fill_polygon(palm_polygon(photo.keypoints_2d) + np.float32(1000), (2400, 2600))
        share = photo.palm.sum() / canvas.sum()
        if abs(share - PALM_SHOWN) > 0.02:  # the hull of the polygon differs a little from the polygon
            assert photo.view == ("palm" if share > PALM_SHOWN else "closed")
        shown[photo.view] += 1
    assert min(shown.values()) > 0


def test_the_palm_lies_in_its_polygon_and_on_the_hand(photos: list[OtherRender]) -> None:
    for photo in photos:
        polygon = fill_polygon(palm_polygon(photo.keypoints_2d), photo.palm.shape)
        assert not (photo.palm & ~(polygon & photo.mask)).any()


def test_keypoints_inside_the_picture_lie_on_the_hand_unless_covered(photos: list[OtherRender]) -> None:
    on, inside = 0, 0
    for photo in photos:
        if photo.kind == "holding":
            continue
        columns, rows = np.rint(photo.keypoints_2d).astype(int).T
        seen = (columns >= 0) & (columns < SIZE[0]) & (rows >= 0) & (rows < SIZE[1])
        inside += int(seen.sum())
        on += int(photo.mask[rows[seen], columns[seen]].sum())
    assert on > 0.98 * inside


def test_depth_runs_as_the_view_says() -> None:
    """Of a bent finger the tip is nearer to the camera than its base; seen from behind it is farther."""
    for kind, sign in (("closed", -1), ("back", 1)):
        joints = [render_other(kind, 2 * k, k, size=SIZE).keypoints_3d for k in range(6)]
        assert sum(np.sign(j[12, 2] - j[9, 2]) == sign for j in joints) >= 4


def test_a_left_back_turns_its_thumb_where_a_right_palm_does() -> None:
    for identity, sign in ((0, 1), (1, -1)):
        for sample in range(5):
            points = render_other("back", identity, sample, size=SIZE).keypoints_2d.astype(float)
            across, up = points[17] - points[5], points[9] - points[0]
            assert np.sign(across[0] * up[1] - across[1] * up[0]) == sign


def test_every_kind_shows_its_hand_against_what_is_behind(photos: list[OtherRender]) -> None:
    for photo in photos:
        assert photo.image.shape == (240, 320, 3)
        assert 0.005 < photo.mask.mean() < 0.98


def test_odd_light_keeps_the_picture_and_changes_its_light() -> None:
    mask = np.zeros((120, 160), bool)
    mask[30:90, 50:110] = True
    for seed in range(12):
        photo = np.full((120, 160, 3), 0.6, np.float32)
        again = photo.copy()
        odd_light(photo, mask, np.random.default_rng(seed))
        odd_light(again, mask, np.random.default_rng(seed))
        assert np.array_equal(photo, again)
        assert np.isfinite(photo).all()
        assert photo.min() >= 0
        assert photo.max() <= 1.3
        assert np.abs(photo - 0.6).mean() > 0.02
        assert photo[mask].mean() > 0.1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(("paw", 0, 0), "back"), (("fist", 0, 0, "studio"), "controlled"), (("fist", -1, 0), "negative")],
)
def test_what_cannot_be_rendered_is_said(arguments: tuple[str, int, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        render_other(*arguments)

"""PKLNet's points come back exactly to the photo's pixels, and take the place of a detector's valley points."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from palmbench.hands.hand import Hand
from palmbench.hands.pklnet.localizer import PKLNetLocalizer, PKLNetResult
from palmbench.hands.pklnet.network import PKLNet
from palmbench.hands.pklnet.view import view_of
from palmbench.hands.recognition_roi import recognition_corners
from palmbench.hands.valleys import PKLNetValleys, index_first

VIEW = (400, 300)
# Two valley points and a centre in pixels of the view, counted from its corner.
AIMED = torch.tensor([[100.0, 120.0], [180.0, 130.0], [140.0, 200.0]])


@pytest.fixture(scope="module")
def aimed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of a network that finds AIMED in any photo and calls every pixel palm.

    Its heat maps are flat, so that they say "the middle", and the direct regression says twice the rest of the way.
    """
    torch.manual_seed(1)
    network = PKLNet()
    half = torch.tensor([150.0, 200.0])
    with torch.no_grad():
        network.kcr.hm[3].weight.zero_()
        network.kcr.kp_head[2].mlp.fc2.weight.zero_()
        network.kcr.kp_head[2].mlp.fc2.bias.copy_((2 * (AIMED - half) / half).flatten())
        network.bre_segment.cls_head.weight.zero_()
        network.bre_segment.cls_head.bias.copy_(torch.tensor([0.0, 1.0, 0.0]))
    path = tmp_path_factory.mktemp("pklnet") / "aimed.safetensors"
    save_file(network.state_dict(), path)
    return path


def test_a_view_is_blue_first_normalised_and_black_where_the_photo_ends() -> None:
    red = np.zeros((500, 250, 3), np.uint8)
    red[..., 0] = 255
    view, place = view_of(red, VIEW)
    assert (place.rows, place.columns, place.turned) == (400, 200, False)
    np.testing.assert_allclose(view[:, 0, 0], [-0.485 / 0.229, -0.456 / 0.224, (1 - 0.406) / 0.225], rtol=1e-5)
    np.testing.assert_allclose(view[:, 0, 200], [-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225], rtol=1e-5)


@pytest.mark.parametrize(("shape", "turned"), [((600, 800), True), ((800, 600), False), ((800, 400), False)])
def test_a_mark_seen_in_the_view_is_where_it_was_in_the_photo(shape: tuple[int, int], turned: bool) -> None:
    photo = np.zeros((*shape, 3), np.uint8)
    photo[100:124, 300:318] = 255
    view, place = view_of(photo, VIEW)
    assert place.turned is turned
    seen = view[0] - view[0].min()
    rows, columns = np.indices(VIEW) + 0.5
    centroid = np.array([(seen * columns).sum(), (seen * rows).sum()]) / seen.sum()
    np.testing.assert_allclose(place.points_in_photo(centroid), [308.5, 111.5], atol=0.02)
    back = place.map_in_photo(np.repeat(seen[..., None], 3, axis=2))
    assert back.shape == (*shape, 3)
    marked = np.argwhere(back[..., 0] > back.max() / 2)
    np.testing.assert_allclose(marked.mean(axis=0), [111.5, 308.5], atol=0.5)


def test_a_view_whose_size_was_rounded_still_ends_where_the_photo_ends() -> None:
    _, place = view_of(np.zeros((1000, 333, 3), np.uint8), VIEW)
    assert (place.rows, place.columns) == (400, 133)
    np.testing.assert_allclose(place.points_in_photo(np.array([(0, 0), (133, 400)])), [(-0.5, -0.5), (332.5, 999.5)])


def test_points_and_masks_are_the_photos(aimed: Path) -> None:
    found = PKLNetLocalizer(str(aimed)).valleys(np.full((600, 800, 3), 90, np.uint8))
    # Turned clockwise and halved: column = (600 - row) / 2, row = column / 2, counted from corners.
    np.testing.assert_allclose(found.valleys, [(239.5, 399.5), (259.5, 239.5)], atol=0.01)
    np.testing.assert_allclose(found.centre, (399.5, 319.5), atol=0.01)
    assert found.palm.shape == found.edge.shape == (600, 800)
    assert found.palm.all()
    assert not found.edge.any()


def test_the_roi_lies_on_the_centres_side_whatever_the_order_of_the_valleys() -> None:
    nothing = np.zeros((1, 1), bool)
    valleys = np.array([(100, 50), (200, 50)], np.float32)
    # d is 100: the ROI starts 15 below the line and is 120 wide.
    found = PKLNetResult(nothing, nothing, valleys, np.array([150, 125], np.float32))
    np.testing.assert_allclose(found.corners, [(90, 65), (210, 65), (210, 185), (90, 185)], atol=1e-4)
    swapped = replace(found, valleys=valleys[::-1])
    np.testing.assert_allclose(swapped.corners, [(210, 65), (90, 65), (90, 185), (210, 185)], atol=1e-4)
    above = replace(found, centre=np.array([150, 0], np.float32))
    np.testing.assert_allclose(above.corners, [(90, 35), (210, 35), (210, -85), (90, -85)], atol=1e-4)


def test_other_photos_than_uint8_rgb_are_refused() -> None:
    for photo in (np.zeros((40, 30), np.uint8), np.zeros((40, 30, 3), np.float32), np.zeros((0, 30, 3), np.uint8)):
        with pytest.raises(ValueError, match="PKLNet reads photos of uint8"):
            view_of(photo, VIEW)


class OneHand:
    """A detector that finds the same hand in every photo: index finger at the right, little finger at the left."""

    name = "one hand"

    def __init__(self) -> None:
        keypoints = np.zeros((21, 2), np.float32)
        keypoints[[0, 5, 17]] = [(140, 300), (200, 100), (90, 100)]
        valleys = np.array([(170, 100), (120, 100)], np.float32)
        whole = np.ones((400, 300), bool)
        self.hand = Hand(0.9, np.zeros(4, np.float32), "right", keypoints, np.zeros((21, 3)), valleys, whole)

    def settings(self) -> dict:
        return {"name": self.name}

    def detect(self, images: list[np.ndarray]) -> list[list[Hand]]:
        return [[self.hand] if image.any() else [] for image in images]


def test_pklnets_valleys_take_the_place_of_the_detectors(aimed: Path) -> None:
    detector, localizer = OneHand(), PKLNetLocalizer(str(aimed))
    both = PKLNetValleys(detector, localizer)
    black, grey = np.zeros((400, 300, 3), np.uint8), np.full((400, 300, 3), 90, np.uint8)
    nothing, [hand] = both.detect([black, grey])
    assert nothing == []
    np.testing.assert_allclose(hand.valleys, [(179.5, 129.5), (99.5, 119.5)], atol=0.01)
    assert replace(hand, valleys=detector.hand.valleys) == detector.hand
    # The network's own centre lies on the same side of the valley line as the ROI that the keypoints place.
    corners = recognition_corners(hand.valleys, hand.side)
    np.testing.assert_allclose(sorted(corners.tolist()), sorted(localizer.valleys(grey).corners.tolist()), atol=1e-3)
    assert (both.settings()["name"], both.settings()["valleys"]) == ("one hand", localizer.settings())


def test_the_valley_on_the_index_fingers_side_comes_first() -> None:
    keypoints = OneHand().hand.keypoints_2d
    index, little = (180, 130), (100, 120)
    for given in ([index, little], [little, index]):
        np.testing.assert_array_equal(index_first(np.array(given, np.float32), keypoints), [index, little])


def test_a_hand_whose_valley_points_coincide_is_not_found() -> None:
    class Coinciding:
        def settings(self) -> dict:
            return {}

        def valleys(self, photo: np.ndarray) -> PKLNetResult:
            whole = np.ones(photo.shape[:2], bool)
            return PKLNetResult(whole, ~whole, np.full((2, 2), 50, np.float32), np.zeros(2, np.float32))

    assert PKLNetValleys(OneHand(), Coinciding()).detect([np.full((400, 300, 3), 90, np.uint8)]) == [[]]

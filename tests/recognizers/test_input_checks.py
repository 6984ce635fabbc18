"""Wrong images and templates are answered with what is wrong and what to do."""

from __future__ import annotations

import numpy as np
import pytest

from recognizers.input_checks import check_pair, check_templates, hands, rois

GREY = np.zeros((2, 128, 128), np.uint8)
COLOUR = np.zeros((2, 224, 224, 3), np.uint8)


def test_right_images_are_given_back_as_they_are() -> None:
    assert rois(GREY, "X") is GREY
    assert hands(COLOUR, "X") is COLOUR
    assert rois(GREY[:0], "X").shape == (0, 128, 128)
    assert hands(COLOUR[:0], "X").shape == (0, 224, 224, 3)
    assert rois(list(GREY), "X").shape == (2, 128, 128)


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (np.stack([GREY] * 3, axis=-1), "not uint8 (2, 128, 128, 3); convert colour to grey first"),
        (np.stack([GREY[0]] * 3, axis=-1), "not uint8 (128, 128, 3); convert colour to grey first"),
        (GREY[..., None], "not uint8 (2, 128, 128, 1); leave out the axis of the one channel"),
        (GREY[:, None], "not uint8 (2, 1, 128, 128); leave out the axis of the one channel"),
        (GREY / 255, "not float64 (2, 128, 128); give levels from 0 to 255 as uint8"),
        (GREY[:, 1:], "not uint8 (2, 127, 128); scale them to 128 x 128 pixels"),
        ([GREY[0], GREY[0, 1:]], "not a list of images of several shapes"),
        (GREY[0], "not uint8 (128, 128); one image is a batch of one: image[None]"),
        ([], "not float64 (0,); an empty batch has the shape of its images too"),
        (np.uint8(3), "not uint8 ()"),
        (COLOUR, "not uint8 (2, 224, 224, 3); these are crops of whole hands, and it reads ROIs"),
        (COLOUR[0], "not uint8 (224, 224, 3); these are crops of whole hands, and it reads ROIs"),
    ],
)
def test_images_that_are_no_rois_are_named_with_a_remedy(images: object, words: str) -> None:
    with pytest.raises(ValueError) as caught:
        rois(images, "PalmCode")
    assert str(caught.value).startswith("PalmCode takes uint8 ROIs of shape (n, 128, 128), ")
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (GREY, "not uint8 (2, 128, 128); these are ROIs, and it reads crops of whole hands"),
        (COLOUR[..., 0], "not uint8 (2, 224, 224)"),
        (COLOUR[:, :223], "not uint8 (2, 223, 224, 3); scale them to 224 x 224 pixels"),
        (COLOUR.astype(np.float32), "not float32 (2, 224, 224, 3); give levels from 0 to 255 as uint8"),
        (COLOUR[0], "not uint8 (224, 224, 3); one image is a batch of one: image[None]"),
        ([], "not float64 (0,); an empty batch has the shape of its images too"),
    ],
)
def test_images_that_are_no_hand_crops_are_named_with_a_remedy(images: object, words: str) -> None:
    with pytest.raises(ValueError) as caught:
        hands(images, "EEHNet")
    assert str(caught.value).startswith("EEHNet takes uint8 RGB hand crops of shape (n, 224, 224, 3), ")
    assert words in str(caught.value)


def test_right_templates_are_given_back_as_they_are() -> None:
    codes, vectors = np.zeros((3, 12, 32), np.uint32), np.ones((4, 7), np.float32)
    assert check_templates(codes, np.uint32, (12, 32), "X") is codes
    first, second = check_pair(vectors, vectors[:0], np.float32, (7,), "X")
    assert first is vectors and second.shape == (0, 7)


@pytest.mark.parametrize(
    ("templates", "words"),
    [
        (np.zeros((3, 12, 32), np.int64), "not int64 (3, 12, 32)"),
        (np.zeros((3, 6, 32), np.uint32), "not uint32 (3, 6, 32)"),
        (np.zeros((12, 32), np.uint32), "not uint32 (12, 32)"),
        (np.ones((3, 128), np.float32), "not float32 (3, 128)"),
    ],
)
def test_templates_of_another_recognizer_are_refused(templates: np.ndarray, words: str) -> None:
    own = np.zeros((3, 12, 32), np.uint32)
    for pair in ((own, templates), (templates, own)):
        with pytest.raises(ValueError) as caught:
            check_pair(*pair, np.uint32, (12, 32), "MTCC")
        assert str(caught.value).startswith("MTCC templates are uint32 of shape (n, 12, 32), ")
        assert words in str(caught.value)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_template_that_is_not_finite_is_named_by_its_number(bad: float) -> None:
    vectors = np.ones((4, 7), np.float32)
    vectors[2, 5] = bad
    with pytest.raises(ValueError, match="CCNet template 2 holds values that are not finite"):
        check_pair(np.ones((1, 7), np.float32), vectors, np.float32, (7,), "CCNet")

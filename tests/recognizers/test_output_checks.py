"""What recognizers of other packages answer is checked before it is counted."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest

import recognizers
from recognizers import output_checks
from recognizers.common.errors import RequestError

TEMPLATES = np.arange(4, dtype=np.float32)[:, None]


def apart(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.abs(a - b.T)


def one_nan(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.where(apart(a, b) == 2, np.nan, apart(a, b))


def a_recognizer(distances: Callable[..., np.ndarray], **others: object) -> SimpleNamespace:
    return SimpleNamespace(name="theirs", takes="roi", distances=distances, **others)


def test_right_answers_are_given_back_in_single_precision() -> None:
    own = a_recognizer(lambda a, b: apart(a, b).astype(np.float64), extract=lambda images: images[:, 0, 0].tolist())
    np.testing.assert_array_equal(
        output_checks.distances(own, TEMPLATES, TEMPLATES[:2]), apart(TEMPLATES, TEMPLATES[:2])
    )
    assert output_checks.distances(own, TEMPLATES, TEMPLATES).dtype == np.float32
    assert output_checks.templates(own, np.full((3, 2, 2), 7)).tolist() == [7, 7, 7]
    assert output_checks.pairwise(own, TEMPLATES) is None


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (one_nan, r"recognizer theirs: \d+ of \d+ distances are NaN or infinite"),
        (lambda a, b: apart(a, b) * np.inf, "NaN or infinite"),
        (lambda a, b: apart(a, b)[:, :1], r"distances gave an array of shape \(4, 1\), and \(4, 4\) is wanted"),
        (lambda a, b: apart(a, b).mean(), r"of shape \(\)"),
    ],
)
def test_distances_that_are_none_are_refused_by_whoever_counts_them(broken: Callable, words: str) -> None:
    theirs = a_recognizer(broken)
    with np.errstate(invalid="ignore"):
        for count in (
            lambda: output_checks.distances(theirs, TEMPLATES, TEMPLATES),
            lambda: recognizers.pairwise(theirs, TEMPLATES),
        ):
            with pytest.raises(RequestError, match=words):
                count()


def test_a_pairwise_of_their_own_is_checked_too() -> None:
    for found in (np.zeros(5, np.float32), np.full(6, np.nan, np.float32)):
        with pytest.raises(RequestError, match="recognizer theirs: "):
            recognizers.pairwise(a_recognizer(apart, pairwise=lambda templates, found=found: found), TEMPLATES)


def test_each_image_has_a_template() -> None:
    for extract in (lambda images: images[:1], lambda images: images[0, 0], lambda images: 1.0):
        with pytest.raises(RequestError, match=r"extract gave an array of shape .* for 3 images"):
            output_checks.templates(a_recognizer(apart, extract=extract), np.zeros((3, 5, 5)))


def test_a_recognizer_that_ends_the_program_has_failed_and_the_program_has_not() -> None:
    def leave(*_: object) -> None:
        sys.exit(0)

    theirs = a_recognizer(leave, extract=leave, pairwise=leave, classify=leave, settings=leave)
    for what, ask in {
        "settings": lambda: output_checks.settings(theirs),
        "extract": lambda: output_checks.templates(theirs, np.zeros((3, 5, 5))),
        "distances": lambda: output_checks.distances(theirs, TEMPLATES, TEMPLATES),
        "pairwise": lambda: output_checks.pairwise(theirs, TEMPLATES),
        "classify": lambda: output_checks.classes(theirs, TEMPLATES),
    }.items():
        with pytest.raises(RequestError, match=rf"recognizer theirs: {what} called sys\.exit\(0\)"):
            ask()


def test_a_class_is_one_of_those_that_the_classifier_names() -> None:
    def classifier(found: object) -> SimpleNamespace:
        return a_recognizer(apart, identities=("a", "b"), classify=lambda templates: found)

    assert output_checks.classes(classifier([0, 1, 1, 0]), TEMPLATES).tolist() == [0, 1, 1, 0]
    for wrong in ([0, 1, 1], [0, 1, 2, 0], [0, -1, 1, 0], [0.0, 1.0, 1.0, 0.0]):
        with pytest.raises(RequestError, match="classify must give one of its 2 classes"):
            output_checks.classes(classifier(wrong), TEMPLATES)

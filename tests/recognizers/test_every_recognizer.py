"""What holds of every recognizer that palmbench brings, whatever it reads and however it compares."""

from __future__ import annotations

import numpy as np
import pytest

import recognizers
from recognizers.protocol import Recognizer


@pytest.fixture(scope="module")
def images() -> dict[str, np.ndarray]:
    """Two images of each kind."""
    random = np.random.default_rng(0)
    shapes = {"roi": (2, 128, 128), "hand": (2, 224, 224, 3)}
    return {kind: random.integers(0, 256, shape).astype(np.uint8) for kind, shape in shapes.items()}


@pytest.fixture(scope="module")
def ours() -> dict[str, Recognizer]:
    return {name: recognizers.load(name) for name in recognizers.RECOGNIZERS}


@pytest.fixture(scope="module")
def templates(ours: dict[str, Recognizer], images: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: recognizer.extract(images[recognizer.takes]) for name, recognizer in ours.items()}


def test_how_images_lie_in_memory_changes_no_template(ours, images):
    for recognizer in ours.values():
        own = images[recognizer.takes]
        for view in (own[:, :, ::-1], own[::-1], np.asfortranarray(own), np.broadcast_to(own[:1], own.shape)):
            np.testing.assert_array_equal(recognizer.extract(view), recognizer.extract(view.copy(order="C")))


def test_of_no_image_there_is_no_template_and_no_distance(ours, images, templates):
    for name, recognizer in ours.items():
        none = recognizer.extract(images[recognizer.takes][:0])
        assert (none.shape, none.dtype) == ((0, *templates[name].shape[1:]), templates[name].dtype)
        assert recognizer.distances(none, templates[name]).shape == (0, 2)
        assert recognizers.pairwise(recognizer, none).shape == (0,)


def test_images_of_another_kind_shape_or_type_are_refused(ours, images):
    for recognizer in ours.values():
        own, other = images[recognizer.takes], images["hand" if recognizer.takes == "roi" else "roi"]
        for wrong in (other, own / 255, own[:, 1:], own[0], own[..., None]):
            with pytest.raises(ValueError, match="takes uint8"):
                recognizer.extract(wrong)


def test_no_recognizer_takes_the_templates_of_another_for_its_own(ours, templates):
    assert len(templates) == 8
    for name, recognizer in ours.items():
        own = templates[name]
        for other in [templates[other] for other in templates.keys() - {name}]:
            for refused in (
                lambda: recognizer.distances(own, other),  # noqa: B023
                lambda: recognizer.distances(other, own),  # noqa: B023
                lambda: recognizers.pairwise(recognizer, other),  # noqa: B023
            ):
                with pytest.raises(ValueError, match="templates"):
                    refused()
        with pytest.raises(ValueError, match=r"templates are|not finite"):
            recognizer.distances(own, own * np.float32("nan"))

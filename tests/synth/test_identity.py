"""Who is in a rendered photo: the same palm for the same number, and no palm for two."""

from __future__ import annotations

import ast
import hashlib
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import experiments.weights
import recognizers
from experiments.weights.world import entries
from palmbench.datasets import open_dataset
from palmbench.datasets.settings import SynthConfig
from palmbench.hands.recognition_roi import recognition_roi
from palmbench.synth import (
    BENCHMARK_IDENTITIES,
    SURROGATE_IDENTITIES,
    TRAINING_IDENTITIES,
    Render,
    person_of,
    render,
    session_of,
)
from palmbench.synth.anatomy import hand_shape
from palmbench.synth.creases import palm_creases
from palmbench.synth.seeds import hand_generator, person_generator, sample_generator, session_generator
from recognizers.common.errors import RequestError

IN_A_NEW_PROCESS = """
import hashlib
from palmbench.synth import render
render(9, 4)
photo = render(2, 1)
print(hashlib.sha256(photo.image.tobytes() + photo.mask.tobytes() + photo.keypoints_3d.tobytes()).hexdigest())
"""


def fingerprint(photo: Render) -> str:
    return hashlib.sha256(photo.image.tobytes() + photo.mask.tobytes() + photo.keypoints_3d.tobytes()).hexdigest()


def test_a_photo_does_not_depend_on_what_was_rendered_before(renders: list[Render]) -> None:
    once = fingerprint(renders[5])
    render(3, 0)
    assert fingerprint(render(2, 1)) == once
    elsewhere = subprocess.run([sys.executable, "-c", IN_A_NEW_PROCESS], capture_output=True, text=True, check=True)
    assert elsewhere.stdout.strip() == once


def test_the_sources_of_random_numbers_are_pinned() -> None:
    # A change here makes another synthetic world: raise RENDERER_VERSION, train the weights again, and only then
    # write the new numbers down.
    drawn = [
        int(generator.integers(2**63))
        for generator in (
            person_generator(6),
            hand_generator(6),
            session_generator(6, 1, "controlled"),
            sample_generator(6, 1, "controlled"),
        )
    ]
    assert drawn == [359353732070322434, 6731547825593926552, 4841822747290809810, 2992502394016456278]


def test_photos_of_a_session_share_their_surroundings() -> None:
    def corner(sample: int, profile: str) -> np.ndarray:
        return render(5, sample, profile).image[:60, :60].reshape(-1, 3).mean(axis=0)

    assert [session_of(sample) for sample in (0, 2, 3, 6)] == [0, 0, 1, 2]
    for profile in ("mobile", "wild"):
        first, second, later = corner(0, profile), corner(2, profile), corner(3, profile)
        assert np.abs(first - second).max() < np.abs(first - later).max()


def test_photos_of_a_palm_differ(renders: list[Render]) -> None:
    first, second = renders[:2]
    assert np.abs(first.keypoints_2d - second.keypoints_2d).max() > 2
    assert (first.image != second.image).any(axis=2).mean() > 0.5


@pytest.mark.parametrize("variant", ["yan", "original"])
def test_palms_are_told_apart(renders: list[Render], variant: str) -> None:
    mtcc = recognizers.load("mtcc", variant=variant)
    templates = mtcc.extract(np.stack([recognition_roi(photo.image, photo.as_hand()) for photo in renders]))
    distances = mtcc.distances(templates, templates)
    identities = np.array([photo.identity for photo in renders])
    same = identities[:, None] == identities
    itself = np.eye(len(renders), dtype=bool)
    genuine, impostor = distances[same & ~itself], distances[~same]
    assert np.percentile(genuine, 75) < impostor.min()
    nearest = np.where(itself, np.inf, distances).argmin(axis=1)
    np.testing.assert_array_equal(identities[nearest], identities)


def test_a_persons_hands_share_their_shape_and_not_their_creases() -> None:
    people = range(30)
    left, right = ([hand_shape(2 * person + side) for person in people] for side in (0, 1))
    fingers = [np.array([shape.phalanges.sum(axis=1).mean() for shape in hands]) for hands in (left, right)]
    assert np.corrcoef(*fingers)[0, 1] > 0.8
    assert abs(np.corrcoef(fingers[0], np.roll(fingers[1], 1))[0, 1]) < 0.5
    assert not any(np.array_equal(a.phalanges, b.phalanges) for a, b in zip(left, right, strict=True))
    starts = [np.array([palm_creases(2 * person + side).points[0] for person in people[:20]]) for side in (0, 1)]
    for axis in (0, 1):
        assert abs(np.corrcoef(starts[0][:, axis], starts[1][:, axis])[0, 1]) < 0.6


def test_a_persons_hands_share_their_skin(renders: list[Render]) -> None:
    tones = np.array([np.median(photo.image[photo.mask], axis=0) for photo in renders])
    people = np.array([person_of(photo.identity) for photo in renders])
    apart = np.linalg.norm(tones[:, None] - tones, axis=2)
    same = people[:, None] == people
    assert np.median(apart[same & ~np.eye(len(renders), dtype=bool)]) < 0.6 * np.median(apart[~same])


def test_no_trained_or_lent_person_can_be_benchmarked() -> None:
    assert BENCHMARK_IDENTITIES.stop <= TRAINING_IDENTITIES.start
    assert person_of(BENCHMARK_IDENTITIES[-1]) < person_of(TRAINING_IDENTITIES[0])
    assert TRAINING_IDENTITIES.stop <= SURROGATE_IDENTITIES.start
    assert person_of(TRAINING_IDENTITIES[-1]) < person_of(SURROGATE_IDENTITIES[0])
    with pytest.raises(RequestError, match="1000000 palms"):
        open_dataset(SynthConfig(identities=len(BENCHMARK_IDENTITIES) + 1, samples=1), "data")


def test_the_training_set_holds_training_identities_alone() -> None:
    wanted = list(entries(identities=50, samples=3))
    assert len(set(wanted)) == 150
    assert {identity for identity, _ in wanted} <= set(TRAINING_IDENTITIES)
    with pytest.raises(IndexError):
        list(entries(identities=len(TRAINING_IDENTITIES) + 1, samples=1))


def test_every_recipe_takes_its_hands_from_the_training_set() -> None:
    renderers = set()
    for path in Path(experiments.weights.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                used = [f"{node.module}.{name.name}" for name in node.names]
            elif isinstance(node, ast.Import):
                used = [name.name for name in node.names]
            else:
                continue
            if any(re.match(r"palmbench\.(synth(\.render.*)?$|datasets)", name) for name in used):
                renderers.add(path.stem)
    assert renderers == {"world"}


def test_who_and_how_must_make_sense() -> None:
    with pytest.raises(ValueError, match="unknown profile 'wide'; there is controlled, mobile, wild"):
        render(0, 0, profile="wide")
    with pytest.raises(ValueError, match="at least 64 x 64 pixels, not 640 x 48"):
        render(0, 0, size=(640, 48))
    for identity, sample in ((-1, 0), (0, -1)):
        with pytest.raises(ValueError, match="must not be negative"):
            render(identity, sample)

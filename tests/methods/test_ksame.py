"""k palms that share one mixed palm are one palm to whoever reads lines; an average with the own palm is not."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from palmbench import methods
from palmbench.config.schema import RecognizerConfig
from palmbench.hands.palm import palm_mask
from palmbench.hands.recognition_roi import recognition_roi
from palmbench.methods import pool
from palmbench.methods.ksame import KSameConfig, averaged, clusters, mixed
from palmbench.methods.new_skin import ground
from palmbench.scoring.rank_1 import nearest
from palmbench.stages.enrol import load_recognizer
from palmbench.synth import BENCHMARK_IDENTITIES, TRAINING_IDENTITIES, render
from palmbench.synth.render import Render

PALMS, PHOTOS = 10, 2


@cache
def shown(identity: int, sample: int = 0) -> Render:
    return render(identity, sample, size=(320, 240))


def hidden(config: KSameConfig, seeds: dict[int, int]) -> dict[tuple[int, int], np.ndarray]:
    """Photos of a closed set by palm and number; `seeds` by palm."""
    method = methods.load(config, region="palm")
    wanted = [(identity, sample) for identity in range(PALMS) for sample in range(PHOTOS)]
    photos = method.deidentify(
        [shown(*each).image for each in wanted],
        [shown(*each).as_hand() for each in wanted],
        [seeds[identity] for identity, _ in wanted],
        [None] * len(wanted),
    )
    return dict(zip(wanted, photos, strict=True))


def shared(config: KSameConfig, seed: int = 0) -> dict[int, int]:
    found = config.palm_seeds([str(identity) for identity in range(PALMS)], seed)
    return {int(palm): value for palm, value in found.items()}


def rank_1(recognizer: Any, photos: dict[tuple[int, int], np.ndarray]) -> float:
    """Share of de-identified photos whose nearest original is of the same palm, their own photo left out."""
    wanted = list(photos)
    hands = [shown(*each).as_hand() for each in wanted]
    originals, probes = (
        recognizer.extract(np.stack([recognition_roi(image, hand) for image, hand in zip(images, hands, strict=True)]))
        for images in ([shown(*each).image for each in wanted], photos.values())
    )
    palms = [identity for identity, _ in wanted]
    found = nearest(recognizer.distances(probes, originals), palms, palms, np.arange(len(palms)))
    return float(found.hits.mean())


@pytest.mark.parametrize("name", ["mtcc", "ccnet"])
def test_at_most_one_in_k_of_a_closed_set_is_known(name: str) -> None:
    """And the recognizer does know the palms where the own one is averaged with another, or stays as it is."""
    recognizer = load_recognizer(RecognizerConfig(name))
    for k in (2, 5):
        config = KSameConfig(way="proxy", k=k)
        assert not config.unmet({str(identity): PHOTOS for identity in range(PALMS)}, 0, "palm")
        assert rank_1(recognizer, hidden(config, shared(config))) <= 1 / k
    average = KSameConfig(way="average", k=2)
    assert rank_1(recognizer, hidden(average, {identity: identity for identity in range(PALMS)})) > 1 / 2


def test_palms_of_a_cluster_get_one_palm_and_those_of_two_clusters_two() -> None:
    config = KSameConfig(k=5)
    seeds = shared(config)
    assert sorted(Counter(seeds.values()).values()) == [5, 5]
    photos, recognizer = hidden(config, seeds), load_recognizer(RecognizerConfig("mtcc"))
    rois = [recognition_roi(photo, shown(*place).as_hand()) for place, photo in photos.items()]
    templates = recognizer.extract(np.stack(rois))
    palms = np.array([identity for identity, _ in photos])
    together = np.array([[seeds[one] == seeds[two] for one in palms] for two in palms])
    apart = recognizer.distances(templates, templates)
    strangers = palms[:, None] != palms
    assert np.median(apart[together & strangers]) < np.median(apart[~together]) - 0.02


def test_clusters_hold_k_palms_whatever_their_order_and_the_last_the_rest() -> None:
    palms = [f"{number:03d}" for number in range(23)]
    found = clusters(palms, 5, seed=1)
    assert [len(each) for each in found] == [5, 5, 5, 8]
    assert sorted(palm for each in found for palm in each) == palms
    assert found == clusters([*reversed(palms), *palms], 5, seed=1) != clusters(palms, 5, seed=2)
    assert clusters(palms[:3], 5, seed=1) == [palms[:3]]


def test_a_condition_that_does_not_hold_is_said() -> None:
    config, palms = KSameConfig(k=5), {str(identity): 2 for identity in range(10)}
    assert config.unmet(palms, 0, "palm") == ()
    (few,) = config.unmet({"a": 2, "b": 2}, 0, "palm")
    assert "2 palms are fewer than k = 5" in few
    (uneven,) = config.unmet(palms | {"3": 0}, 0, "palm")
    assert "1 cluster" in uneven
    (own,) = config.unmet(palms, 0, "paper")
    assert "region=paper" in own
    (light,) = KSameConfig(k=5, shading=0.3).unmet(palms, 0, "palm")
    assert "shading 0.3" in light
    assert "closed set" in (config.declaration().guarantee or "")


def test_no_pixel_of_the_own_palm_is_used() -> None:
    photo, hand = shown(3).image, shown(3).as_hand()
    palm = palm_mask(hand, "palm")
    another = photo.copy()
    another[palm] = np.random.default_rng(2).integers(0, 256, (palm.sum(), 3))
    method = methods.load(KSameConfig(), region="palm")
    one, other = (method.deidentify([each], [hand], [5], [None])[0] for each in (photo, another))
    assert np.array_equal(one[palm], other[palm])


def test_the_average_of_toolboxes_promises_nothing() -> None:
    config = KSameConfig(way="average")
    assert config.declaration().guarantee == "" and "nothing is guaranteed" in config.describe()
    assert config.unmet({"a": 2}, 0) == ()


def test_an_average_holds_the_own_lines_the_less_the_larger_k() -> None:
    """They correlate with the own lines by about 1 / sqrt(k)."""
    hand = shown(3).as_hand()
    under = ground(shown(3).image, hand, "palm")
    own = (under.photo / np.maximum(under.light, 0.02)).mean(axis=2)
    inside = under.palm & (under.light.mean(axis=2) > 0.2)
    for k in (2, 5, 10):
        found = np.corrcoef(averaged(under, k).mean(axis=2)[inside], own[inside])[0, 1]
        assert found == pytest.approx(1 / np.sqrt(k), abs=0.2)


@pytest.mark.parametrize("k", [2, 10])
def test_mixed_lines_are_as_strong_as_those_of_one(k: int) -> None:
    one, many = pool.palms(), mixed(k, 3, pool.SIDE)
    for layer in ("depth", "relief", "swell"):
        wanted = np.median([each.astype(np.float32).std() for each in getattr(one, layer)])
        assert getattr(many, layer).std() == pytest.approx(wanted, rel=0.25)


def test_the_pool_belongs_to_nobody_who_is_evaluated_or_trained_on() -> None:
    assert len(pool.identities()) == pool.SIZE
    assert not any(each in BENCHMARK_IDENTITIES or each in TRAINING_IDENTITIES for each in pool.identities())


def test_the_pool_is_rendered_once_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(pool, "SIZE", 2)
    palms = pool.palms.__wrapped__
    first, (file,) = palms(), tmp_path.rglob("*.npz")
    with monkeypatch.context() as patch:
        patch.setattr(pool, "rendered", None)
        assert all(np.array_equal(one, two) for one, two in zip(first, palms(), strict=True))
    file.write_bytes(file.read_bytes()[:-9])
    assert all(np.array_equal(one, two) for one, two in zip(first, palms(), strict=True))
    monkeypatch.setenv("XDG_CACHE_HOME", str(file))  # where no folder can be
    assert np.array_equal(palms().relief, first.relief)

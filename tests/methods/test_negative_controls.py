from __future__ import annotations

import numpy as np
import pytest

from palmbench import methods
from palmbench.hands.palm import inpaint_mask
from palmbench.methods.dp_pix import DpPixConfig
from palmbench.methods.scramble import ScrambleConfig


def run(config, photo, hand, seed=0) -> np.ndarray:
    return methods.load(config).deidentify([photo], [hand], [seed], [None])[0]


@pytest.mark.parametrize("config", [DpPixConfig(), ScrambleConfig()], ids=lambda config: config.name)
def test_only_the_palm_changes_and_always_alike(config, photo, hand):
    region = inpaint_mask(hand)
    result = run(config, photo, hand)
    assert np.array_equal(result[~region], photo[~region])
    assert (result[region] != photo[region]).any()
    assert np.array_equal(result, run(config, photo, hand))
    assert config.seeded == (not np.array_equal(result, run(config, photo, hand, seed=1)))


def test_noise_has_the_scale_that_the_budget_asks_for(hand):
    """255 m / (b^2 e / 3), whose mean absolute value is the scale itself."""
    grey, region = np.full((150, 180, 3), 128, np.uint8), inpaint_mask(hand)
    config = DpPixConfig(epsilon=6.0, block=4, neighbours=1)
    off = [np.abs(run(config, grey, hand, seed).astype(float) - 128) for seed in range(20)]
    rows, columns = np.nonzero(region)
    top, left = rows.min() + 4 * 8, columns.min() + 4 * 10
    inner = [each[top : top + 28 : 4, left : left + 28 : 4] for each in off]
    assert region[top : top + 28, left : left + 28].all()
    assert np.mean(inner) == pytest.approx(255 / (16 * 6 / 3), rel=0.1)


def test_a_larger_budget_is_nearer_to_the_mosaic(photo, hand):
    region = inpaint_mask(hand)
    clean = run(DpPixConfig(epsilon=1e6), photo, hand).astype(int)
    off = [np.abs(run(DpPixConfig(epsilon=e), photo, hand) - clean)[region].mean() for e in (0.1, 1, 10, 100)]
    assert off == sorted(off, reverse=True) and off[-1] < 0.2 * off[0]


def test_neighbours_of_more_pixels_are_noisier_and_the_table_says_what_a_neighbour_is(photo, hand):
    few, many = (DpPixConfig(epsilon=50.0, neighbours=m) for m in (1, 64))
    region, clean = inpaint_mask(hand), run(DpPixConfig(epsilon=1e6), photo, hand).astype(int)
    off = [np.abs(run(config, photo, hand) - clean)[region].mean() for config in (few, many)]
    assert off[0] < off[1]
    assert "m = 64 pixels" in many.describe() and "50-differentially" in many.describe()


def test_nothing_around_the_palm_is_in_the_noisy_means(photo, hand):
    region = inpaint_mask(hand)
    other = np.where(region[..., None], photo, np.uint8(7))
    assert np.array_equal(run(DpPixConfig(), photo, hand)[region], run(DpPixConfig(), other, hand)[region])


@pytest.mark.parametrize("block", [1, 8, 500])
def test_who_has_the_key_restores_the_photo(block, photo, hand):
    """A photo of pixel numbers, scrambled with the key, says where each pixel came from."""
    config, region = ScrambleConfig(block=block, key=9), inpaint_mask(hand)
    numbers = np.arange(region.size, dtype=np.uint32).reshape(region.shape)
    marked = np.stack([(numbers >> shift) & 255 for shift in (16, 8, 0)], axis=-1).astype(np.uint8)
    came_from = run(config, marked, hand).astype(np.int64) @ (65536, 256, 1)
    restored = np.empty_like(photo).reshape(-1, 3)
    restored[came_from.ravel()] = run(config, photo, hand).reshape(-1, 3)
    assert np.array_equal(restored.reshape(photo.shape), photo)
    assert not np.array_equal(run(config, photo, hand), run(ScrambleConfig(block=block, key=8), photo, hand))


def test_larger_blocks_keep_more_neighbours_together(hand):
    numbers = np.indices((150, 180)).transpose(1, 2, 0)
    image = np.concatenate([numbers, numbers[..., :1]], axis=-1).astype(np.uint8)
    region = inpaint_mask(hand)
    pairs = region[:, 1:] & region[:, :-1]
    kept = []
    for block in (1, 2, 4, 8):
        steps = np.diff(run(ScrambleConfig(block=block), image, hand).astype(int), axis=1)
        kept.append((steps == (0, 1, 0)).all(axis=-1)[pairs].mean())
    assert kept == sorted(kept)


def test_what_a_key_undoes_does_not_pass_for_hidden():
    assert not ScrambleConfig().hides and DpPixConfig().hides

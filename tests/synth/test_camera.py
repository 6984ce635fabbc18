"""The camera does to a photo what its exposure says."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from palmbench.synth.camera import Exposure, draw_exposure, photograph

PERFECT = Exposure(1.0, np.ones(3, np.float32), 0.0, 0.0, 0.0, (0.0, 0.0), 0.0, None)


@dataclass(frozen=True)
class Phone:
    """A profile's words on its cameras."""

    gain: float = 0.1
    balance: float = 0.05
    vignette: tuple[float, float] = (0.05, 0.2)
    defocus: tuple[float, float] = (0.5, 1.2)
    sharpening: tuple[float, float] = (0.2, 0.7)
    motion: float = 0.8
    noise: tuple[float, float] = (2.0, 5.0)
    jpeg: tuple[int, int] | None = (70, 90)


def take(photo: np.ndarray, exposure: Exposure, seed: int = 0) -> np.ndarray:
    return photograph(photo, exposure, np.random.default_rng(seed))


def flat(*colour: float, height: int = 240, width: int = 320) -> np.ndarray:
    return np.full((height, width, 3), colour, np.float32)


def stripes(height: int = 240, width: int = 320) -> np.ndarray:
    return np.repeat(np.where(np.arange(width) // 8 % 2, 0.6, 0.2), 3).reshape(1, width, 3).repeat(height, 0)


def edge_energy(image: np.ndarray) -> float:
    return float((np.diff(image.astype(float), axis=1) ** 2).mean())


def test_a_perfect_camera_gives_the_picture_in_grey_levels() -> None:
    picture = flat(0.2, 0.4, 0.6)
    np.testing.assert_array_equal(take(picture, PERFECT)[5, 5], [51, 102, 153])


def test_the_same_numbers_take_the_same_photo() -> None:
    exposure = Exposure(1.1, np.array([1.05, 1, 0.95], np.float32), 0.1, 0.8, 0.0, (1.5, -0.5), 3.0, 80)
    picture = np.random.default_rng(1).random((120, 160, 3), np.float32)
    first = take(picture, exposure)
    assert (first.shape, first.dtype) == ((120, 160, 3), np.uint8)
    assert first.tobytes() == take(picture, exposure).tobytes()
    assert first.tobytes() != take(picture, exposure, seed=1).tobytes()


def test_gain_and_balance_multiply() -> None:
    exposure = replace(PERFECT, gain=1.2, balance=np.array([1.1, 1.0, 0.8], np.float32))
    np.testing.assert_allclose(take(flat(0.5, 0.5, 0.5), exposure)[9, 9], 255 * np.array([0.66, 0.6, 0.48]), atol=0.51)


def test_highlights_roll_off_and_keep_their_order() -> None:
    ramp = np.repeat(np.linspace(0, 3, 320, dtype=np.float32), 3).reshape(1, 320, 3).repeat(8, 0)
    levels = take(ramp, PERFECT)[0, :, 0].astype(int)
    assert (np.diff(levels) >= 0).all()
    assert levels.max() < 255
    np.testing.assert_allclose(levels[:80], 255 * ramp[0, :80, 0], atol=0.51)


def test_corners_lose_the_share_that_is_asked() -> None:
    taken = take(flat(0.6, 0.6, 0.6), replace(PERFECT, vignette=0.3))
    assert taken[119, 159, 0] == pytest.approx(153, abs=1)
    assert taken[0, 0, 0] == pytest.approx(153 * 0.7, abs=1)


@pytest.mark.parametrize("blur", [{"defocus": 2.0}, {"motion": (6.0, 0.0)}])
def test_blur_takes_edges_and_keeps_the_mean(blur: dict) -> None:
    sharp, soft = take(stripes(), PERFECT), take(stripes(), replace(PERFECT, **blur))
    assert edge_energy(soft) < 0.6 * edge_energy(sharp)
    assert soft.mean() == pytest.approx(sharp.mean(), abs=0.6)


def test_sharpening_lifts_edges_and_keeps_the_mean() -> None:
    plain, sharpened = (take(stripes(), replace(PERFECT, defocus=2.0, sharpening=share)) for share in (0.0, 0.7))
    assert edge_energy(sharpened) > 1.1 * edge_energy(plain)
    assert sharpened.mean() == pytest.approx(plain.mean(), abs=0.6)


def test_motion_blurs_along_its_way_only() -> None:
    along, across = (take(stripes(), replace(PERFECT, motion=way)) for way in ((6.0, 0.0), (0.0, 6.0)))
    assert edge_energy(across) == pytest.approx(edge_energy(take(stripes(), PERFECT)), rel=0.01)
    assert edge_energy(along) < 0.6 * edge_energy(across)


def test_blur_is_measured_in_shares_of_the_height() -> None:
    # An edge through the middle: as wide, as a share of the picture, at either size.
    widths = []
    for height in (240, 480):
        step = flat(0.2, 0.2, 0.2, height=height, width=height)
        step[:, height // 2 :] = 0.7
        row = take(step, replace(PERFECT, defocus=6.0))[height // 2, :, 0] / 255
        widths.append(((row > 0.25) & (row < 0.65)).sum() / height)
    assert widths[0] == pytest.approx(widths[1], abs=0.01)


@pytest.mark.parametrize("asked", [1.5, 4.0])
def test_the_noise_of_mid_grey_is_as_asked(asked: float) -> None:
    taken = take(flat(0.5, 0.5, 0.5), replace(PERFECT, noise=asked)).astype(float)
    # Rounding to grey levels adds a twelfth.
    np.testing.assert_allclose(taken.std(axis=(0, 1)), np.sqrt(asked**2 + 1 / 12), rtol=0.03)
    np.testing.assert_allclose(taken.mean(axis=(0, 1)), 127.5, atol=0.2)


def test_bright_pixels_are_noisier_and_channels_share_most_of_the_noise() -> None:
    dark, bright = (take(flat(*[level] * 3), replace(PERFECT, noise=4.0)).astype(float) for level in (0.2, 0.7))
    assert bright.std() > 1.2 * dark.std()
    shared = np.corrcoef(bright.reshape(-1, 3).T)
    assert 0.6 < shared[0, 1] < 0.95


def test_jpeg_keeps_colours_in_their_channels_and_loses_detail() -> None:
    picture = flat(0.7, 0.4, 0.2) + np.random.default_rng(0).normal(0, 0.05, (240, 320, 3)).astype(np.float32)
    before, after = take(picture, PERFECT), take(picture, replace(PERFECT, jpeg=60))
    np.testing.assert_allclose(after.mean(axis=(0, 1)), before.mean(axis=(0, 1)), atol=1.5)
    assert edge_energy(after) < 0.9 * edge_energy(before)


def test_photos_of_a_session_share_its_light() -> None:
    def draw(session: int, sample: int) -> Exposure:
        return draw_exposure(Phone(), np.random.default_rng(session), np.random.default_rng(1000 + sample))

    sessions = [[draw(session, 4 * session + sample) for sample in range(4)] for session in range(40)]
    assert all(len({photo.jpeg for photo in photos}) == 1 for photos in sessions)
    assert all(len({photo.vignette for photo in photos}) == 1 for photos in sessions)
    assert len({photos[0].jpeg for photos in sessions}) > 10
    warmth = np.array([[photo.balance[0] - photo.balance[2] for photo in photos] for photos in sessions])
    assert warmth.std(axis=1).mean() < 0.4 * warmth.mean(axis=1).std()
    gains = np.log([[photo.gain for photo in photos] for photos in sessions])
    assert gains.std() == pytest.approx(0.1, rel=0.3)


def test_an_exposure_stays_in_the_profiles_ranges() -> None:
    for seed in range(50):
        exposure = draw_exposure(Phone(), np.random.default_rng(seed), np.random.default_rng(99 + seed))
        assert 0.05 <= exposure.vignette <= 0.2
        assert 0.5 <= exposure.defocus <= 1.2
        assert 0.2 <= exposure.sharpening <= 0.7
        assert 2.0 <= exposure.noise <= 5.0
        assert exposure.jpeg is not None
        assert 70 <= exposure.jpeg <= 90
    still = draw_exposure(Phone(motion=0.0, jpeg=None), np.random.default_rng(0), np.random.default_rng(1))
    assert (still.jpeg, still.motion) == (None, (0.0, 0.0))

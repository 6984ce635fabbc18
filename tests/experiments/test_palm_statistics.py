"""The statistics of palms measure what they say, and rendered palms have those of real ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from experiments.palm_statistics import __main__ as command
from experiments.palm_statistics.comparison import BOUNDS, Comparison, Palms, compare, real_palms
from experiments.palm_statistics.statistics import PalmStatistics, palm_statistics, table
from palmbench.base.images import read_image
from palmbench.base.status import DONE, FINDINGS

SIDE = 128
REAL_ROIS = Path(__file__).resolve().parents[3] / "shared" / "real" / "contactless-rois.npz"


def skin(seed: int = 0, contrast: float = 10.0) -> np.ndarray:
    """White noise about mid-grey."""
    return 120 + np.random.default_rng(seed).normal(0, contrast, (SIDE, SIDE))


def lined(angle: float) -> np.ndarray:
    """Parallel dark lines, 16 pixels apart and soft."""
    rows, columns = np.indices((SIDE, SIDE))
    across = columns * np.cos(angle) + rows * np.sin(angle)
    return skin(contrast=0.5) * (1 - 0.2 * np.exp(-0.5 * ((across % 16 - 8) / 1.5) ** 2))


def test_exposure_does_not_count() -> None:
    np.testing.assert_allclose(palm_statistics(skin()), palm_statistics(0.4 * skin()), rtol=1e-3, atol=1e-4)


def test_white_noise_is_fine_normal_and_flat() -> None:
    found = palm_statistics(skin())
    assert found.std == pytest.approx(10 / 120, rel=0.03)
    assert found.slope == pytest.approx(0, abs=0.15)
    assert found.high_skew == pytest.approx(0, abs=0.1)
    assert found.high_kurtosis == pytest.approx(3, abs=0.2)
    # A Gaussian of sigma s leaves 1 / (2 sqrt(pi) s) of white noise; at its middle it is 1 / (2 pi s^2) high.
    kept = [1 / (2 * np.sqrt(np.pi) * s) for s in (1, 3, 12)]
    assert found.low == pytest.approx(found.std * kept[2], rel=0.4)
    assert found.fine == pytest.approx(found.std * np.sqrt(1 - 2 / (2 * np.pi) + kept[0] ** 2), rel=0.02)
    assert found.fine < found.high < found.std


def test_the_slope_of_a_spectrum_is_found() -> None:
    rows, columns = np.meshgrid(*2 * [np.fft.fftfreq(SIDE) * SIDE], indexing="ij")
    radius = np.maximum(np.hypot(rows, columns), 1)
    spectrum = np.fft.fft2(np.random.default_rng(0).normal(0, 1, (SIDE, SIDE))) * radius**-1.5
    field = np.fft.ifft2(spectrum).real
    assert palm_statistics(120 + 10 * field / field.std()).slope == pytest.approx(-3, abs=0.2)


def test_lines_answer_by_their_darkness_and_share_a_direction() -> None:
    plain, dark, bright = (
        palm_statistics(skin(contrast=0.5)),
        palm_statistics(lined(0.3)),
        palm_statistics(255 - lined(0.3)),
    )
    assert dark.line_q99 > 10 * plain.line_q99
    assert dark.line_share_05 > 0.05 > plain.line_share_02
    assert dark.high_skew < -0.5 < 0.5 < bright.high_skew
    assert dark.orientation_entropy < 0.4 < 0.95 < plain.orientation_entropy


def test_a_turned_palm_is_the_same_palm() -> None:
    upright, turned = (palm_statistics(np.rot90(lined(0.3), turns)) for turns in (0, 1))
    np.testing.assert_allclose(upright, turned, rtol=0.05, atol=0.01)


@pytest.mark.skipif(not REAL_ROIS.is_file(), reason="real ROIs lie beside the checkout only where someone keeps them")
def test_the_stored_values_are_those_of_real_rois() -> None:
    with np.load(REAL_ROIS) as file:
        rois, palms = file["rois"][::20], file["identity"][::20]
    real = real_palms()
    for found, palm in zip(table(rois), palms, strict=True):
        stored = real.values[real.palms == palm]
        assert np.isclose(stored, found, rtol=1e-3, atol=1e-5).all(axis=1).sum() == 1


def test_real_palms_lie_near_real_palms_and_far_from_noise() -> None:
    real = real_palms()
    known = real.palms >= 0
    first = known & (real.palms % 2 == 0)
    second = known & (real.palms % 2 == 1)
    halves = compare(*(Palms(real.values[half], real.palms[half]) for half in (first, second)))
    noise = Palms(table(skin(seed) for seed in range(20)), np.arange(20))
    assert halves.distances.mean() < 0.2 < 0.6 < compare(real, noise).distances.mean()
    assert halves.auc < 0.65 < 0.99 < compare(real, noise).auc


def test_palms_nobody_knows_are_not_told_apart() -> None:
    real = real_palms()
    assert np.isnan(compare(real, Palms(real.values[:8], np.full(8, -1))).auc)


def test_a_bound_that_is_not_kept_is_a_finding() -> None:
    bounds = BOUNDS["controlled"]
    assert command.kept(Comparison(np.full(14, 0.2), 0.8), bounds)
    assert not command.kept(Comparison(np.full(14, 0.2), 0.95), bounds)
    assert not command.kept(Comparison(np.full(14, 0.3), 0.8), bounds)
    assert not command.kept(Comparison(np.append(np.full(13, 0.1), 0.6), 0.8), bounds)
    assert not command.kept(Comparison(np.full(14, 0.2), float("nan")), bounds)


def test_the_command_prints_a_row_a_statistic_and_writes_a_sheet(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "sheet.png"
    words = ["--palms", "12", "--photos", "1", "--sheet", str(path)]
    assert command.main(words) in (DONE, FINDINGS)
    printed = capsys.readouterr().out
    assert all(f"\n{name} " in printed for name in PalmStatistics._fields)
    assert "mean KS 0." in printed and "(at most 0.25)" in printed
    assert read_image(path).shape == (2 * 256, 6 * 256, 3)


def test_rendered_palms_come_near_real_ones() -> None:
    rois = command.rendered_rois("controlled", 20, 2)
    comparison = compare(real_palms(), Palms(table(rois), np.repeat(np.arange(20), 2)))
    assert comparison.distances.mean() < 0.3

"""Samples of what is disclosed beside identity: what is read of photos, and what readings with known answers tell."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from palmbench.base.store import Store
from palmbench.datasets.sample import Sample
from palmbench.disclosures import DisclosureConfig, Side
from palmbench.disclosures.attribute import AttributeConfig
from palmbench.disclosures.memory import MemoryConfig
from palmbench.disclosures.processing import ProcessingConfig
from palmbench.disclosures.replay import ReplayConfig
from palmbench.disclosures.ridge import balanced, fit_best
from palmbench.hands.attribute_signs import bands_across_fingers, pose_in_plane, skin_beside_and_inside
from palmbench.hands.residuals import residual_statistics
from palmbench.hands.skin_tone import typology_angle
from palmbench.methods import MethodConfig
from palmbench.methods.diffusion import DiffusionConfig
from palmbench.scoring.attribute import named_rightly
from palmbench.scoring.leak import Leak
from palmbench.scoring.membership import remembered
from palmbench.scoring.replicated import person_weights
from palmbench.scoring.told_apart import told_apart
from tests.disclosures.drawn_readings import disclosed, noise, pipeline, read
from tests.golden import inputs
from tests.golden.artefacts import Golden, numbers, sampled

_DISCLOSURES, _ENGINE, _SCORING = "palmbench.disclosures.", "palmbench.engine.", "palmbench.scoring."
_REGION = ["palmbench.hands.palm", "palmbench.hands.skeleton"]
_WEIGHED = [_SCORING + name for name in ("bootstrap", "leak", "linkability", "replicated")]
_MEASURED = [*_WEIGHED, "palmbench.attacks.people", *(_ENGINE + name for name in ("attacking", "disclosing")),
             _ENGINE + "disclosure_pipeline", _SCORING + "intervals", _SCORING + "shares"]  # fmt: skip


def _residuals() -> dict[str, Any]:
    photo, hand = inputs.photo(), inputs.hand()
    return {f"quality {quality}": sampled(residual_statistics(photo, hand, "palm", quality)) for quality in (None, 90)}


def _signs() -> dict[str, Any]:
    photo, hand = inputs.photo(), inputs.hand()
    return {
        "pose": sampled(pose_in_plane(hand)),
        "skin": skin_beside_and_inside(photo, hand, "paper"),
        "bands": bands_across_fingers(photo, hand),
    }


def _tones() -> dict[str, Any]:
    return {"angles": numbers([typology_angle(np.array(each)) for each in ((0.9, 0.75, 0.65), (0.5, 0.35, 0.25))])}


def _ridge() -> dict[str, Any]:
    readings = np.sin(np.arange(60 * 5) * 1.7).reshape(60, 5)
    values = (readings[:, 0] + 0.5 * np.cos(np.arange(60) * 2.3) > 0.2).astype(float)
    examples = readings, values, balanced(values)
    found = fit_best(tuple(each[:40] for each in examples), tuple(each[40:] for each in examples))  # type: ignore[arg-type]
    return {"slopes": found.slopes, "predicted": sampled(found.predict(readings))}


def _persons() -> tuple[np.ndarray, np.ndarray, np.random.Generator]:
    return np.arange(20).repeat(6), person_weights(20, np.random.default_rng(0), 50), np.random.default_rng(1)


def _leaks(**leaks: Leak) -> dict[str, Any]:
    return {
        name: numbers(leak.found.value, *leak.found.interval(), leak.by_chance, leak.null.mean())
        for name, leak in leaks.items()
    }


def _told_apart() -> dict[str, Any]:
    persons, weights, rng = _persons()
    wave = np.sin(np.arange(240) * 2.1)
    return _leaks(**told_apart(wave[:120] + 0.8, wave[120:], persons, persons, weights, rng))


def _named() -> dict[str, Any]:
    persons, weights, rng = _persons()
    truth = np.arange(20).repeat(6) % 3
    named = np.where(np.arange(120) % 4 == 0, 0, truth)
    return _leaks(accuracy=named_rightly(named, truth, persons, persons, weights, rng))


def _remembered() -> dict[str, Any]:
    persons, weights, rng = _persons()
    distances = np.sin(np.arange(120 * 16) * 1.3).reshape(120, 16) - 0.2 * (np.arange(16) < 8)
    return _leaks(**remembered(distances, np.arange(16) < 8, -1.1, persons, weights, rng))


def _draw(side: Side, sample: Sample) -> np.ndarray:
    if side.photos == "originals":
        return noise(sample.id, size=42) + 0.5 * (sample.side == "right")
    return noise(sample.id, side.photos, size=42) + 0.3 * (sample.side == "right") + 0.4


def _codes(side: Side, sample: Sample) -> np.ndarray:
    return np.random.default_rng([*sample.id.encode(), side.photos == "release"]).integers(
        0, 2**32, (12, 32), np.uint32
    )


def _palms(side: Side, sample: Sample) -> np.ndarray:
    rng = np.random.default_rng([*sample.id.encode(), side.photos == "originals"])
    return (rng.integers(0, 200, (128, 128)) + 20 * (side.photos == "own")).astype(np.uint8)


def _disclosed(
    config: DisclosureConfig, draw: Callable[[Side, Sample], np.ndarray], method: MethodConfig | None = None
) -> Callable[[], dict[str, Any]]:
    def found() -> dict[str, Any]:
        with TemporaryDirectory() as folder:
            record = disclosed(Path(folder), config, draw, 24, method)
            return {
                name: numbers(*(np.nan if end is None else end for end in (number.value, number.lo, number.hi)))
                for name, number in record.numbers.items()
            }

    return found


def _shown() -> dict[str, Any]:
    with TemporaryDirectory() as folder:
        wired, store = pipeline(Path(folder), AttributeConfig(), 16), Store.of(folder)
        found = wired.shown(read(wired, store, _draw), store)
        return {" ".join(side): sampled(np.column_stack([shown.readings[:, 0], *shown[1:]]))
                for side, shown in found.items()}  # fmt: skip


GOLDENS = [
    Golden("palmbench.hands.residuals", "statistics of noise", _residuals, _REGION, tolerance=1e-4),
    Golden("palmbench.hands.attribute_signs", "signs", _signs,
           [*_REGION, "palmbench.hands.skin_tone", "palmbench.hands.traits"], tolerance=1e-4),
    Golden("palmbench.hands.skin_tone", "angles", _tones, tolerance=1e-4),
    Golden(_DISCLOSURES + "ridge", "predictions", _ridge, tolerance=1e-5),
    Golden(_SCORING + "told_apart", "numbers", _told_apart, _WEIGHED),
    Golden(_SCORING + "attribute", "numbers", _named, _WEIGHED),
    Golden(_SCORING + "membership", "numbers", _remembered, [*_WEIGHED, _SCORING + "told_apart"]),
    Golden(_ENGINE + "disclosure_pipeline", "readings", _shown, ["palmbench.attacks.people"]),
    Golden(_ENGINE + "disclosing", "numbers", _disclosed(ReplayConfig(), _palms),
           [*(each for each in _MEASURED if each != _ENGINE + "disclosing"), _DISCLOSURES + "replay"]),
    Golden(_DISCLOSURES + "processing", "numbers", _disclosed(ProcessingConfig(), _draw),
           [*_MEASURED, _DISCLOSURES + "ridge", _SCORING + "told_apart"]),
    Golden(_DISCLOSURES + "attribute", "numbers", _disclosed(AttributeConfig(), _draw),
           [*_MEASURED, _DISCLOSURES + "ridge", _SCORING + "attribute"]),
    Golden(_DISCLOSURES + "memory", "numbers", _disclosed(MemoryConfig(palms=20), _codes, DiffusionConfig()),
           [*_MEASURED, _SCORING + "membership", _SCORING + "tar_at_fmr", "recognizers.codes.base"]),
    Golden(_DISCLOSURES + "replay", "numbers", _disclosed(ReplayConfig(), _palms), _MEASURED),
]  # fmt: skip

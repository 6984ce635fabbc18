"""Samples through the stages of a run, one after another, and of the rendered hands that runs are made with."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import recognizers
from palmbench.base.images import encode_photo
from palmbench.base.store import Store
from palmbench.config.schema import RunConfig
from palmbench.datasets.sample import Sample
from palmbench.methods.folder import FolderConfig
from palmbench.methods.mask import MaskConfig
from palmbench.methods.whole_hand import WholeHandConfig
from palmbench.stages.compare import Compare
from palmbench.stages.deidentify import Deidentified, Deidentify
from palmbench.stages.elsewhere import matched, read_found
from palmbench.stages.enrol import Enrol
from palmbench.stages.moved import Moved
from palmbench.stages.prepare import Prepare
from palmbench.stages.quality import Quality
from palmbench.stages.stage import Originals, Stage
from palmbench.stages.usability import Usability
from palmbench.synth import PROFILES, render
from palmbench.training.images import Cut
from recognizers.common.cache_keys import digest, sample_seed
from tests.golden import inputs
from tests.golden.artefacts import Golden, exact, numbers, picture, sampled
from tests.golden.of_diffusion import SMALL, painter_weights
from tests.golden.of_finishing import FINISHING
from tests.golden.of_hands import LOOKING, detector_weights

SAMPLES = tuple(Sample(f"{i:04d}_0000", f"{i:04d}", f"{i:04d}", "", f"{i:032d}") for i in (0, 1))
_SEEING = ["palmbench.hands.embedded", "palmbench.hands.palm", *LOOKING]
_MASKING = [f"palmbench.{name}" for name in ("hands.palm", "hands.skeleton", "methods.mask", "methods.region")]
_MTCC = ["recognizers.mtcc", *(f"recognizers.{name}" for name in
                               ("codes.base", "codes.gabor", "matching.shifts"))]  # fmt: skip
_FOUND = 5e-3


def _photo(sample: Sample) -> np.ndarray:
    return inputs.photo(int(sample.identity))


class _Run:
    """Stages of a masking run on the two photos, each computed once into a store of its own."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.store, config = Store(Path(self._folder.name)), RunConfig(method=MaskConfig(fill=40))
        self.originals = Originals(_photo)
        self.prepare = Prepare.of(self.originals, config.detector, config.segmenter)
        self.deidentify = Deidentify.of(self.prepare, config.method, 0)
        self.again = Prepare.of(Deidentified(self.deidentify), config.detector, config.segmenter)
        self.enrol, self.enrol_again = (Enrol.of(each, config.recognizer) for each in (self.prepare, self.again))
        self.quality = Quality.of(self.deidentify, config.quality)
        self.usability = Usability(self.prepare, self.again)
        self._done: set[str] = set()

    def of(self, stage: Stage, *needs: Stage) -> list[Any]:
        """What a stage makes of the photos, after what it needs."""
        for each in (*needs, stage):
            if (key := each.key(SAMPLES[0])) not in self._done:
                for sample, data in zip(SAMPLES, each.compute(SAMPLES, self.store, "cpu"), strict=True):
                    self.store.write(each.name, each.key(sample), each.suffix, data)
                self._done.add(key)
        return [stage.load(sample, self.store) for sample in SAMPLES]


@cache
def _run() -> _Run:
    return _Run()


def _prepare() -> dict[str, Any]:
    hands = _run().of(_run().prepare)
    return {
        "hands": [(hand.score, hand.keypoints_2d, hand.valleys) for hand in hands],
        "masks": [picture(hand.mask) for hand in hands],
        "sides": " ".join(f"{hand.side} {hand.view}" for hand in hands),
    }


def _deidentify() -> dict[str, Any]:
    run = _run()
    config = replace(SMALL, steps=1)
    seeded = Deidentify.of(run.prepare, config, 3)
    encode = seeded.encode
    assert encode is not None
    run.of(run.prepare)
    return {
        "photos": [picture(photo) for photo in run.of(run.deidentify, run.prepare)],
        "encodings": [sampled(part) for part in run.of(encode)[0].values()],
        "painted": [picture(photo) for photo in run.of(seeded, encode)],
        "seeds": " ".join(str(sample_seed(3, sample.id)) for sample in SAMPLES),
    }


def _elsewhere() -> dict[str, Any]:
    photos = {
        "a/1.png": inputs.photo(0),
        "b/2.png": inputs.photo(1),
        "b/2.bmp": inputs.photo(0),
        "d.png": inputs.photo(1),
    }
    names = {
        "same": "a/1.png",
        "other ending": "d.jpg",
        "taken": "a/1.jpg",
        "left over": "b/2.jpg",
        "none": "c.png",
        "exact": "b/2.bmp",
    }
    with tempfile.TemporaryDirectory() as folder:
        for name, photo in photos.items():
            path = Path(folder, name)
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(encode_photo(photo, path.suffix))
        found = matched(FolderConfig(path=folder), names)
        read = {sample: exact(read_found(each, photo.shape)) for sample, each in found.items() if each.file}
    return {**read, "absent": " ".join(sample for sample, each in found.items() if each.file is None)}


def _enrol() -> dict[str, Any]:
    run = _run()
    codes = run.of(run.enrol, run.prepare)
    hands = run.of(Enrol.of(run.prepare, type(run.enrol.recognizer)("eehnet")), run.prepare)
    # Of a code, shares of bits: one that the network's last bit turns does not show.
    return {
        "codes": [np.unpackbits(code.view(np.uint8)).mean() for code in codes],
        "embeddings": [sampled(embedding) for embedding in hands],
        "cuts": [picture(cut["image"]) for cut in run.of(Cut(run.prepare, "roi"), run.prepare)],
    }


def _cut() -> dict[str, Any]:
    cuts = _run().of(Cut(_run().prepare, "hand"), _run().prepare)
    return {
        "images": [picture(cut["image"]) for cut in cuts],
        "landmarks": [cut["landmarks"] for cut in cuts],
    }


def _quality() -> dict[str, Any]:
    run = _run()
    values = run.of(run.quality, run.prepare, run.deidentify)
    return {
        "numbers": [[value[name] for name in ("ssim", "ms_ssim", "ssim_inside", "ssim_outside")] for value in values],
        "decibels": [[value["psnr"], value["psnr_inside"]] for value in values],
    }


def _usability() -> dict[str, Any]:
    run = _run()
    found = run.of(run.usability, run.prepare, run.deidentify, run.again)
    return {f"{name}, photo {place}": [value] for place, each in enumerate(found) for name, value in each.items()}


def _moved() -> dict[str, Any]:
    run = _run()
    moving = Deidentify.of(run.prepare, WholeHandConfig(palm="mask"), 0)
    hands = run.of(Moved(moving), run.prepare)
    return {"points": [numbers(hand.keypoints_2d, hand.valleys, hand.box) for hand in hands]}


def _compare() -> dict[str, Any]:
    """Of templates that are made here, so that no network has a say."""
    rois = np.concatenate([inputs.rois(), inputs.rois()[::-1, :, ::-1]])
    samples = [Sample(f"{i}", f"{i // 2}", f"{i // 4}", "", "") for i in range(8)]
    enrol = _Templates(rois, "originals")
    again = _Templates(np.roll(rois, 4, axis=2), "de-identified")
    everyone = frozenset(sample.id for sample in samples)
    with tempfile.TemporaryDirectory() as folder:
        compare = Compare(enrol, again, everyone - {"3"}, everyone - {"5"})  # type: ignore[arg-type]
        scores = compare.against_originals(samples, Store(Path(folder)))
        return {
            "among originals": compare.between_originals(samples, Store(Path(folder))),
            "across": sampled(np.nan_to_num(compare.across(samples, Store(Path(folder))), nan=-1)),
            "scores": numbers(*scores),
            "hits": numbers(scores.hits, scores.hits_without_source),
        }


class _Templates:
    """Enrolment that has been: MTCC's templates of ROIs, by a sample's id."""

    def __init__(self, rois: np.ndarray, title: str) -> None:
        self.recognizer = RunConfig().recognizer
        loaded = recognizers.load("mtcc")
        self.settings, self.title, self._templates = loaded.settings(), title, loaded.extract(rois)

    def key(self, sample: Sample) -> str:
        return f"{self.title} {sample.id}"

    def load(self, sample: Sample, store: Store) -> np.ndarray:
        return self._templates[int(sample.id)]


def _synth() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for number, profile in enumerate(sorted(PROFILES)):
        hand = render(3 + number, 2 + number, profile, size=(192, 256))
        found[f"{profile}: photo"] = picture(hand.image)
        found[f"{profile}: points"] = numbers(hand.keypoints_2d[::4], hand.valleys)
        found[f"{profile}: mask"] = picture(hand.mask)
    return found


def _conditions() -> list[str]:
    return [digest("conditions", **asdict(PROFILES[profile])) for profile in sorted(PROFILES)]


def _with(weights: str) -> Callable[[], list[str]]:
    return lambda: [*detector_weights(), *painter_weights(), str(recognizers.load(weights).settings()["weights"])]


_STAGES = "palmbench.stages."
_EEHNET = ["recognizers.eehnet", "recognizers.networks.embedding", "recognizers.networks.eehnet",
           *(f"recognizers.networks.{name}" for name in ("backbones", "hand_landmarks", "tps"))]  # fmt: skip
_PARTS = ("attention", "denoiser", "fusion", "layers", "noise", "prior", "sampler", "paint")
_PAINTING = [f"palmbench.diffusion.{name}" for name in _PARTS]
_ADDED = [f"palmbench.methods.{name}" for name in FINISHING]
_DIFFUSION = ["palmbench.methods.diffusion", *_ADDED, *_PAINTING]
_PREPARED = [*_SEEING, _STAGES + "prepare"]
_DEIDENTIFIED = [*_PREPARED, *_MASKING, _STAGES + "deidentify"]

_CUT = [f"palmbench.hands.{name}" for name in ("recognition_roi", "recognition_hand")]

GOLDENS = [
    Golden("palmbench.synth.seeds", "rendered hands", _synth, weights=_conditions, tolerance=3e-3),
    Golden(_STAGES + "prepare", "hands", _prepare, _SEEING, detector_weights, _FOUND),
    Golden(_STAGES + "deidentify", "photos or seeds", _deidentify, [*_PREPARED, *_MASKING, *_DIFFUSION],
           _with("eehnet"), _FOUND),
    Golden(_STAGES + "elsewhere", "photos", _elsewhere,
           ["palmbench.base.images", "palmbench.base.photo_files"]),
    Golden(_STAGES + "enrol", "templates", _enrol, [*_PREPARED, *_CUT, *_MTCC, *_EEHNET], _with("eehnet"), _FOUND),
    Golden("palmbench.training.images", "cuts or landmarks", _cut,
           [*_PREPARED, *_CUT, "recognizers.networks.hand_landmarks"], detector_weights, _FOUND),
    Golden(_STAGES + "quality", "numbers", _quality,
           [*_DEIDENTIFIED, *(f"palmbench.quality.{name}" for name in ("filters", "pixels", "similarity"))],
           detector_weights, _FOUND),
    Golden(_STAGES + "usability", "numbers", _usability,
           [*_DEIDENTIFIED, "palmbench.quality.usability"], detector_weights, 2e-2),
    Golden(_STAGES + "moved", "hands", _moved,
           [*_PREPARED, _STAGES + "deidentify", "palmbench.hands.assembly",
            *(f"palmbench.methods.{name}" for name in ("hand_parts", "proportions", "hand_warp", "warped_hand"))],
           detector_weights, _FOUND),
    Golden(_STAGES + "compare", "scores", _compare, [*_MTCC, "palmbench.scoring.rates"]),
]  # fmt: skip

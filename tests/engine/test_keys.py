"""Keys: what names a result, pinned. Golden values are added to, never edited: they belong to KEY_VERSION 1."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import make_dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import palmbench.synth
from palmbench import methods
from palmbench.base.store import Store
from palmbench.config.executors import ExecutorConfig
from palmbench.config.schema import MTCCConfig, RecognizerConfig, RunConfig
from palmbench.datasets.sample import Sample
from palmbench.datasets.settings import SynthConfig
from palmbench.engine import pipeline
from palmbench.engine.pipeline import Pipeline
from palmbench.hands import sam2
from palmbench.hands.pklnet.localizer import PKLNetLocalizer
from palmbench.hands.settings import EmbeddedConfig, SegmenterConfig
from palmbench.hands.spotting import Spotter
from palmbench.hands.valleys import PKLNetValleys
from palmbench.methods.diffusion import DiffusionConfig
from palmbench.methods.folder import FolderConfig
from palmbench.methods.lama import LamaConfig
from palmbench.methods.mask import MaskConfig
from palmbench.methods.registry import METHODS
from palmbench.methods.text_inpaint import SdInpaintConfig
from palmbench.photos.deidentification import result_key
from palmbench.quality import instrument
from palmbench.stages import prepare
from palmbench.stages.stage import Originals
from palmbench.training.images import Cut
from recognizers.common.cache_keys import KEY_VERSION, bytes_digest, digest, file_digest, sample_seed, versions_of
from tests.golden.modules import raise_version, versioned

TINY = str(Path(__file__).parents[1] / "fixtures" / "pbe-tiny" / "pipeline")
_FOLDER = tempfile.TemporaryDirectory()
for _name in ("0000/0000", "0000/0001", "0001/0000", "0001/0001"):
    _photo = Path(_FOLDER.name, "photos", f"{_name}.png")
    _photo.parent.mkdir(parents=True, exist_ok=True)
    _photo.write_bytes(_name.encode())
_PIPELINE, _GRAPH = Path(_FOLDER.name, "pipeline"), Path(_FOLDER.name, "lama.onnx")
for _name, _text in (
    ("model_index.json", f'{{"_class_name": "{SdInpaintConfig.pipeline}"}}'),
    ("unet/diffusion_pytorch_model.safetensors", "weights"),
):
    (_PIPELINE / _name).parent.mkdir(parents=True, exist_ok=True)
    (_PIPELINE / _name).write_text(_text)
_GRAPH.write_bytes(b"a graph")
POINT = RunConfig(dataset=SynthConfig(identities=2, samples=2), method=MaskConfig())
_WITH_FILES = {"diffusion", "folder", "sd_inpaint", "sdxl_inpaint", "lama"}
# Between them they use every module of a run.
POINTS = [
    POINT,
    replace(POINT, recognizer=RecognizerConfig("bocv")),
    replace(POINT, recognizer=RecognizerConfig("compcode")),
    replace(POINT, recognizer=RecognizerConfig("ordinalcode")),
    replace(POINT, method=DiffusionConfig(weights=TINY, size=64), recognizer=RecognizerConfig("palmcode")),
    replace(POINT, recognizer=RecognizerConfig("rloc")),
    replace(POINT, recognizer=RecognizerConfig("ccnet")),
    replace(POINT, recognizer=RecognizerConfig("eehnet")),
    replace(POINT, method=FolderConfig(path=_FOLDER.name)),
    replace(POINT, method=SdInpaintConfig(weights=str(_PIPELINE))),
    replace(POINT, method=LamaConfig(weights=str(_GRAPH))),
    *(replace(POINT, method=methods.named(name)) for name in METHODS if name not in _WITH_FILES),
]
SAMPLE = Sample("0000_0000", "0000", "0000", "right", "0" * 32)
OF_PHOTOS = {name for name in versioned() if name.startswith("palmbench.photos.")}
# What looks for palms that no hand was found for has its versions in its settings, which are in keys of photos.
OF_SPOTTER = {"palmbench.hands.spotting", "palmbench.hands.spot_network"}
OF_TRAINING = {"palmbench.training.training", "palmbench.training.images"}
OF_DIVERSITY = {"palmbench.paper.diversity"}
# What measures attacks and disclosures has keys of its own: tests/attacks, tests/disclosures.
OF_ATTACKS = {
    *(f"palmbench.hands.{name}" for name in ("attribute_signs", "residuals", "skin_tone", "traits")),
    "palmbench.stages.learn",
    *(name for name in versioned() if ".attack" in name or ".disclos" in name),
} | {
    f"palmbench.scoring.{name}"
    for name in (
        "attribute",
        "hull",
        "identification",
        "identity_disclosure",
        "leak",
        "membership",
        "pooling",
        "rank_disclosure",
        "replicated",
        "singling_out",
        "told_apart",
        "trials",
        "worst_case",
    )
}
# Of detectors and segmenters whose packages or weights do not come with palmbench.
ELSEWHERE = (
    "external.detector",
    "pklnet.localizer",
    "pklnet.network",
    "pklnet.view",
    "sam2",
    "valleys",
    "palm_or_back",
)
OF_OTHER_PACKAGES = {f"palmbench.hands.{name}" for name in ELSEWHERE}


def test_the_key_version_is_1() -> None:
    assert KEY_VERSION == 1


@pytest.mark.parametrize(
    ("parts", "golden"),
    [
        # printf '{"kind":"golden","parts":{},"version":1}' | sha256sum
        ({}, "6089125b34eb7a86266e308231f4e59b"),
        (
            {"nothing": None, "yes": True, "count": 3, "share": 0.1, "name": "Handfläche"},
            "ebf682f21ebd9ebb9f7c19b8be0473a7",
        ),
        (
            {"scales": {"s": 0.1, "m": 0.5, "f": 1.0}, "samples": ["0000_0000", "0000_0001"]},
            "ea3bd2d01f862e83ea864accd8768734",
        ),
    ],
)
def test_golden_keys(parts: dict, golden: str) -> None:
    assert digest("golden", **parts) == golden


@pytest.mark.parametrize(
    ("run_seed", "sample", "golden"),
    [
        (0, "0000_0000", 8603005083327066702),
        (1, "0000_0000", 6145935937275866930),
        (0, "0001_0000", 2309433820480036492),
        (2**63 - 1, "Handfläche", 8306277647178304745),
    ],
)
def test_golden_seeds_of_samples(run_seed: int, sample: str, golden: int) -> None:
    assert sample_seed(run_seed, sample) == golden
    assert 0 <= golden < 2**63


def test_the_order_of_settings_does_not_matter() -> None:
    assert digest("a", x=1, y={"p": 1, "q": 2}) == digest("a", y={"q": 2, "p": 1}, x=1)
    assert digest("a", x=[1, 2]) != digest("a", x=[2, 1])


def test_equal_numbers_are_equal_settings() -> None:
    assert digest("a", x=0.1 + 0.2) == digest("a", x=0.3)
    assert digest("a", x=1) == digest("a", x=1.0) == digest("a", x=np.float64(1))
    assert digest("a", x=-0.0) == digest("a", x=0)
    assert digest("a", x=0.3) != digest("a", x=0.300000000001)


def test_what_is_told_apart() -> None:
    different = [1, "1", True, 0.5, "0.5", None, "", 0, [], {}, [1], ["1"]]
    assert len({digest("a", x=value) for value in different}) == len(different)
    assert len({digest("a"), digest("b"), digest("a", x=None), digest("a", y=None)}) == 4


@pytest.mark.parametrize("value", [np.zeros(2), Path("weights"), b"bytes", {1, 2}, object(), np.int64(3)])
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="a key cannot hold"):
        digest("a", x=value)
    with pytest.raises(TypeError, match="a key cannot hold"):
        digest("a", x={"deep": [value]})


def test_digests_of_files_are_those_of_their_contents(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"palm")
    (tmp_path / "b").write_bytes(b"palm")
    # The first half of `printf palm | sha256sum`.
    assert (
        file_digest(tmp_path / "a")
        == file_digest(tmp_path / "b")
        == bytes_digest(b"palm")
        == "f5afa2b3773eb81b5eb8b0e5111d9945"
    )


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Versions and weights held, so that the golden key pins what goes into it, and no weights are needed."""
    for module in versioned().values():
        raise_version(module, monkeypatch, to=1)
    monkeypatch.setattr(palmbench.synth, "PROFILES", {"controlled": make_dataclass("Conditions", [])()})
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(instrument, "hand_weights", lambda: tmp_path / "absent")

    def detector(config: EmbeddedConfig) -> SimpleNamespace:
        settings = {"name": config.name, "weights": "0" * 32, "threshold": config.threshold}
        return SimpleNamespace(settings=lambda: settings)

    monkeypatch.setattr(prepare, "load_detector", detector)
    monkeypatch.setattr(pipeline, "open_once", pipeline.open_once.__wrapped__)


def test_golden_key_of_a_run(held: None) -> None:
    assert Pipeline.of(POINT).key == "f6404f960435d952c38107c07b36ae6f"


@pytest.mark.parametrize(
    "other",
    [
        {"dataset": SynthConfig(identities=2, samples=3)},
        {"method": MaskConfig(fill=1)},
        {"detector": EmbeddedConfig(threshold=0.6)},
        {"segmenter": SegmenterConfig(closing=7)},
        {"recognizer": MTCCConfig(variant="original")},
        {"eer": "grid"},
    ],
)
def test_what_can_change_a_number_changes_the_key_of_a_run(held: None, other: dict) -> None:
    assert Pipeline.of(replace(POINT, **other)).key != Pipeline.of(POINT).key


@pytest.mark.parametrize(
    "other",
    [
        {"executor": ExecutorConfig(devices=("cpu",), workers=3, batch_size=1)},
        {"results_dir": "elsewhere", "data_dir": "elsewhere"},
        {"seed": 1},  # masking draws nothing
    ],
)
def test_what_cannot_change_a_number_is_not_in_the_key_of_a_run(held: None, other: dict) -> None:
    assert Pipeline.of(replace(POINT, **other)).key == Pipeline.of(POINT).key


@pytest.mark.parametrize(
    "name",
    sorted({*versioned()} - {*OF_PHOTOS, *OF_SPOTTER, *OF_ATTACKS, *OF_DIVERSITY, *OF_TRAINING, *OF_OTHER_PACKAGES}),
)
def test_a_raised_version_is_another_run_where_the_module_is_used(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = [Pipeline.of(point).key for point in POINTS]
    decoded = Originals(source=_no_photo).key(SAMPLE)
    raise_version(versioned()[name], monkeypatch, to=99)
    pipeline.open_once.cache_clear()
    changed = [key != Pipeline.of(point).key for key, point in zip(before, POINTS, strict=True)]
    pipeline.open_once.cache_clear()
    assert any(changed) or decoded != Originals(source=_no_photo).key(SAMPLE)


@pytest.mark.parametrize("name", sorted(OF_PHOTOS))
def test_a_raised_version_is_another_result_for_a_photo_of_ones_own(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = result_key({}, "0" * 32, 1, "png")
    raise_version(versioned()[name], monkeypatch, to=99)
    assert result_key({}, "0" * 32, 1, "png") != before


@pytest.mark.parametrize("name", sorted(OF_SPOTTER))
def test_a_raised_version_of_what_spots_palms_is_in_its_settings(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = Spotter().settings()
    raise_version(versioned()[name], monkeypatch, to=99)
    assert Spotter().settings() != before


def test_a_raised_version_of_what_other_packages_bring_is_in_its_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pklnet.pth").write_bytes(b"weights")
    localizer = PKLNetLocalizer(str(tmp_path / "pklnet.pth"))
    detector = SimpleNamespace(name="one", settings=lambda: {"name": "one"})

    def told() -> list[dict]:
        return [
            sam2.SAM2Segmenter(None, {}, 5).settings(),  # type: ignore[arg-type]
            PKLNetValleys(detector, localizer).settings(),  # type: ignore[arg-type]
        ]

    for name in ("pklnet.localizer", "pklnet.network", "pklnet.view", "sam2", "valleys"):
        before = told()
        raise_version(versioned()[f"palmbench.hands.{name}"], monkeypatch, to=99)
        assert told() != before, name


def test_a_raised_version_of_cutting_is_another_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    wired = Pipeline.of(POINT)
    cut = Cut(wired.prepare, "hand")
    before = cut.key(wired.samples[0])
    raise_version(versioned()["palmbench.training.images"], monkeypatch, to=99)
    assert cut.key(wired.samples[0]) != before


def _no_photo(sample: Sample) -> np.ndarray:
    raise AssertionError("keys are made without reading a photo")


def test_what_the_store_holds_is_not_reused_once_a_version_was_raised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, config = Store(tmp_path), replace(POINT, dataset=SynthConfig(identities=1, samples=1))

    def there() -> dict[str, int]:
        return {stage.name: found.reused for stage, found in Pipeline.of(config).look_up(store)}

    wired = Pipeline.of(config)
    for stage, _ in wired.steps:
        for sample, data in zip(wired.samples, stage.compute(wired.samples, store, "cpu"), strict=True):
            store.write(stage.name, stage.key(sample), stage.suffix, data)
    assert set(there().values()) == {1}
    raise_version(versioned()["palmbench.methods.mask"], monkeypatch, to=99)
    left = {name for name, reused in there().items() if reused}
    assert left == {"hands", "templates", "features"}
    raise_version(versioned()["palmbench.hands.recognition_roi"], monkeypatch, to=99)
    assert {name for name, reused in there().items() if reused} == {"hands", "features"}


def test_points_of_a_sweep_share_the_keys_of_what_they_share(held: None) -> None:
    def keys(seed: int = 0, **settings: object) -> dict[str, str]:
        method = DiffusionConfig(weights=TINY, size=64, **settings)  # type: ignore[arg-type]
        wired = Pipeline.of(replace(POINT, method=method, seed=seed))
        return {stage.name: stage.key(wired.samples[0]) for stage, _ in wired.steps}

    base = keys()
    own = {name for name in base if name not in ("hands", "templates", "encodings", "features")}
    for other in (keys(alpha=0.2), keys(fusion="s+f"), keys(guidance=4.0), keys(noise="shared"), keys(seed=1)):
        assert {name for name in base if base[name] != other[name]} == own
    assert keys(scales={"s": 0.2, "m": 0.5, "f": 1.0})["encodings"] != base["encodings"]


def test_a_version_is_read_without_importing_what_takes_seconds() -> None:
    code = (
        "import sys; from recognizers.common.cache_keys import versions_of; "
        "print(versions_of('palmbench.diffusion', 'paint'), 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == f"{{'paint': {versioned()['palmbench.diffusion.paint'].VERSION}}} False\n"


@pytest.mark.parametrize("name", ["nothing", "cards"])  # no module, and one that states no version
def test_a_version_that_is_stated_nowhere_is_no_part_of_a_key(name: str) -> None:
    with pytest.raises(ValueError, match="states no VERSION"):
        versions_of("palmbench.datasets", name)

"""SAM 2 is asked for one object below all 21 keypoints, and its weights are found, keyed and missed by name."""

from __future__ import annotations

import resource
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import numpy as np
import pytest
import torch

from palmbench.hands import Hand, load_segmenter
from palmbench.hands import sam2 as sam
from palmbench.hands.assembly import closed
from palmbench.hands.settings import SAM2Config
from palmbench.synth import render
from recognizers.common.errors import MissingWeights, RequestError, SampleError
from tests.hands.sam2_large import save_sam2_large


def save_model(folder: Path, seed: int = 0) -> Path:
    """A tiny SAM 2 of random weights, in the hub's layout."""
    from transformers import (
        Sam2Config,
        Sam2HieraDetConfig,
        Sam2ImageProcessor,
        Sam2MaskDecoderConfig,
        Sam2Model,
        Sam2Processor,
        Sam2PromptEncoderConfig,
        Sam2VisionConfig,
    )

    backbone = Sam2HieraDetConfig(
        hidden_size=12, num_channels=3, image_size=128, patch_kernel_size=7, patch_stride=4, patch_padding=3,
        blocks_per_stage=[1, 2, 7, 2], embed_dim_per_stage=[12, 24, 48, 96],
    )  # fmt: skip
    vision = Sam2VisionConfig(
        backbone_config=backbone, backbone_channel_list=[96, 48, 24, 12], fpn_hidden_size=32,
        backbone_feature_sizes=[[32, 32], [16, 16], [8, 8]],
    )  # fmt: skip
    prompts = Sam2PromptEncoderConfig(hidden_size=32, image_size=128, patch_size=16, mask_input_channels=8)
    decoder = Sam2MaskDecoderConfig(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=4, mlp_dim=64, iou_head_hidden_dim=32
    )
    config = Sam2Config(
        vision_config=vision, prompt_encoder_config=prompts, mask_decoder_config=decoder, image_size=128
    )
    torch.manual_seed(seed)
    Sam2Model(config).save_pretrained(folder)
    size = {"height": 128, "width": 128}
    Sam2Processor(Sam2ImageProcessor(size=size, mask_size={"height": 32, "width": 32})).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("sam2"))


@pytest.fixture(scope="module")
def shown() -> tuple[np.ndarray, Hand]:
    palm = render(31, 1)
    return np.ascontiguousarray(palm.image[:470]), replace(palm.as_hand(), mask=np.zeros((470, 640), bool))


def segmenter(folder: Path, closing: int = 0) -> sam.SAM2Segmenter:
    chosen = load_segmenter(SAM2Config(weights=str(folder), closing=closing))
    assert isinstance(chosen, sam.SAM2Segmenter)
    return chosen


def plain_mask(folder: Path, image: np.ndarray, points: np.ndarray) -> np.ndarray:
    """The mask by transformers' own documentation, for points of one object."""
    from transformers import Sam2Model, Sam2Processor

    processor, model = Sam2Processor.from_pretrained(folder), Sam2Model.from_pretrained(folder).eval()
    nested = [[[[float(x), float(y)] for x, y in points]]]
    inputs = processor(images=image, input_points=nested, input_labels=[[[1] * len(points)]], return_tensors="pt")
    with torch.no_grad():
        outputs = model(**{k: v for k, v in inputs.items() if k != "original_sizes"}, multimask_output=False)
    return processor.post_process_masks(outputs.pred_masks, inputs["original_sizes"])[0][0, 0].numpy()


def test_the_mask_is_the_one_that_transformers_gives_and_of_the_photos_size(
    folder: Path, shown: tuple[np.ndarray, Hand]
) -> None:
    image, hand = shown
    mask = segmenter(folder).segment(image, hand).mask
    assert (mask.shape, mask.dtype) == ((470, 640), np.bool_)
    assert 0 < mask.mean() < 1
    np.testing.assert_array_equal(mask, plain_mask(folder, image, hand.keypoints_2d))


def test_nothing_but_the_mask_of_a_hand_changes_and_it_is_closed_as_the_papers_is(
    folder: Path, shown: tuple[np.ndarray, Hand]
) -> None:
    image, hand = shown
    open_mask, done = segmenter(folder).segment(image, hand).mask, segmenter(folder, closing=5).segment(image, hand)
    np.testing.assert_array_equal(done.mask, closed(open_mask, 5))
    assert (open_mask <= done.mask).all()
    assert done.keypoints_2d is hand.keypoints_2d and done.valleys is hand.valleys


def test_all_keypoints_are_foreground_points_of_one_object_in_the_models_pixels(
    folder: Path, shown: tuple[np.ndarray, Hand], monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import Sam2Model

    image, hand = shown
    asked: dict[str, Any] = {}
    forward = Sam2Model.forward

    def watched(model: Any, **words: Any) -> Any:
        asked.update(words)
        return forward(model, **words)

    monkeypatch.setattr(Sam2Model, "forward", watched)
    outside = hand.keypoints_2d.copy()
    outside[8] = (-30, 5000)
    segmenter(folder).segment(image, replace(hand, keypoints_2d=outside))
    assert asked["multimask_output"] is False
    assert asked["image_embeddings"][-1].shape == (1, 32, 8, 8)  # of 128 x 128 pixels
    assert asked["input_labels"].shape == (1, 1, 21) and (asked["input_labels"] == 1).all()
    wanted = outside.copy()
    wanted[8] = (0, 469)
    expected = torch.from_numpy(wanted * np.float32((128 / 640, 128 / 470)))
    torch.testing.assert_close(asked["input_points"][0, 0], expected, atol=1e-4, rtol=0)


def test_a_photo_is_encoded_once_for_all_its_hands_and_again_when_it_changes(
    folder: Path, shown: tuple[np.ndarray, Hand], monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import Sam2Model

    whole, first = shown[0][:, ::-1].copy(), shown[1]  # no other test's photo, which may be encoded already
    photo = whole.copy()
    second = replace(first, keypoints_2d=first.keypoints_2d * np.float32(0.9))
    expected = [plain_mask(folder, photo, hand.keypoints_2d) for hand in (first, second)]
    chosen, encoded, encode = segmenter(folder), [], Sam2Model.get_image_embeddings

    def counted(model: Any, pixels: torch.Tensor) -> Any:
        encoded.append(1)
        return encode(model, pixels)

    monkeypatch.setattr(Sam2Model, "get_image_embeddings", counted)
    for hand, mask in zip((first, second), expected, strict=True):
        np.testing.assert_array_equal(chosen.segment(photo, hand).mask, mask)
    assert len(encoded) == 1
    photo[::2] = 255 - photo[::2]
    np.testing.assert_array_equal(chosen.segment(photo, first).mask, plain_mask(folder, photo, first.keypoints_2d))
    assert len(encoded) == 2
    with monkeypatch.context() as patch:
        patch.setattr(Sam2Model, "get_image_embeddings", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            chosen.segment(whole, first)
    np.testing.assert_array_equal(chosen.segment(whole, first).mask, expected[0])
    assert len(encoded) == 3


def test_an_object_that_has_nothing_of_the_palm_is_a_failure_and_not_an_unhidden_palm(
    folder: Path, shown: tuple[np.ndarray, Hand]
) -> None:
    class Blind:
        def mask(self, image: np.ndarray, points: np.ndarray) -> np.ndarray:
            return np.zeros(image.shape[:2], bool)

    with pytest.raises(SampleError, match="nothing of the palm"):
        sam.SAM2Segmenter(Blind(), {}, 5).segment(*shown)


def test_settings_name_the_weights_by_their_contents(folder: Path, tmp_path: Path) -> None:
    settings = segmenter(folder, closing=5).settings()
    assert settings.keys() == {"name", "versions", "package", "weights", "closing"}
    assert str(folder) not in str(settings)
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "README.md").write_text("of no account")
    assert segmenter(tmp_path, closing=5).settings() == settings
    assert segmenter(save_model(tmp_path / "other", seed=1), closing=5).settings() != settings
    assert segmenter(folder, closing=3).settings() != settings


def test_weights_of_the_hub_are_taken_from_the_cache(
    folder: Path, shown: tuple[np.ndarray, Hand], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = tmp_path / "models--facebook--sam2.1-hiera-tiny"
    (repo / "refs").mkdir(parents=True)
    (repo / "refs" / "main").write_text("0" * 40)
    (repo / "snapshots").mkdir()
    (repo / "snapshots" / ("0" * 40)).symlink_to(folder)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    chosen = load_segmenter(SAM2Config(weights="facebook/sam2.1-hiera-tiny", closing=0))
    assert chosen.settings() == segmenter(folder).settings()
    assert chosen.segment(*shown).mask.shape == (470, 640)


def test_absent_weights_are_missed_with_the_command_that_fetches_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    words = r"facebook/sam2\.1-hiera-{} .*`palmbench weights fetch {}`"
    for size, name in (("large", "sam2"), ("tiny", "sam2-tiny")):
        with pytest.raises(MissingWeights, match=words.format(size, name)):
            load_segmenter(SAM2Config(weights=f"facebook/sam2.1-hiera-{size}"))
    with pytest.raises(MissingWeights, match=r"`palmbench weights fetch sam2`"):
        sam.in_cache(SAM2Config().weights, "auto")
    with pytest.raises(MissingWeights, match=r"run `hf download someone/else"):
        sam.in_cache("someone/else", "transformers")
    with pytest.raises(MissingWeights, match=r"no folder of SAM 2's weights at no/such/folder"):
        load_segmenter(SAM2Config(weights="no/such/folder"))


def test_weights_that_are_incomplete_or_of_something_else_are_named(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes((folder / "config.json").read_bytes())
    with pytest.raises(MissingWeights, match=r"incomplete: .* has no model\.safetensors"):
        load_segmenter(SAM2Config(weights=str(tmp_path)))
    (tmp_path / "model.safetensors").write_bytes(b"no weights")
    broken = segmenter(tmp_path)
    with pytest.raises(MissingWeights, match=r"does not hold SAM 2 in transformers' layout"):
        broken.segment(np.zeros((9, 9, 3), np.uint8), render(31, 1).as_hand())


class _Predictor:
    """The authors' predictor, as far as its interface goes: marks a square about the mean of the points."""

    asked: dict[str, Any]
    photos: ClassVar[list[np.ndarray]] = []

    def __init__(self, model: torch.nn.Module) -> None:
        assert model.weight.tolist() == [[1, 1, 1]], "the checkpoint was not read"

    def set_image(self, image: np.ndarray) -> None:
        assert image.dtype == np.uint8 and image.ndim == 3
        self.shape = image.shape[:2]
        _Predictor.photos.append(image)

    def predict(
        self, point_coords: np.ndarray, point_labels: np.ndarray, multimask_output: bool = True
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        _Predictor.asked = {"points": point_coords, "labels": point_labels, "multimask": multimask_output}
        mask = np.zeros((1, *self.shape), np.float32)
        x, y = point_coords[[0, 5, 17]].mean(axis=0).astype(int)
        mask[0, y - 20 : y + 20, x - 20 : x + 20] = 1
        return mask, np.ones(1), np.zeros((1, 256, 256))


@pytest.fixture
def authors(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    built: list[tuple[str, Any]] = []

    def build_sam2(config_file: str, ckpt_path: str | None = None, device: str = "cuda") -> torch.nn.Module:
        assert (config_file, ckpt_path, device) == ("configs/sam2.1/sam2.1_hiera_t.yaml", None, "cpu")
        built.append((config_file, ckpt_path))
        return torch.nn.Linear(3, 1, bias=False)

    package, build, predictor = (ModuleType(f"sam2{end}") for end in ("", ".build_sam", ".sam2_image_predictor"))
    build.build_sam2, predictor.SAM2ImagePredictor = build_sam2, _Predictor  # type: ignore[attr-defined]
    for module in (package, build, predictor):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    path = tmp_path / "sam2.1_hiera_tiny.pt"
    torch.save({"model": {"weight": torch.ones(1, 3)}}, path)
    return path


def test_the_authors_package_is_asked_the_same(authors: Path, shown: tuple[np.ndarray, Hand]) -> None:
    image, hand = shown
    _Predictor.photos.clear()
    for package in ("auto", "sam2"):
        chosen = load_segmenter(SAM2Config(weights=str(authors), package=package, closing=0))  # type: ignore[arg-type]
        mask = chosen.segment(image, hand).mask
        assert (mask.sum(), mask.dtype) == (40 * 40, np.bool_)
    assert len(_Predictor.photos) == 1  # both share the model, and the photo that it saw last
    chosen.segment(image[:, ::-1], hand)
    chosen.segment(image, hand)
    assert len(_Predictor.photos) == 3
    assert _Predictor.asked["multimask"] is False
    np.testing.assert_array_equal(_Predictor.asked["points"], hand.keypoints_2d)
    np.testing.assert_array_equal(_Predictor.asked["labels"], np.ones(21))
    assert chosen.settings()["package"] == "sam2"
    assert chosen.settings()["config"] == "configs/sam2.1/sam2.1_hiera_t.yaml"


def test_what_the_authors_package_cannot_do_is_said(
    authors: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = tmp_path / "mine.pt"
    stranger.write_bytes(b"")
    with pytest.raises(RequestError, match=r"by its name, which must be one of sam2\.1_hiera_tiny\.pt"):
        load_segmenter(SAM2Config(weights=str(stranger)))
    broken = tmp_path / "broken" / authors.name
    broken.parent.mkdir()
    broken.write_bytes(b"no checkpoint")
    with pytest.raises(MissingWeights, match="does not hold SAM 2's weights"):
        load_segmenter(SAM2Config(weights=str(broken))).segment(np.zeros((9, 9, 3), np.uint8), render(31, 1).as_hand())
    monkeypatch.setitem(sys.modules, "sam2", None)
    monkeypatch.delitem(sys.modules, "sam2.build_sam")
    with pytest.raises(RequestError, match=r"needs the authors' package: .*segmenter\.package=transformers"):
        load_segmenter(SAM2Config(weights=str(authors)))


@pytest.mark.nightly
def test_the_large_model_runs_in_its_full_shape(tmp_path: Path, shown: tuple[np.ndarray, Hand]) -> None:
    millions = save_sam2_large(tmp_path) / 1e6
    # The authors count 224 M: the memory of the video model is not in the image model.
    assert 216 < millions < 218
    chosen, (image, hand) = segmenter(tmp_path), shown
    masks, moments = [], [time.perf_counter()]
    for _ in range(2):
        masks.append(chosen.model.mask(image, hand.keypoints_2d))
        moments.append(time.perf_counter())
    first, second = np.diff(moments)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{millions:.1f} M parameters; {first:.1f} s to load it and for a photo's first hand, {second:.2f} s for "
        f"another, on {torch.get_num_threads()} thread(s), at most {memory:.1f} GiB"
    )
    assert masks[0].shape == (470, 640)
    np.testing.assert_array_equal(masks[0], masks[1])

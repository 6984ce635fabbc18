from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from palmbench import methods
from palmbench.base.device import busy_seconds, turn
from palmbench.diffusion.paint import PaintByExample
from palmbench.diffusion.sampler import Sampling
from palmbench.hands.roi_squares import hand_crop, palm_crop, roi_square
from palmbench.methods.diffusion import Diffusion, DiffusionConfig
from palmbench.methods.light import follow_light
from palmbench.methods.region import palm_region
from recognizers.common.errors import MissingWeights, RequestError, SampleError

CHECKPOINT = Path(__file__).parents[1] / "fixtures" / "pbe-tiny" / "pipeline"
CONFIG = DiffusionConfig(weights=str(CHECKPOINT), size=64, steps=2, colour="raw")


@pytest.fixture(scope="module")
def method() -> Diffusion:
    return Diffusion(CONFIG)


@pytest.fixture
def painted_by(monkeypatch, tmp_path):
    """A method whose model is another one, asked in the place of the weights'."""
    shutil.copytree(CHECKPOINT, tmp_path / "weights")

    def method(painter, **settings) -> Diffusion:
        monkeypatch.setattr("palmbench.diffusion.paint.PaintByExample", lambda components, *_: painter)
        return Diffusion(replace(CONFIG, weights=str(tmp_path / "weights"), **settings))

    return method


def run(config, photo, hand, seed=1) -> np.ndarray:
    return Diffusion(config).deidentify([photo], [hand], [seed], [None])[0]


@pytest.mark.parametrize(("crop", "square_of"), [("hand", hand_crop), ("palm", palm_crop)])
def test_only_the_hand_inside_the_crop_changes(photo, hand, crop, square_of):
    square = square_of(hand, photo.shape[:2])
    inside = np.zeros_like(hand.mask)
    square.crop(inside)[...] = True
    inside &= hand.mask
    result = run(replace(CONFIG, crop=crop), photo, hand)
    assert np.array_equal(result[~inside], photo[~inside])
    repainted = inside if crop == "hand" else palm_region(hand, "paper")
    assert (result[repainted] != photo[repainted]).any(axis=1).mean() > 0.9


def test_painted_values_are_truncated_not_rounded(photo, hand, painted_by):
    class Painter:
        def paint(self, conditions, generators, sampling):
            return [np.full((64, 64, 3), 0.999, np.float32)]

    method = painted_by(Painter(), crop="hand", colour="raw", wrinkles="none", relief="none", grain="none")
    encoding = {name: np.zeros((8, 8, 8), np.float32) for name in ("original", "background")}
    encoding["embeddings"] = np.zeros((3, 32), np.float32)
    result = method.deidentify([photo], [hand], [1], [encoding])[0]
    square = hand_crop(hand, photo.shape[:2])
    inside = cv2.erode(hand.mask.astype(np.uint8), np.ones((3, 3))) > 0
    assert (square.crop(result)[square.crop(inside)] == 254).all()


def test_of_a_palm_crop_only_the_palm_is_pasted_with_a_soft_rim(photo, hand, painted_by):
    class Painter:
        def paint(self, conditions, generators, sampling):
            return [np.ones((64, 64, 3), np.float32)]

    photo = np.zeros_like(photo)
    method = painted_by(Painter(), crop="palm", colour="raw", wrinkles="none", relief="none", grain="none")
    encoding = {name: np.zeros((8, 8, 8), np.float32) for name in ("original", "background")}
    encoding["embeddings"] = np.zeros((3, 32), np.float32)
    everywhere = replace(hand, mask=np.ones_like(hand.mask))
    result = method.deidentify([photo], [everywhere], [1], [encoding])[0]
    palm = palm_region(everywhere, "paper")
    assert (result[palm] == 255).all()
    beyond = cv2.dilate(palm.astype(np.uint8), np.ones((15, 15), np.uint8)) == 0
    assert (result[beyond] == 0).all()
    rim = result[(~palm) & ~beyond, 0]
    assert len(np.unique(rim)) > 5


def test_three_photos_in_one_call_equal_three_single_calls(method, photo, hand):
    photos = [photo, photo[::-1].copy(), 255 - photo]
    together = method.deidentify(photos, [hand] * 3, [1, 2, 3], [None] * 3)
    for image, seed, result in zip(photos, [1, 2, 3], together, strict=True):
        assert np.array_equal(method.deidentify([image], [hand], [seed], [None])[0], result)


def test_given_encodings_equal_computed_ones(method, photo, hand):
    photos = [photo, 255 - photo]
    encodings = method.encode(photos, [hand] * 2)
    assert encodings[0]["original"].shape == encodings[0]["background"].shape == (8, 8, 8)
    assert encodings[0]["embeddings"].shape == (3, 32)
    assert {value.dtype for value in encodings[0].values()} == {np.dtype(np.float32)}
    computed = method.deidentify(photos, [hand] * 2, [1, 2], [None, None])
    for given in ([encodings[0], encodings[1]], [None, encodings[1]]):
        for result, expected in zip(method.deidentify(photos, [hand] * 2, [1, 2], given), computed, strict=True):
            assert np.array_equal(result, expected)


def test_one_encoding_serves_every_point_of_a_sweep(method, photo, hand):
    encoding = method.encode([photo], [hand])[0]
    for change in ({"alpha": 0.0}, {"fusion": "f"}, {"steps": 3, "guidance": 1.0}, {"posterior": "sample"}):
        other = Diffusion(replace(CONFIG, **change))
        assert other.encode_settings() == method.encode_settings()
        assert other.settings() != method.settings()
        kept, fresh = (other.deidentify([photo], [hand], [1], [given])[0] for given in (encoding, None))
        assert np.array_equal(kept, fresh)


@pytest.mark.parametrize("given", [True, False])
def test_the_device_is_free_while_a_painted_palm_is_finished(monkeypatch, photo, hand, given):
    """Another thread has it then; the networks themselves have it to themselves."""
    free = []

    def try_it() -> None:
        taken = threading.Event()

        def take() -> None:
            with turn():
                taken.set()

        threading.Thread(target=take, daemon=True).start()
        free.append(taken.wait(5))

    light, paint = follow_light, PaintByExample.paint
    monkeypatch.setattr("palmbench.methods.light.follow_light", lambda *a: (try_it(), light(*a))[1])
    before = busy_seconds()
    method = Diffusion(replace(CONFIG, colour="match"))
    encodings = method.encode([photo], [hand]) if given else [None]
    method.deidentify([photo], [hand], [1], encodings)
    assert free == [True] and busy_seconds() > before
    held = []

    def painting(*arguments):
        thread = threading.Thread(target=lambda: held.append(turned()), daemon=True)
        thread.start()
        thread.join(0.2)
        held.append("painting")
        return paint(*arguments)

    def turned() -> str:
        with turn():
            return "another"

    monkeypatch.setattr(PaintByExample, "paint", painting)
    method.deidentify([photo], [hand], [1], encodings)
    assert held[0] == "painting"


class Witness:
    """Stands in for the model, and remembers what it is asked."""

    side_step = 8

    def embed(self, exemplars):
        self.exemplars = exemplars
        return torch.arange(float(len(exemplars)))[:, None].expand(-1, 32)

    def moments(self, images):
        self.images = images
        return torch.stack([torch.full((8, 8, 8), float(place)) for place in range(len(images))])

    def paint(self, conditions, generators, sampling):
        self.conditions, self.sampling = conditions, sampling
        return [np.zeros((64, 64, 3), np.float32) for _ in conditions]


@pytest.mark.parametrize(("fusion", "chosen"), [("s", [0]), ("m", [1]), ("f", [2]), ("s+m", [0, 1]), ("f+s", [0, 2])])
def test_the_model_is_asked_for_the_papers_squares_their_fusion_and_alpha(photo, hand, painted_by, fusion, chosen):
    scales = {"s": 0.1, "m": 0.5, "f": 1.0}
    model = Witness()
    part = {"guidance_start": 0.25, "guidance_end": 0.75, "spacing": 1.0}
    method = painted_by(model, fusion=fusion, alpha=0.3, guidance=4.0, sampler="plms", scales=scales, **part)
    method.deidentify([photo], [hand], [1], [None])
    for exemplar, scale in zip(model.exemplars, scales.values(), strict=True):
        square = roi_square(hand, photo.shape[:2], scale)
        assert np.array_equal(exemplar, cv2.resize(square.crop(photo), (128, 128), interpolation=cv2.INTER_LINEAR))
    (asked,) = model.conditions
    assert asked.embeddings[:, 0].tolist() == chosen
    assert asked.alpha == 0.3
    # The original is encoded first, then the crop whose palm is grey.
    assert (asked.original.unique().tolist(), asked.background.unique().tolist()) == ([0.0], [1.0])
    original, background = (image.numpy() for image in model.images)
    crop = cv2.resize(palm_crop(hand, photo.shape[:2]).crop(photo), (64, 64), interpolation=cv2.INTER_LINEAR)
    np.testing.assert_allclose(original, crop.transpose(2, 0, 1) / 127.5 - 1, atol=1e-6)
    assert np.array_equal(background == 0, (original == 0) | asked.mask)
    assert model.sampling == Sampling(2, 4.0, "plms", CONFIG.posterior, 0.25, 0.75)


FINISHING = {
    "wrinkles": "wrinkles.wrinkled",
    "colour": "light.follow_light",
    "relief": "relief.with_relief",
    "grain": "paste_back.textured",
}


@pytest.mark.parametrize("asked", [(), ("wrinkles",), ("colour",), ("relief",), ("grain",), tuple(FINISHING)])
def test_a_painted_crop_is_finished_as_asked_and_at_random_by_its_seed(photo, hand, painted_by, asked, monkeypatch):
    done, drawn = [], []

    def finish(name):
        def matched(painted, *words):
            done.append(name)
            drawn.extend(word.random() for word in words if isinstance(word, np.random.Generator))
            return painted

        return matched

    for name, part in FINISHING.items():
        monkeypatch.setattr(f"palmbench.methods.{part}", finish(name))
    settings = {name: "match" if name in asked else "none" for name in ("wrinkles", "relief", "grain")}
    method = painted_by(Witness(), **settings, colour="match" if "colour" in asked else "raw")
    method.deidentify([photo, photo], [hand, hand], [8, 9], [None, None])
    assert done == [*asked, *asked]
    assert len(set(drawn)) == 2 * len({*asked} - {"colour"})


def test_what_changes_the_encoding_changes_its_settings(method):
    for change in ({"crop": "hand"}, {"size": 128}, {"scales": {"s": 0.2, "m": 0.5, "f": 1.0}}):
        assert Diffusion(replace(CONFIG, **change)).encode_settings() != method.encode_settings()


def test_the_scale_of_an_unused_roi_is_no_setting_of_the_result(method):
    other = Diffusion(replace(CONFIG, scales={"s": 0.1, "m": 0.5, "f": 0.9}))
    assert other.settings() == method.settings()


def test_the_seed_changes_the_palm(method, photo, hand):
    first, again, second = method.deidentify([photo] * 3, [hand] * 3, [1, 1, 2], [None] * 3)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, second)


def test_without_a_size_the_crop_keeps_its_own(photo, hand):
    encoding = Diffusion(replace(CONFIG, size=None)).encode([photo], [hand])[0]
    side = palm_crop(hand, photo.shape[:2]).side
    assert abs(encoding["original"].shape[1] * 8 - side) <= 32


def test_a_hand_without_a_palm_region_does_not_pass_as_deidentified(method, photo, hand):
    with pytest.raises(SampleError):
        method.deidentify([photo], [replace(hand, mask=np.zeros_like(hand.mask))], [1], [None])


def lying(photo, hand, rows: slice):
    """The photo and the hand turned by a quarter, fingers to the right, and cut to some rows."""
    turned = np.column_stack([photo.shape[0] - 1 - hand.keypoints_2d[:, 1], hand.keypoints_2d[:, 0] - rows.start])
    left, top, right, bottom = hand.box
    return np.ascontiguousarray(np.rot90(photo, -1)[rows]), replace(
        hand,
        keypoints_2d=turned.astype(np.float32),
        box=np.array([photo.shape[0] - 1 - bottom, left, photo.shape[0] - 1 - top, right], np.float32)
        - np.float32([0, rows.start, 0, rows.start]),
        mask=np.ascontiguousarray(np.rot90(hand.mask, -1)[rows]),
    )


def test_of_a_hand_that_is_longer_than_the_photos_shorter_side_the_whole_palm_is_repainted(photo, hand):
    palm = np.flatnonzero(palm_region(hand, "paper").any(axis=0))
    fingers = hand.mask.copy()
    fingers[:80, 70:110] = True
    long = replace(hand, mask=fingers, box=np.array([35, 0, 145, 135], np.float32))
    narrow, hand = lying(photo, long, slice(int(palm[0]) - 1, int(palm[-1]) + 2))
    region = palm_region(hand, "paper")
    square = hand_crop(hand, narrow.shape[:2])
    held = np.zeros_like(region)
    square.crop(held)[...] = True
    assert (region & ~held).any(), "the scene is not the one that is asked about"
    changed = (run(replace(CONFIG, crop="hand"), narrow, hand) != narrow).any(axis=2)
    assert changed[region & ~held].mean() > 0.9
    as_published = run(replace(CONFIG, crop="hand", whole_palm=False), narrow, hand)
    np.testing.assert_array_equal(as_published[~held], narrow[~held])
    assert (as_published[region & held] != narrow[region & held]).any(axis=-1).mean() > 0.9


@pytest.mark.parametrize("crop", ["palm", "hand"])
def test_a_palm_that_no_square_in_the_photo_holds_does_not_pass_as_deidentified(photo, hand, crop):
    region = palm_region(hand, "paper")
    rows, columns = np.flatnonzero(region.any(axis=1)), np.flatnonzero(region.any(axis=0))
    middle = int(columns.mean())
    half = (rows[-1] - rows[0]) // 2 - 8
    narrow, hand = lying(photo, hand, slice(middle - half, middle + half))
    with pytest.raises(SampleError, match="longer than the photo's shorter side"):
        run(replace(CONFIG, crop=crop), narrow, hand)


def test_settings_that_cannot_be_met_are_refused_before_any_work(tmp_path):
    with pytest.raises(RequestError, match="s, m and f"):
        methods.load(DiffusionConfig(fusion="s+x"))
    with pytest.raises(RequestError, match=r"method\.guidance_start"):
        DiffusionConfig(guidance_start=0.6, guidance_end=0.5)
    with pytest.raises(RequestError, match="multiple of 8"):
        Diffusion(replace(CONFIG, size=100))
    with pytest.raises(MissingWeights, match="no folder"):
        methods.load(replace(CONFIG, weights=str(tmp_path / "absent")))
    zero_snr = Path(shutil.copytree(CHECKPOINT, tmp_path / "zero"))
    config = zero_snr / "scheduler" / "scheduler_config.json"
    config.write_text(config.read_text().replace("{", '{"rescale_betas_zero_snr": true,', 1))
    with pytest.raises(RequestError, match=r"dpmsolver\+\+"):
        methods.load(replace(CONFIG, weights=str(zero_snr), sampler="plms", spacing=1.0))


def test_settings_of_methods_are_known_without_what_paints():
    code = (
        "import sys; from palmbench import methods; _ = [methods.named(name) for name in methods.names()]; "
        "import palmbench.config.schema; sys.exit(bool({'torch', 'cv2', 'diffusers'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2]).returncode == 0


def test_planning_imports_no_torch():
    code = (
        "import sys; from palmbench import methods; from palmbench.methods.diffusion import DiffusionConfig; "
        f"m = methods.load(DiffusionConfig(weights={str(CHECKPOINT)!r}, size=64)); m.settings(); m.encode_settings(); "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2]).returncode == 0


def test_points_of_a_sweep_share_one_loaded_model(photo, hand, monkeypatch, tmp_path):
    shutil.copytree(CHECKPOINT, tmp_path / "weights")
    loaded = []
    monkeypatch.setattr("palmbench.diffusion.paint.PaintByExample", lambda *_: loaded.append(Witness()) or loaded[-1])
    for alpha in (0.1, 0.3):
        run(replace(CONFIG, weights=str(tmp_path / "weights"), alpha=alpha), photo, hand)
    assert len(loaded) == 1

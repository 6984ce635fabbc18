"""Samples of photo files in and out, and of what is done to a photo of one's own."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageCms

import recognizers
from palmbench.base.images import read_image
from palmbench.base.photo_files import opened, upright
from palmbench.config.schema import MTCCConfig, RunConfig
from palmbench.hands import load_segmenter
from palmbench.hands.settings import SegmenterConfig
from palmbench.methods.blur import BlurConfig
from palmbench.photos.colour import srgb
from palmbench.photos.deidentification import TRIES, Check, deidentification_of
from palmbench.photos.evidence import MOST, share_that_shows, share_that_stayed
from palmbench.photos.matrix_profile import MatrixProfile, matrix_profile, to_srgb
from palmbench.photos.painter import Painter, Tools, picture_of
from palmbench.photos.reading import Photo, decode
from palmbench.photos.repainting import PreparedPhoto
from palmbench.photos.stripped import without_metadata
from palmbench.photos.verification import MTCC_THRESHOLD, Verifier
from palmbench.photos.window import in_window, unpaintable
from palmbench.photos.writing import eight_bits, encode, fitted
from tests.golden import inputs
from tests.golden.artefacts import Golden, exact, numbers, picture, sampled
from tests.golden.of_hands import LOOKING, detector_weights
from tests.golden.of_spots import SPOTTING, spot_weights

_PICTURE = 1e-4
_CODED = 1e-3
_WINDOW = [f"palmbench.hands.{name}" for name in ("palm", "recognition_roi", "roi_squares")]
_PALM = [f"palmbench.hands.{name}" for name in ("roi_squares", "palm", "skeleton")]
_PHOTOS = "palmbench.photos."


def _file(image: Image.Image, form: str, **how: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **how)
    return buffer.getvalue()


def _images() -> dict[str, Image.Image]:
    """A photo in the ways in which files hold one."""
    colours = Image.fromarray(inputs.photo()[60:124, 40:100])
    grey = np.asarray(colours.convert("L")).astype(np.uint16)
    return {
        "colour": colours,
        "palette": colours.quantize(16, dither=Image.Dither.NONE),
        "CMYK": colours.convert("CMYK"),
        "grey": colours.convert("L"),
        "deep grey": Image.fromarray(grey * 255 + 17),
        "transparent": Image.merge("RGBA", (*colours.split(), colours.convert("L").point(lambda level: level // 2))),
    }


def _read() -> dict[str, Any]:
    found = {}
    for name, image in _images().items():
        data = _file(image, "tiff" if name == "CMYK" else "png")
        found[name] = picture(read_image("photo", data))
    return found


def _turned() -> dict[str, Any]:
    found = {}
    for turn in range(1, 9):
        exif = Image.Exif()
        exif[274] = turn
        with opened(Path("photo.png"), _file(_images()["grey"], "png", exif=exif)) as image:
            found[f"turn {turn}"] = exact(np.asarray(upright(image)))
    return found


def _reading() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, image in _images().items():
        photo = decode(_file(image, "tiff" if name == "CMYK" else "png"), Path("photo"))
        found[name] = [*photo.pixels.shape, photo.pixels.itemsize, len(photo.notes)]
        found[f"pixels, {name}"] = picture(photo.pixels)
    deep = cv2.imencode(".png", inputs.photo()[60:90, 40:80].astype(np.uint16) * 257 + 3)[1].tobytes()
    found["deep colours"] = picture(decode(deep, Path("photo.png")).pixels)
    return found


def _colour() -> dict[str, Any]:
    image = _images()["colour"]
    image.info["icc_profile"] = _wide_profile()
    usual = _images()["colour"]
    usual.info["icc_profile"] = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    lab = _images()["colour"]
    lab.info["icc_profile"] = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    return {
        "converted": picture(np.asarray(srgb(image)[0])),
        "left alone": picture(np.asarray(srgb(usual)[0])),
        "of other colours": picture(np.asarray(srgb(lab)[0])),
    }


def _wide_profile() -> bytes:
    """sRGB's profile with its first two primaries further apart."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for k in range(int.from_bytes(data[128:132], "big")):
        entry = 132 + 12 * k
        place = int.from_bytes(data[entry + 4 : entry + 8], "big")
        if data[entry : entry + 4] == b"rXYZ":
            data[place + 8 : place + 12] = (int.from_bytes(data[place + 8 : place + 12], "big") + 9000).to_bytes(
                4, "big"
            )
    return bytes(data)


def _matrix_profile() -> dict[str, Any]:
    profile = matrix_profile(_wide_profile())
    assert profile is not None
    deep = inputs.photo()[60:90, 40:80].astype(np.uint16) * 257
    gamma = MatrixProfile(profile.matrix, np.linspace(0, 1, 65536)[None].repeat(3, axis=0) ** 1.8)
    return {
        "matrix": profile.matrix,
        "curves": sampled(profile.curves),
        "converted": [picture(to_srgb(deep, each)) for each in (profile, gamma)],
    }


def _writing() -> dict[str, Any]:
    found: dict[str, Any] = {}
    deep = inputs.photo()[:64, 60:140].astype(np.uint16) * 250 + 99
    with_alpha = np.concatenate([inputs.photo()[:64, 60:140], inputs.photo()[:64, 60:140, :1]], axis=2)
    for form in ("png", "jpeg", "tiff", "webp"):
        for name, pixels in (("deep", deep), ("alpha", with_alpha), ("grey", deep[..., 0])):
            kept = fitted(pixels, form)
            found[f"{form}, {name}"] = [*kept.pixels.shape, kept.pixels.itemsize, len(kept.notes)]
            found[f"{form}, {name}, pixels"] = picture(kept.pixels)
    written = fitted(inputs.photo(), "jpeg").pixels
    back = decode(encode(written, "jpeg"), Path("photo.jpg")).pixels
    found["eight bits"] = exact(eight_bits(np.arange(2**16, dtype=np.uint16)))
    found["what JPEG loses"] = [np.abs(back.astype(int) - written).mean()]
    return found


def _stripped() -> dict[str, Any]:
    plain = _file(_images()["colour"], "jpeg", quality=90)
    exif = Image.Exif()
    exif[271] = "a maker"
    told = _file(_images()["colour"], "jpeg", quality=90, exif=exif, comment=b"a comment", icc_profile=_wide_profile())
    same = [without_metadata(told) == without_metadata(plain), without_metadata(plain[:40]) is None]
    same.append(without_metadata(plain[:2] + b"\xff\xdc\0\4\0\x40" + plain[2:]) is None)
    turned = without_metadata(plain, 6) or b""
    return {
        "same": same,
        "sizes": numbers(len(plain) - len(without_metadata(plain) or b""), len(turned) - len(plain)),
        "turned": [decode(turned, Path("photo.jpg")).pixels.shape],
        "head": turned[:60].hex(),
    }


def _window() -> dict[str, Any]:
    found = [in_window(inputs.hand(number)) for number in (0, 1)]
    wide = replace(inputs.hand(), mask=np.pad(inputs.hand().mask, ((0, 300), (0, 400))))
    found.append(in_window(wide))
    large = cv2.resize(inputs.hand().mask.astype(np.uint8), None, fx=3, fy=3, interpolation=cv2.INTER_NEAREST)
    mask = np.pad(large.astype(bool), 300)
    hand = inputs.hand()
    parts = {"box": 3 * hand.box + 300, "keypoints_2d": 3 * hand.keypoints_2d + 300, "valleys": 3 * hand.valleys + 300}
    found.append(in_window(replace(hand, mask=mask, **parts)))
    away = replace(inputs.hand(), keypoints_2d=inputs.hand().keypoints_2d - np.float32(400))
    return {
        "windows": [each.window for each in found],
        "boxes": [each.box for each in found],
        "points": [each.hand.keypoints_2d[0] for each in found],
        "paintable": [
            unpaintable(each) is None for each in (inputs.hand(), away, replace(inputs.hand(), view="unsure"))
        ],
    }


def _evidence() -> dict[str, Any]:
    before, after, palm = inputs.photo(), inputs.repainted(), inputs.hand().mask
    smooth = BlurConfig(sigma=1.2).load().deidentify([before], [inputs.hand()], [0], [None])[0]
    return {
        "stayed": [share_that_stayed(before, each, palm) for each in (after, smooth)],
        "shows": [
            share_that_shows(before, each, palm) for each in (after, smooth, cv2.GaussianBlur(before, (0, 0), 3))
        ],
        "of faint lines": [share_that_shows(_faint(contrast), _faint(contrast), palm) for contrast in (5, 10, 20, 40)],
        "most": [MOST],
    }


def _faint(contrast: int) -> np.ndarray:
    return (100 + inputs.photo().astype(np.int64) * contrast // 255).astype(np.uint8)


class _Knowing:
    """A detector that knows the hand of photo 0."""

    name = "knowing"

    def settings(self) -> dict[str, Any]:
        return {}

    def detect(self, images: list[np.ndarray]) -> list[list[Any]]:
        return [[inputs.hand()] for _ in images]


def _tools(sigma: float) -> Tools:
    return Tools(_Knowing(), load_segmenter(SegmenterConfig()), BlurConfig(sigma=sigma).load(region="palm"), "palm")


def _judge() -> dict[str, Any]:
    tools = _tools(1.0)
    verifier = Verifier(recognizers.load("mtcc"), MTCC_THRESHOLD, tools.detector, tools.segmenter)
    hands = [in_window(inputs.hand())]
    templates = verifier.templates(inputs.photo(), hands)
    verdict = verifier.compare(templates, hands, inputs.repainted())
    moved = verifier.compare(templates, [in_window(inputs.hand(1))], inputs.photo())
    return {
        "distances": [verdict.distances, moved.distances],
        "hidden": [verifier.hidden(distance) for distance in (0.37, 0.374, 0.376, 0.38, None)],
        "overlooked": [len(verdict.overlooked), len(moved.overlooked)],
    }


def _painter() -> dict[str, Any]:
    found = {}
    deep, grey = inputs.photo().astype(np.uint16) * 257, np.ascontiguousarray(inputs.photo()[..., 1])
    see_through = np.dstack([inputs.photo(), grey])
    for name, pixels in (("colour", inputs.photo()), ("deep", deep), ("grey", grey), ("see-through", see_through)):
        found[name] = picture(Painter(pixels, _tools(6.0), 3).draw().pixels)
        found[f"{name}, seen"] = picture(picture_of(pixels))
    seeds: list[int] = []
    tools = _tools(6.0)
    tools.method.seeded = True
    for number, tries in ((1, [0]), (1, [1]), (2, [0])):
        seeds += [seed or 0 for seed in Painter(inputs.photo(), tools, 5).draw(number, tries).seeds]
    found["seeds"] = " ".join(map(str, seeds))
    return found


def _deidentification() -> dict[str, Any]:
    run = RunConfig(method=BlurConfig(sigma=4.0), region="palm")
    deid = deidentification_of(run, check=Check(MTCCConfig(), MTCC_THRESHOLD))
    prepared = PreparedPhoto(Photo(inputs.photo(), ()), b"", "png", deid, "cpu")
    draft = prepared.draft(1)
    return {
        "photo": picture(decode(draft.data, Path("photo.png")).pixels),
        "distances": [draft.distances],
        "tries": numbers(TRIES, draft.tries, draft.kept, draft.problem is None),
    }


def _of(*names: str) -> list[str]:
    return [_PHOTOS + name for name in names]


_SEEING = ["palmbench.hands.embedded", *LOOKING]
_MTCC = ["recognizers.mtcc", "recognizers.codes.gabor", "recognizers.matching.shifts"]
_BLUR = ["palmbench.methods.blur", "palmbench.methods.region"]
_PAINTED = [*_BLUR, "palmbench.methods.palette"]

GOLDENS = [
    Golden("palmbench.base.photo_files", "turned photos", _turned),
    Golden("palmbench.base.images", "photos", _read, ["palmbench.base.photo_files"], tolerance=_PICTURE),
    Golden(_PHOTOS + "matrix_profile", "colours", _matrix_profile, tolerance=_PICTURE),
    Golden(_PHOTOS + "colour", "colours", _colour, tolerance=_CODED, constants=True),
    Golden(_PHOTOS + "writing", "pixels", _writing, ["palmbench.base.photo_files", *_of("reading")], tolerance=_CODED),
    Golden(_PHOTOS + "reading", "photos", _reading,
           ["palmbench.base.photo_files", *_of("colour", "matrix_profile")], tolerance=_PICTURE, constants=True),
    Golden(_PHOTOS + "stripped", "files", _stripped, ["palmbench.base.photo_files", *_of("reading")]),
    Golden(_PHOTOS + "window", "windows", _window, _WINDOW, constants=True),
    Golden(_PHOTOS + "evidence", "shares", _evidence, [*_PALM, *_BLUR], tolerance=_CODED, constants=True),
    Golden(_PHOTOS + "verification", "verdicts", _judge,
           [*_PALM, "palmbench.hands.assembly", *_MTCC, *_of("window")], tolerance=5e-3, constants=True),
    Golden(_PHOTOS + "painter", "photos or seeds", _painter,
           [*_PALM, "palmbench.hands.assembly", *_PAINTED, *_of("window", "evidence", "writing")], tolerance=_CODED),
    Golden(_PHOTOS + "deidentification", "results", _deidentification,
           [*_PALM, *_SEEING, *_MTCC, *_PAINTED,
            *SPOTTING, "palmbench.hands.several_hands",
            *_of("window", "evidence", "writing", "verification", "painter", "overlooked", "reading")],
           lambda: detector_weights() + spot_weights(), tolerance=5e-3, constants=True),
]  # fmt: skip

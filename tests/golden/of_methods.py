"""Samples of the de-identification methods, and of the parts of the diffusion model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
import torch

import recognizers
from palmbench.hands.palm_frame import PalmFrame
from palmbench.hands.roi_squares import Square
from palmbench.methods import (
    crease_terms,
    crop,
    inpainted_crop,
    lama,
    new_skin,
    perturbation,
    pool,
    quilting,
    rim_fill,
    victims,
)
from palmbench.methods.adversarial import AdversarialConfig
from palmbench.methods.blur import BlurConfig
from palmbench.methods.dp_pix import DpPixConfig
from palmbench.methods.identity import IdentityConfig
from palmbench.methods.inpaint import InpaintConfig
from palmbench.methods.ksame import KSameConfig
from palmbench.methods.mask import MaskConfig
from palmbench.methods.pixelate import PixelateConfig
from palmbench.methods.region import RegionMethod, palm_region
from palmbench.methods.scramble import ScrambleConfig
from palmbench.methods.sdedit import SdeditConfig
from palmbench.methods.smooth import SmoothConfig
from palmbench.methods.swap import SwapConfig
from palmbench.methods.text_inpaint import SdInpaintConfig
from palmbench.synth.flat_palm import FlatPalm, flat_palm, lit
from tests.golden import inputs
from tests.golden.artefacts import Golden, exact, numbers, picture, sampled
from tests.golden.of_diffusion import DIFFUSION, PAPER, SMALL, TINY, painter_weights
from tests.golden.of_finishing import FINISHING
from tests.tiny_pipelines import save_tiny

_PICTURE = 1e-4
_PAINTED = 1e-3  # of pixels that networks painted, and that were cut to whole levels
_NETWORK = 2e-3
_STEERED = 2e-2  # of changes whose signs networks decide: a last bit can turn a pixel's
_PALM = [f"palmbench.hands.{name}" for name in ("roi_squares", "palm", "skeleton")]


def _of(method: Any) -> np.ndarray:
    return np.asarray(method.deidentify([inputs.photo()], [inputs.hand()], [7], [None])[0])


class _Negative(RegionMethod):
    version = 1

    def redraw(self, photo: np.ndarray, region: np.ndarray, seed: int) -> np.ndarray:
        return 255 - photo


def _region() -> dict[str, Any]:
    return {
        "photo": picture(_of(_Negative(IdentityConfig(), region="palm"))),
        "paper": exact(palm_region(inputs.hand(), "paper")),
    }


def _rim_fill() -> dict[str, Any]:
    palm = palm_region(inputs.hand(), "paper")
    box = rim_fill.around(palm)
    photo, skin = inputs.photo()[box], rim_fill.beside(inputs.hand().mask[box], palm[box])
    return {
        "skin": exact(skin),
        "grown": [picture(rim_fill.grown(photo, skin, "telea", 4.0)),
                  picture(rim_fill.grown(photo, skin, "navier_stokes", 8.0))],
        "detail": picture(128 + rim_fill.fine_detail(photo, skin)),
    }  # fmt: skip


def _quilting() -> dict[str, Any]:
    texture = np.random.default_rng(4).normal(0, 20, (60, 80, 3)).astype(np.float32)
    sample, hole = np.zeros((2, 60, 80), bool)
    sample[:, :30], hole[10:50, 40:70] = True, True
    return {
        str(patch): picture(128 + quilting.quilted(texture, sample, hole, patch, np.random.default_rng(patch)))
        for patch in (9, 40)
    }


def _inpaint() -> dict[str, Any]:
    ways = (InpaintConfig(), InpaintConfig(way="telea"), InpaintConfig(way="navier_stokes"))
    return {config.way: picture(_of(config.load())) for config in ways}


def _smooth() -> dict[str, Any]:
    ways = (SmoothConfig(), SmoothConfig(way="guided"))
    return {config.way: picture(_of(config.load())) for config in ways}


def _palm_frame() -> dict[str, Any]:
    photo, frame = inputs.photo(), PalmFrame.of(inputs.hand())
    flat = frame.rectified(photo, 96)
    places = np.array([(0.0, -0.3), (-0.2, -0.2), (0.1, -0.5), (0.0, 0.0)])
    return {
        "pixels": sampled(frame.pixels(places)),
        "rectified": picture(flat),
        "laid": picture(frame.laid(flat, photo.shape[:2])),
        "sizes": numbers(frame.unit, frame.side),
    }


def _flat_palm() -> dict[str, Any]:
    palm, lamp = flat_palm(2_000_001, 160), np.array([0.48, -0.36, 0.8])
    seen = [lit(palm, np.array(colour), lamp, 222.0) for colour in ((0.9, 0.75, 0.7), (0.5, 0.35, 0.3))]
    return {"layers": [sampled(layer) for layer in palm], "lit": [picture(255 * each) for each in seen]}


def _new_skin() -> dict[str, Any]:
    photo, hand = inputs.photo(), inputs.hand()
    found: dict[str, Any] = {}
    waves = np.sin(np.indices((96, 96)) / 3).astype(np.float32)
    palm = FlatPalm(np.maximum(waves[0] * waves[1], 0), waves[0], waves[1], 0.004 * waves[1])
    for shading in (1.0, 0.4):
        under = new_skin.ground(photo, hand, "palm", shading)
        detail = new_skin.relit(palm, under)
        made = new_skin.painted(photo, hand, "palm", under, detail, np.random.default_rng(5))
        found[f"lamp {shading}"] = sampled(under.lamp)
        found[f"light {shading}"] = picture(255 * under.light)
        found[f"made {shading}"] = picture(made)
    return found


def _pool() -> dict[str, Any]:
    return {
        "palms": [sampled(layer.astype(np.float32)) for layer in pool.rendered(pool.identities()[:2])],
        "usual": [sampled(layer) for layer in pool.usual()],
        "details": sampled(pool.details()[:2].astype(np.float32)),
    }


def _ksame() -> dict[str, Any]:
    return {
        **{way: picture(_of(KSameConfig(way=way, k=3).load())) for way in ("proxy", "average")},  # type: ignore[arg-type]
        "seeds": exact(np.array(list(KSameConfig(k=2).palm_seeds("abcdefg", 4).values()), np.uint64)),
    }


def _inpainted_crop() -> dict[str, Any]:
    def paint(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
        ramp = np.linspace(0.3, 0.9, len(image))[:, None, None]
        return np.where(mask[..., None], ramp, image / 255)

    return {
        f"{region} {size}": picture(inpainted_crop.inpainted(inputs.photo(), inputs.hand(), region, size, paint))
        for region, size in (("paper", 64), ("palm", 256))
    }


def _lama() -> dict[str, Any]:
    class Session:
        def run(self, names: Any, given: dict[str, np.ndarray]) -> list[np.ndarray]:
            return [200 * given["image"] * (1 - given["mask"]) + 90 * given["mask"]]

    image = cv2.resize(inputs.photo(), (512, 512), interpolation=cv2.INTER_AREA)
    return {"filled": picture(lama.filled(Session(), image, image[..., 0] > 128))}


def _text_inpaint() -> dict[str, Any]:
    with TemporaryDirectory() as folder:
        config = SdInpaintConfig(size=64, steps=2)
        weights = save_tiny(Path(folder), config.pipeline)
        return {"photo": picture(_of(replace(config, weights=str(weights)).load()))}


def _victims() -> dict[str, Any]:
    change, frame = torch.linspace(-9, 9, 40 * 30).reshape(1, 1, 30, 40), victims.Frame(50, 110, 60, 50)
    found: dict[str, Any] = {"jitter": numbers(*victims.jitter(np.random.default_rng(2)))}
    for name, kind in victims.VICTIMS.items():
        readings = [
            kind().reading(inputs.photo(number), inputs.hand(number), beside)
            for number, beside in enumerate((victims.Jitter(), victims.Jitter(0.02, -0.01, 2.0, 1.03)))
        ]
        found[name] = [picture(seen[0]) for seen in victims.read(readings, change, frame).numpy()]
        found[f"{name}, embedded"] = sampled(kind().embed(readings, change, frame).numpy())
    return found


def _crease_terms() -> dict[str, Any]:
    rois = torch.from_numpy(inputs.rois().astype(np.float32))[:, None]
    found = crease_terms.creases(rois)
    first, second = (crease_terms.creases(roi) for roi in (rois[:1], rois[2:3]))
    contrast = crease_terms.new_contrast(rois[2:3], rois[:1], torch.ones_like(rois[:1]))
    return {
        "creases": [sampled(each.numpy()) for each in found],
        "terms": numbers(float(crease_terms.turned(first, second)), float(contrast)),
    }


def _perturbation() -> dict[str, Any]:
    photo, hand = inputs.photo(), inputs.hand()
    ccnet = victims.VICTIMS["ccnet"]()
    aims = [perturbation.Aim(ccnet, ccnet.template(photo, hand), closer=False)]
    strength = perturbation.Strength(eps=4, steps=3, orientation=0.3, contrast=0.3)
    change = perturbation.perturbation(
        photo, hand, palm_region(hand, "paper"), aims, strength, np.random.default_rng(3)
    )
    return {"change": picture(change)}


def _adversarial() -> dict[str, Any]:
    ways = AdversarialConfig(steps=3), AdversarialConfig(victim="eehnet", goal="surrogate", steps=3)
    return {config.victim: picture(_of(config.load()).astype(int) - inputs.photo()) for config in ways}


def victim_weights() -> list[str]:
    """Digests of the weights of the networks that changes are made against."""
    return [str(recognizers.load(name).settings()["weights"]) for name in victims.VICTIMS]


def _crop() -> dict[str, Any]:
    photo, hand = inputs.photo(), inputs.hand()
    found: dict[str, Any] = {"hand": exact(crop.hand_in(Square(0, 64, 192), hand, 64))}
    for region, about, whole in (("paper", "palm", True), ("palm", "palm", False), ("paper", "hand", True)):
        seen = crop.crop_of(photo, hand, region, about, whole, 64)
        found[f"{region} {about}"] = picture(seen.image)
        found[f"{region} {about}, repainted"] = exact(seen.mask)
    return {**found, "exemplars": [sampled(each) for each in crop.exemplars_of(photo, hand, (0.1, 0.5))]}


def _diffusion() -> dict[str, Any]:
    return {
        "painted": picture(_of(SMALL.load())),
        "palm": picture(_of(SMALL.load(region="palm"))),
        "as the paper": picture(_of(PAPER.load())),
        "embeddings": sampled(SMALL.load().encode([inputs.photo()], [inputs.hand()])[0]["embeddings"]),
    }


def _sdedit() -> dict[str, Any]:
    config = SdeditConfig(size=64, steps=5, strength=0.4)
    drawn = SdeditConfig(weights=TINY, size=64, steps=5, strength=0.6, posterior="sample")
    return {"painted": picture(_of(config.load())), "sampled posterior": picture(_of(drawn.load()))}


_PASTED = [f"palmbench.methods.{name}" for name in ("region", "crop", "paste_back")]
_READ = [f"palmbench.hands.{name}" for name in ("recognition_roi", "recognition_hand")]
_METHODS = [f"palmbench.methods.{name}" for name in ("region", "crop", *FINISHING)]
_SKIN = [
    "palmbench.hands.palm_frame",
    "palmbench.synth.flat_palm",
    "palmbench.synth.seeds",
    *(f"palmbench.methods.{name}" for name in ("region", "paste_back", "rim_fill", "skin_texture")),
]

GOLDENS = [
    Golden("palmbench.methods.region", "photos", _region, _PALM, tolerance=_PICTURE),
    Golden("palmbench.methods.identity", "photos", lambda: {"photo": exact(_of(IdentityConfig().load()))}),
    Golden("palmbench.methods.mask", "photos", lambda: {"photo": exact(_of(MaskConfig(fill=17).load()))},
           [*_PALM, "palmbench.methods.region"]),
    Golden("palmbench.methods.blur", "photos", lambda: {"photo": picture(_of(BlurConfig(sigma=4.0).load()))},
           [*_PALM, "palmbench.methods.region"], tolerance=_PICTURE),
    Golden("palmbench.methods.pixelate", "photos", lambda: {"photo": exact(_of(PixelateConfig(block=9).load()))},
           [*_PALM, "palmbench.methods.region"]),
    Golden("palmbench.methods.dp_pix", "photos", lambda: {"photo": exact(_of(DpPixConfig(epsilon=40.0).load()))},
           [*_PALM, "palmbench.methods.region"]),
    Golden("palmbench.methods.scramble", "photos", lambda: {"photo": exact(_of(ScrambleConfig(key=3).load()))},
           [*_PALM, "palmbench.methods.region"]),
    Golden("palmbench.methods.smooth", "photos", _smooth, [*_PALM, "palmbench.methods.region"], tolerance=_PICTURE,
           constants=True),
    Golden("palmbench.methods.rim_fill", "fills", _rim_fill, _PALM, tolerance=_PICTURE, constants=True),
    Golden("palmbench.methods.quilting", "textures", _quilting, tolerance=_PICTURE, constants=True),
    Golden("palmbench.methods.inpaint", "photos", _inpaint,
           [*_PALM, *(f"palmbench.methods.{name}" for name in ("region", "rim_fill", "quilting", "skin_texture"))],
           tolerance=_PICTURE),
    Golden("palmbench.hands.palm_frame", "frames", _palm_frame, ["palmbench.hands.palm"], tolerance=_PICTURE,
           constants=True),
    Golden("palmbench.synth.flat_palm", "palms", _flat_palm, ["palmbench.synth.seeds"], tolerance=_PICTURE),
    Golden("palmbench.methods.new_skin", "photos", _new_skin, [*_PALM, *_SKIN], tolerance=_PAINTED, constants=True),
    Golden("palmbench.methods.pool", "palms", _pool, ["palmbench.synth.flat_palm", "palmbench.synth.seeds"],
           tolerance=_PAINTED),
    Golden("palmbench.methods.swap", "photos", lambda: {"photo": picture(_of(SwapConfig().load()))},
           [*_PALM, *_SKIN, "palmbench.methods.new_skin"], tolerance=_PAINTED),
    Golden("palmbench.methods.ksame", "photos", _ksame,
           [*_PALM, *_SKIN, "palmbench.methods.new_skin", "palmbench.methods.pool"], tolerance=_PAINTED),
    Golden("palmbench.methods.inpainted_crop", "photos", _inpainted_crop, [*_PALM, *_PASTED], tolerance=_PICTURE,
           constants=True),
    Golden("palmbench.methods.lama", "pictures", _lama, tolerance=_PICTURE),
    Golden("palmbench.methods.text_inpaint", "photos", _text_inpaint,
           [*_PALM, *_PASTED, "palmbench.methods.inpainted_crop"], tolerance=_NETWORK),
    Golden("palmbench.methods.victims", "crops and embeddings", _victims, _READ, victim_weights, _NETWORK),
    Golden("palmbench.methods.crease_terms", "terms", _crease_terms, ["recognizers.codes.gabor"], tolerance=_PICTURE,
           constants=True),
    Golden("palmbench.methods.perturbation", "changes", _perturbation,
           [*_READ, *_PALM, "palmbench.methods.victims", "palmbench.methods.crease_terms", "recognizers.codes.gabor"],
           victim_weights, _STEERED),
    Golden("palmbench.methods.adversarial", "photos", _adversarial,
           [*_READ, *_PALM, "recognizers.codes.gabor",
            *(f"palmbench.methods.{name}" for name in ("region", "victims", "crease_terms", "perturbation"))],
           victim_weights, _STEERED),
    Golden("palmbench.methods.crop", "crops", _crop, [*_PALM, "palmbench.methods.region"], tolerance=_PICTURE,
           constants=True),
    Golden("palmbench.methods.diffusion", "photos", _diffusion,
           [*_PALM, *_METHODS, "palmbench.diffusion.paint", *DIFFUSION],
           painter_weights, _PAINTED),
    Golden("palmbench.methods.sdedit", "photos", _sdedit,
           [*_PALM, *_METHODS, "palmbench.methods.diffusion", "palmbench.diffusion.paint", *DIFFUSION],
           painter_weights, _PAINTED),
]  # fmt: skip

"""Samples of attacks: whom they ask, what they undo, how persons are shared out, and what comes of templates."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from safetensors.torch import save

import recognizers
from palmbench import attacks, methods
from palmbench.attacks import Labelled, Training
from palmbench.attacks.bit_weights import BitWeightsConfig
from palmbench.attacks.finetuned import FineTunedConfig
from palmbench.attacks.inverses import UnblurConfig, UnmosaicConfig
from palmbench.attacks.learning import Learnt
from palmbench.attacks.people import PeopleConfig, share_out
from palmbench.attacks.redrawn import RedrawnConfig
from palmbench.attacks.restored_unet import RestoredUNetConfig
from palmbench.attacks.traits import TraitsConfig
from palmbench.attacks.unchanged import UnchangedConfig
from palmbench.attacks.unet import UNet, restorer
from palmbench.attacks.whitened import WhitenedConfig
from palmbench.base.store import Store, unpack_arrays
from palmbench.config.attacks import TrialConfig
from palmbench.engine.attack_learning import learns_of
from palmbench.engine.attack_record import Attacked, record_key, record_path
from palmbench.engine.attacking import measure
from palmbench.engine.records import read_record
from palmbench.hands.traits import geometry, skin_colour
from palmbench.methods.blur import BlurConfig
from palmbench.methods.pixelate import PixelateConfig
from recognizers.common.cache_keys import digest
from tests.attacks.drawn_templates import enrolled, leaking, photographed, pipeline, point
from tests.golden import inputs
from tests.golden.artefacts import Golden, numbers, picture, sampled
from tests.golden.of_recognizers import weights_of

_ATTACKS, _ENGINE = "palmbench.attacks.", "palmbench.engine."
_MEASURES = [
    f"palmbench.scoring.{name}"
    for name in ("bootstrap", "hull", "identification", "identity_disclosure", "intervals", "leak", "linkability",
                 "pairs", "pooling", "rank_disclosure", "replicated", "shares", "singling_out", "tar_at_fmr", "trials")
]  # fmt: skip
_REGION = ["palmbench.hands.palm", "palmbench.hands.skeleton", "palmbench.methods.region"]


def _asked(name: str) -> Callable[[], dict[str, Any]]:
    """The channels of an attack at its default settings, on a blur and on a mosaic."""

    def channels() -> dict[str, Any]:
        attack = attacks.named(name)
        return {each.called: digest("channels", all=repr(attack.channels(each)))
                for each in (BlurConfig(sigma=3.0), PixelateConfig(block=5))}  # fmt: skip

    return channels


def _inverses() -> dict[str, Any]:
    found = {}
    pairs = ((BlurConfig(sigma=3.0), UnblurConfig(sigma=3.0)), (PixelateConfig(block=7), UnmosaicConfig(block=7)))
    for method, inverse in pairs:
        photo = inputs.photo()
        for config in (method, inverse):
            (photo,) = methods.load(config).deidentify([photo], [inputs.hand()], [0], [None])
        found[inverse.name] = picture(photo)
    return found


def _whitened() -> dict[str, Any]:
    def side(number: int) -> Labelled:
        vectors = np.sin(np.arange(12 * 6) * (1.3 + 0.1 * number)).reshape(12, 6)
        return Labelled(vectors.astype(np.float32), np.arange(12) // 3, np.arange(12) % 3)

    matcher = WhitenedConfig().fit(recognizers.load("ccnet"), Training(side(0), side(1)))
    return {"distances": sampled(matcher.distances(side(2).templates, side(3).templates))}


def _bit_weights() -> dict[str, Any]:
    mtcc = recognizers.load("mtcc")

    def side(number: int) -> Labelled:
        words = (np.arange(8 * 12 * 32, dtype=np.uint64) * (2654435761 + 2 * number)) >> np.uint64(7)
        templates = (words & np.uint64(0xFFFFFFFF)).astype(np.uint32).reshape(8, 12, 32)
        return Labelled(templates, np.arange(8) // 4, np.arange(8) % 4)

    matcher = BitWeightsConfig(reach=1).fit(mtcc, Training(side(0), side(1)))
    return {
        "weights": sampled(matcher.weights),
        "distances": sampled(matcher.distances(side(2).templates, side(3).templates)),
    }


def _striped(people: int) -> Labelled:
    """ROIs of three drawn palms, two photos of each."""
    places = np.arange(128)
    rois = [127 + 60 * np.sin(places[:, None] / (3 + people + palm) + photo) + 60 * np.cos(places / (4 + palm))
            for palm in range(3) for photo in range(2)]  # fmt: skip
    return Labelled(np.stack(rois).astype(np.uint8), np.repeat(["a", "b", "c"], 2), np.tile([0, 1], 3))


def _finetuned() -> dict[str, Any]:
    training, validation = (Training(_striped(people), _striped(people + 1)) for people in (0, 2))
    config = FineTunedConfig(steps=2, batch=6, rate=1e-3)
    learnt = config.learn(recognizers.load("ccnet"), training, validation, 0, "cpu")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "learnt.safetensors"
        path.write_bytes(learnt.weights)
        templates = recognizers.load("ccnet", weights=str(path)).extract(_striped(4).templates)
    return {"error": numbers(learnt.error), "templates": sampled(templates)}


def _restored_unet() -> dict[str, Any]:
    def side(people: int) -> Labelled:
        crops = np.stack([_striped(people + 1).templates, _striped(people).templates], axis=1)[:, :, ::4, ::4]
        return Labelled(np.ascontiguousarray(crops), np.zeros(len(crops), str), np.zeros(len(crops), int))

    training, validation = (Training(side(people), side(people)) for people in (0, 2))
    learnt = RestoredUNetConfig(steps=3, batch=4).learn(recognizers.load("mtcc"), training, validation, 0, "cpu")
    restored = restorer(learnt.weights)(side(4).templates[:, 0])
    return {"error": numbers(learnt.error), "restored": numbers(restored.mean(axis=(1, 2)))}


def _redrawn() -> dict[str, Any]:
    network = UNet()
    for place, (_, value) in enumerate(sorted(network.state_dict().items())):
        value.copy_(torch.sin(torch.arange(value.numel()) * (0.7 + 0.1 * place)).reshape(value.shape) / 4)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "learnt.safetensors"
        path.write_bytes(save(network.state_dict()))
        method = RedrawnConfig(weights=str(path)).load()
        return {"photo": picture(*method.deidentify([inputs.photo()], [inputs.hand()], [0], [None]))}


class _Shown(FineTunedConfig):
    """Learns what it is shown."""

    def learn(self, recognizer, training, validation, seed, device):  # type: ignore[no-untyped-def]
        shown = [[each.palms.tolist(), each.photos.tolist(), [float(crop.mean()) for crop in each.templates]]
                 for group in (training, validation) for each in group]  # fmt: skip
        return Learnt(digest("shown", seed=seed, all=shown).encode(), 0.0)


def _learn() -> dict[str, Any]:
    found = {}
    with TemporaryDirectory() as folder:
        for permuted in (False, True):
            attack, store = pipeline(point(folder, 16, 2), TrialConfig(_Shown(permuted=permuted))), Store.of(folder)
            photographed(attack, store)
            every = {each: frozenset(sample.id for sample in samples)
                     for each, (_, samples) in attack.learnt_from.items()}  # fmt: skip
            (stage,) = learns_of(attack, every)
            (data,) = stage.compute(stage.trainings, store, "cpu")
            found["permuted" if permuted else "shown"] = unpack_arrays(data)["weights"].tobytes().decode()
    return found


def _traits() -> dict[str, Any]:
    photo, hand = inputs.photo(), inputs.hand()
    colours = {region: skin_colour(photo, hand, region) for region in ("paper", "palm")}  # type: ignore[arg-type]
    return {"geometry": geometry(hand), **colours}


def _of_traits() -> dict[str, Any]:
    def side(number: int) -> Labelled:
        return Labelled(np.sin(np.arange(12 * 5) * (1.7 + 0.1 * number)).reshape(12, 5), np.arange(12) // 3,
                        np.arange(12) % 3)  # fmt: skip

    matcher = TraitsConfig().fit(None, Training(side(0), side(1)))  # type: ignore[arg-type]
    return {"distances": sampled(matcher.distances(side(2).templates, side(3).templates))}


def _people() -> dict[str, Any]:
    found = share_out([f"{number:03d}" for number in range(30)], PeopleConfig(seed=3))
    return {name: numbers([int(person) for person in sorted(each)]) for name, each in found._asdict().items()}


def _pipeline() -> dict[str, Any]:
    with TemporaryDirectory() as folder:
        attack = pipeline(point(folder, 16), TrialConfig(UnchangedConfig(outputs=2, photos=2)))
        store = Store.of(folder)
        found = attack.photos("evaluated", enrolled(attack, store, leaking(1.0, 0.5)), store)
        return {"distances": sampled(found.distances), "numbers": numbers(found.probe_numbers, found.gallery_numbers)}


def _attacking() -> dict[str, Any]:
    with TemporaryDirectory() as folder:
        attack, store = pipeline(point(folder, 16)), Store.of(Path(folder))
        measure(attack, enrolled(attack, store, leaking(1.0, 0.5)), store, [])
        record = read_record(record_path(attack), record_key(attack))
        assert record is not None
        found = Attacked(record)
        return {
            name: numbers(*(np.nan if end is None else end for end in (number.value, number.lo, number.hi)))
            for name, number in found.numbers.items()
        }


GOLDENS = [
    *(Golden(_ATTACKS + name, "channels", _asked(name)) for name in ("floor", "fusion", "unchanged")),
    Golden(_ATTACKS + "restored", "channels", _asked("restored"), [_ATTACKS + "inverses"]),
    Golden(_ATTACKS + "inverses", "photos", _inverses,
           [*_REGION, "palmbench.methods.blur", "palmbench.methods.pixelate"], tolerance=1e-4),
    Golden(_ATTACKS + "whitened", "distances", _whitened, tolerance=1e-5),
    Golden(_ATTACKS + "bit_weights", "weights or distances", _bit_weights, ["recognizers.codes.base"], tolerance=1e-5),
    Golden(_ATTACKS + "finetuned", "templates", _finetuned, ["palmbench.scoring.hull", "recognizers.ccnet"],
           weights_of("ccnet"), tolerance=1e-2),
    Golden(_ATTACKS + "restored_unet", "restored crops", _restored_unet, tolerance=1e-2),
    Golden(_ATTACKS + "redrawn", "photo", _redrawn, [*_REGION[:2], "palmbench.hands.recognition_roi"], tolerance=1e-2),
    Golden("palmbench.stages.learn", "lessons", _learn,
           ["palmbench.hands.recognition_roi", _ENGINE + "attack_pipeline", _ATTACKS + "people"]),
    Golden("palmbench.hands.traits", "traits", _traits, ["palmbench.hands.palm", "palmbench.hands.skeleton"],
           tolerance=1e-4),
    Golden(_ATTACKS + "traits", "distances", _of_traits, [_ATTACKS + "whitened"], tolerance=1e-5),
    Golden(_ATTACKS + "people", "persons", _people),
    Golden(_ENGINE + "attack_pipeline", "distances", _pipeline,
           [_ATTACKS + "people", "palmbench.scoring.trials", "palmbench.stages.compare", "recognizers.ccnet"]),
    Golden(_ENGINE + "attacking", "numbers", _attacking, [*_MEASURES, _ENGINE + "attack_pipeline"]),
]  # fmt: skip

"""`palmbench train`: what it leaves behind, how it goes on, what it measures, and how it refuses."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

import recognizers
from palmbench.commands.cli import main
from palmbench.hands.hand import Hand
from palmbench.hands.recognition_hand import recognition_hand
from palmbench.training.images import in_hand_crop
from palmbench.training.measures import measure_held_out
from palmbench.training.settings import NETWORKS, CCNetTraining, EEHNetTraining, read_settings
from palmbench.training.training import plan_training
from recognizers.common.errors import RequestError
from recognizers.networks.eehnet_settings import COMPACT, FULL
from recognizers.training import loop

SMALL = ["dataset.identities=4", "training.widths=compact", "executor.workers=1", "executor.devices=cpu"]


class Done(NamedTuple):
    """A command that was run: its status and what it printed."""

    status: int
    out: str
    err: str


def palmbench(*words: str) -> Done:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(list(words))
    return Done(status, out.getvalue(), err.getvalue())


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("results")


@pytest.fixture(scope="module")
def command(results: Path) -> list[str]:
    return ["train", "ccnet", *SMALL, "training.epochs=4", "training.checkpoint_minutes=0", f"results_dir={results}"]


@pytest.fixture(scope="module")
def trained(command: list[str]) -> Done:
    return palmbench(*command)


def folder(results: Path) -> Path:
    """Folder of the module's training: CCNet, closed set."""
    records = {path.parent: json.loads(path.read_text()) for path in (results / "train").glob("*/record.json")}
    wanted = ("ccnet", "samples")
    (only,) = (
        place for place, made in records.items() if (made["training"]["name"], made["training"]["split"]) == wanted
    )
    return only


def test_a_few_epochs_learn_and_leave_weights_to_use(trained: Done, results: Path) -> None:
    assert trained.status == 0, trained.err
    made = folder(results)
    assert {path.name for path in made.iterdir()} == {
        "last.safetensors", "best.safetensors", "checkpoint.pt", "checkpoint.before.pt", "log.csv",
        "record.json",
    }  # fmt: skip
    record = json.loads((made / "record.json").read_text())
    assert record["held_out"]["eer"] < 0.6 * record["untrained"]["eer"]
    assert record["photos"] == {"train": 8, "held_out": 8}
    held_out = record["held_out"]
    assert held_out["counts"] == {
        "samples": 8, "palms": 4, "pairs": {"genuine": 4, "impostor": 24},
        "gallery": 8, "gallery_pairs": {"genuine": 16, "impostor": 48},
    }  # fmt: skip
    for name, (low, high) in held_out["intervals"].items():
        assert 0 <= low <= held_out[name] <= high <= 1
    lines = trained.out.splitlines()
    assert [line.split("  ")[0] for line in lines if line.startswith("epoch")] == [f"epoch {n}/4" for n in range(1, 5)]
    assert all(word in lines[1] for word in ("loss", "rate 1.00e-03", "accuracy", "min", "held-out EER"))
    assert lines[-1] == f"Use it: palmbench recognizer=ccnet recognizer.weights={made / 'last.safetensors'}"
    assert "EER is of their 4 genuine and 24 impostor pairs" in lines[0]
    shown = next(line for line in lines if "pairs of held-out photos" in line)
    assert "4 genuine and 24 impostor pairs, 8 photos of 4 palms" in shown
    low, high = held_out["intervals"]["eer"]
    assert f"% [{100 * low:.2f}, {100 * high:.2f}]" in shown
    assert f"{100 * record['held_out']['eer']:.2f} %" in shown
    assert f"{100 * record['untrained']['eer']:.2f} %" in shown


def test_the_record_agrees_with_the_recognizer_of_the_weight_file(trained: Done, results: Path) -> None:
    from palmbench.base.store import Store
    from palmbench.config.compose import compose_points
    from palmbench.engine.pipeline import dataset_of
    from palmbench.scoring import equal_error_rate, pair_kinds
    from palmbench.stages.prepare import Prepare
    from palmbench.stages.stage import Originals
    from palmbench.training.images import Cut

    (point,) = compose_points(["dataset.identities=4", f"results_dir={results}"])
    dataset = dataset_of(point)
    cut = Cut(Prepare.of(Originals(dataset.source, keep=True), point.detector, point.segmenter), "roi")
    held_out = [sample for sample in dataset.samples if sample.id.endswith(("2", "3"))]
    rois = np.stack([cut.load(sample, Store(results / "store"))["image"] for sample in held_out])
    recognizer = recognizers.load("ccnet", weights=str(folder(results) / "last.safetensors"))
    templates = recognizer.extract(rois)
    palms = [sample.identity for sample in held_out]
    distances, kinds = recognizers.pairwise(recognizer, templates), pair_kinds(palms)
    record = json.loads((folder(results) / "record.json").read_text())["held_out"]
    rate = equal_error_rate(distances[kinds.genuine], distances[kinds.impostor]).rate
    assert rate == pytest.approx(record["eer"], abs=0.02)
    named = [recognizer.identities[label] for label in recognizer.classify(templates)]
    assert np.mean([a == b for a, b in zip(named, palms, strict=True)]) == pytest.approx(record["acc_cls"], abs=0.09)


def test_a_finished_training_says_so_and_does_nothing(trained: Done, command: list[str], results: Path) -> None:
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder(results).iterdir()}
    again = palmbench(*command)
    assert again.status == 0
    assert again.out.splitlines()[0] == f"{folder(results)}: this training is finished."
    assert "epoch" not in again.out and again.out.splitlines()[1:] == trained.out.splitlines()[-6:]
    assert {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder(results).iterdir()} == before


def test_stopped_and_started_again_it_ends_with_the_same_weights(
    trained: Done, command: list[str], results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = tmp_path / "whole"
    shutil.copytree(folder(results), whole)
    shutil.rmtree(folder(results))
    train = loop.train

    def interrupted(*given, tell, **named):  # type: ignore[no-untyped-def]
        def stop(epoch):  # type: ignore[no-untyped-def]
            tell(epoch)
            if epoch.epoch == 3:
                raise KeyboardInterrupt

        return train(*given, tell=stop, **named)

    with monkeypatch.context() as patch:
        patch.setattr(loop, "train", interrupted)
        stopped = palmbench(*command)
    assert stopped.status == 130 and "the same command goes on from here" in stopped.err
    resumed = palmbench(*command)
    assert resumed.status == 0
    assert [line[:9] for line in resumed.out.splitlines() if line.startswith("epoch")] == ["epoch 3/4", "epoch 4/4"]
    for name in ("last.safetensors", "best.safetensors"):
        assert (folder(results) / name).read_bytes() == (whole / name).read_bytes()
    ends = [json.loads((place / "record.json").read_text()) for place in (whole, folder(results))]
    assert ends[0]["held_out"] == ends[1]["held_out"] and ends[0]["untrained"] == ends[1]["untrained"]


def test_other_palms_are_held_out_whole_and_hands_are_shared(trained: Done, command: list[str], results: Path) -> None:
    done = palmbench(*command, "training.split=identities", "training.held_out=0.34", "training.rate=0.0005")
    assert done.status == 0, done.err
    assert "learns 2 palms of synth from 8 photos; 8 photos of 2 palms are held out" in done.out
    assert "16 reused, 0 computed" in done.err
    assert "acc_cls" not in done.out and "training photos" not in done.out


def test_eehnet_trains_by_the_same_command(trained: Done, results: Path) -> None:
    words = [word.replace("identities=4", "identities=2") for word in SMALL]
    phases = ["training.epochs=2", "training.alignment=1", "training.batch=4"]
    done = palmbench("train", "eehnet", *words, *phases, f"results_dir={results}")
    assert done.status == 0, done.err
    assert done.out.splitlines()[0].startswith("eehnet (reconstruction), compact, ")
    again = palmbench("train", "eehnet", *words, *phases, f"results_dir={results}")
    for out in (done.out, again.out):  # its numbers are never without it
        assert "\neehnet (reconstruction):\nheld-out EER" in out
    path = done.out.splitlines()[-1].partition("recognizer.weights=")[2]
    recognizer = recognizers.load("eehnet", weights=path)
    assert recognizer.identities == ("0000", "0001")
    assert recognizer.settings()["variant"] == "compact"


@pytest.mark.parametrize("side", ["left", "right"])
def test_landmarks_of_a_hand_crop_are_where_the_crop_shows_them(side: str) -> None:
    random = np.random.default_rng(1)
    keypoints = random.uniform((90, 60), (230, 330), (21, 2)).astype(np.float32)
    point = keypoints[5].round()
    photo = np.zeros((400, 300, 3), np.uint8)
    photo[int(point[1]) - 2 : int(point[1]) + 3, int(point[0]) - 2 : int(point[0]) + 3] = 255
    box = np.array([*keypoints.min(axis=0), *keypoints.max(axis=0)], np.float32)
    hand = Hand(1.0, box, side, keypoints, np.zeros((21, 3)), keypoints[:2], np.zeros((400, 300), bool))
    bright = recognition_hand(photo, hand)[..., 0].astype(float)
    rows, columns = np.indices(bright.shape)
    shown = np.array([(columns * bright).sum(), (rows * bright).sum()]) / bright.sum()
    np.testing.assert_allclose(in_hand_crop(point, hand), shown, atol=0.05)


def test_what_is_measured_of_held_out_photos_by_hand() -> None:
    turn = np.deg2rad

    def at(*degrees: float) -> np.ndarray:
        return np.array([(np.cos(turn(each)), np.sin(turn(each))) for each in degrees], np.float32)

    test, palms = at(0, 40, 90, 100), np.array(["a", "a", "b", "b"])
    gallery, gallery_palms = at(10, 75), np.array(["a", "b"])
    found = measure_held_out(lambda images: images, test, palms, gallery, gallery_palms, at(20, 95), ["a", "b"])
    # Genuine pairs are 40 and 10 degrees apart, impostor pairs 90, 100, 50 and 60.
    assert found.eer == 0
    # Against the gallery: genuine 10, 30, 15, 25; impostor 75, 35, 80, 90.
    assert (found.eer_gallery, found.acc_nn, found.acc_cls) == (0, 1, 1)
    worse = measure_held_out(
        lambda images: images, at(0, 70, 90, 100), palms, gallery, gallery_palms, at(20, 95), ["a", "b"]
    )
    # Genuine 70 and 10, impostor 90, 100, 20, 30: at any threshold from 30 to 70 half of the impostors are in.
    assert worse.eer == pytest.approx(0.5)
    assert (worse.acc_nn, worse.acc_cls) == (0.75, 0.75)
    disjoint = measure_held_out(lambda images: images, at(0, 70, 90, 100), palms, gallery, gallery_palms, None, [])
    assert (disjoint.acc_nn, disjoint.acc_cls, disjoint.eer_gallery) == (0.75, None, None)


def test_intervals_are_those_of_a_bootstrap_over_palms() -> None:
    from palmbench.scoring import bootstrap, mean_interval
    from palmbench.scoring.intervals import interval

    random = np.random.default_rng(3)
    palms = np.repeat([f"palm {n}" for n in range(12)], 2)
    middles = random.normal(size=(12, 6)).repeat(2, axis=0)
    test, gallery = ((middles + random.normal(0, 0.9, middles.shape)).astype(np.float32) for _ in range(2))
    test, gallery = (each / np.linalg.norm(each, axis=1, keepdims=True) for each in (test, gallery))
    centres = middles[::2].astype(np.float32)
    found = measure_held_out(lambda images: images, test, palms, gallery, palms, centres, sorted(set(palms)), seed=5)
    rows, columns = np.triu_indices(24, 1)
    apart = np.arccos(np.clip((test[rows] * test[columns]).sum(axis=1), -1, 1)) / np.pi
    by_hand = interval(bootstrap(apart, palms, np.random.default_rng(5)).eer)
    np.testing.assert_allclose(found.intervals["eer"], by_hand, atol=1e-6)
    assert by_hand.lo < found.eer < by_hand.hi
    # Against the gallery a replicate weighs each pair by how often its two palms were drawn.
    across = np.arccos(np.clip(test @ gallery.T, -1, 1)) / np.pi
    draws = np.random.default_rng(5).multinomial(12, np.full(12, 1 / 12), size=1000)
    names = np.unique(palms, return_inverse=True)[1]
    rates = [weighted_error(across, names, draw) for draw in draws]
    expected = np.quantile([rate for rate in rates if rate is not None], [0.025, 0.975])
    np.testing.assert_allclose(found.intervals["eer_gallery"], expected, atol=0.01)
    hits = np.array([names[row.argmin()] == name for row, name in zip(across, names, strict=True)])
    np.testing.assert_allclose(found.intervals["acc_nn"], mean_interval(hits, palms, np.random.default_rng(5)))
    assert found.counts.pairs == (12, 264) and found.counts.gallery_pairs == (48, 528)


def weighted_error(distances: np.ndarray, names: np.ndarray, draw: np.ndarray) -> float | None:
    """Equal error rate of distances (n, n) between two lists of the same palms, each drawn so many times."""
    weights, same = draw[names], names[:, None] == names
    # Copies of one palm make genuine pairs of one drawing only.
    genuine, impostor = np.where(same, weights[:, None], 0), np.where(same, 0, np.outer(weights, weights))
    if not genuine.sum() or not impostor.sum():
        return None
    order = np.argsort(distances, axis=None)
    rejected = 1 - np.cumsum(genuine.ravel()[order]) / genuine.sum()
    accepted = np.cumsum(impostor.ravel()[order]) / impostor.sum()
    place = int(np.abs(rejected - accepted).argmin())
    return float(rejected[place] + accepted[place]) / 2


def test_one_palm_has_no_interval() -> None:
    test = np.eye(3, dtype=np.float32)
    found = measure_held_out(
        lambda images: images, test, np.array(["a"] * 3), test, np.array(["a"] * 3), test[:1], ["a"]
    )
    assert (found.eer, found.eer_gallery, found.acc_nn) == (None, None, 1)
    assert set(found.intervals.values()) == {None}
    assert found.counts.pairs == (3, 0)


def test_defaults_are_the_published_schedule() -> None:
    training, run = read_settings("ccnet", ["dataset=synth"]) or (None, None)
    assert training == CCNetTraining()
    assert (training.epochs, training.batch, training.rate) == (3000, 1024, 0.001)
    assert (training.rate_step, training.rate_factor, training.contrast) == (500, 0.8, 0.2)
    assert (training.widths, training.split) == ("full", "samples")
    assert run is not None and run.dataset.name == "synth"


def test_every_network_documents_every_setting() -> None:
    for network in NETWORKS:
        shown = palmbench("train", network, "--help")
        assert shown.status == 0
        training, _ = read_settings(network, []) or (None, None)
        for name in vars(training):
            assert name in ("name", "network") or f"  training.{name}=" in shown.out
        assert all("#" in line for line in shown.out.splitlines()[1:-1])
    for name, value in FULL.as_json().items():
        (line,) = (line for line in shown.out.splitlines() if line.startswith(f"  training.network.{name}=null "))
        assert f"(null = {json.dumps(value)}".replace(" ", "").replace('"', "") in line.replace(" ", "")
    assert (read_settings("eehnet", []) or (None,))[0] == EEHNetTraining(epochs=65, batch=128, rate_factor=1.0)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "train needs the network to train, as in `palmbench train ccnet dataset=iitd`"),
        (["ccnt"], "there is no network ccnt to train; did you mean ccnet?"),
        (["ccnet", "training.epohs=3"], "not a setting of `train ccnet`; did you mean training.epochs?"),
        (["ccnet", "training.margin=1"], "training.margin is not a setting"),
        (["ccnet", "training.epochs=0"], "training.epochs must be"),
        (["ccnet", "training.split=half"], "training.split must be samples or identities, not half"),
        (["ccnet", "training.epochs"], "training.epochs=VALUE"),
        (["ccnet", "training.epochs=1", "training.epochs=2"], "training.epochs is set twice; keep one"),
        (["ccnet", "training.network.palm_side=8"], "training.network.palm_side is not a setting"),
        (["eehnet", "training.network.palm_sid=8"], "did you mean training.network.palm_side?"),
        (["eehnet", "training.network.palm_side=4"], "training.network.palm_side must be"),
        (["eehnet", "training.network.finger_size=8"], "as in training.network.finger_size=[1,1], not 8"),
        (["eehnet", "training.network=big"], "training.network is not a setting"),
        (["eehnet", "training.changes=eeprnet", "training.turn=5"], "training.turn is a limit of"),
        (["ccnet", "training=compact"], "the network to train is named after the verb"),
        (["ccnet", "method=blur"], "method is not part of a training"),
        (["ccnet", "recognizer.weights=x"], "recognizer.weights is not part of a training"),
        (["ccnet", "dataset.samples=2,4"], "train makes one network at a time"),
        (["ccnet", "dataset=iitd", "data_dir=nowhere"], "nowhere/iitd"),
        (["ccnet", "dataset.samples=1"], "the second view is another photo of the same palm"),
        (["ccnet", "training.train_samples=4"], "No photo is held out"),
        (["ccnet", "training.split=identities", "dataset.identities=2"], "needs palms of two persons or more"),
        (["eehnet", "training.backbone_weights=nowhere.pth"], "there is no file nowhere.pth"),
    ],
)  # fmt: skip
def test_what_cannot_be_met_is_said_in_a_sentence(words: list[str], sentence: str, tmp_path: Path) -> None:
    places = [f"results_dir={tmp_path / 'results'}"] if words else []
    done = palmbench("train", *words, *places)
    assert done.status == 2
    assert sentence in done.err and "Traceback" not in done.err
    assert not (tmp_path / "results").exists()


def key_of(*words: str) -> str:
    return plan_training(*read_settings("eehnet", list(words))).key


def test_settings_that_change_nothing_leave_the_key_of_a_training() -> None:
    usual = key_of()
    same = ["training.turn=12", "training.network.palm_side=112"]  # the usual values
    assert key_of(*same) == usual
    others = ["training.turn=13", "training.localiser_held=2", "training.localiser_start=random",
              "training.network.palm_side=96", "training.network.palm_rows=[0.1,0.4,0.7]",
              "training.network.arc_scale=64", "training.network.mean=[1,2,3]"]  # fmt: skip
    assert len({usual, *map(key_of, others)}) == 1 + len(others)


def test_backbones_may_have_a_file_each(tmp_path: Path) -> None:
    (tmp_path / "vgg16.pth").write_bytes(b"one")
    one = f"training.backbone_weights={tmp_path / 'vgg16.pth'}"
    assert len({key_of(), key_of(one), key_of(one, "training.frozen=3")}) == 3
    mixed = "training.network.palm=resnet18"
    with pytest.raises(RequestError, match="is one file, and the network has the backbones resnet18, vgg16"):
        key_of(one, mixed)
    folder = f"training.backbone_weights={tmp_path}"
    with pytest.raises(RequestError, match=r"has no file for resnet18; it needs one, as resnet18\.pth"):
        key_of(folder, mixed)
    (tmp_path / "resnet18.safetensors").write_bytes(b"two")
    assert key_of(folder, mixed) != key_of(mixed)
    assert key_of(folder) == key_of(one)


def test_the_network_is_set_from_the_command_line() -> None:
    training, _ = read_settings(
        "eehnet",
        ["training.widths=compact", "training.network.finger_size=[96,24]", "training.network.batch_norm=false"],
    ) or (None, None)
    assert training.network == replace(COMPACT, finger_size=(96, 24), batch_norm=False)


def test_how_a_training_is_watched_does_not_change_which_it_is(trained: Done, command: list[str]) -> None:
    again = palmbench(*command, "training.measure_every=1")
    assert "finished" in again.out

"""Training of learned recognizers: which photos learn, what a batch is, and that a killed training ends the same."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

import recognizers
from palmbench.scoring import equal_error_rate, pair_kinds
from recognizers.common.errors import RequestError
from recognizers.networks.ccnet import normalised
from recognizers.networks.checkpoint import metadata, read_state
from recognizers.training.batches import batches
from recognizers.training.ccnet import CCNetRecipe, standardise
from recognizers.training.loop import Epoch, Schedule, train
from recognizers.training.recipe import Photos
from recognizers.training.splits import by_identities, by_samples, with_mates

PALMS = [f"palm {label}" for label in range(6)]


@pytest.fixture(scope="module")
def rois() -> np.ndarray:
    """ROIs (6 palms, 4 photos, 128, 128): smooth lines of each palm, shifted, in another light, with grain."""
    random = np.random.default_rng(5)
    across = np.arange(160)
    photos = []
    for _ in PALMS:
        lines = np.zeros((160, 160))
        for _ in range(10):
            angle, place, width = random.uniform(0, np.pi), random.uniform(-70, 70), random.uniform(1, 3)
            away = (across[:, None] - 80) * np.cos(angle) + (across[None] - 80) * np.sin(angle) - place
            lines -= 60 * np.exp(-((away / width) ** 2))
        for _ in range(4):
            top, left = random.integers(12, 20, 2)
            photo = 170 * random.uniform(0.8, 1.1) + lines[top : top + 128, left : left + 128]
            photos.append(photo + random.normal(0, 6, (128, 128)))
    return np.clip(photos, 1, 255).astype(np.uint8).reshape(len(PALMS), 4, 128, 128)


@pytest.fixture(scope="module")
def photos(rois) -> Photos:
    """The first two photos of each palm."""
    return Photos(rois[:, :2].reshape(-1, 128, 128), np.repeat(np.arange(len(PALMS)), 2))


def recipe(start: str = "standardised") -> CCNetRecipe:
    torch.manual_seed(0)
    return CCNetRecipe(len(PALMS), "compact", start=start)


def learn(photos, folder, epochs=2, **options) -> tuple[CCNetRecipe, list[Epoch]]:
    made = recipe()
    made.start(photos)
    schedule = Schedule(epochs=epochs, batch=8, **options)
    return made, train(made, photos, PALMS, schedule, folder)


@pytest.fixture(scope="module")
def trained(photos, tmp_path_factory) -> Path:
    """The folder of a training of three epochs, a checkpoint after each."""
    folder = tmp_path_factory.mktemp("trained") / "training"
    learn(photos, folder, epochs=3, checkpoint_minutes=0)
    return folder


def test_the_first_half_of_each_palms_photos_trains_as_in_the_authors_lists():
    split = by_samples(["a"] * 5 + ["b"] * 20)
    assert split.train.tolist() == [0, 1, 2, *range(5, 15)]
    assert split.test.tolist() == [3, 4, *range(15, 25)]
    assert by_samples(["a", "b", "a", "b", "a"], train_samples=2).train.tolist() == [0, 1, 2, 3]


def test_both_hands_of_a_person_are_on_one_side():
    identities = [f"{hand:02d}" for hand in range(20) for _ in range(3)]
    persons = [f"p{hand // 2}" for hand in range(20) for _ in range(3)]
    split = by_identities(identities, persons, 0.2, seed=0)
    sides = [{persons[i] for i in side.tolist()} for side in split]
    assert not sides[0] & sides[1] and len(sides[1]) == 2
    assert len(split.train) + len(split.test) == 60
    backwards = by_identities(identities[::-1], persons[::-1], 0.2, seed=0)
    assert {persons[::-1][i] for i in backwards.test.tolist()} == sides[1]
    assert any({persons[i] for i in by_identities(identities, persons, 0.2, s).test} != sides[1] for s in range(1, 5))


def test_a_palm_with_one_training_photo_is_left_out():
    split = by_samples(["a", "a", "a", "b", "b"])
    paired = with_mates(split, ["a", "a", "a", "b", "b"], closed=True)
    assert (paired.train.tolist(), paired.test.tolist()) == ([0, 1], [2])
    assert with_mates(split, ["a", "a", "a", "b", "b"], closed=False).test.tolist() == [2, 4]


def test_an_epoch_shows_every_photo_once_and_beside_it_another_one_of_its_palm():
    class Numbers:
        """Views that say which photo they show."""

        def view(self, photos, index, random, epoch):
            return (np.array(index),)

    labels = np.array([0, 0, 0, 1, 1, 2, 2])
    photos = Photos(np.zeros((7, 1, 1), np.uint8), labels)
    made = list(batches(Numbers(), photos, range(2), 3, seed=4))
    assert [len(batch.labels) for batch in made] == [3, 3, 1] * 2
    assert [batch.last for batch in made] == [False, False, True] * 2
    for epoch in (0, 1):
        parts = [batch for batch in made if batch.epoch == epoch]
        first = np.concatenate([batch.views[0][: len(batch.labels)] for batch in parts])
        second = np.concatenate([batch.views[0][len(batch.labels) :] for batch in parts])
        assert sorted(first) == list(range(7))
        assert (labels[first] == labels[second]).all() and (first != second).all()
        assert (labels[first] == np.concatenate([batch.labels for batch in parts])).all()
    assert not np.array_equal(made[0].views[0], made[3].views[0])
    later = list(batches(Numbers(), photos, range(1, 2), 3, seed=4, threads=3))
    assert all(torch.equal(a.views[0], b.views[0]) for a, b in zip(made[3:], later, strict=True))


def test_the_second_view_is_contrasted_and_not_classified(photos):
    made = recipe()
    made.network.eval()
    labels = torch.tensor([0, 3, 5])
    first, second = (torch.from_numpy(photos.images[[row, 6 + row, 10 + row]]) for row in (0, 1))
    step = made.step((torch.cat([first, second]),), labels, 0)
    logits, features = made.network(normalised(first), labels)
    _, others = made.network(normalised(second), labels)
    logits, features, others = logits.detach(), features.detach(), others.detach()
    cosines = (torch.cat([features, others]) @ torch.cat([features, others]).T / 0.07).double()
    contrast = 0.0
    for anchor in range(6):
        rest = [j for j in range(6) if j != anchor]
        contrast -= float(cosines[anchor, (anchor + 3) % 6] - cosines[anchor, rest].logsumexp(0)) / 6
    entropy = -logits.log_softmax(1)[range(3), labels].mean()
    assert step.loss.item() == pytest.approx(0.8 * entropy.item() + 0.2 * contrast, rel=1e-4)
    assert step.correct == int((logits.argmax(1) == labels).sum())


def test_the_rate_falls_by_a_fifth_every_500_epochs():
    schedule = Schedule()
    assert (schedule.epochs, schedule.batch) == (3000, 1024)
    rates = [schedule.rate_at(epoch) for epoch in (0, 499, 500, 2999)]
    assert rates == pytest.approx([1e-3, 1e-3, 0.8e-3, 0.8**5 * 1e-3])


def test_standardised_features_have_mean_zero_and_deviation_one(photos):
    network = recipe("published").network
    standardise(network, photos.images)
    with torch.no_grad():
        features = network.features(normalised(torch.from_numpy(photos.images)))
    assert len(features) == 6
    for maps in features:
        deviation, mean = torch.std_mean(maps, dim=(0, 2, 3))
        torch.testing.assert_close(mean, torch.zeros(8), atol=1e-3, rtol=0)
        torch.testing.assert_close(deviation, torch.ones(8), atol=1e-3, rtol=0)


def test_a_few_epochs_tell_held_out_photos_apart(photos, rois, tmp_path):
    held_out, labels = rois[:, 2:].reshape(-1, 128, 128), np.repeat(np.arange(len(PALMS)), 2)
    kinds = pair_kinds(labels)

    def error(templates: np.ndarray) -> float:
        distances = np.arccos(np.clip(templates @ templates.T, -1, 1))[np.triu_indices(len(labels), 1)]
        return equal_error_rate(distances[kinds.genuine], distances[kinds.impostor]).rate

    new = recipe()
    new.start(photos)
    with torch.no_grad():
        untrained = error(new.embed(torch.from_numpy(held_out)).numpy())
    _, log = learn(photos, tmp_path, epochs=6)
    assert [row.epoch for row in log] == list(range(1, 7))
    assert log[-1].loss < 0.6 * log[0].loss
    recognizer = recognizers.load("ccnet", weights=str(tmp_path / "last.safetensors"))
    templates = recognizer.extract(held_out)
    assert error(templates) < 0.5 * untrained
    assert recognizer.identities == tuple(PALMS)
    assert (recognizer.classify(templates) == labels).mean() > 2 / len(PALMS)


def test_a_killed_training_goes_on_to_the_same_weights(photos, trained, tmp_path):
    class Killed(Exception):
        pass

    def kill(row: Epoch) -> None:
        if row.epoch == 2:
            raise Killed

    made = recipe()
    made.start(photos)
    schedule = Schedule(epochs=3, batch=8, checkpoint_minutes=0)
    with pytest.raises(Killed):  # in its second epoch, after the first one's checkpoint
        train(made, photos, PALMS, schedule, tmp_path / "killed", tell=kill)
    assert not (tmp_path / "killed" / "last.safetensors").exists()
    told: list[int] = []
    again = recipe("published")  # whatever it starts as, the checkpoint counts
    train(again, photos, PALMS, schedule, tmp_path / "killed", tell=lambda row: told.append(row.epoch))
    assert told == [2, 3]
    for name in ("last.safetensors", "best.safetensors"):
        kept, gone_on = ((folder / name).read_bytes() for folder in (trained, tmp_path / "killed"))
        assert kept == gone_on
    logs = [(folder / "log.csv").read_text().splitlines() for folder in (trained, tmp_path / "killed")]
    assert [line.rsplit(",", 1)[0] for line in logs[0]] == [line.rsplit(",", 1)[0] for line in logs[1]]
    assert logs[0][0] == "epoch,loss,accuracy,rate,eer,minutes" and len(logs[0]) == 4


def test_the_best_weights_are_those_of_the_highest_training_accuracy(photos, tmp_path):
    class Told(CCNetRecipe):
        """A network that is told how many it got right."""

        def step(self, views, labels, epoch):
            return super().step(views, labels, epoch)._replace(correct=(1, 6, 6, 2)[epoch])

    torch.manual_seed(0)
    made, states = Told(len(PALMS), "compact"), []

    def keep(row: Epoch) -> None:
        states.append({name: value.clone() for name, value in made.network.state_dict().items()})

    log = train(made, photos, PALMS, Schedule(epochs=4, batch=99), tmp_path, tell=keep)
    assert [row.accuracy for row in log] == pytest.approx([1 / 12, 0.5, 0.5, 2 / 12])
    best, last = (read_state(tmp_path / f"{name}.safetensors") for name in ("best", "last"))
    assert torch.equal(best["fc.weight"], states[2]["fc.weight"])  # of equal ones the latest
    assert torch.equal(last["fc.weight"], states[3]["fc.weight"])
    assert not torch.equal(best["fc.weight"], last["fc.weight"])


def test_the_weight_file_says_what_it_is(trained):
    notes = metadata(trained / "last.safetensors")
    assert (notes["network"], notes["variant"]) == ("ccnet", "compact")
    assert json.loads(notes["identities"]) == PALMS
    assert read_state(trained / "last.safetensors")["arclayer_.weight"].shape == (6, 128)


def test_mixed_precision_learns_in_bfloat16_and_keeps_float32_weights(photos, tmp_path):
    made, log = learn(photos, tmp_path, epochs=2, precision="bfloat16")
    assert np.isfinite([row.loss for row in log]).all()
    assert all(value.dtype == torch.float32 for value in made.network.state_dict().values())


def test_a_palm_with_a_single_photo_is_refused(rois, tmp_path):
    photos = Photos(rois[:2, :2].reshape(-1, 128, 128)[:3], np.array([0, 0, 1]))
    with pytest.raises(ValueError, match="1 palms have fewer than two photos"):
        train(recipe(), photos, PALMS, Schedule(epochs=1), tmp_path)


def test_a_loss_that_is_no_number_is_said(photos, tmp_path):
    made = recipe()
    with torch.no_grad():
        made.network.fc.bias.fill_(float("nan"))
    with pytest.raises(RequestError, match=r"not a number any more in epoch 1; train with a lower training\.rate"):
        train(made, photos, PALMS, Schedule(epochs=1), tmp_path)


def epochs_left(photos, folder) -> list[int]:
    """Epochs that a training of three goes through in a folder."""
    told: list[int] = []
    made = recipe()
    made.start(photos)
    schedule = Schedule(epochs=3, batch=8, checkpoint_minutes=0)
    train(made, photos, PALMS, schedule, folder, tell=lambda row: told.append(row.epoch))
    return told


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("damaged", "left"),
    [([], []), (["checkpoint.pt"], [3]), (["checkpoint.pt", "checkpoint.before.pt"], [1, 2, 3])],
    ids=["whole", "the newest damaged", "both damaged"],
)
def test_a_damaged_checkpoint_is_said_and_never_gone_on_from(photos, trained, tmp_path, capsys, damaged, left):
    folder = tmp_path / "training"
    shutil.copytree(trained, folder)
    expected = [(folder / name).read_bytes() for name in ("last.safetensors", "best.safetensors")]
    for name in damaged:
        flip(folder / name)
    # A damaged weight file is written anew from what the checkpoint holds.
    for name in ("last.safetensors", "best.safetensors"):
        flip(folder / name)
    assert epochs_left(photos, folder) == left
    assert [(folder / name).read_bytes() for name in ("last.safetensors", "best.safetensors")] == expected
    said = capsys.readouterr().err
    assert [said.count(f"{folder / name} is damaged") for name in damaged] == [1] * len(damaged)
    assert bool(said) == bool(damaged)


def test_a_checkpoint_of_another_training_is_not_gone_on_from(photos, tmp_path):
    learn(photos, tmp_path / "one", epochs=2)
    (tmp_path / "other").mkdir()
    shutil.copy(tmp_path / "one" / "checkpoint.pt", tmp_path / "other" / "checkpoint.pt")
    assert epochs_left(photos, tmp_path / "one") == [3]
    assert epochs_left(photos, tmp_path / "other") == [1, 2, 3]

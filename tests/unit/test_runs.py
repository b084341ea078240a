"""`python -m nin_course train` leaves a record that can be checked and made again."""

import hashlib
import json
import shlex

import pytest
import torch

import nin_course as d2l
from nin_course import files, runs
from nin_course.__main__ import main
from nin_course.data import LABELS
from nin_course.files import sample_hashes
from nin_course.recipe import NETS, PRESETS, Recipe, build, load, preset, train
from nin_course.runs import run


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run of the smoke preset: one epoch of the laptop's recipe. Ten seeds of all eight: benchmarks/results.md."""
    out = tmp_path_factory.mktemp("runs") / "first"
    assert main(["train", "--preset", "smoke", "--out", str(out)]) == 0
    return out


def test_one_epoch_of_the_sample_is_enough_to_tell_every_class_from_the_others(folder):
    card = json.loads((folder / "card.json").read_text())
    assert card["accuracy"] > 0.75
    assert card["never_said"] == []
    assert json.loads((folder / "history.jsonl").read_text().splitlines()[-1])["health"].startswith("dead classes 0,")


def test_the_card_tells_what_was_done_and_the_weights_are_as_good_as_it_says(folder):
    card = json.loads((folder / "card.json").read_text())
    assert card["recipe"] == vars(preset("smoke"))
    assert card["data_sha256"] == sample_hashes()
    assert card["weights_sha256"] == hashlib.sha256((folder / "weights.pt").read_bytes()).hexdigest()
    assert card["notes_epochs"] == pytest.approx(10_000 * 46_337_536 / (60_000 * 762_297_352), abs=1e-4)
    assert card["made_on"]["versions"]["torch"] == torch.__version__
    net = d2l.nin_small()
    net.load_state_dict(torch.load(folder / "weights.pt", weights_only=True), strict=True)
    _, test_iter = d2l.load_data_fashion_mnist(500, sample=True, normalize=True)
    assert d2l.evaluate_accuracy(test_iter, net) == pytest.approx(card["accuracy"], abs=0.001)
    assert sum(map(sum, card["confusion"])) == 2000
    assert card["accuracy"] == pytest.approx(sum(card["per_class"].values()) / 10, abs=1e-4)


def test_the_history_has_a_line_for_the_run_each_look_and_each_epoch(folder):
    begun, *lines = map(json.loads, (folder / "history.jsonl").read_text().splitlines())
    assert (begun["seed"], begun["stopped"], begun["recipe"]["lr"]) == (0, False, 0.004)
    assert [line["step"] for line in lines if "step" in line] == [50, 100, 150, 157]
    (epoch,) = (line for line in lines if "epoch" in line)
    assert {"loss", "train_acc", "seconds", "images_per_second", "health"} <= set(epoch)


def test_a_second_call_with_resume_goes_on_and_a_finished_run_is_not_trained_again(folder):
    before = (folder / "weights.pt").read_bytes()
    assert main(["train", "--preset", "smoke", "--resume", "--out", str(folder)]) == 0
    assert torch.load(folder / "checkpoint.pt", weights_only=True)["steps"]["step"] == 157
    assert (folder / "weights.pt").read_bytes() == before


def test_fields_can_be_changed_and_with_images_held_out_the_test_images_are_not_read(tmp_path, monkeypatch):
    read = []
    original = files.read_split
    monkeypatch.setattr(files, "read_split", lambda *a: read.append(a[1]) or original(*a))
    changes = ["--size", "16", "--lr", "0.003", "--no-flip", "--shift", "2", "--held-out", "900"]
    assert main(["train", "--preset", "smoke", *changes, "--out", str(tmp_path)]) == 0
    card = json.loads((tmp_path / "card.json").read_text())
    assert card["recipe"] == vars(preset("smoke", size=16, lr=0.003, flip=False, shift=2))
    assert card["measured_on"].startswith("9,000 held-out training images")
    assert shlex.split(card["command"])[:4] == ["python", "-m", "nin_course", "train"]
    assert shlex.join(changes) in card["command"]
    assert read == ["train"]


def test_another_recipe_is_not_resumed_as_if_it_were_the_same(folder, capsys):
    assert main(["train", "--preset", "smoke", "--lr", "0.003", "--resume", "--out", str(folder)]) == 1
    assert "had another recipe" in capsys.readouterr().err


def test_a_run_that_was_stopped_has_a_history_and_no_card_and_goes_on(tmp_path, capsys, monkeypatch):
    few = load(preset("smoke"))[0]
    few.dataset.images, few.dataset.labels = few.dataset.images[:640], few.dataset.labels[:640]
    monkeypatch.setattr("nin_course.runs.load", lambda *_, **__: (few, few))

    class Stop:
        stop = False

        def __call__(self, history):
            self.stop = len(history.loss) == 1

    recipe = preset("smoke", net="nin_small_dense", epochs=2)
    assert run(recipe, tmp_path, "", device="cpu", callbacks=[Stop()], progress=False) == {}
    first = json.loads((tmp_path / "history.jsonl").read_text().splitlines()[0])
    assert first["stopped"]
    assert not (tmp_path / "card.json").exists()
    assert run(recipe, tmp_path, "again", device="cpu", resume=True, progress=False)["command"] == "again"
    lines = [json.loads(line) for line in (tmp_path / "history.jsonl").read_text().splitlines()]
    assert not lines[0]["stopped"]
    assert [line["epoch"] for line in lines if "epoch" in line] == [1, 2]
    d2l.nin_small(head="dense").load_state_dict(torch.load(tmp_path / "weights.pt", weights_only=True))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--size", "48", "--net", "nin_wide", "--sample"], "Use at least 67 px"),
        (["--device", "gpu0"], "device='gpu0' does not work here"),
        (["--held-out", "1000", "--sample"], "would leave nothing to train on"),
    ],
)
def test_what_cannot_be_is_said_in_words(tmp_path, capsys, arguments, words):
    assert main(["train", "--preset", "smoke", *arguments, "--out", str(tmp_path)]) == 1
    assert words in capsys.readouterr().err


def test_a_presets_fields_can_be_changed():
    assert preset("notes", epochs=1) == Recipe(**vars(PRESETS["notes"]) | {"epochs": 1})
    with pytest.raises(ValueError, match="preset='fast' is not one of"):
        preset("fast")
    with pytest.raises(ValueError, match="A recipe has no speed; it has net,"):
        preset("laptop", speed=1)
    with pytest.raises(ValueError, match="net='vgg' is not one of"):
        build(Recipe(net="vgg"))


def test_the_notes_preset_is_the_notes_configuration():
    recipe = PRESETS["notes"]
    net = build(recipe)
    assert [tuple(p.shape) for p in net.parameters()] == [tuple(p.shape) for p in d2l.nin().parameters()]
    assert (recipe.size, recipe.batch_size, recipe.lr, recipe.weight_decay, recipe.epochs) == (224, 128, 0.002, 0, 5)
    assert not any((recipe.one_cycle, recipe.batch_norm, recipe.normalize, recipe.flip, recipe.shift, recipe.erase))


def test_a_card_adds_up_all_epochs_and_the_test_images_wait_until_the_end(tmp_path, monkeypatch):
    measured_in_training, looks = [], []

    def two_epochs(net, train_iter, valid_iter, **settings):
        measured_in_training.append(valid_iter)
        history = d2l.History("cpu", 0)
        for seconds in (3.0, 4.5):
            history.add_epoch(1.0, 0.5, None, seconds, 10.0)
        return history

    monkeypatch.setattr(runs, "fit", two_epochs)
    monkeypatch.setattr(runs, "measure", lambda net, data, name: looks.append((name, len(data.dataset))) or {})
    card = runs.run(preset("smoke", epochs=2), tmp_path, "the command", device="cpu", seed=3)
    assert (measured_in_training, looks) == ([None], [("test images", 2000)])
    assert (card["seconds"], card["seed"], card["command"]) == (7.5, 3, "the command")
    assert card["notes_epochs"] == pytest.approx(2 * 10_000 * 46_337_536 / (60_000 * 762_297_352), abs=1e-4)
    runs.run(preset("smoke", epochs=2), tmp_path / "held", "", device="cpu", held_out=5)
    assert len(measured_in_training[1].dataset) == 50
    assert looks[1] == ("held-out training images", 50)


def test_a_card_has_the_truth_in_rows_and_never_said_from_columns():
    said, truth = torch.tensor([1, 1, 2, 0, 2, 2]), torch.tensor([0, 0, 0, 2, 2, 1])
    found = runs.measure(torch.nn.Identity(), [(torch.nn.functional.one_hot(said, 10).float(), truth)], "images")
    assert [row[:3] for row in found["confusion"][:3]] == [[0, 2, 1], [0, 0, 1], [1, 0, 1]]
    assert found["never_said"] == LABELS[3:]
    assert found["accuracy"] == pytest.approx(1 / 6, abs=1e-6)
    assert list(found["per_class"].values())[:3] == [0.0, 0.0, 0.5]
    assert found["measured_on"] == "6 images, one forward pass each"


@pytest.mark.parametrize("name", NETS)
def test_every_net_of_a_recipe_is_built_and_takes_images_of_the_recipes_size(name):
    size = 28 if "small" in name else 224
    assert build(Recipe(net=name)).eval()(torch.zeros(1, 1, size, size)).shape == (1, 10)


def test_held_out_images_are_the_last_of_each_class_and_no_training_image_is_among_them():
    whole = d2l.load_data_fashion_mnist(100, sample=True)[0].dataset
    train_iter, held = d2l.load_data_fashion_mnist(100, sample=True, held_out=30)
    assert (len(train_iter.dataset), len(held.dataset)) == (9700, 300)
    for k in range(10):
        of_class = whole.images[whole.labels == k]
        assert torch.equal(train_iter.dataset.images[train_iter.dataset.labels == k], of_class[:-30])
        assert torch.equal(held.dataset.images[held.dataset.labels == k], of_class[-30:])


def test_only_training_images_are_augmented():
    train_iter, test_iter = load(preset("smoke"))
    assert train_iter.dataset.augment
    assert test_iter.dataset.augment is None


def test_the_same_seed_gives_the_same_network_and_another_seed_another():
    def weights(seed):
        train_iter, _ = load(preset("smoke"))
        data = train_iter.dataset
        data.images, data.labels = data.images[:192], data.labels[:192]
        net, _ = train(preset("smoke"), train_iter, seed=seed, progress=False)
        return net[0][0].weight

    assert torch.equal(weights(1), weights(1))
    assert not torch.equal(weights(1), weights(2))

"""`python -m nin_course train` leaves a record that can be checked and made again."""

import hashlib
import json
import os
import runpy
import shlex
import sys
from dataclasses import asdict, fields

import pytest
import torch
import torchvision
from test_budget import flops

import nin_course as d2l
from nin_course import files, runs
from nin_course.__main__ import main
from nin_course.data import LABELS
from nin_course.files import sample_hashes
from nin_course.lab import VARIANTS
from nin_course.recipe import NETS, PRESETS, Recipe, build, load, preset, train
from nin_course.runs import run

SMOKE = ["train", "--preset", "smoke", "--size", "12"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run of the smoke preset, one epoch of the laptop's recipe, at 12 px: a fifth of the arithmetic of 28.

    Ten seeds of the laptop's own run: benchmarks/results.md.
    """
    out = tmp_path_factory.mktemp("runs") / "first"
    assert main([*SMOKE, "--out", str(out)]) == 0
    return out


def test_one_epoch_of_the_sample_is_enough_to_tell_every_class_from_the_others(folder):
    card = json.loads((folder / "card.json").read_text())
    assert card["accuracy"] > 0.75
    assert card["never_said"] == []
    assert json.loads((folder / "history.jsonl").read_text().splitlines()[-1])["health"].startswith("dead classes 0,")


def test_the_weights_are_as_good_as_the_card_says(folder):
    card = json.loads((folder / "card.json").read_text())
    net = d2l.nin_small()
    net.load_state_dict(torch.load(folder / "weights.pt", weights_only=True), strict=True)
    _, test_iter = d2l.load_data_fashion_mnist(500, 12, sample=True, normalize=True)
    assert d2l.evaluate_accuracy(test_iter, net) == pytest.approx(card["accuracy"], abs=0.001)
    assert sum(map(sum, card["confusion"])) == 2000
    assert card["accuracy"] == pytest.approx(sum(card["per_class"].values()) / 10, abs=1e-4)


def test_the_history_has_a_line_for_each_look_and_each_epoch(folder):
    _, *lines = map(json.loads, (folder / "history.jsonl").read_text().splitlines())
    assert [line["step"] for line in lines if "step" in line] == [50, 100, 150, 157]
    assert [line["epoch"] for line in lines if "epoch" in line] == [1]


def test_a_second_call_with_resume_goes_on_and_a_finished_run_is_not_trained_again(folder):
    before = (folder / "weights.pt").read_bytes()
    assert main([*SMOKE, "--resume", "--out", str(folder)]) == 0
    assert torch.load(folder / "checkpoint.pt", weights_only=True)["steps"]["step"] == 157
    assert (folder / "weights.pt").read_bytes() == before


# ---- the command line -----------------------------------------------------------------------------------------------

CARD = {"what": "a network", "accuracy": 0.98761, "measured_on": "some images", "notes_epochs": 0.25, "seconds": 71.6}


@pytest.fixture
def runs_called(monkeypatch):
    """Instead of a training run: what `run` was asked for. Its answer is what was last put into "answer"."""
    called = {"answer": CARD}
    monkeypatch.setattr(runs, "run", lambda *a, **options: called.update(given=a, options=options) or called["answer"])
    return called


OTHER = dict(
    net="nin_wide", size=30, epochs=3, batch_size=17, lr=0.5, weight_decay=0.0, label_smoothing=0.1, shift=0, erase=7
)
FLAGS = [(f"--{name.replace('_', '-')} {value}", {name: value}) for name, value in OTHER.items()]
FLAGS += [
    (f"--{'' if value else 'no-'}{field.name.replace('_', '-')}", {field.name: value})
    for field in fields(Recipe)
    for value in (True, False)
    if isinstance(field.default, bool)
]


@pytest.mark.parametrize(("flag", "change"), FLAGS, ids=[flag for flag, _ in FLAGS])
def test_every_flag_changes_its_field_of_any_preset_and_no_other(flag, change, runs_called):
    for name in PRESETS:
        assert main(["train", "--preset", name, *flag.split(), "--out", "a folder"]) == 0
        recipe, out, command = runs_called["given"]
        assert vars(recipe) == vars(PRESETS[name]) | change
        assert out == "a folder"
        assert command == f"python -m nin_course train --preset {name} {flag} --out 'a folder'"
        assert runs_called["options"] == {"device": None, "seed": 0, "held_out": 0, "resume": False}


def test_every_field_has_a_flag():
    assert {name for _, change in FLAGS for name in change} == {field.name for field in fields(Recipe)}


def test_the_networks_of_chapter_08_are_trained_by_their_keys_and_ones_own_keeps_its_name(runs_called, monkeypatch):
    nets = {**NETS, "M": d2l.nin}
    monkeypatch.setattr("nin_course.recipe.NETS", nets)
    for key in VARIANTS:
        assert main(["train", "--preset", "laptop", "--net", key, "--out", "x"]) == 0
        assert runs_called["given"][0] == preset("laptop", net=key)
    assert nets["M"] is d2l.nin
    assert all(nets[key] is variant.make for key, variant in VARIANTS.items() if key != "M")


def test_the_other_flags_arrive_too_and_without_a_preset_the_hardware_chooses(runs_called, monkeypatch):
    chosen = []
    monkeypatch.setattr("nin_course.recipe.preset", lambda name, **changes: chosen.append((name, changes)) or "chosen")
    flags = ["--out", "x", "--device", "meta", "--seed", "7", "--held-out", "500", "--resume"]
    assert main(["train", *flags]) == 0
    assert chosen == [(None, {})]
    assert runs_called["given"] == ("chosen", "x", shlex.join(["python", "-m", "nin_course", "train", *flags]))
    assert runs_called["options"] == {"device": "meta", "seed": 7, "held_out": 500, "resume": True}


@pytest.mark.parametrize("wrong", [["--net", "vgg"], ["--preset", "best"], ["--epochs", "many"], ["--speed", "1"], []])
def test_what_is_no_flag_is_refused_and_a_folder_is_asked_for(wrong, runs_called, capsys):
    with pytest.raises(SystemExit):
        main(["train", *(wrong and ["--out", "x"]), *wrong])
    assert (wrong or ["--out"])[-1] in capsys.readouterr().err
    assert "given" not in runs_called


def test_the_command_line_tells_what_the_card_tells(runs_called, capsys):
    assert main(["train", "--out", "x"]) == 0
    said = capsys.readouterr()
    assert said.out == "a network\n98.76% right on some images\ncost: 0.25 notes-epochs, 72 s\n"
    assert said.err == ""


@pytest.mark.parametrize(("rank", "status", "out"), [
    (0, 1, "Stopped before the end. The same command with --resume goes on from the last whole epoch.\n"),
    (1, 0, ""),  # only process 0 has a card, and speaks
])  # fmt: skip
def test_a_run_without_a_card_was_stopped_or_is_another_process(rank, status, out, runs_called, monkeypatch, capsys):
    runs_called["answer"] = {}
    monkeypatch.setattr("nin_course.processes.rank", lambda: rank)
    assert main(["train", "--out", "x"]) == status
    assert capsys.readouterr().out == out


@pytest.mark.parametrize("status", [0, 1])
def test_python_m_ends_with_the_commands_status(status, monkeypatch):
    monkeypatch.setattr("nin_course.doctor.doctor", lambda: status == 0)
    monkeypatch.setattr(sys, "argv", ["nin_course", "doctor"])
    monkeypatch.delitem(sys.modules, "nin_course.__main__")
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("nin_course", run_name="__main__")
    assert ended.value.code == status


# ---- what a record says ---------------------------------------------------------------------------------------------


def test_with_images_held_out_the_test_images_are_not_read(tmp_path, fitted, monkeypatch):
    read, original = [], files.read_split
    monkeypatch.setattr(files, "read_split", lambda *a: read.append(a[1]) or original(*a))
    card = run(preset("smoke", size=8), tmp_path, "", device="cpu", held_out=5)
    assert card["measured_on"] == "50 held-out training images, one forward pass each"
    assert read == ["train"]
    assert len(fitted[0]["train_iter"].dataset) == 9950
    assert len(fitted[0]["valid_iter"].dataset) == 50


def test_a_run_that_was_stopped_has_a_history_and_no_card_and_goes_on(tmp_path, capsys, monkeypatch):
    recipe = preset("smoke", size=8, epochs=2)
    few = load(recipe)[0]
    few.dataset.images, few.dataset.labels = few.dataset.images[:640], few.dataset.labels[:640]
    monkeypatch.setattr("nin_course.runs.load", lambda *_, **__: (few, few))

    class Stop:
        stop = False

        def __call__(self, history):
            self.stop = len(history.loss) == 1

    assert run(recipe, tmp_path, "", device="cpu", callbacks=[Stop()], progress=False) == {}
    first = json.loads((tmp_path / "history.jsonl").read_text().splitlines()[0])
    assert first["stopped"]
    assert not (tmp_path / "card.json").exists()
    assert run(recipe, tmp_path, "again", device="cpu", resume=True, progress=False)["command"] == "again"
    lines = [json.loads(line) for line in (tmp_path / "history.jsonl").read_text().splitlines()]
    assert not lines[0]["stopped"]
    assert [line["epoch"] for line in lines if "epoch" in line] == [1, 2]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--size", "48", "--net", "nin_wide", "--sample"], "Use at least 67 px"),
        (["--device", "gpu0"], "device='gpu0' does not work here"),
        (["--held-out", "1000", "--sample"], "would leave nothing to train on"),
        (["--resume"], "history.jsonl"),  # where a folder stands, which cannot be read
    ],
)
def test_what_cannot_be_is_said_in_words(tmp_path, capsys, arguments, words):
    (tmp_path / "history.jsonl").mkdir()
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


@pytest.fixture
def fitted(monkeypatch):
    """`fit` without training: two epochs that are made up. A list of what each call was given."""
    calls = []

    def fit(net, train_iter, valid_iter, **settings):
        calls.append(dict(net=net, train_iter=train_iter, valid_iter=valid_iter, **settings))
        history = d2l.History("cpu", settings["seed"], step=[50, 99], step_loss=[2.0, 1.0], health=["ill", "well"])
        history.add_epoch(1.5, 0.25, None if valid_iter is None else 0.3, 3.04, 10.0)
        history.add_epoch(0.5, 0.75, None if valid_iter is None else 0.8, 4.5, 20.0)
        for callback in settings["callbacks"]:
            callback(history)
        with torch.no_grad():
            for p in net.parameters():
                p.normal_(std=0.05)
        return history

    monkeypatch.setattr(runs, "fit", fit)
    return calls


@pytest.mark.parametrize("held_out", [0, 5])
@pytest.mark.parametrize("batch_norm", [False, True])
def test_a_card_says_what_was_done_with_what_and_how_good_it_is(held_out, batch_norm, tmp_path, fitted, monkeypatch):
    looks, written, write = [], [], runs.write_whole
    monkeypatch.setattr(runs, "write_whole", lambda path, content: written.append(path.name) or write(path, content))
    measured = {"measured_on": "m", "accuracy": 0.5}
    monkeypatch.setattr(runs, "measure", lambda net, data, name: looks.append((net, data.dataset, name)) or measured)
    monkeypatch.setattr("nin_course.recipe.has_bfloat16", lambda device: batch_norm)
    recipe = preset("smoke", net="nin_small_dense", epochs=2, batch_norm=batch_norm, normalize=not batch_norm)
    card = run(recipe, tmp_path / "a" / "b", "the command", device="cpu", seed=3, held_out=held_out)
    assert json.loads((tmp_path / "a" / "b" / "card.json").read_text()) == card
    assert set(written) == {"history.jsonl", "weights.pt", "card.json"}  # each whole, or not at all
    (call,), ((net, data, name),) = fitted, looks
    images = 10_000 - 10 * held_out
    assert len(call["train_iter"].dataset) == images
    assert (call["valid_iter"] is None) == (held_out == 0)  # the test images wait until the end
    assert (len(data), name) == ((50, "held-out training images") if held_out else (2000, "test images"))
    assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in net.modules())
    X = torch.rand(2, 1, 28, 28)
    torch.testing.assert_close(net.eval()(X), call["net"].eval()(X), atol=1e-4, rtol=1e-4)
    weights = torch.load(tmp_path / "a" / "b" / "weights.pt", weights_only=True)
    assert all(torch.equal(value, weights[name]) for name, value in net.state_dict().items())
    assert len({value.untyped_storage().data_ptr() for value in weights.values()}) == len(net.state_dict())
    folded = ", batch norm folded into the convolutions" if batch_norm else ""
    macs = flops(d2l.nin_small(head="dense"), (1, 1, 28, 28)) / 2
    assert card == {
        "what": f"nin_small_dense trained on {images:,} images of Fashion-MNIST{folded}",
        "command": "the command",
        **measured,
        "parameters": sum(p.numel() for p in d2l.nin_small(head="dense").parameters()),
        "macs_an_image": macs,
        "notes_epochs": pytest.approx(2 * images * macs / (60_000 * 762_297_352), abs=6e-5),
        "recipe": asdict(recipe),
        "seed": 3,
        "processes": 1,
        "seconds": 7.5,
        "made_on": card["made_on"],
        "data_sha256": sample_hashes(),
        "weights_sha256": hashlib.sha256((tmp_path / "a" / "b" / "weights.pt").read_bytes()).hexdigest(),
    }
    assert card["made_on"] == {
        "device": f"CPU, {torch.get_num_threads()} threads",
        "machine": os.uname().machine,
        "autocast": "bfloat16" if batch_norm else "no",
        "versions": {
            "python": sys.version.split()[0],
            "torch": str(torch.__version__),
            "torchvision": torchvision.__version__,
        },
    }


@pytest.mark.parametrize(("images", "held_out", "hashes"), [
    (60_000, 0, files.FULL),
    (55_000, 500, files.FULL),
    (10_000, 0, sample_hashes()),  # the full set was asked for and could not be had
    (9_950, 5, sample_hashes()),
])  # fmt: skip
def test_a_card_has_the_hashes_of_what_was_trained_on_and_the_images_size_counts(
    images, held_out, hashes, tmp_path, fitted, monkeypatch
):
    small = load(preset("smoke", size=40))
    small[0].dataset.labels = torch.zeros(images, dtype=torch.long)
    monkeypatch.setattr(runs, "load", lambda recipe, device, held_out: small)
    monkeypatch.setattr(runs, "measure", lambda *_: {})
    monkeypatch.setattr(runs, "processes", lambda: 4)
    card = run(preset("smoke", size=40, sample=False), tmp_path, "", device="cpu", held_out=held_out)
    assert card["data_sha256"] == hashes
    assert card["processes"] == 4
    assert card["macs_an_image"] == flops(d2l.nin_small(), (1, 1, 40, 40)) / 2
    assert card["notes_epochs"] == pytest.approx(images * card["macs_an_image"] / 762_297_352 / 60_000, abs=6e-5)


@pytest.mark.parametrize("held_out", [0, 5])
def test_the_history_is_the_runs_own_line_by_line(held_out, tmp_path, fitted):
    heard = []
    recipe = preset("smoke", size=8, lr=0.25)
    run(recipe, tmp_path, "", device="cpu", seed=9, held_out=held_out, callbacks=[heard.append], progress=False)
    begun, *lines = map(json.loads, (tmp_path / "history.jsonl").read_text().splitlines())
    versions = {"python": sys.version.split()[0], "torch": str(torch.__version__)}
    known = {"device": "cpu", "stopped": False, **versions, "recipe": asdict(recipe), "seed": 9, "held_out": held_out}
    assert begun == known
    first = {"epoch": 1, "loss": 1.5, "train_acc": 0.25, "seconds": 3.04, "images_per_second": 10.0, "health": "ill"}
    second = {"epoch": 2, "loss": 0.5, "train_acc": 0.75, "seconds": 4.5, "images_per_second": 20.0, "health": "well"}
    if held_out:
        first["valid_acc"], second["valid_acc"] = 0.3, 0.8
    assert lines == [{"step": 50, "loss": 2.0}, {"step": 99, "loss": 1.0}, first, second]
    (call,) = fitted
    assert len(heard) == 1  # the caller's callbacks are called too
    assert call["progress"] is False  # what the caller names, fit gets
    assert (call["checkpoint"], call["resume"]) == (tmp_path / "checkpoint.pt", False)


def test_weights_that_do_not_fit_the_plain_network_are_not_written(tmp_path, fitted, monkeypatch):
    monkeypatch.setattr(runs, "fold_batch_norm", lambda net: net)  # batch norm stays in
    with pytest.raises(RuntimeError, match="Unexpected key"):
        run(preset("smoke", size=8), tmp_path, "", device="cpu")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["history.jsonl"]


def test_only_process_0_writes(tmp_path, fitted, monkeypatch):
    monkeypatch.setattr(runs, "rank", lambda: 1)
    assert run(preset("smoke", size=8), tmp_path, "", callbacks=[]) == {}  # on whatever device is here
    assert fitted[0]["callbacks"] == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (dict(seed=1), "had another seed: 0. Resume it"),
        (dict(held_out=5), "had another held_out: 0. Resume it"),
        (dict(lr=0.5), r"had another recipe: \{'net': 'nin_small', .*'lr': 0.25"),
        (dict(lr=0.5, seed=1), "had another recipe and seed: "),
        ({}, None),
    ],
)
def test_a_run_that_was_begun_otherwise_is_not_resumed(change, words, tmp_path, fitted, monkeypatch):
    monkeypatch.setattr(runs, "measure", lambda *_: {})
    begun = dict(lr=0.25, seed=0, held_out=0)
    go = lambda lr, **settings: run(preset("smoke", size=8, lr=lr), tmp_path, "", device="cpu", **settings)  # noqa: E731
    go(**begun)
    before = (tmp_path / "history.jsonl").read_bytes()
    if words:
        with pytest.raises(ValueError, match=words):
            go(**begun | change, resume=True)
        assert (tmp_path / "history.jsonl").read_bytes() == before
        assert go(**begun | change)["seed"] == (begun | change)["seed"]  # unless it begins anew
    else:
        go(**begun, resume=True)
        assert fitted[-1]["resume"] is True


@pytest.mark.parametrize("seed", range(3))
def test_a_card_counts_right_answers_by_class_and_what_is_never_said(seed):
    torch.manual_seed(seed)
    truth = torch.cat([torch.arange(10), torch.randint(10, (40,))]).tolist()
    said = torch.randint(3 * seed, 10, (50,)).tolist()  # the first classes are never said
    logits = torch.nn.functional.one_hot(torch.tensor(said), 10).float()
    batches = list(zip(logits.split(20), torch.tensor(truth).split(20), strict=True))
    found = runs.measure(torch.nn.Identity(), batches, "images")
    pairs = list(zip(truth, said, strict=True))
    assert found == {
        "measured_on": "50 images, one forward pass each",
        "accuracy": sum(t == s for t, s in pairs) / 50,
        "per_class": {
            name: pytest.approx(pairs.count((k, k)) / truth.count(k), abs=5.1e-5) for k, name in enumerate(LABELS)
        },
        "confusion": [[pairs.count((t, s)) for s in range(10)] for t in range(10)],
        "never_said": [name for k, name in enumerate(LABELS) if k not in said],
    }


def test_the_same_seed_gives_the_same_network_and_another_seed_another():
    def weights(seed):
        recipe = preset("smoke", size=8)
        train_iter, _ = load(recipe)
        data = train_iter.dataset
        data.images, data.labels = data.images[:192], data.labels[:192]
        net, _ = train(recipe, train_iter, seed=seed, device="cpu", progress=False)
        return net[0][0].weight

    assert torch.equal(weights(1), weights(1))
    assert not torch.equal(weights(1), weights(2))

"""What the recipes set up. That they learn: test_runs."""

import itertools

import pytest
import torch
from torch import nn

import nin_course as d2l
from nin_course import fetch, files
from nin_course.lab import VARIANTS
from nin_course.recipe import NETS, PRESETS, Recipe, build, load, prepare, preset, train
from nin_course.train import fit

SAMPLE = files.SAMPLE_DIR, files.sample_hashes()

CHANGES = dict(net="nin_small_dense", size=32, sample=True, epochs=3, batch_size=17, lr=5e-3, weight_decay=0.03)
CHANGES |= dict(label_smoothing=0.07, shift=2, erase=5)
CHANGES |= dict.fromkeys(["flip", "normalize", "batch_norm", "fast", "one_cycle"], False)


def received(recipe, **asked):
    """What each place where a recipe works was really given, under the recipe's names."""
    seen = {}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("nin_course.recipe.has_bfloat16", lambda device: True)
        patched.setattr(fetch, "full_or_sample", lambda root: seen.update(sample=False) or SAMPLE)
        train_iter, valid_iter = load(recipe, **asked)
        net, batches, given = prepare(recipe, train_iter, device="cpu", seed=5)
    data, optimizer, scheduler = train_iter.dataset, given["optimizer"], given["scheduler"]
    layers = list(net.modules())
    dense, rate = isinstance(layers[-1], nn.Linear), optimizer.param_groups[0]
    assert batches is train_iter
    assert type(optimizer) is torch.optim.AdamW
    assert {id(p) for p in rate["params"]} == {id(p) for p in net.parameters()}
    assert scheduler is None or (
        scheduler.optimizer is optimizer and scheduler.total_steps == given["epochs"] * len(batches)
    )
    assert (valid_iter.dataset.resize, valid_iter.dataset.normalize) == (data.resize, data.normalize)
    assert (given["seed"], given["device"]) == (5, torch.device("cpu"))
    assert given["channels_last"] is given["autocast"]
    return {
        "net": "nin_small_dense" if dense else "nin_small",
        "size": data[[0]][0].shape[-1],
        "sample": True,
        "epochs": given["epochs"],
        "batch_size": len(next(iter(train_iter))[1]),
        "lr": rate["max_lr"] if scheduler else rate["lr"],
        "weight_decay": rate["weight_decay"],
        "one_cycle": isinstance(scheduler, torch.optim.lr_scheduler.OneCycleLR),
        "label_smoothing": given["label_smoothing"],
        "batch_norm": any(isinstance(m, nn.BatchNorm2d) for m in layers),
        "normalize": bool(data[[0]][0].min() < 0),
        "flip": data.augment.flip,
        "shift": data.augment.shift,
        "erase": data.augment.erase,
        "fast": given["channels_last"],
        **seen,
    }


@pytest.mark.parametrize("changed", [*CHANGES, None])
def test_every_field_of_a_recipe_arrives_where_it_works(changed):
    """One field at a time, all others as in the recipe's defaults; and all at once."""
    change = {changed: CHANGES[changed]} if changed else CHANGES
    recipe = Recipe(**{"size": 28, **change})
    assert received(recipe) == vars(recipe)


def test_held_out_images_and_a_device_are_passed_on():
    train_iter, held = load(Recipe(sample=True), "meta", held_out=3)
    assert (len(train_iter.dataset), len(held.dataset)) == (9970, 30)
    assert train_iter.dataset.images.device.type == held.dataset.labels.device.type == "meta"


def test_autocast_is_for_devices_that_have_it_and_recipes_that_want_it(monkeypatch):
    batches = [(torch.rand(2, 1, 28, 28), torch.zeros(2, dtype=torch.long))]
    for has, fast in itertools.product((False, True), repeat=2):
        monkeypatch.setattr("nin_course.recipe.has_bfloat16", lambda device, has=has: has)
        _, _, given = prepare(Recipe(sample=True, fast=fast, one_cycle=False), batches, device="cpu")
        assert (given["channels_last"], given["autocast"]) == (fast, fast and has)


def test_the_presets_are_those_of_the_text():
    """The numbers that chapter 05 and docs/decisions/0009 name."""
    usual = dict(
        net="nin_small", size=28, batch_size=64, lr=4e-3, weight_decay=1e-2, label_smoothing=0.0, shift=1, erase=0
    )
    usual |= dict.fromkeys(["one_cycle", "batch_norm", "normalize", "flip", "fast"], True)
    assert vars(Recipe()) == usual | dict(sample=False, epochs=4)
    assert vars(PRESETS["smoke"]) == usual | dict(sample=True, epochs=1)
    assert vars(PRESETS["laptop"]) == usual | dict(sample=True, epochs=8)
    large = dict(net="nin_wide", size=224, sample=False, epochs=5, batch_size=128)
    assert vars(PRESETS["gpu"]) == usual | large
    notes = dict(net="nin_notes", lr=2e-3, weight_decay=0.0, shift=0)
    notes |= dict.fromkeys(["one_cycle", "batch_norm", "normalize", "flip", "fast"], False)
    assert vars(PRESETS["notes"]) == usual | large | notes
    assert list(PRESETS) == ["smoke", "laptop", "gpu", "notes"]


@pytest.mark.parametrize(("name", "built"), [
    ("nin_small", d2l.nin_small),
    ("nin_small_dense", lambda: d2l.nin_small(head="dense")),
    ("nin_wide", lambda: d2l.nin(head="wide")),
    ("nin_notes", d2l.nin),
])  # fmt: skip
def test_a_net_is_the_one_of_its_name(name, built):
    with torch.device("meta"):
        assert str(build(Recipe(net=name, batch_norm=False))) == str(built())
    assert set(NETS) - set(VARIANTS) == {"nin_small", "nin_small_dense", "nin_wide", "nin_notes"}


def test_train_passes_the_seed_what_is_measured_and_the_options_on(monkeypatch):
    called = {}
    monkeypatch.setattr("nin_course.recipe.fit", lambda *args, **settings: called.update(args=args, settings=settings))
    batches = [(torch.rand(2, 1, 28, 28), torch.zeros(2, dtype=torch.long))]
    recipe = Recipe(sample=True, one_cycle=False, epochs=3)
    net, _ = train(recipe, batches, "to be measured", device="cpu", seed=11, progress="an option")
    assert called["args"] == (net, batches, "to be measured")
    assert {called["settings"][name] for name in ("seed", "progress", "epochs")} == {11, "an option", 3}
    torch.manual_seed(11)
    first = build(recipe).state_dict()
    assert all(torch.equal(value, first[name]) for name, value in net.state_dict().items())


def test_without_batches_the_recipes_own_are_loaded_and_shared_where_it_trains(monkeypatch):
    loaded = []
    monkeypatch.setattr("nin_course.recipe.load", lambda *asked: loaded.append(asked) or (["training"], ["test"]))
    monkeypatch.setattr("nin_course.recipe.share", lambda batches: ("shared", batches))
    recipe = Recipe(one_cycle=False)
    assert prepare(recipe, device="cpu")[1] == ("shared", ["training"])
    assert loaded == [(recipe, torch.device("cpu"))]
    assert prepare(recipe, ["given"], device="cpu")[1] == ("shared", ["given"])


def test_the_gpu_preset_takes_its_steps_on_a_cpu_too():
    recipe = preset("gpu", sample=True, size=80, batch_size=8, epochs=1)
    train_iter, _ = load(recipe)
    data = train_iter.dataset
    data.images, data.labels = data.images[:24], data.labels[:24]
    net, train_iter, settings = prepare(recipe, train_iter, device="cpu")
    before = net[0][0].weight.clone()
    history = fit(net, train_iter, progress=False, **settings)
    assert history.step == [3]
    assert not torch.equal(before, net[0][0].weight)
    assert settings["channels_last"]


def test_the_schedule_rises_for_a_quarter_of_the_run_and_ends_near_nothing():
    recipe = Recipe(epochs=2, lr=0.07)
    batches = [(torch.rand(1, 1, 8, 8), torch.tensor([0]))] * 20
    _, _, settings = prepare(recipe, batches, device="cpu")
    rates = []
    for _ in range(40):
        rates.append(settings["optimizer"].param_groups[0]["lr"])
        settings["optimizer"].step()
        settings["scheduler"].step()
    top = rates.index(max(rates))
    assert top == 9  # the tenth step
    assert max(rates) == pytest.approx(0.07)
    assert rates[0] < 0.07 / 20
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert rates[-1] < 0.07 / 1000

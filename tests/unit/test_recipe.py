"""What the recipes set up. That they learn: test_runs."""

import pytest
import torch

from nin_course.augment import Augment
from nin_course.recipe import load, prepare, preset
from nin_course.train import fit

CHANGES = dict(label_smoothing=0.07, weight_decay=0.03, lr=5e-3, epochs=3, erase=5, shift=2, batch_size=17, size=8)
CHANGES |= dict.fromkeys(["flip", "normalize", "batch_norm", "fast", "one_cycle"], False)


def test_every_field_of_a_recipe_arrives_where_it_works():
    recipe = preset("laptop", **CHANGES)
    train_iter, _ = load(recipe)
    net, _, settings = prepare(recipe, train_iter, device="cpu", seed=5)
    data, optimizer = train_iter.dataset, settings["optimizer"]
    assert data.augment == Augment(flip=False, shift=2, erase=5)
    assert (data.normalize, data.resize) == (False, 8)
    assert len(next(iter(train_iter))[1]) == 17
    assert type(optimizer) is torch.optim.AdamW
    assert (optimizer.param_groups[0]["lr"], optimizer.param_groups[0]["weight_decay"]) == (5e-3, 0.03)
    assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in net.modules())
    rest = {name: settings[name] for name in ("epochs", "scheduler", "seed", "label_smoothing")}
    assert rest == {"epochs": 3, "scheduler": None, "seed": 5, "label_smoothing": 0.07}
    assert (settings["channels_last"], settings["autocast"]) == (False, False)


def test_a_preset_as_it_is_normalises_flips_and_trains_fast(monkeypatch):
    monkeypatch.setattr("nin_course.recipe.has_bfloat16", lambda device: True)
    recipe = preset("laptop")
    train_iter, _ = load(recipe)
    net, _, settings = prepare(recipe, train_iter, device="cpu")
    assert train_iter.dataset.augment == Augment(flip=True, shift=1, erase=0)
    assert train_iter.dataset.normalize
    assert any(isinstance(m, torch.nn.BatchNorm2d) for m in net.modules())
    assert (settings["channels_last"], settings["autocast"], settings["epochs"]) == (True, True, 8)
    assert type(settings["scheduler"]) is torch.optim.lr_scheduler.OneCycleLR


def test_the_gpu_preset_takes_its_steps_on_a_cpu_too():
    recipe = preset("gpu", sample=True, batch_size=8, epochs=1)
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
    recipe, rates = preset("laptop", size=8, epochs=2), []
    train_iter, _ = load(recipe)
    data = train_iter.dataset
    data.images, data.labels = data.images[:1280], data.labels[:1280]
    net, train_iter, settings = prepare(recipe, train_iter, device="cpu")
    step = settings["scheduler"].step
    settings["scheduler"].step = lambda: rates.append(settings["optimizer"].param_groups[0]["lr"]) or step()
    fit(net, train_iter, progress=False, **settings)
    assert len(rates) == 40
    assert max(rates) == pytest.approx(recipe.lr)
    assert rates.index(max(rates)) == 9  # the tenth step
    assert rates[-1] < recipe.lr / 1000

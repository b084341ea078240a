"""What the recipes set up. That they learn: test_runs."""

import pytest
import torch

from nin_course.recipe import load, prepare, preset
from nin_course.train import fit


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
